"""The table of topics, and what an incoming topic means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.mqtt.topics import CLAIM, DO, IMAGE, SET, SETTINGS, STATUS, TABLE, TopicKind, Topics, Way

TOPICS = Topics(node="pi", base="home/porchlight")
SLUGS = st.from_regex(r"[a-z0-9_]{1,40}", fullmatch=True)


def test_a_topic_and_its_message() -> None:
    assert TOPICS.of(STATUS) == "home/porchlight/pi/status"
    message = TOPICS.message(IMAGE, b"jpeg", "door")
    assert message.topic == "home/porchlight/pi/door/image"
    assert (message.qos, message.retain, message.payload) == (0, True, b"jpeg")


def test_what_is_subscribed() -> None:
    assert dict(TOPICS.subscriptions()) == {
        "home/porchlight/pi/+/set": 1,
        "home/porchlight/pi/+/do": 1,
        "home/porchlight/pi/claim": 1,
        "home/porchlight/pi/+/settings": 1,  # which cameras the broker still knows of
    }


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("home/porchlight/pi/door/set", (SET, "door")),
        ("home/porchlight/pi/door/do", (DO, "door")),
        ("home/porchlight/pi/door/settings", (SETTINGS, "door")),
        ("home/porchlight/pi/claim", (CLAIM, "")),
        ("home/porchlight/pi/door/state", None),  # our own
        ("home/porchlight/other/door/set", None),  # another node's
        ("porchlight/pi/door/set", None),  # another base
        ("door/set", None),
        ("home/porchlight/pi/a/b/set", None),
        ("", None),
    ],
)
def test_what_an_incoming_topic_means(topic: str, found: tuple[TopicKind, str] | None) -> None:
    assert TOPICS.match(topic) == found


@given(node=SLUGS, camera=SLUGS)
def test_topics_of_different_kinds_never_meet(node: str, camera: str) -> None:
    topics = Topics(node=node)
    made = [topics.of(kind, camera) for kind in TABLE]
    # A camera of the name of a node's own leaf would be one level deeper.
    assert len(set(made)) == len(TABLE)
    assert topics.match(topics.of(SET, camera)) == (SET, camera)


def test_only_what_is_asked_of_us_is_not_retained() -> None:
    assert {kind.pattern.rpartition("/")[2] for kind in TABLE if not kind.retain} == {"event", "set", "do"}
    assert {kind.pattern.rpartition("/")[2] for kind in TABLE if kind.way is Way.IN} == {"set", "do", "claim"}
