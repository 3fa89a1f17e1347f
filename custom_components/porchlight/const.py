"""Names and numbers of the integration."""

from enum import StrEnum
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "porchlight"

#: Where `announce/<node>` and all else lies, unless the edge was told otherwise.
DEFAULT_BASE_TOPIC: Final = "porchlight"

#: The highest major version of the messages that is understood here.
SCHEMA: Final = 1
#: The lowest version of the edge program that tells all that is shown here.
MIN_EDGE_VERSION: Final = "0.1.0"

CONF_NODE: Final = "node"
CONF_BASE_TOPIC: Final = "base_topic"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.NUMBER,
    Platform.SENSOR,
    Platform.SWITCH,
)


class Topic(StrEnum):
    """What a node tells, by the last level of its topic."""

    ANNOUNCE = "announce"
    STATUS = "status"
    HEALTH = "health"
    STATE = "state"
    IMAGE = "image"
    LAST_CLIP = "last_clip"
    EVENT = "event"
    SETTINGS = "settings"


#: Those that each camera has.
CAMERA_TOPICS: Final = (Topic.STATE, Topic.IMAGE, Topic.LAST_CLIP, Topic.EVENT, Topic.SETTINGS)


class EventType(StrEnum):
    """What can happen in front of a camera, or to it."""

    PERSON_ARRIVED = "person_arrived"
    PERSON_LEFT = "person_left"
    SNAPSHOT_STORED = "snapshot_stored"
    CLIP_STORED = "clip_stored"
    CLIP_LOST = "clip_lost"
    LINE_CROSSED = "line_crossed"
    CAMERA_DOWN = "camera_down"
    CAMERA_UP = "camera_up"
    REJECTED = "rejected"


#: A retained `online` is believed this long without a sign of life: the health message comes three times within it.
SILENCE_S: Final = 100.0
#: And this long after a claim, by a node that answers claims.
CLAIM_ANSWER_S: Final = 5.0
#: The feature by which a node says so.
ANSWERS_CLAIMS: Final = "answers_claims"
#: The edge answers a command at once; a broker far away may take a second or two.
ANSWER_S: Final = 5.0
#: Ids of events that are remembered for each camera: the edge repeats only what was not acknowledged.
EVENT_IDS: Final = 512

#: A clip that waits this long tells of a bucket that cannot be reached, and not of a slow line.
UPLOAD_STUCK_S: Final = 3600.0
#: Below this the edge soon has no room for a clip; it counts as solved above twice as much.
DISK_LOW_BYTES: Final = 500_000_000
#: A camera may reboot, or its cable be moved, within this.
CAMERA_DOWN_S: Final = 900.0
