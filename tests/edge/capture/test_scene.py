"""The generated scene: pictures, truth, addresses and the source behind the port."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.capture.scene import SceneAddress, SceneSource, parse_address
from edge_detector.capture.scene_presets import PRESETS, script
from edge_detector.capture.scene_script import (
    AWAY,
    TOWARDS,
    Kind,
    Look,
    Script,
    Stand,
    Step,
    Walk,
    make_actor,
)
from edge_detector.capture.scene_world import Scene, Sighting
from edge_detector.core.errors import SourceEnded, SourceError
from edge_detector.core.picture import bgr, luma
from edge_detector.core.types import Frame, Packet


def scene(address: str) -> Scene:
    return parse_address(address).scene()


def one(*steps: Step, pillar: bool = False) -> Scene:
    actor = make_actor(ident=1, look=Look(), start_t=0.0, speed=1.0, steps=steps)
    return Scene(Script(name="one", length_s=60.0, actors=(actor,), pillar=pillar), seed=3)


@pytest.fixture(scope="module")
def door() -> Scene:
    return scene("scene://door?seed=7")


# --- pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_gives_pictures_and_an_end(name: str) -> None:
    made = scene(f"scene://{name}?size=320x180")
    assert made.length_s >= 20
    for t in (0.0, made.length_s / 2, made.length_s * 3.3):
        picture = made.frame(t)
        assert picture.shape == (270, 320)
        assert picture.dtype == np.uint8
        assert luma(picture).std() > 10


@pytest.mark.parametrize(
    "address",
    [
        "scene://door?people=1",  # by day
        "scene://pair?night=1",  # noise, lamp
        "scene://infrared?seed=3",  # the switch
        "scene://clouds?seed=3",  # light that wanders
    ],
)
def test_a_picture_depends_on_time_alone(address: str) -> None:
    first, second = scene(address + "&size=320x180"), scene(address + "&size=320x180")
    times = (8.3, 0.0, 5.5, 21.7)
    pictures = {t: first.frame(t).copy() for t in times}
    for t in sorted(times):
        np.testing.assert_array_equal(second.frame(t), pictures[t])
        np.testing.assert_array_equal(first.frame(t), pictures[t])
        assert first.truth(t) == second.truth(t)


def test_what_a_caller_does_with_a_picture_stays_with_the_caller(door: Scene) -> None:
    expected = door.frame(1.0).copy()
    door.frame(1.0)[:] = 0
    np.testing.assert_array_equal(door.frame(1.0), expected)


def test_seeds_differ_in_looks_and_noise() -> None:
    assert not np.array_equal(scene("scene://empty?seed=1").frame(0), scene("scene://empty?seed=2").frame(0))
    looks = {actor.look for seed in range(5) for actor in scene(f"scene://door?people=1&seed={seed}").script.actors}
    assert len(looks) == 5


def test_a_slit_of_a_picture_shows_what_is_in_it() -> None:
    made = scene("scene://box?size=1600x64")
    assert made.truth(6.0)  # the trolley before the house
    assert not made.truth(17.5)  # the car is above the slit
    assert made.frame(6.0).shape == (96, 1600)


@pytest.mark.parametrize("size", ["640x480", "1280x720", "320x240", "432x768"])
def test_any_format_holds_the_visitor_at_the_door(size: str) -> None:
    made = scene(f"scene://door?people=1&size={size}")
    (person,) = made.people(11.0)
    assert person.occluded == 0
    assert made.frame(11.0).shape == (made.view.height * 3 // 2, made.view.width)


@pytest.mark.parametrize("t", [6.0, 7.7, 11.0, 13.9, 17.0])
def test_the_truth_is_what_the_picture_shows(door: Scene, t: float) -> None:
    nobody = scene("scene://door?seed=7&people=0")
    changed = cv2.absdiff(luma(door.frame(t)), luma(nobody.frame(t)))
    (person,) = door.truth(t)
    x, y, w, h = cv2.boundingRect((changed > 12).astype(np.uint8))
    box = np.array(person.box) * (768, 432, 768, 432)
    # The shadow on the ground is wider than the figure, never higher.
    assert y == pytest.approx(box[1], abs=4)
    assert x <= box[0] + 4
    assert x + w >= box[2] - 4
    assert w < (box[2] - box[0]) * 1.6
    assert y + h == pytest.approx(box[3], abs=14)


def test_the_background_around_a_figure_is_left_as_it_was(door: Scene) -> None:
    nobody = scene("scene://door?seed=7&people=0")
    (person,) = door.truth(11.0)
    changed = cv2.absdiff(luma(door.frame(11.0)), luma(nobody.frame(11.0)))
    x1, y1 = int(person.box.x1 * 768) - 20, int(person.box.y1 * 432) - 4
    x2, y2 = int(person.box.x2 * 768) + 20, int(person.box.y2 * 432) + 12
    changed[y1:y2, x1:x2] = 0
    assert not changed.any()


def test_opencvs_people_detector_sees_the_visitor(door: Scene) -> None:
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))
    boxes, _ = hog.detectMultiScale(bgr(door.frame(11.0)), winStride=(8, 8), scale=1.1)
    (person,) = door.people(11.0)
    middles = [(x + w / 2) / 768 for x, _, w, _ in boxes]
    assert any(person.box.x1 < middle < person.box.x2 for middle in middles)


def test_night_is_darker_and_noisier_than_dusk_and_day() -> None:
    day, dusk, night = (scene(f"scene://empty?night={night}") for night in (0, 0.5, 1))
    bright = [float(luma(made.frame(0)).mean()) for made in (day, dusk, night)]
    noise = [float(np.std(np.int16(luma(made.frame(0))) - luma(made.frame(1)))) for made in (day, dusk, night)]
    assert bright[0] > bright[1] * 1.15 > bright[2] * 1.3
    assert noise[0] < noise[1] < noise[2]


def test_infrared_is_grey_and_begins_with_a_flash() -> None:
    made = scene("scene://infrared?people=0")
    ((start, end),) = made.script.infrared
    chroma = {t: made.frame(t)[432:] for t in (start - 0.1, start, end - 0.1, end)}
    assert [bool((plane == 128).all()) for plane in chroma.values()] == [False, True, True, False]
    flash, settled = luma(made.frame(start)), luma(made.frame(start + 2))
    assert flash.mean() > settled.mean() * 1.25
    noise = np.int16(luma(made.frame(start + 0.1))) - luma(made.frame(start + 0.15))
    assert noise.std() > 2 * (np.int16(luma(made.frame(start + 3))) - settled).std()


def test_clouds_change_the_light_where_nobody_walks() -> None:
    made = scene("scene://clouds?people=0")
    means = [float(luma(made.frame(t)).mean()) for t in np.arange(0, 12, 0.5)]
    assert max(means) > min(means) * 1.05
    still = scene("scene://empty")
    assert np.ptp([luma(still.frame(t)).mean() for t in np.arange(0, 12, 0.5)]) < 0.5


# --- truth ----------------------------------------------------------------------------------------------------------


def test_the_demo_has_two_visits_twenty_seconds_apart_within_a_minute(door: Scene) -> None:
    first, second = door.visits()
    assert 3 < first.start_t < 7
    assert first.end_t - first.start_t > 8
    assert second.start_t - first.end_t > 20
    assert second.end_t < 55
    assert (first.people, second.people) == (1, 1)


@pytest.mark.parametrize(
    ("address", "people"),
    [
        ("scene://empty", []),  # nobody, ever
        ("scene://empty?people=3", []),  # whatever is asked
        ("scene://box", []),  # things are no people
        ("scene://box?people=1", [1]),  # unless somebody comes along
        ("scene://door?people=3", [1, 1, 1]),
        ("scene://pair", [2, 2]),  # they meet, go, and come back
        ("scene://standing", [1]),
    ],
)
def test_visits_are_when_people_are_there(address: str, people: list[int]) -> None:
    assert [visit.people for visit in scene(address).visits(hold_s=1.5)] == people


def test_a_short_absence_is_bridged(door: Scene) -> None:
    assert len(door.visits(hold_s=30.0)) == 1


def test_a_script_begins_again_after_its_end(door: Scene) -> None:
    assert door.truth(11.0) == door.truth(11.0 + 2 * door.length_s)


@pytest.mark.parametrize(
    ("steps", "t", "heading"),
    [
        ((Walk(-3, 5), Walk(3, 5)), 3.0, 0.0),  # to the right
        ((Walk(3, 5), Walk(-3, 5)), 3.0, np.pi),  # to the left
        ((Walk(0, 5), Walk(0, 8)), 1.0, AWAY),
        ((Walk(0, 8), Walk(0, 5)), 1.0, TOWARDS),
        ((Walk(-1, 5), Walk(0, 5), Stand(9, TOWARDS)), 5.0, TOWARDS),  # turned round while standing
    ],
)
def test_heading_and_speed(steps: tuple[Step, ...], t: float, heading: float) -> None:
    (person,) = one(*steps).truth(t)
    assert np.cos(person.heading - heading) > 0.99
    assert person.speed == pytest.approx(0.0 if isinstance(steps[-1], Stand) else 1.0)


def test_nearer_is_taller_and_lower() -> None:
    near, far = (one(Walk(-1, z), Walk(1, z)).truth(1.0)[0] for z in (4.5, 6.5))
    assert near.height_px / far.height_px == pytest.approx(6.5 / 4.5, rel=0.1)
    assert near.foot[1] > far.foot[1]
    assert near.box.y2 == pytest.approx(near.foot[1], abs=0.05)


def test_ringing_raises_the_arm() -> None:
    with_ring, without = (one(Walk(-0.5, 6), Walk(0, 6), Stand(6, 0.0, ring=ring)) for ring in (True, False))
    (ringing,), (waiting,) = with_ring.truth(2.5), without.truth(2.5)
    assert ringing.box.x2 > waiting.box.x2 + 0.01
    assert with_ring.truth(5.5) == without.truth(5.5)


def test_who_enters_is_cut_by_the_edge_then_whole() -> None:
    made = one(Walk(-4.6, 5), Walk(4.6, 5))
    hidden = [person.occluded for t in np.arange(1.0, 3.2, 0.1) for person in made.truth(float(t))]
    assert hidden[0] > 0.5
    assert hidden == sorted(hidden, reverse=True)
    assert hidden[-1] == 0
    assert made.truth(0.0) == ()
    assert made.truth(30.0) == ()


def test_a_pillar_hides_who_passes_behind_it_and_none_before_it() -> None:
    times = np.arange(0.0, 3.0, 0.1).tolist()
    behind = one(Walk(-2, 5.5), Walk(1, 5.5), pillar=True)
    assert max(person.occluded for t in times for person in behind.truth(t)) > 0.7
    before, nothing = (one(Walk(-2, 3.9), Walk(1, 3.9), pillar=pillar) for pillar in (True, False))
    assert [before.truth(t) for t in times] == [nothing.truth(t) for t in times]


def test_the_nearer_of_two_hides_the_other() -> None:
    walkers = [
        make_actor(ident=n, look=Look(), start_t=0.0, speed=1.0, steps=(Walk(-x, z), Walk(x, z)))
        for n, x, z in ((1, 2, 4.8), (2, -2, 6.0))
    ]
    made = Scene(Script(name="two", length_s=9.0, actors=tuple(walkers)))
    far, near = made.truth(2.0)
    assert (far.id, near.id) == (2, 1)
    assert far.occluded > 0.6
    assert near.occluded == 0
    assert [person.id for person in made.people(2.0)] == [1]


def test_the_house_hides_who_walks_behind_it() -> None:
    made = scene("scene://far?people=1")
    shares = [sum(p.occluded for p in made.truth(t)) for t in np.arange(3, made.length_s, 0.25).tolist()]
    assert min(shares) == 0
    assert any(0.3 < share < 1 for share in shares)
    assert not made.truth(made.length_s - 1)


def test_boxes_are_told_apart_from_people() -> None:
    made = scene("scene://box")
    kinds = {sighting.kind for t in range(3, 20) for sighting in made.truth(float(t))}
    ids = {sighting.id for t in range(3, 20) for sighting in made.truth(float(t))}
    assert kinds == {Kind.BOX}
    assert ids == {101, 102}


@given(name=st.sampled_from(sorted(PRESETS)), people=st.integers(0, 6), seed=st.integers(0, 99), share=st.floats(0, 1))
def test_truth_keeps_within_its_bounds(name: str, people: int, seed: int, share: float) -> None:
    made = script(name, people=people, seed=seed, night=None, distance=14.0)
    assert sum(actor.kind is Kind.PERSON for actor in made.actors) == (0 if name == "empty" else people)
    for sighting in _world(made).truth(share * made.length_s):
        _check(sighting)


def _world(made: Script, cache: dict[bool, Scene] = {}) -> Scene:  # noqa: B006 - the stage is drawn once for all examples
    """A scene whose stage is already drawn, with another script."""
    plain = replace(made, infrared=(), clouds=False, night=0.0)
    if made.pillar not in cache:
        cache[made.pillar] = Scene(plain, width=320, height=180)
    cache[made.pillar].script = plain
    return cache[made.pillar]


def _check(sighting: Sighting) -> None:
    box = sighting.box
    assert 0 <= box.x1 < box.x2 <= 1
    assert 0 <= box.y1 < box.y2 <= 1
    assert 0 <= sighting.occluded < 1
    assert sighting.height_px > 0


def test_a_path_begins_with_a_place() -> None:
    with pytest.raises(TypeError, match="place"):
        make_actor(ident=1, look=Look(), start_t=0.0, speed=1.0, steps=(Stand(1.0, AWAY),))


# --- crossings ------------------------------------------------------------------------------------------------------

LINE = ((0.5, 0.0), (0.5, 1.0))


@pytest.mark.parametrize(
    ("steps", "directions"),
    [
        ((Walk(-3, 5), Walk(3, 5)), [-1]),  # downwards along the line, the picture's right is on its left
        ((Walk(3, 5), Walk(-3, 5)), [1]),
        ((Walk(-3, 5), Walk(3, 5), Walk(-3, 5)), [-1, 1]),  # there and back
        ((Walk(-3, 5), Walk(-0.2, 5), Walk(-3, 5)), []),  # turns back before it
        ((Walk(-3, 5), Walk(-1, 5)), []),
    ],
)
def test_crossings_of_an_upright_line(steps: tuple[Step, ...], directions: list[int]) -> None:
    assert [crossing.direction for crossing in one(*steps).crossings(*LINE)] == directions


def test_a_line_ends_at_its_ends() -> None:
    made = one(Walk(-3, 5), Walk(3, 5))
    ((x, y),) = {person.foot for person in made.truth(3.0)}
    assert made.crossings((x, y - 0.1), (x, y + 0.1))
    assert not made.crossings((x, y + 0.05), (x, y + 0.2))


def test_a_crowd_crosses_often_and_each_to_and_fro() -> None:
    made = scene("scene://crowd?people=6&seed=3")
    crossings = made.crossings(*LINE)
    assert len(crossings) > 15
    for ident in range(1, 7):
        ways = [crossing.direction for crossing in crossings if crossing.id == ident]
        assert all(before != after for before, after in pairwise(ways))
    assert [c.t for c in crossings] == sorted(c.t for c in crossings)


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("scene://door", SceneAddress(preset="door")),
        ("scene://", SceneAddress(preset="door")),  # the demo's own
        ("scene://far/?distance=40", SceneAddress(preset="far", distance=40)),
        (
            "scene://door?people=2&seed=7&night=1&duration=60&fps=10&size=768x432",
            SceneAddress(preset="door", people=2, seed=7, night=1, duration=60, fps=10),
        ),
        ("scene://pair?night=0.5&size=1920x1080", SceneAddress(preset="pair", night=0.5, width=1920, height=1080)),
    ],
)
def test_addresses(address: str, expected: SceneAddress) -> None:
    assert parse_address(address) == expected


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("rtsp://door", ["scene://door"]),  # another scheme
        ("scene://door/more", ["scene://door"]),  # a path means nothing here
        ("scene://dor", ["'dor'", "did you mean 'door'", "crowd"]),  # every name is told
        ("scene://zzzz", ["there is no scene 'zzzz';"]),  # nothing is near
        ("scene://door?peple=2", ["'peple'", "did you mean 'people'", "size"]),
        ("scene://door?people=7", ["people=7", "whole number from 0 to 6"]),
        ("scene://door?people=1.5", ["whole number"]),
        ("scene://door?people=", ["people="]),
        ("scene://door?night=dark", ["night=dark", "from 0 to 1"]),
        ("scene://door?night=nan", ["night=nan"]),
        ("scene://door?seed=inf", ["seed=inf"]),
        ("scene://door?fps=0", ["fps=0", "1 to 60"]),
        ("scene://door?size=big", ["size=big", "768x432"]),
        ("scene://door?size=767x432", ["even"]),
        ("scene://door?size=20x20", ["64"]),
    ],
)
def test_bad_addresses_say_what_is_allowed(address: str, words: list[str]) -> None:
    with pytest.raises(SourceError) as caught:
        parse_address(address)
    for word in (address, *words):
        assert word in str(caught.value)


# --- the source -----------------------------------------------------------------------------------------------------


class StepClock:
    """A host clock that a test moves, or that goes on by itself a little at each look."""

    def __init__(self, start: float = 100.0, step: float = 0.0) -> None:
        self.t, self.step = start, step

    def now(self) -> float:
        self.t += self.step
        return self.t

    def utc(self, t: float) -> float:
        return 1.7e9 + t


Make = Callable[..., SceneSource]
SMALL = "scene://door?people=1&size=320x180&fps=5"


def always(_t: float) -> bool:
    return True


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[SceneSource] = []

    def build(address: str = SMALL, *, live: bool = False, clock: StepClock | None = None, **more: bool) -> SceneSource:
        made.append(SceneSource(address=address, clock=clock or StepClock(), live=live, **more))
        return made[-1]

    yield build
    for source in made:
        source.close()


def read_all(source: SceneSource, wants: Callable[[float], bool] = always) -> tuple[list[Packet], list[Frame]]:
    items: list[Packet | Frame] = []
    with pytest.raises(SourceEnded):
        items.extend(source.read(wants))  # extend keeps what came before the end
    return [i for i in items if isinstance(i, Packet)], [i for i in items if isinstance(i, Frame)]


def test_a_replay_gives_every_picture_as_packet_and_frame(make: Make) -> None:
    source = make(SMALL + "&duration=6")
    info = source.open(3)
    assert (info.session, info.codec, info.width, info.height, info.fps) == (3, "h264", 320, 180, 5)
    packets, frames = read_all(source)
    times = [n / 5 for n in range(30)]
    assert [frame.t for frame in frames] == pytest.approx(times)
    assert [packet.t for packet in packets] == pytest.approx(times)
    assert packets[0].keyframe
    assert {frame.session for frame in frames} == {packet.session for packet in packets} == {3}
    assert [frame.seq for frame in frames] == list(range(30))
    np.testing.assert_array_equal(frames[27].image, source.scene.frame(5.4))


def test_packets_decode_to_the_scene(make: Make) -> None:
    source = make(SMALL + "&duration=2")
    info = source.open(1)
    packets, frames = read_all(source)
    decoder = av.CodecContext.create(info.codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.extradata = info.extradata
    pictures = [picture for packet in packets for picture in decoder.decode(av.Packet(packet.data))]
    pictures += decoder.decode(None)
    assert len(pictures) == len(frames) == 10
    for picture, frame in zip(pictures, frames, strict=True):
        assert cv2.PSNR(np.ascontiguousarray(picture.to_ndarray(format="yuv420p")), frame.image) > 30


def test_a_replay_without_duration_is_one_round(make: Make) -> None:
    source = make("scene://empty?size=64x64&fps=2", packets=False)
    source.open(1)
    _, frames = read_all(source)
    assert len(frames) == 2 * source.scene.length_s


@pytest.mark.parametrize(
    ("packets", "frames", "expected"),
    [
        (True, False, (10, 0)),  # a record stream
        (False, True, (0, 10)),  # a detect stream
        (True, True, (10, 10)),  # one for both
    ],
)
def test_only_what_is_wanted_is_made(make: Make, packets: bool, frames: bool, expected: tuple[int, int]) -> None:
    source = make(SMALL + "&duration=2", packets=packets, frames=frames)
    source.open(1)
    got_packets, got_frames = read_all(source)
    assert (len(got_packets), len(got_frames)) == expected


@pytest.mark.parametrize("packets", [True, False])
def test_frames_that_nobody_wants_are_counted_and_left_out(make: Make, packets: bool) -> None:
    source = make(SMALL + "&duration=2", packets=packets)
    source.open(1)
    made, frames = read_all(source, lambda t: round(t * 5) % 4 == 0)
    assert len(made) == (10 if packets else 0)
    assert [frame.seq for frame in frames] == [0, 4, 8]


def test_a_live_scene_keeps_the_clocks_pace(make: Make) -> None:
    clock = StepClock(step=0.004)
    source = make("scene://door?size=64x64&fps=50&duration=0.2", live=True, clock=clock)
    source.open(1)
    assert source.t0 == pytest.approx(100.004)
    seen: list[tuple[float, float]] = []
    with pytest.raises(SourceEnded):
        seen.extend((item.t, clock.t) for item in source.read(always))
    assert [t for t, _ in seen[::2]] == pytest.approx([100.004 + n / 50 for n in range(10)])
    assert all(0 <= now - t < 0.01 for t, now in seen)


def test_a_live_scene_leaves_out_what_it_is_late_for(make: Make) -> None:
    clock = StepClock()
    source = make(SMALL, live=True, clock=clock, packets=False)
    source.open(1)
    pictures = source.read(always)
    assert next(pictures).t == pytest.approx(100.0)
    clock.t += 1.05
    late = next(pictures)
    assert late.t == pytest.approx(101.0)
    assert isinstance(late, Frame)
    np.testing.assert_array_equal(late.image, source.scene.frame(1.0))


def test_a_reconnect_goes_on_where_the_scene_is(make: Make) -> None:
    clock = StepClock()
    source = make(SMALL, live=True, clock=clock)
    source.open(1)
    next(source.read(always))
    source.close()
    source.close()
    clock.t += 30.0
    assert source.open(2).session == 2
    again = next(source.read(always))
    assert isinstance(again, Packet)
    assert again.t == pytest.approx(130.0)
    assert again.keyframe
    assert again.session == 2
    assert source.t0 == 100.0


def test_close_ends_a_read_that_waits(make: Make) -> None:
    clock = StepClock()  # time stands still: the second picture never comes
    source = make(SMALL, live=True, clock=clock, packets=False)
    source.open(1)
    first, faults = threading.Event(), []

    def read() -> None:
        try:
            for _ in source.read(always):
                first.set()
        except SourceError as fault:
            faults.append(str(fault))

    reader = threading.Thread(target=read, name="reader")
    reader.start()
    assert first.wait(60)
    source.close()
    reader.join(60)
    assert not reader.is_alive()
    assert faults == ["the scene was closed"]


def test_a_closed_replay_ends_too(make: Make) -> None:
    source = make()
    source.open(1)
    pictures = source.read(always)
    next(pictures)
    source.close()
    with pytest.raises(SourceError, match="closed"):
        list(pictures)


def test_a_scene_is_opened_before_it_is_read(make: Make) -> None:
    with pytest.raises(SourceError, match="before it is opened"):
        next(make().read(always))


def test_a_bad_address_is_refused_at_once(make: Make) -> None:
    with pytest.raises(SourceError, match="did you mean 'door'"):
        make("scene://doors")
