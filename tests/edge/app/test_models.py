import logging
import os
import signal
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Timer, get_ident

import numpy as np
import pytest

from edge_detector.app import models, parts, tuning
from edge_detector.config import Config
from edge_detector.core.errors import ModelError, SourceError
from edge_detector.detectors import registry
from edge_detector.detectors.registry import DetectorPolicy
from tests.edge.detectors.tiny_yolo import TinyYolo


@pytest.fixture
def policy(tmp_path: Path) -> DetectorPolicy:
    path = tmp_path / "porch.onnx"
    path.write_bytes(TinyYolo().build())
    return DetectorPolicy(backend="onnx", model=str(path), side=160, threads=1)


@pytest.fixture(autouse=True)
def few_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two will do here; a process of its own sees all of them."""
    monkeypatch.setattr(models, "SCENES", models.SCENES[2:4])


def test_scenes_give_the_same_pictures_every_time() -> None:
    pictures = models.scene_pictures()
    assert len(pictures) == len(models.SCENES) * models.MOMENTS
    assert {picture.shape for picture in pictures[1::2]} == {(480, 480, 3)}
    assert {picture.shape for picture in pictures[::2]} == {(480, 480, 3), (360, 640, 3)}
    for before, again in zip(pictures, models.scene_pictures(), strict=True):
        np.testing.assert_array_equal(before, again)


def test_the_first_start_measures_and_no_later_one(
    policy: DetectorPolicy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        models.decide(policy, tmp_path)
        (choice,) = (tmp_path / "choice").iterdir()
        written = choice.stat().st_mtime_ns
        models.decide(policy, tmp_path)
    assert choice.stat().st_mtime_ns == written
    told = [record.message for record in caplog.records if "measured" in record.message]
    assert len(told) == 1
    assert "onnx fp32 in 1 thread: " in told[0]
    assert "onnx int8 in 1 thread: " in told[0]


def _crash(*_: object) -> None:
    os._exit(9)


def test_a_runtime_that_crashes_takes_nothing_with_it(
    policy: DetectorPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(registry, "measure_all", _crash)
    models.decide(policy, tmp_path)
    assert "could not be measured" in caplog.text
    assert not registry.undecided(policy, tmp_path)  # so the next start does not crash it again
    assert registry.build(policy, tmp_path).info.model == "porch"


def _go_on(*_: object) -> None:
    Event().wait()


def _end(*_: object) -> None:
    raise SystemExit(9)


def test_who_ends_the_program_does_not_wait_for_a_measurement(
    policy: DetectorPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "measure_all", _go_on)
    before = signal.signal(signal.SIGUSR1, _end)
    told = Timer(1.0, signal.pthread_kill, [get_ident(), signal.SIGUSR1])
    told.start()
    try:
        with pytest.raises(SystemExit):
            models.decide(policy, tmp_path)
    finally:
        told.join()
        signal.signal(signal.SIGUSR1, before)
    assert active_children() == []
    assert registry.undecided(policy, tmp_path)


def test_what_fails_for_another_reason_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no model file 'absent\.onnx'"):
        models.decide(DetectorPolicy(model="absent.onnx"), tmp_path)


@pytest.fixture
def config(policy: DetectorPolicy, tmp_path: Path) -> Config:
    return Config.model_validate(
        {
            "node": {"id": "attic", "data_dir": str(tmp_path)},
            "cameras": {"loft": {"source": "scene://door"}},
            "detection": {"backend": "onnx", "model": policy.model, "side": 160, "scan_side": 160, "threads": 1},
        }
    )


def test_weights_are_made_from_what_a_source_shows(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_detector.detectors.agreement.MIN_IOU", 0.5)  # with weights of chance, boxes jump
    told: list[tuple[int, int]] = []
    source = "scene://door?size=320x180"
    tuned = tuning.tune(source, config, most=10, tell=lambda done, most: told.append((done, most)))
    assert tuned.kept
    assert tuned.agreement.agrees
    assert told == [(done, 10) for done in range(1, 11)]
    assert tuned.pictures == (10 + len(models.scene_pictures())) // 2
    assert len(list((tmp_path / "models" / "int8").iterdir())) == 1


def test_weights_that_lose_too_much_are_not_kept(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_detector.detectors.agreement.MIN_IOU", 1.0)  # 8 bits never are the very same
    tuned = tuning.tune(None, config, most=8, tell=_untold)
    assert tuned.agreement.iou < 1
    assert not tuned.kept
    assert not (tmp_path / "models" / "int8").exists()


def _untold(_done: int, _most: int) -> None:
    raise AssertionError("there is no source to tell of")


def test_a_source_of_few_pictures_is_of_no_use(config: Config) -> None:
    with pytest.raises(SourceError, match="gave 4 pictures, a second apart; 8 are needed"):
        tuning.tune("scene://door?size=320x180&duration=4", config, most=64, tell=lambda _done, _most: None)


def test_only_a_run_may_measure(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Path] = []
    decide: Callable[..., None] = lambda _policy, folder, _progress: measured.append(folder)  # noqa: E731 - a double of one line
    monkeypatch.setattr(models, "decide", decide)
    parts.build_detector(config, tmp_path)
    assert measured == []
    parts.build_detector(config, tmp_path, may_measure=True)
    assert measured == [tmp_path / "models"]
