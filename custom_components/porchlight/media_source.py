"""The media browser: nodes, their cameras, the days of each, and the clips of a day, newest first.

Identifiers: `<node>`, `<node>/<camera>`, `<node>/<camera>/<YYYY-MM-DD>` (a local day), and `<node>/<camera>/<visit_id>`
with `-2` for the visit's second clip and `.jpg` for its picture where it has no clip.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NoReturn, override

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player import BrowseError, MediaClass, SearchMedia, SearchMediaQuery
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .clips import DAY, FIRST_DAY, LAST_DAY, ClipsError, ClipUnknownError, Facts, Kind, Ref, StoredVisit, is_visit_id
from .const import DOMAIN
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .fields import SLUG, ULID
from .stores import opened, store_of
from .views import async_coordinator, mime_type, path_of

#: Whoever has the address of a clip can see it for so long: long enough to watch it twice.
PLAYABLE: Final = timedelta(minutes=15)
#: A list that nobody scrolls through.
MAX_DAYS: Final = 400
MAX_FOUND: Final = 200

_PLACE: Final = re.compile(
    rf"(?P<node>{SLUG.pattern})(?:/(?P<camera>{SLUG.pattern})"
    rf"(?:/(?:(?P<day>\d{{4}}-\d\d-\d\d)|(?P<visit_id>{ULID.pattern})(?:-(?P<n>[1-9]\d{{0,3}}))?(?P<picture>\.jpg)?))?)?",
    re.ASCII,
)


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """What Home Assistant asks for."""
    return PorchlightMediaSource(hass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an identifier names: everything, or what is in a node, a camera or a day of one, or one file."""

    node: str = ""
    camera: str = ""
    day: date | None = None
    ref: Ref | None = None


