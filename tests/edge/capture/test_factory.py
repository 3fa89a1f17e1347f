"""Which source an address gets."""

from pathlib import Path

import pytest

from edge_detector.capture.factory import is_finite, open_source
from edge_detector.capture.pyav import PyavSource
from edge_detector.capture.rpicam import RpicamSource
from edge_detector.capture.scene import SceneSource
from edge_detector.core.errors import SourceEnded, SourceError
from tests.edge.capture.reading import HostClock, read
from tests.videos import make_video


@pytest.mark.parametrize(
    ("address", "kind", "finite"),
    [
        ("rtsp://user:password@192.0.2.7/stream1", PyavSource, False),
        ("rtsps://192.0.2.7/stream1", PyavSource, False),
        ("http://192.0.2.7/video.mjpeg", PyavSource, False),
        ("https://192.0.2.7/video.ts", PyavSource, False),
        ("/dev/video0", PyavSource, False),
        ("/dev/video0?input_format=mjpeg&framerate=15", PyavSource, False),
        ("/media/a.mp4", PyavSource, True),
        ("a.mp4", PyavSource, True),
        ("file:///media/a.mp4", PyavSource, True),
        ("rpicam://", RpicamSource, False),
        ("rpicam://?width=640&height=480&fps=10", RpicamSource, False),
        ("scene://door?people=2", SceneSource, False),
    ],
)
def test_an_address_gets_its_source(address: str, kind: type, finite: bool) -> None:
    assert type(open_source(address, clock=HostClock())) is kind
    assert is_finite(address) is finite


@pytest.mark.parametrize("address", ["ftp://me:secret@host/a.mp4", "rpicam://?size=1", "scene://nowhere"])
def test_an_address_that_cannot_be_right_is_refused(address: str) -> None:
    with pytest.raises(SourceError) as raised:
        open_source(address, clock=HostClock())
    assert "secret" not in str(raised.value)


def test_a_file_address_with_a_space_is_read(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a film.mp4", frames=5)
    reading = read(open_source(video.as_uri(), clock=HostClock(), live=False))
    assert isinstance(reading.end, SourceEnded)
    assert len(reading.packets) == 5


def test_a_camera_that_is_not_plugged_in_is_one_clear_sentence() -> None:
    with pytest.raises(SourceError, match=r"^/dev/video77 does not exist"):
        open_source("/dev/video77?framerate=15", clock=HostClock()).open(1)
