"""One node as Home Assistant knows it: its subscriptions, what it told last, and what is told to it.

Entities listen to one topic of one camera (or of the node) and read the value that the coordinator holds then. A node
is available while the broker is connected, the node's last word is `online`, and it is not silent: a retained `online`
alone is believed for `SILENCE_S`, and for `CLAIM_ANSWER_S` after a claim when the node says that it answers claims.

`entry.data`::

    {"node": "hallway_pi", "base_topic": "porchlight", "clips": {"type": "none"}}

How `clips` reads is said in `access.py`. `entry.runtime_data` is the `PorchlightCoordinator`.
"""

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .claim import Claim
from .clips import ClipStore
from .const import (
    ANSWER_S,
    CLAIM_ANSWER_S,
    CONF_BASE_TOPIC,
    CONF_NODE,
    DOMAIN,
    SILENCE_S,
    Topic,
)
from .devices import Devices
from .feed import CameraFeed
from .fields import Refusal
from .history import VisitLog
from .issues import IssueBook
from .models import (
    Announce,
    Event,
    Health,
    Place,
    parse_announce,
    parse_health,
    raw,
)
from .parts import Part, names_of
from .stores import make_store

_LOGGER = logging.getLogger(__name__)

type PorchlightConfigEntry = ConfigEntry[PorchlightCoordinator]

#: The visits are written to disk this long after the last one: an SD card lives longer.
SAVE_DELAY_S: Final = 60.0
STORE_VERSION: Final = 1
#: Held by the node whose entities are being made.
APPLYING: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_applying")


