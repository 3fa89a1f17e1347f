"""What others may tell the edge, and how everything else is refused."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.core.types import Settings
from edge_detector.mqtt.commands import (
    MAX_COMMAND_BYTES,
    Action,
    Claim,
    Refusal,
    is_birth,
    parse_claim,
    parse_do,
    parse_set,
)

ACTIONS = "snapshot, test_clip, reset_occupancy"
CURRENT = Settings(armed=False, confidence=0.4, max_clip_s=12.0)
FLAGS = st.booleans()
VALID = st.fixed_dictionaries(
    {},
    optional={"armed": FLAGS, "record": FLAGS, "upload": FLAGS}
    | {
        key: st.floats(low, high) | st.integers(math.ceil(low), int(high))
        for key, (low, high) in SETTINGS_BOUNDS.items()
        if high >= 1
    }
    | {"confidence": st.floats(*SETTINGS_BOUNDS["confidence"])},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from([*asdict(CURRENT), "action", "by"]) | st.text(), inner)
    ),
)


def set_(payload: bytes | str) -> Settings | Refusal:
    return parse_set(payload.encode() if isinstance(payload, str) else payload, current=CURRENT, bounds=SETTINGS_BOUNDS)


@given(VALID)
def test_a_valid_part_is_set_and_the_rest_stays(part: dict[str, bool | float]) -> None:
    assert set_(json.dumps(part)) == Settings(**(asdict(CURRENT) | part))


def test_numbers_become_what_settings_are_made_of() -> None:
    changed = set_('{"max_clip_s": 5}')
    assert isinstance(changed, Settings)
    assert isinstance(changed.max_clip_s, float)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ('{"confidence": 7}', "confidence is 7: allowed are numbers from 0.05 to 0.99"),  # too much
        ('{"confidence": 0.049}', "confidence is 0.049: allowed are numbers from 0.05 to 0.99"),  # too little
        ('{"confidence": NaN}', "confidence is NaN: allowed are numbers from 0.05 to 0.99"),  # in no range
        ('{"max_clip_s": 1e999}', "max_clip_s is Infinity: allowed are numbers from 3 to 20"),  # no end
        ('{"max_clip_s": "12"}', 'max_clip_s is "12": allowed are numbers from 3 to 20'),  # a text
        ('{"max_clip_s": true}', "max_clip_s is true: allowed are numbers from 3 to 20"),  # a bool is no number
        ('{"max_clip_s": null}', "max_clip_s is null: allowed are numbers from 3 to 20"),  # nothing
        ('{"armed": 1}', "armed is 1: allowed are true and false"),  # a number is no bool
        ('{"armed": "ON"}', 'armed is "ON": allowed are true and false'),  # nor is a text
        (
            '{"arm": true}',
            'unknown setting "arm": allowed are armed, record, upload, confidence, max_clip_s, min_clip_gap_s',
        ),
        ('{"armed": true, "confidence": 2}', "confidence is 2: allowed are numbers from 0.05 to 0.99"),  # whole
        ("[1, 2]", "the message is no JSON object: [1, 2]"),
        ("ON", 'the message is no JSON: "ON"'),
        (b"\xff\xfe", 'the message is no JSON: "\\ufffd\\ufffd"'),  # no text at all
        ("[" * MAX_COMMAND_BYTES, f'the message is no JSON: "{"[" * 39}…'),  # nested without end
        (
            b" " * (MAX_COMMAND_BYTES + 1),
            f"the message has {MAX_COMMAND_BYTES + 1} bytes: allowed are {MAX_COMMAND_BYTES}",
        ),
    ],
)
def test_what_is_wrong_is_refused_whole_with_the_reason(payload: bytes | str, reason: str) -> None:
    assert set_(payload) == Refusal(reason=reason)


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        (b'{"action": "snapshot"}', Action.SNAPSHOT),
        (b'{"action": "test_clip"}', Action.TEST_CLIP),
        (b'{"action": "Snapshot"}', Refusal(reason=f'action is "Snapshot": allowed are {ACTIONS}')),
        (b'{"action": ["snapshot"]}', Refusal(reason=f'action is ["snapshot"]: allowed are {ACTIONS}')),
        (b"{}", Refusal(reason=f"action is null: allowed are {ACTIONS}")),
        (b'{"action": "snapshot", "n": 2}', Refusal(reason='unknown key "n": allowed is action')),
        (b"snapshot", Refusal(reason='the message is no JSON: "snapshot"')),
    ],
)
def test_actions(payload: bytes, outcome: Action | Refusal) -> None:
    assert parse_do(payload) == outcome


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        (b'{"by": "home_assistant"}', Claim(by="home_assistant")),
        (b'{"by": "home_assistant", "version": "1"}', Claim(by="home_assistant")),  # a newer claimant
        (
            b'{"by": "home_assistant", "left": ["porchlight-a", 1]}',
            Claim(by="home_assistant", left=("porchlight-a", "1")),
        ),
        (b'{"by": "home_assistant", "left": "all"}', Claim(by="home_assistant")),  # a newer claimant
        (b"", Claim(by="")),  # released
        (b"{}", Refusal(reason="by is null: needed is the claimant's name")),
        (b'{"by": ""}', Refusal(reason='by is "": needed is the claimant\'s name')),
        (b"x", Refusal(reason='the message is no JSON: "x"')),
    ],
)
def test_claims(payload: bytes, outcome: Claim | Refusal) -> None:
    assert parse_claim(payload) == outcome


def test_births() -> None:
    assert is_birth(b"online")
    assert not is_birth(b"offline")
    assert not is_birth(b"\xff")


@given(st.binary(max_size=400) | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_that_comes_raises(payload: bytes) -> None:
    wanted = set_(payload)
    if isinstance(wanted, Settings):
        for key, (low, high) in SETTINGS_BOUNDS.items():
            assert getattr(wanted, key) == getattr(CURRENT, key) or low <= getattr(wanted, key) <= high
    else:
        assert wanted.reason
    assert isinstance(parse_do(payload), (Action, Refusal))
    assert isinstance(parse_claim(payload), (Claim, Refusal))


def test_settings_of_today_are_within_their_own_bounds() -> None:
    assert set_(json.dumps(asdict(Settings()))) == replace(Settings())
