"""The topics of the contract, as one table: the code, the tests and the reference page all read it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """Who publishes on a topic."""

    OUT = "edge →"
    IN = "→ edge"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicKind:
    """One row of the contract's table."""

    #: Below the base topic; `<node>` and `<camera>` stand for slugs.
    pattern: str
    retain: bool
    qos: int
    way: Way
    #: What it carries, for the reference page.
    text: str


ANNOUNCE = TopicKind(
    pattern="announce/<node>",
    retain=True,
    qos=1,
    way=Way.OUT,
    text="What this node is and which cameras it has; empty when it was removed",
)
STATUS = TopicKind(
    pattern="<node>/status",
    retain=True,
    qos=1,
    way=Way.OUT,
    text="`online` or `offline`; the broker says `offline` itself when the connection is lost",
)
HEALTH = TopicKind(
    pattern="<node>/health", retain=True, qos=0, way=Way.OUT, text="Uploads, disk, processor, memory, detector"
)
STATE = TopicKind(
    pattern="<node>/<camera>/state", retain=True, qos=1, way=Way.OUT, text="Who is there now, and how fast it is seen"
)
IMAGE = TopicKind(
    pattern="<node>/<camera>/image",
    retain=True,
    qos=0,
    way=Way.OUT,
    text="The best picture of the latest visit, as the bytes of a JPEG file",
)
LAST_CLIP = TopicKind(
    pattern="<node>/<camera>/last_clip", retain=True, qos=1, way=Way.OUT, text="The latest clip in the archive"
)
EVENT = TopicKind(
    pattern="<node>/<camera>/event", retain=False, qos=1, way=Way.OUT, text="What happened, in order, at least once"
)
SETTINGS = TopicKind(
    pattern="<node>/<camera>/settings", retain=True, qos=1, way=Way.OUT, text="The settings that hold now"
)
SET = TopicKind(
    pattern="<node>/<camera>/set",
    retain=False,
    qos=1,
    way=Way.IN,
    text="Any part of the settings; refused whole if anything in it is wrong",
)
DO = TopicKind(pattern="<node>/<camera>/do", retain=False, qos=1, way=Way.IN, text="One action")
CLAIM = TopicKind(
    pattern="<node>/claim",
    retain=True,
    qos=1,
    way=Way.IN,
    text="Who shows this node in place of MQTT discovery; empty releases it",
)

#: Every topic of the contract, in the order of its table.
TABLE: tuple[TopicKind, ...] = (ANNOUNCE, STATUS, HEALTH, STATE, IMAGE, LAST_CLIP, EVENT, SETTINGS, SET, DO, CLAIM)

#: What the broker keeps of one camera.
CAMERA_RETAINED: tuple[TopicKind, ...] = (STATE, IMAGE, LAST_CLIP, SETTINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to publish; an empty payload on a retained topic removes what the broker keeps."""

    topic: str
    payload: bytes | str
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics of one node."""

    node: str
    base: str = "porchlight"

    def of(self, kind: TopicKind, camera: str = "") -> str:
        """The full topic of a kind; `camera` is needed where its pattern has one."""
        return f"{self.base}/" + kind.pattern.replace("<node>", self.node).replace("<camera>", camera)

    def message(self, kind: TopicKind, payload: bytes | str, camera: str = "") -> Message:
        """A payload with the topic, quality of service and retention of its kind."""
        return Message(topic=self.of(kind, camera), payload=payload, qos=kind.qos, retain=kind.retain)

    def subscriptions(self) -> tuple[tuple[str, int], ...]:
        """What the edge listens to below its base: filters and the highest quality of service.

        Its own settings are among them: they tell which cameras the broker still knows of.
        """
        return tuple((self.of(kind, "+"), kind.qos) for kind in TABLE if kind.way is Way.IN or kind is SETTINGS)

    def match(self, topic: str) -> tuple[TopicKind, str] | None:
        """The kind and the camera (empty for the node's own) of an incoming topic, None when it is not ours."""
        if topic == self.of(CLAIM):
            return CLAIM, ""
        camera, _, leaf = topic.removeprefix(f"{self.base}/{self.node}/").partition("/")
        kind = {"set": SET, "do": DO, "settings": SETTINGS}.get(leaf)
        return (kind, camera) if kind and topic == self.of(kind, camera) else None
