"""What the owner of a node should know and can act on, as Home Assistant's repair issues."""

from datetime import datetime
from functools import partial
from typing import Final

from awesomeversion import AwesomeVersion, AwesomeVersionException
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later

from .const import CAMERA_DOWN_S, DISK_LOW_BYTES, DOMAIN, MIN_EDGE_VERSION, UPLOAD_STUCK_S
from .models import Announce, Camera, Health

CAMERA_DOWN: Final = "camera_down"
CLIPS_REFUSED: Final = "clips_refused"
DISK_LOW: Final = "disk_low"
NODE_REMOVED: Final = "node_removed"
SCHEMA_TOO_NEW: Final = "schema_too_new"
UPLOAD_STUCK: Final = "upload_stuck"
VERSION_TOO_OLD: Final = "version_too_old"

#: Those that a click can mend, see `repairs.py`.
FIXABLE: Final = {CLIPS_REFUSED, NODE_REMOVED}

MEGABYTE: Final = 1_000_000


class IssueBook:
    """The open issues of one node: each is made once, kept up to date, and deleted when it is solved."""

    def __init__(self, hass: HomeAssistant, entry_id: str, name: str) -> None:
        self._hass = hass
        self._entry_id = entry_id
        self._name = name
        #: What each of them says.
        self._open: dict[str, dict[str, str]] = {}
        self._timers: dict[str, CALLBACK_TYPE] = {}

    @callback
    def announced(self, announce: Announce) -> None:
        """The node is there, and is understood."""
        self._solve(NODE_REMOVED)
        self._solve(SCHEMA_TOO_NEW)
        if _older(announce.version):
            self._raise(VERSION_TOO_OLD, version=announce.version, minimum=MIN_EDGE_VERSION)
        else:
            self._solve(VERSION_TOO_OLD)

    @callback
    def removed(self) -> None:
        """The node was taken away from the broker."""
        self._raise(NODE_REMOVED)

    @callback
    def schema(self, detail: str) -> None:
        """The node speaks a newer language."""
        self._raise(SCHEMA_TOO_NEW, detail=detail)

    @callback
    def health(self, health: Health) -> None:
        """Uploads and the disk as they are now."""
        if health.pending and health.oldest_s >= UPLOAD_STUCK_S:
            self._raise(
                UPLOAD_STUCK,
                pending=str(health.pending),
                hours=str(round(health.oldest_s / 3600)),
                error=health.last_error or "-",
            )
        else:
            self._solve(UPLOAD_STUCK)
        if health.disk_free_bytes < DISK_LOW_BYTES:
            self._raise(DISK_LOW, megabytes=str(health.disk_free_bytes // MEGABYTE))
        elif health.disk_free_bytes > 2 * DISK_LOW_BYTES:
            self._solve(DISK_LOW)

    @callback
    def camera(self, camera: Camera, *, online: bool) -> None:
        """A camera delivers pictures, or does not: that is an issue after `CAMERA_DOWN_S`."""
        waiting = camera.id in self._timers
        if not online and not waiting and f"{CAMERA_DOWN}-{camera.id}" not in self._open:
            self._timers[camera.id] = async_call_later(self._hass, CAMERA_DOWN_S, partial(self._camera_down, camera))
        elif online:
            if waiting:
                self._timers.pop(camera.id)()
            self._solve(CAMERA_DOWN, camera.id)

    @callback
    def clips(self, reason: str | None, detail: str = "") -> None:
        """Clips cannot be read, for a reason of `access.py`; None when they can."""
        if reason is None:
            self._solve(CLIPS_REFUSED)
        else:
            self._raise(CLIPS_REFUSED, reason=detail or reason)

    @callback
    def forget(self) -> None:
        """Close the book: nothing is watched any more."""
        while self._timers:
            self._timers.popitem()[1]()
        for key in tuple(self._open):
            ir.async_delete_issue(self._hass, DOMAIN, f"{key}-{self._entry_id}")
        self._open.clear()

    @callback
    def _camera_down(self, camera: Camera, _: datetime) -> None:
        self._timers.pop(camera.id, None)
        self._raise(CAMERA_DOWN, camera.id, camera=camera.name, minutes=str(round(CAMERA_DOWN_S / 60)))

    @callback
    def _raise(self, kind: str, of: str = "", **placeholders: str) -> None:
        key = f"{kind}-{of}" if of else kind
        if self._open.get(key) == placeholders:
            return
        self._open[key] = placeholders
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{key}-{self._entry_id}",
            config_entry_id=self._entry_id,
            data={"entry_id": self._entry_id, "kind": kind},
            is_fixable=kind in FIXABLE,
            severity=ir.IssueSeverity.ERROR if kind == SCHEMA_TOO_NEW else ir.IssueSeverity.WARNING,
            translation_key=kind,
            translation_placeholders={"node": self._name, **placeholders},
        )

    @callback
    def _solve(self, kind: str, of: str = "") -> None:
        key = f"{kind}-{of}" if of else kind
        if key in self._open:
            del self._open[key]
            ir.async_delete_issue(self._hass, DOMAIN, f"{key}-{self._entry_id}")


def _older(version: str) -> bool:
    """Whether the edge is too old; a version that is none, such as that of a checkout, is not."""
    try:
        return AwesomeVersion(version) < AwesomeVersion(MIN_EDGE_VERSION)
    except AwesomeVersionException:
        return False