class PorchlightCoordinator:
    """A node; made when its entry is set up, stopped when it is unloaded."""

    def __init__(self, hass: HomeAssistant, entry: PorchlightConfigEntry) -> None:
        """Nothing is subscribed before `async_start`."""
        self.hass = hass
        self.entry = entry
        self.node: str = entry.data[CONF_NODE]
        #: What the entities are made of; soon after it was heard.
        self.announce: Announce | None = None
        self._announced: Announce | None = None
        self.health: Health | None = None
        self.cameras: dict[str, CameraFeed] = {}
        self.log = VisitLog()
        #: Whoever reads clips tells here whether it could.
        self.issues = IssueBook(hass, entry.entry_id, entry.title)
        self.devices = Devices(hass, entry.entry_id, self.node, entry.title)
        #: Where clips are read from; None where they are not.
        self.clips: ClipStore | None = make_store(hass, entry, self.issues.clips)
        self._base: str = entry.data[CONF_BASE_TOPIC]
        self._store: Store[dict[str, Any]] = store_of(hass, entry)
        self._online = False
        self._stopped = False
        self._listeners: defaultdict[tuple[str, Topic], list[CALLBACK_TYPE]] = defaultdict(list)
        self._followers: list[Callable[[frozenset[Part]], None]] = []
        self._warned: set[tuple[Topic, str]] = set()
        self._silence: CALLBACK_TYPE | None = None
        self._claim = Claim(hass, entry, self._on_claimed)

    # --- what entities ask -------------------------------------------------------------------------------------

    @property
    def available(self) -> bool:
        """Whether what the node told last still holds."""
        return self._online and self.announce is not None

    def topic(self, topic: Topic, camera: str = "") -> str:
        """The full name of a topic."""
        if topic is Topic.ANNOUNCE:
            return f"{self._base}/announce/{self.node}"
        return "/".join(filter(None, (self._base, self.node, camera, topic.value)))

    def parts(self) -> frozenset[Part]:
        """Everything that entities are made for."""
        return frozenset() if self.announce is None else frozenset(names_of(self.announce))

    def place(self, part: Part) -> Place | None:
        """The zone or line of a part, None for a part that is none."""
        info = self.cameras[part.camera].info if part.camera else None
        places = () if info is None else info.zones if part.zone else info.lines if part.line else ()
        return next((place for place in places if place.id == (part.zone or part.line)), None)

    @callback
    def async_listen(self, camera: str, topic: Topic, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call `listener` after each message of a topic and each change of availability; returns how to stop that."""
        listeners = self._listeners[camera, topic]
        listeners.append(listener)
        return partial(listeners.remove, listener)

    @callback
    def async_follow(self, follower: Callable[[frozenset[Part]], None]) -> CALLBACK_TYPE:
        """Call `follower` with the parts now and whenever they change; returns how to stop that."""
        self._followers.append(follower)
        follower(self.parts())
        return partial(self._followers.remove, follower)

    # --- what is told to the node ------------------------------------------------------------------------------

    async def async_set(self, camera: str, **settings: bool | float) -> None:
        """Change settings and wait for the answer; raises HomeAssistantError with the edge's reason."""
        answer: asyncio.Future[str | None] = self.hass.loop.create_future()
        waiting = self.cameras[camera].waiting
        waiting.append(answer)
        try:
            await self._publish(camera, "set", settings)
            async with asyncio.timeout(ANSWER_S):
                reason = await answer
        except TimeoutError:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="no_answer", translation_placeholders={"node": self.node}
            ) from None
        finally:
            waiting.remove(answer)
        if reason is not None:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="rejected", translation_placeholders={"reason": reason}
            )

    async def async_do(self, camera: str, action: str) -> None:
        """Have the node do something: `snapshot` or `test_clip`."""
        await self._publish(camera, "do", {"action": action})

    async def _publish(self, camera: str, leaf: str, body: Mapping[str, object]) -> None:
        topic = f"{self._base}/{self.node}/{camera}/{leaf}"
        if not self.available:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="offline", translation_placeholders={"node": self.node}
            )
        await mqtt.async_publish(self.hass, topic, json.dumps(body), qos=1, retain=False)

    # --- life --------------------------------------------------------------------------------------------------

    async def async_start(self) -> None:
        """Claim the node and listen to it."""
        if (stored := await self._store.async_load()) is not None:
            self.log = VisitLog.from_dict(stored)
        unload = self.entry.async_on_unload
        unload(self._stop)
        unload(mqtt.async_subscribe_connection_status(self.hass, self._on_connection))
        self._claim.start()
        unload(async_track_time_change(self.hass, self._on_midnight, hour=0, minute=0, second=0))
        for topic, listener in (
            (Topic.ANNOUNCE, self._on_announce),
            (Topic.STATUS, self._on_status),
            (Topic.HEALTH, self._on_health),
        ):
            # Bytes: what is no UTF-8 is refused here, with one warning, and not by the MQTT integration with many.
            unload(await mqtt.async_subscribe(self.hass, self.topic(topic), listener, qos=1, encoding=None))

    async def async_save(self) -> None:
        """Write the visits to disk now."""
        await self._store.async_save(self.log.as_dict())

    @callback
    def _stop(self) -> None:
        self._stopped = True
        self._online = False
        self._quiet()
        for data in self.cameras.values():
            data.stop()
        self.issues.forget()

    # --- what is heard: the node -------------------------------------------------------------------------------

    @callback
    def _on_connection(self, connected: bool) -> None:  # noqa: FBT001 - as the MQTT integration calls it
        if connected:
            self._claim.say()
        else:
            self._set_online(online=False, why="the broker is away")

    @callback
    def _on_announce(self, message: mqtt.ReceiveMessage) -> None:
        payload = raw(message.payload)
        self.heard(message)
        if not payload:
            self._set_online(online=False, why="it was removed")
            self.issues.removed()
            return
        announce = parse_announce(payload, self.node)
        if isinstance(announce, Refusal):
            self.refuse(Topic.ANNOUNCE, "", announce)
            if announce.kind == "schema":
                self.announce = self._announced = None
                self._notify_all()
                self.issues.schema(announce.detail)
            return
        self.issues.announced(announce)
        self._claim.say(tuple(camera.id for camera in announce.cameras))
        if announce == self._announced:
            return
        self._announced = announce
        self.entry.async_create_task(
            self.hass, self._async_apply(announce), f"porchlight cameras of {self.node}", eager_start=False
        )

    async def _async_apply(self, announce: Announce) -> None:
        """Make cameras known, and forget those that went.

        A broker tells of all its nodes at once, and each has dozens of entities. So only one node is at it at a time,
        and after each platform everything else of Home Assistant has its turn, for as long as the platform took.
        """
        async with self.hass.data.setdefault(APPLYING, asyncio.Lock()):
            if self._outdated(announce):
                return
            renamed = self._renamed(announce)
            self.announce = announce
            new = self._take_cameras(announce)
            parts = self.parts()
            self.devices.update(announce, parts)
            for follower in tuple(self._followers):
                began = self.hass.loop.time()
                if follower in self._followers:
                    follower(parts)
                await asyncio.sleep(self.hass.loop.time() - began)
            if self._stopped:
                return
            self._notify_all()
            for feed in new:
                await feed.async_subscribe()
        if renamed:
            self.hass.config_entries.async_schedule_reload(self.entry.entry_id)

    def _outdated(self, announce: Announce) -> bool:
        """Whether nothing is to be made of it any more: another one came, or nobody wants any."""
        return announce is not self._announced or self._stopped

    def _take_cameras(self, announce: Announce) -> list[CameraFeed]:
        """Forget the cameras that went; the feeds of those that are new."""
        wanted = {camera.id: camera for camera in announce.cameras}
        for gone in self.cameras.keys() - wanted.keys():
            self.issues.camera(self.cameras[gone].info, online=True)
            self.cameras.pop(gone).stop()
        new = [camera.id for camera in announce.cameras if camera.id not in self.cameras]
        for camera in announce.cameras:
            self.cameras.setdefault(camera.id, CameraFeed(self, camera)).info = camera
        return [self.cameras[camera_id] for camera_id in new]

    def _renamed(self, announce: Announce) -> bool:
        """Whether a zone or a line that stays has another name: entities learn it when they are made."""
        if self.announce is None:
            return False
        before, after = names_of(self.announce), names_of(announce)
        places = (part for part in before if part.zone or part.line)
        return any(after.get(part, before[part]) != before[part] for part in places)

    @callback
    def _on_status(self, message: mqtt.ReceiveMessage) -> None:
        payload = raw(message.payload)
        if payload == b"online":
            self._set_online(online=True, why="")
            self._quiet()
            if message.retain:
                self._silence = async_call_later(self.hass, SILENCE_S, self._on_silence)
                self._claim.say(again=True)
        elif payload in (b"offline", b""):
            self._set_online(online=False, why="its last word is offline")
        else:
            self.refuse(Topic.STATUS, "", Refusal(kind="field", detail=f"{len(payload)} bytes, no online or offline"))

    @callback
    def _on_claimed(self) -> None:
        if self._silence is not None and self._announced is not None and self._announced.answers_claims:
            self._quiet()
            self._silence = async_call_later(self.hass, CLAIM_ANSWER_S, self._on_silence)

    @callback
    def _on_silence(self, _: datetime) -> None:
        self._silence = None
        self._set_online(online=False, why="the broker kept its online, but it says nothing")

    @callback
    def _on_health(self, message: mqtt.ReceiveMessage) -> None:
        self.heard(message)
        health = parse_health(raw(message.payload))
        if isinstance(health, Refusal):
            self.refuse(Topic.HEALTH, "", health)
            return
        self.health = health
        self.issues.health(health)
        self.notify("", Topic.HEALTH)

    @callback
    def _set_online(self, *, online: bool, why: str) -> None:
        if not online:
            self._quiet()
            self.health = None
            for data in self.cameras.values():
                # Nobody stands there for ever: the node tells its states anew before it says that it is online.
                data.state = None
                self.issues.camera(data.info, online=True)  # it is the node that is away
        if online is self._online:
            return
        self._online = online
        if online:
            _LOGGER.info("Node %s is available", self.node)
        else:
            _LOGGER.info("Node %s is unavailable: %s", self.node, why)
        self._notify_all()

    @callback
    def heard(self, message: mqtt.ReceiveMessage) -> None:
        """A message that the broker did not keep comes from a node that lives."""
        if not message.retain:
            self._quiet()

    @callback
    def _quiet(self) -> None:
        if self._silence is not None:
            self._silence()
            self._silence = None

    # --- inside ------------------------------------------------------------------------------------------------

    @callback
    def _on_midnight(self, _: datetime) -> None:
        for camera in self.cameras:
            self.notify(camera, Topic.EVENT)

    @callback
    def happened(self, camera: str, event: Event) -> None:
        """Take an event into the log of visits."""
        if self.log.apply(camera, event, dt_util.utcnow()):
            self._store.async_delay_save(self.log.as_dict, SAVE_DELAY_S)

    @callback
    def notify(self, camera: str, topic: Topic) -> None:
        """Tell those who listen that there is something new."""
        for listener in tuple(self._listeners[camera, topic]):
            listener()

    @callback
    def _notify_all(self) -> None:
        for listeners in tuple(self._listeners.values()):
            for listener in tuple(listeners):
                listener()

    @callback
    def refuse(self, topic: Topic, camera: str, refusal: Refusal) -> None:
        """One warning for each kind of fault on each kind of topic; a warning a second would hide all others."""
        level = logging.DEBUG if (topic, refusal.kind) in self._warned else logging.WARNING
        self._warned.add((topic, refusal.kind))
        _LOGGER.log(level, "Ignoring a message on %s: %s", self.topic(topic, camera), refusal.detail)


def store_of(hass: HomeAssistant, entry: PorchlightConfigEntry) -> Store[dict[str, Any]]:
    """Where the visits of a node are kept over a restart."""
    return Store(hass, STORE_VERSION, f"{DOMAIN}.{entry.entry_id}")