class PorchlightMediaSource(MediaSource):
    """The clips of all nodes."""

    name = "Porchlight"

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """A path to a file, signed for a while, once it is certain that it can be read."""
        try:
            place = _place(item.identifier)
            if place.ref is None:
                raise ClipUnknownError
            async with opened(async_coordinator(self.hass, place.node), place.ref, "GET", {"Range": "bytes=0-0"}):
                path = async_sign_path(self.hass, path_of(place.node, place.ref), PLAYABLE)
        except ClipsError as error:
            _fail(Unresolvable, error)
        return PlayMedia(path, mime_type(place.ref.kind))

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """A folder with what is in it."""
        try:
            place = _place(item.identifier)
            return await self._folder(place)
        except ClipsError as error:
            _fail(BrowseError, error)

    @override
    async def async_search_media(self, item: MediaSourceItem, query: SearchMediaQuery) -> SearchMedia:
        """The clips of the days that the query names, or the cameras; within a day, what the titles hold."""
        try:
            found = await self._search(_place(item.identifier), query.search_query.casefold().split())
        except ClipsError as error:
            _fail(BrowseError, error)
        wanted = query.media_filter_classes
        return SearchMedia(result=[each for each in found if not wanted or each.media_class in wanted][:MAX_FOUND])

    # --- folders -----------------------------------------------------------------------------------------------------

    async def _folder(self, place: Place) -> BrowseMediaSource:
        if place.ref is not None:
            raise ClipUnknownError  # a file holds nothing
        if not place.node:
            return _folder("", self.name or DOMAIN, [self._node(entry) for entry in self._entries()])
        coordinator = async_coordinator(self.hass, place.node)
        store = store_of(coordinator)
        if not place.camera:
            return self._node(
                coordinator.entry, [self._camera(coordinator, each) for each in await _cameras(coordinator)]
            )
        if place.day is None:
            words = await self._words()
            days = await store.days(place.camera)
            shown = [_folder(f"{place.node}/{place.camera}/{day}", _day_title(day, words)) for day in days[:MAX_DAYS]]
            return self._camera(coordinator, place.camera, shown, hidden=len(days) - len(shown))
        title = f"{_camera_name(coordinator, place.camera)} · {_day_title(place.day, await self._words())}"
        clips = await self._clips(coordinator, place.camera, place.day)
        return _folder(f"{place.node}/{place.camera}/{place.day}", title, clips, of=MediaClass.VIDEO)

    def _entries(self) -> list[PorchlightConfigEntry]:
        entries: list[PorchlightConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        return sorted(entries, key=lambda entry: entry.title.casefold())

    def _node(self, entry: PorchlightConfigEntry, children: list[BrowseMediaSource] | None = None) -> BrowseMediaSource:
        return _folder(entry.runtime_data.node, entry.title, children)

    def _camera(
        self,
        coordinator: PorchlightCoordinator,
        camera: str,
        children: list[BrowseMediaSource] | None = None,
        hidden: int = 0,
    ) -> BrowseMediaSource:
        """A camera, with the picture of its last person."""
        unique_id = f"{coordinator.node}-{camera}-last_person"
        image = er.async_get(self.hass).async_get_entity_id("image", DOMAIN, unique_id)
        folder = _folder(f"{coordinator.node}/{camera}", _camera_name(coordinator, camera), children)
        folder.thumbnail = f"/api/image_proxy/{image}" if image and self.hass.states.get(image) else None
        folder.not_shown = hidden
        return folder

    async def _clips(self, coordinator: PorchlightCoordinator, camera: str, day: date) -> list[BrowseMediaSource]:
        """The clips of a day, and a picture where a visit has none."""
        start, end = dt_util.start_of_local_day(day), dt_util.start_of_local_day(day + DAY)
        visits = await store_of(coordinator).visits(camera, start, end)
        facts = _heard(coordinator, camera, start, end)
        facts |= {visit.id: visit.facts for visit in visits if visit.facts}
        missing = [visit.id for visit in visits if visit.id not in facts]
        facts |= await store_of(coordinator).facts(camera, missing)
        words = await self._words()
        return [
            _clip(coordinator.node, visit, ref, _title(visit, ref, facts.get(visit.id), words))
            for visit in visits
            for ref in _refs(camera, visit)
        ]

    # --- search ------------------------------------------------------------------------------------------------------

    async def _search(self, place: Place, query: Iterable[str]) -> list[BrowseMediaSource]:
        words = await self._words()
        days = [day for word in query if (day := _day(word, words))]
        text = " ".join(word for word in query if not _day(word, words))
        if place.day is not None and not days:
            inside = (await self._folder(place)).children or ()
            return [each for each in inside if isinstance(each, BrowseMediaSource) and text in each.title.casefold()]
        found: list[BrowseMediaSource] = []
        for coordinator in self._scope(place):
            for camera in [place.camera] if place.camera else await _cameras(coordinator):
                name = _camera_name(coordinator, camera)
                if text not in f"{coordinator.entry.title} {name} {camera}".casefold():
                    continue
                if not days:
                    found.append(self._camera(coordinator, camera))
                for day in days:
                    for clip in await self._clips(coordinator, camera, day):
                        clip.title = f"{name} · {clip.title}"
                        found.append(clip)
        return found

    def _scope(self, place: Place) -> list[PorchlightCoordinator]:
        """The nodes to search: one, or all whose clips can be read at all."""
        if place.node:
            return [async_coordinator(self.hass, place.node)]
        return [entry.runtime_data for entry in self._entries() if entry.runtime_data.clips is not None]

    async def _words(self) -> dict[str, str]:
        """What is said in the language of Home Assistant."""
        prefix = f"component.{DOMAIN}.common."
        texts = await async_get_translations(self.hass, self.hass.config.language, "common", {DOMAIN})
        return {key.removeprefix(prefix): text for key, text in texts.items()}


# --- what is shown ----------------------------------------------------------------------------------------------------


def _folder(
    identifier: str,
    title: str,
    children: list[BrowseMediaSource] | None = None,
    *,
    of: MediaClass = MediaClass.DIRECTORY,
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=MediaClass.DIRECTORY if identifier else MediaClass.APP,
        media_content_type="" if identifier else "app",
        title=title,
        can_play=False,
        can_expand=True,
        can_search=True,
        children=children,
        children_media_class=of,
    )


def _clip(node: str, visit: StoredVisit, ref: Ref, title: str) -> BrowseMediaSource:
    """A file that can be played, with a picture of it."""
    is_clip = ref.kind is Kind.CLIP
    ending = (f"-{ref.n}" if ref.n > 1 else "") if is_clip else ".jpg"
    shown = _picture(visit, ref)
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=f"{node}/{ref.camera}/{visit.id}{ending}",
        media_class=MediaClass.VIDEO if is_clip else MediaClass.IMAGE,
        media_content_type=mime_type(ref.kind),
        title=title,
        can_play=True,
        can_expand=False,
        thumbnail=path_of(node, shown) if shown else None,
    )


