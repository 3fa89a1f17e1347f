"""The message logic on a real broker: who is told what, and in which order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core.errors import LedgerError
from edge_detector.core.facts import CameraDown, CameraUp, LineCrossed, OutlineChanged
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.zones import Zone, ZoneKind
from edge_detector.mqtt.orders import REFUSALS_A_MINUTE
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from tests.broker import Broker, Heard, Observer
from tests.contract import examples
from tests.edge.mqtt.edge import (
    DISCOVERED,
    INFO,
    Edge,
    ended,
    heard,
    heard_on,
    publish,
    snapshot,
    started,
    up,
    updated,
    visit_id,
)

ANNOUNCE, STATUS, CLAIM = "porchlight/announce/pi", "porchlight/pi/status", "porchlight/pi/claim"
STATE, EVENT, IMAGE = "porchlight/pi/door/state", "porchlight/pi/door/event", "porchlight/pi/door/image"
SET, DO, SETTINGS = "porchlight/pi/door/set", "porchlight/pi/door/do", "porchlight/pi/door/settings"


def topics(messages: list[Heard]) -> list[str]:
    return [message.topic for message in messages]


def discovered(messages: list[Heard]) -> bool:
    """Every device was published, and the last word on each was no removal."""
    last = {message.topic: message.payload for message in messages}
    return all(last.get(topic) for topic in DISCOVERED)


def removed(messages: list[Heard]) -> bool:
    """Every device was taken away."""
    last = {message.topic: message.payload for message in messages}
    return all(last.get(topic) == b"" for topic in DISCOVERED)


async def answered(observer: Observer) -> None:
    """Wait until the edge has obeyed all that was said before; it may not listen yet."""
    question = f"question {len(observer.heard)}"
    async with asyncio.timeout(60.0):
        while not any(question in message.text for message in observer.on(EVENT)):
            await publish(observer, SET, question)
            await asyncio.sleep(0.1)


def event_types(messages: list[Heard]) -> list[str]:
    return [json.loads(message.payload)["event_type"] for message in messages if message.topic == EVENT]


def event_ids(messages: list[Heard]) -> list[str]:
    return [json.loads(message.payload)["id"] for message in messages if message.topic == EVENT]


# --- connect --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_on_connect_everything_is_told_and_retained(broker: Broker, observer: Observer, protocol: str) -> None:
    async with Edge(broker.port, protocol=protocol) as edge:
        await edge.handle(examples.HEALTH)
        told = topics(await heard(observer, discovered))
        with broker.observer() as late:
            kept = await heard(late, discovered)
    # Old states may not come alive: `online` follows the states.
    assert told.index(ANNOUNCE) < told.index(STATE) < told.index(STATUS) < told.index(DISCOVERED[0])
    assert told.index("porchlight/pi/gate/settings") < told.index(STATUS)
    assert all(message.retained for message in kept)
    state = json.loads(next(message.payload for message in kept if message.topic == STATE))
    assert (state["online"], state["person"], state["zones"]) == (
        False,
        False,
        {"steps": {"person": False, "count": 0}},
    )


async def test_the_farewell_says_offline(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port):
        await heard_on(observer, STATUS)
    assert [message.text for message in await heard_on(observer, STATUS, 2)] == ["online", "offline"]


async def test_the_broker_may_come_up_later(broker: Broker) -> None:
    broker.stop()
    async with Edge(broker.port) as edge:
        await edge.handle(up(), started(1))
        broker.start()
        with broker.observer() as observer:
            assert json.loads((await heard_on(observer, STATE))[0].payload)["person"]


async def test_what_an_earlier_run_left_is_told_and_is_no_event(broker: Broker, observer: Observer) -> None:
    edge = Edge(broker.port, info=examples.INFO)
    edge.controls.now = {camera.id: edge.controls.now["door"] for camera in examples.INFO.cameras}
    edge.bridge.restore([examples.STORED_CLIP])
    async with edge:
        last_clip = f"porchlight/{examples.NODE}/{examples.CAMERA}/last_clip"
        told = await heard_on(observer, last_clip)
    assert told[0].text == examples.emitted()["last_clip"]
    assert not [message for message in observer.heard if message.topic.endswith("/event")]


async def test_the_announcement_learns_a_cameras_size(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await heard_on(observer, ANNOUNCE)
        await edge.handle(CameraUp(camera="gate", t=0.0, utc=0.0, width=1920, height=1080), up())
        told = json.loads((await heard_on(observer, ANNOUNCE, 2))[1].payload)
        await heard_on(observer, EVENT)
    assert [(camera["width"], camera["height"]) for camera in told["cameras"]] == [(640, 480), (1920, 1080)]
    assert len(observer.on(ANNOUNCE)) == 2  # what is known already is not told again


async def test_nothing_stays_of_a_camera_that_was_taken_out(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await edge.handle(up(), started(1), snapshot(1, b"jpeg"))
        await heard(observer, discovered)
    async with Edge(broker.port, info=replace(INFO, cameras=INFO.cameras[1:])):
        await heard_on(observer, DISCOVERED[1], 2)
        with broker.observer("porchlight/pi/#", "homeassistant/#") as late:
            await heard_on(late, DISCOVERED[2])
            left = {message.topic for message in late.heard}
    assert not any("door" in topic for topic in left)


# --- a visit --------------------------------------------------------------------------------------------------------


async def test_a_picture_comes_before_its_event(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await heard_on(observer, STATUS)
        await edge.handle(up(), snapshot(1, b"first"), started(1), ended(1))
        told = await heard(observer, lambda messages: "person_left" in event_types(messages))
    assert event_types(told) == ["camera_up", "person_arrived", "person_left"]
    order = topics(told)
    arrived = [message.topic == EVENT and b"person_arrived" in message.payload for message in told].index(True)
    assert order.index(IMAGE) < arrived
    assert next(message for message in told if message.topic == IMAGE).payload == b"first"


async def test_pictures_are_told_once_a_second_and_the_newest_wins(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await heard_on(observer, STATUS)
        await edge.handle(up(), started(1), *(snapshot(1, f"{n}".encode()) for n in range(5)))
        told = await heard_on(observer, IMAGE, 2)
        # Another visit's picture does not wait for the interval.
        await edge.handle(ended(1), started(2), snapshot(2, b"other"))
        told = await heard_on(observer, IMAGE, 3)
    assert [message.payload for message in told] == [b"0", b"4", b"other"]
    assert told[1].at - told[0].at > 0.8
    assert told[2].at - told[1].at < 0.8


async def test_a_state_waits_only_when_nobody_comes_or_goes(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await heard_on(observer, STATUS)
        observer.clear()
        await edge.handle(up(), started(1), *(updated(1, n) for n in range(1, 9)), ended(1))
        told = [json.loads(message.payload) for message in await heard_on(observer, STATE, 3)]
        await edge.handle(started(2), updated(2, 3), updated(2, 2))
        last = [json.loads(message.payload) for message in await heard_on(observer, STATE, 5)]
    assert [(state["online"], state["person"], state["count"]) for state in told] == [
        (True, False, 0),
        (True, True, 1),
        (True, False, 0),
    ]
    assert [state["count"] for state in last[3:]] == [1, 2]  # the newest of what came in the interval


async def test_events_of_two_cameras_and_lines(broker: Broker, observer: Observer) -> None:
    crossing = LineCrossed(camera="gate", visit_id=visit_id(1), t=1.0, utc=5.0, line="kerb", direction="out")
    stranger = CameraDown(camera="shed", t=1.0, utc=5.0, reason="it is not ours")
    async with Edge(broker.port) as edge:
        await heard_on(observer, STATUS)
        await edge.handle(up("gate"), crossing, stranger)
        gate = await heard_on(observer, "porchlight/pi/gate/state", 3)
    assert json.loads(gate[-1].payload)["lines"] == {"kerb": {"in": 0, "out": 1}}


async def test_what_is_drawn_anew_is_announced_and_discovered_anew(broker: Broker, observer: Observer) -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    lawn = Zone(id="lawn", name="Lawn", points=corners)
    tree = Zone(id="tree", name="Tree", points=corners, kind=ZoneKind.IGNORE)
    sill = Line(id="sill", name="Sill", start=(0.0, 0.5), end=(1.0, 0.5))
    changed = OutlineChanged(camera="door", t=1.0, outline=Outline(zones=(lawn, tree), lines=(sill,)))
    async with Edge(broker.port, discovery="on") as edge:
        await heard_on(observer, DISCOVERED[2])
        observer.clear()
        await edge.handle(up(), changed, changed)
        announced = json.loads((await heard_on(observer, "porchlight/announce/pi"))[-1].payload)
        found = json.loads((await heard_on(observer, DISCOVERED[1]))[-1].payload)
        state = json.loads((await heard_on(observer, STATE, 2))[-1].payload)
    door = announced["cameras"][0]
    assert (door["zones"], door["lines"]) == ([{"id": "lawn", "name": "Lawn"}], [{"id": "sill", "name": "Sill"}])
    assert (state["zones"], state["lines"]) == ({"lawn": {"person": False, "count": 0}}, {"sill": {"in": 0, "out": 0}})
    components = found["components"]
    assert components["zone_steps"] == {"platform": "binary_sensor"}  # that is how Home Assistant removes it
    assert components["people_steps"] == {"platform": "sensor"}
    assert {"zone_lawn", "people_lawn", "in_sill", "out_sill", "inside", "reset_inside"} <= set(components)
    assert "zone_tree" not in components
    assert len(observer.on(DISCOVERED[1])) == 1  # the second time nothing is new


# --- outages --------------------------------------------------------------------------------------------------------


async def test_after_a_restart_of_the_broker_everything_is_told_anew(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await edge.handle(up(), started(1), snapshot(1, b"jpeg"), examples.HEALTH)
        before = {message.topic: message.payload for message in await heard(observer, discovered)}
        observer.clear()
        await asyncio.to_thread(broker.restart, kill=True)
        with broker.observer() as late:
            after = {message.topic: message.payload for message in await heard(late, discovered)}
    assert {topic: payload for topic, payload in before.items() if topic != EVENT} == after
    assert json.loads(after[STATE])["person"]


def listening_again(broker: Broker) -> Observer:
    """Start the broker, with an observer before anybody: it blocks the loop on purpose, so that the edge waits."""
    broker.start()
    observer = broker.observer()
    observer.open()
    return observer


async def test_events_of_an_outage_arrive_in_order(broker: Broker, observer: Observer, database: Database) -> None:
    journal = SqliteJournal(database)
    async with Edge(broker.port, journal=journal) as edge:
        await edge.handle(up(), started(1))
        before = await heard(observer, lambda messages: "person_arrived" in event_types(messages))
        await asyncio.to_thread(broker.stop, kill=True)
        for n in range(2, 8):  # in the middle of a visit
            await edge.handle(ended(n - 1), started(n))
        with contextlib.closing(listening_again(broker)) as late:
            # The last event before the outage may come again, when its acknowledgement was lost.
            after = await heard(late, lambda messages: len({*event_ids(messages)} - {*event_ids(before)}) >= 12)
    expected = [("camera_up", None), ("person_arrived", visit_id(1))]
    for n in range(2, 8):
        expected += [("person_left", visit_id(n - 1)), ("person_arrived", visit_id(n))]
    # Once, or again under the same id.
    events = [json.loads(message.payload) for message in (*before, *after) if message.topic == EVENT]
    assert list({event["id"]: (event["event_type"], event["visit_id"]) for event in events}.values()) == expected
    assert journal.next_events(10) == ()


async def test_an_event_whose_acknowledgement_was_lost_comes_again(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        edge.bridge._events._ack_s = 3600.0  # the loss of the line is noticed, not only the silence
        await heard(observer, discovered)
        await edge.handle(up())
        await heard_on(observer, EVENT)
        # Else its own acknowledgement is lost as well, and it comes again, too.
        while edge.journal.next_events(1):  # noqa: ASYNC110 - a journal tells nobody
            await asyncio.sleep(0.01)
        broker.freeze()
        await edge.handle(CameraDown(camera="door", t=1.0, utc=5.0, reason="it is dark"))
        await asyncio.sleep(0.2)  # it is on its way to a broker that is no more
        broker.stop(kill=True)
        with contextlib.closing(listening_again(broker)) as late:
            told = await heard_on(late, EVENT)
    assert event_types(told) == ["camera_down"]


async def test_states_of_an_outage_are_not_told_late(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await edge.handle(up())
        await heard(observer, discovered)
        await asyncio.to_thread(broker.stop)
        await edge.handle(started(1), ended(1), started(2))
        with contextlib.closing(listening_again(broker)) as late:
            await heard_on(late, STATUS)
            states = [json.loads(message.payload) for message in late.on(STATE)]
    assert [state["visit_id"] for state in states] == [visit_id(2)]


async def test_the_broker_says_offline_when_the_program_is_killed(
    broker: Broker, observer: Observer, tmp_path: Path
) -> None:
    path = tmp_path / "killed.db"
    command = [sys.executable, "-m", "tests.edge.mqtt.edge", str(broker.port), str(path)]
    process = subprocess.Popen(command)  # noqa: ASYNC220 - it is started in no time
    try:
        await heard(observer, lambda messages: "person_arrived" in event_types(messages))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [message.text for message in await heard_on(observer, STATUS, 2)] == ["online", "offline"]
    observer.clear()
    with contextlib.closing(Database(path)) as database:
        async with Edge(broker.port, journal=SqliteJournal(database)):
            told = await heard_on(observer, STATUS)
            states = observer.on(STATE)
    # Nobody is there any more, and that is said before anybody may look.
    assert told[-1].text == "online"
    assert not json.loads(states[0].payload)["person"]


async def test_an_event_that_cannot_be_kept_is_told_all_the_same(
    broker: Broker, observer: Observer, database: Database
) -> None:
    async with Edge(broker.port, journal=SqliteJournal(database)) as edge:
        await heard(observer, discovered)
        database.close()  # stands for a disk that refuses
        with pytest.raises(LedgerError):
            await edge.handle(up())
        await heard_on(observer, EVENT)


# --- discovery and claims -------------------------------------------------------------------------------------------


HOME_ASSISTANT = '{"by":"home_assistant"}'
#: The node and a camera are still shown.
AGAIN = '{"by":"home_assistant","left":["porchlight-pi","porchlight-pi-door","porchlight-other"]}'


async def test_a_claimed_node_is_never_discovered(broker: Broker, observer: Observer) -> None:
    await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
    await publish(observer, DISCOVERED[1], '{"left": "by an earlier run"}', retain=True)
    observer.clear()
    async with Edge(broker.port):
        await heard_on(observer, DISCOVERED[1])
        await answered(observer)
        # What the broker keeps is taken away, and nothing else: Home Assistant would warn.
        assert [message.payload for message in observer.heard if message.topic in DISCOVERED] == [b""]
        # Released: the devices come back.
        await publish(observer, CLAIM, "", retain=True)
        await heard(observer, discovered)


async def test_a_claim_takes_the_devices_away(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port):
        await heard(observer, discovered)
        for nonsense in (b"\xff\x00", "[]", "{}", '{"by": ""}', "[" * 2000):
            await publish(observer, CLAIM, nonsense)
        await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
        told = topics(await heard(observer, removed))
        assert told.count(DISCOVERED[0]) == 2


async def test_a_claimant_that_sees_devices_left_has_them_taken_away_again(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port):
        await heard(observer, discovered)
        await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
        await heard(observer, removed)
        observer.clear()
        await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
        await answered(observer)
        assert not removed(observer.heard)
        await publish(observer, CLAIM, AGAIN)
        await answered(observer)
        assert [topic for topic in topics(observer.heard) if topic in DISCOVERED] == [DISCOVERED[1], DISCOVERED[0]]


async def test_a_claim_is_answered_by_who_lives(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port):
        await answered(observer)
        assert json.loads(observer.on(ANNOUNCE)[0].payload)["features"] == ["answers_claims"]
        before = len(observer.on(STATUS))
        await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
        assert (await heard_on(observer, STATUS, before + 1))[-1].text == "online"


async def test_a_wish_that_the_broker_kept_is_a_claim_and_no_more(broker: Broker, observer: Observer) -> None:
    await publish(observer, CLAIM, AGAIN, retain=True)
    await publish(observer, DISCOVERED[1], '{"left": "by an earlier run"}', retain=True)
    async with Edge(broker.port, claim_grace_s=300.0):
        await heard_on(observer, DISCOVERED[1], 2)
        await answered(observer)
        assert {topic for topic in topics(observer.heard) if topic in DISCOVERED} == {DISCOVERED[1]}


async def test_a_claimant_may_answer_the_announcement(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port, claim_grace_s=300.0):
        await heard_on(observer, STATUS)
        await asyncio.sleep(0.2)  # it takes its time, but not all of it
        await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
        await answered(observer)
    assert not [topic for topic in topics(observer.heard) if topic in DISCOVERED]


async def test_a_claim_that_the_broker_has_forgotten_is_over(broker: Broker, observer: Observer) -> None:
    await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
    async with Edge(broker.port):
        await heard_on(observer, STATUS)
        await asyncio.to_thread(broker.restart)
        await heard(observer, discovered)


async def test_a_claimant_that_was_there_has_time_to_come_back(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port, claimed_grace_s=300.0):
        await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
        await answered(observer)
        await asyncio.to_thread(broker.restart)
        observer.clear()
        await heard_on(observer, STATUS)
        await asyncio.sleep(0.5)  # longer than anybody else would have
        await publish(observer, "homeassistant/status", "online")
        await heard_on(observer, STATUS, 2)
        await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
        await answered(observer)
    assert not [topic for topic in topics(observer.heard) if topic in DISCOVERED]


async def test_a_birth_of_long_ago_is_none(broker: Broker, observer: Observer) -> None:
    await publish(observer, "homeassistant/status", "online", retain=True)
    async with Edge(broker.port, discovery="on"):
        await heard(observer, discovered)
        await publish(observer, SET, "x")
        await heard_on(observer, EVENT)
    assert len(observer.on(ANNOUNCE)) == 1


@pytest.mark.parametrize(("mode", "outcome"), [("on", discovered), ("off", removed)])
async def test_discovery_may_be_settled(
    broker: Broker, observer: Observer, mode: str, outcome: Callable[[list[Heard]], bool]
) -> None:
    for topic in DISCOVERED:
        await publish(observer, topic, '{"left": "by an earlier run"}', retain=True)
    async with Edge(broker.port, discovery=mode):
        await heard_on(observer, DISCOVERED[1], 2)
        await heard(observer, outcome)
        await publish(observer, CLAIM, HOME_ASSISTANT, retain=True)
        await answered(observer)
        assert outcome(observer.heard)


async def test_when_home_assistant_comes_up_everything_is_told_anew(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port, birth_topic="ha/birth", discovery_prefix="ha") as edge:
        await edge.handle(up(), started(1))
        await heard_on(observer, "ha/device/porchlight_pi_gate/config")
        await heard_on(observer, EVENT, 2)
        before = {message.topic for message in observer.heard if message.topic != EVENT}
        observer.clear()
        await publish(observer, "ha/birth", "offline")
        await publish(observer, SET, "x")
        await heard_on(observer, EVENT)
        assert not observer.on(ANNOUNCE)
        observer.clear()
        await publish(observer, "ha/birth", "online")
        await heard_on(observer, "ha/device/porchlight_pi_gate/config")
    assert {message.topic for message in observer.heard} == before | {"ha/birth"}


# --- commands -------------------------------------------------------------------------------------------------------


async def test_settings_are_changed(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await heard(observer, discovered)
        observer.clear()
        await publish(observer, SET, '{"armed": false}')
        await publish(observer, SET, '{"confidence": 0.7, "max_clip_s": 10}')
        told = [json.loads(message.payload) for message in await heard_on(observer, SETTINGS, 2)]
    assert [(each["armed"], each["confidence"], each["max_clip_s"]) for each in told] == [
        (False, 0.5, 20),
        (False, 0.7, 10),
    ]
    assert edge.controls.now["gate"].armed


async def test_actions_are_taken(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await heard(observer, discovered)
        await publish(observer, DO, '{"action": "snapshot"}')
        await publish(observer, DO, "")  # somebody tidies up
        await publish(observer, DO, '{"action": "test_clip"}')
        await publish(observer, DO, '{"action": "explode"}')
        told = await heard_on(observer, EVENT)
    assert edge.controls.told == [("door", "snapshot"), ("door", "test_clip")]
    assert (
        json.loads(told[0].payload)["reason"] == 'action is "explode": allowed are snapshot, test_clip, reset_occupancy'
    )


async def test_a_wrong_setting_is_refused_whole(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await heard(observer, discovered)
        await publish(observer, SET, '{"armed": false, "confidence": 7}')
        told = json.loads((await heard_on(observer, EVENT))[0].payload)
    assert told["event_type"] == "rejected"
    assert told["reason"] == "confidence is 7: allowed are numbers from 0.05 to 0.99"
    assert edge.controls.told == []


async def test_a_retained_command_and_one_for_nobody_are_dropped(broker: Broker, observer: Observer) -> None:
    await publish(observer, DO, '{"action": "snapshot"}', retain=True)  # it would be taken on every connect
    async with Edge(broker.port) as edge:
        await heard(observer, discovered)
        await publish(observer, "porchlight/pi/shed/do", '{"action": "snapshot"}')
        await publish(observer, "porchlight/pi/gate/do", '{"action": "test_clip"}')
        await publish(observer, SET, '{"armed": 7}')
        await heard_on(observer, EVENT)  # commands are obeyed in order
    assert edge.controls.told == [("gate", "test_clip")]


async def test_hostile_commands_change_nothing(broker: Broker, observer: Observer) -> None:
    chance = random.Random(7)
    hostile = [chance.randbytes(chance.randrange(1, 300)) for _ in range(200)] + [
        b"[" * 2048,
        b"{" * 60_000,
        b"\x00",
        b"9" * 5000,
        b'{"confidence": 1e999}',
        b'{"armed": "no"}',
        b"null",
        b"NaN",
    ]
    async with Edge(broker.port) as edge:
        await heard(observer, discovered)
        for n, payload in enumerate(hostile):
            await publish(observer, (SET, DO, CLAIM)[n % 3], payload)
        await publish(observer, SET, b"x" * 1_000_000)  # the broker keeps it from us
        await publish(observer, SET, '{"confidence": 0.6}')
        await heard(observer, lambda messages: any(b'"confidence":0.6' in message.payload for message in messages))
        assert edge.client.connected
    assert len(edge.controls.told) == 1
    assert len(observer.on(EVENT)) == REFUSALS_A_MINUTE  # the rest is dropped: no loop of somebody's fills the disk


async def test_what_the_broker_says_out_of_turn_is_ignored(broker: Broker, observer: Observer) -> None:
    async with Edge(broker.port) as edge:
        await heard(observer, discovered)
        edge.bridge.on_message("some/other/topic", b"x", retained=False)
        edge.bridge.on_ack(12345)
        await publish(observer, DO, '{"action": "snapshot"}')
        await publish(observer, SET, "x")
        await heard_on(observer, EVENT)
    assert edge.controls.told == [("door", "snapshot")]


def test_the_broker_may_speak_after_the_end(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    async def make() -> Edge:
        async with Edge(broker.port) as edge:
            return edge

    edge = asyncio.run(make())
    with caplog.at_level(logging.DEBUG):
        edge.bridge.on_ack(1)
    assert "after the end" in caplog.text
