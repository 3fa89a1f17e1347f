"""Counting in generated scenes whose truth is known: a short run of the benchmark."""

from pathlib import Path

import pytest

from bench.counting import open_detector, run
from bench.counting_scenes import counting_outline, counting_scene, counting_script
from bench.counting_score import summary


@pytest.mark.serial
def test_people_are_counted_as_they_go(tmp_path: Path) -> None:
    scores = run(open_detector(tmp_path), [201], {2: 20.0, 4: 15.0})
    figures = summary(scores)
    assert figures["crossings"] >= 10
    # One in the two scenes may be missed; the benchmark itself looks at twenty times as many.
    assert figures["missed"] + figures["invented"] <= 1, [line for score in scores for line in sorted(score.log)]
    assert figures["zone_accuracy"] >= 0.95
    assert figures["idf1"] >= 0.7


def test_the_same_seed_makes_the_same_scene_and_another_does_not() -> None:
    assert counting_script(3, 7, 20.0) == counting_script(3, 7, 20.0)
    assert counting_script(3, 7, 20.0) != counting_script(3, 8, 20.0)


@pytest.mark.parametrize("people", [1, 6])
def test_everybody_has_something_to_do_with_the_lines(people: int) -> None:
    scene = counting_scene(people, 5, 30.0)
    lines = counting_outline().lines
    ways = {crossing.direction for line in lines for crossing in scene.crossings(line.start, line.end)}
    assert ways == {1, -1}
    assert len(scene.script.actors) == people