def _refs(camera: str, visit: StoredVisit) -> list[Ref]:
    """What of a visit can be played, newest first."""
    if visit.clips:
        return [Ref(camera=camera, visit_id=visit.id, kind=Kind.CLIP, n=n) for n in reversed(visit.clips)]
    return [Ref(camera=camera, visit_id=visit.id, kind=Kind.SNAPSHOT)] if visit.snapshot else []


def _picture(visit: StoredVisit, ref: Ref) -> Ref | None:
    """The best picture of the visit, and the posters of its other clips."""
    if ref.n in visit.posters and (ref.n > 1 or not visit.snapshot):
        return Ref(camera=ref.camera, visit_id=visit.id, kind=Kind.POSTER, n=ref.n)
    return Ref(camera=ref.camera, visit_id=visit.id, kind=Kind.SNAPSHOT) if visit.snapshot else None


def _title(visit: StoredVisit, ref: Ref, facts: Facts | None, words: Mapping[str, str]) -> str:
    parts = [f"{dt_util.as_local(visit.started_at):%H:%M}{f' ({ref.n})' if ref.n > 1 else ''}"]
    if facts is not None:
        people = words["one_person"] if facts.people == 1 else words["people"].format(count=facts.people)
        parts += [people, f"{facts.confidence:.0%}", f"{facts.duration_s:.0f} s"]
    return " · ".join(parts)


def _day_title(day: date, words: Mapping[str, str]) -> str:
    today = dt_util.now().date()
    named = {today: words["today"], today - DAY: words["yesterday"]}
    return f"{named[day]} · {day}" if day in named else str(day)


def _camera_name(coordinator: PorchlightCoordinator, camera: str) -> str:
    """As the node calls it; the id of one that it no longer has."""
    data = coordinator.cameras.get(camera)
    return camera if data is None else data.info.name


async def _cameras(coordinator: PorchlightCoordinator) -> list[str]:
    """Those that the node has, and those that it had."""
    known = {*coordinator.cameras, *await store_of(coordinator).cameras()}
    return sorted(known, key=lambda camera: _camera_name(coordinator, camera).casefold())


def _heard(coordinator: PorchlightCoordinator, camera: str, start: datetime, end: datetime) -> dict[str, Facts]:
    """What was heard of the visits of a day: then nobody needs to be asked."""
    return {
        visit.id: Facts(
            people=visit.max_people,
            confidence=visit.max_confidence,
            duration_s=visit.duration_s,
            clips=len(visit.clips),
        )
        for visit in coordinator.log.visits(camera=camera, start=start - DAY, end=end + DAY)
        if visit.duration_s is not None
    }


# --- identifiers and words --------------------------------------------------------------------------------------------


def _place(identifier: str | None) -> Place:
    """What an identifier names; raises ClipUnknownError for one that names nothing that can be."""
    if not identifier:
        return Place()
    found = _PLACE.fullmatch(identifier)
    if found is None:
        raise ClipUnknownError
    node, camera, visit_id = found["node"], found["camera"] or "", found["visit_id"]
    if visit_id is None:
        day = _iso_day(found["day"]) if found["day"] else None
        if found["day"] and day is None:
            raise ClipUnknownError
        return Place(node=node, camera=camera, day=day)
    if not is_visit_id(visit_id) or (found["n"] and found["picture"]):
        raise ClipUnknownError
    kind = Kind.SNAPSHOT if found["picture"] else Kind.CLIP
    return Place(node=node, camera=camera, ref=Ref(camera=camera, visit_id=visit_id, kind=kind, n=int(found["n"] or 1)))


def _iso_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY < day < LAST_DAY else None


def _day(word: str, words: Mapping[str, str]) -> date | None:
    """The day that a word of a query names."""
    today = dt_util.now().date()
    named = {words["today"].casefold(): today, words["yesterday"].casefold(): today - DAY}
    return named.get(word) or _iso_day(word)


def _fail(kind: type[BrowseError | Unresolvable], error: ClipsError) -> NoReturn:
    raise kind(
        translation_domain=DOMAIN,
        translation_key=error.translation_key,
        translation_placeholders=error.translation_placeholders,
    ) from error
