from dataclasses import replace

import pytest

from edge_detector.core.board import StatusBoard
from edge_detector.core.evidence import ClipFile, ItemKind
from edge_detector.core.facts import (
    Backlog,
    CameraStats,
    CameraUp,
    ClipLost,
    DetectorInfo,
    FileStored,
    Health,
    SettingsChanged,
    VisitStarted,
)
from edge_detector.core.status import initial
from edge_detector.core.types import Settings

UP = CameraUp(camera="door", t=1.0, utc=1.0, width=640, height=480)
STARTED = VisitStarted(camera="door", visit_id="V", t=2.0, utc=2.0, count=2, confidence=0.8)
STATS = CameraStats(camera="door", t=3.0, fps=5.0, inference_ms=12.0, frames=50)
STORED = FileStored(
    camera="door", visit_id="V", n=1, kind=ItemKind.SNAPSHOT, utc=4.0, uri="u", url="u", sha256="aa", bytes=1
)
LOST = ClipLost(camera="door", visit_id="V", n=1, t=5.0, utc=5.0, reason="gone")
HEALTH = Health(
    t=6.0,
    utc=6.0,
    backlog=Backlog(),
    disk_free_bytes=1,
    cpu_percent=1.0,
    memory_bytes=1,
    temperature_c=None,
    uptime_s=1.0,
    detector=DetectorInfo(backend="fake", model="fake"),
)


def clip(fact: FileStored) -> FileStored:
    """The same fact of a clip."""
    file = ClipFile.__new__(ClipFile)  # only that there is one counts
    return replace(fact, kind=ItemKind.CLIP, clip=file)


@pytest.fixture
def board() -> StatusBoard:
    return StatusBoard([initial("door"), initial("yard")])


def test_before_the_first_fact_nothing_is_known(board: StatusBoard) -> None:
    assert board.health is None
    assert [view.status.camera for view in board.cameras] == ["door", "yard"]
    assert (board.camera("door").width, board.camera("door").stats) == (0, None)
    with pytest.raises(KeyError):
        board.camera("cellar")


def test_facts_are_folded_and_counted_for_their_camera_alone(board: StatusBoard) -> None:
    untouched = board.camera("yard")
    for fact in (UP, STARTED, STATS, STORED, clip(STORED), LOST, LOST):
        board.tell(fact)
    view = board.camera("door")
    assert (view.width, view.height) == (640, 480)
    assert (view.status.online, view.status.count, view.status.fps) == (True, 2, 5.0)
    assert view.stats == STATS
    assert (view.visits, view.clips_stored, view.clips_lost) == (1, 1, 2)
    assert board.camera("yard") == untouched


def test_health_is_of_the_node(board: StatusBoard) -> None:
    board.tell(HEALTH)
    assert board.health == HEALTH


@pytest.mark.parametrize(
    "fact",
    [
        SettingsChanged(camera="door", t=1.0, settings=Settings()),  # says nothing of what is shown
        replace(UP, camera="cellar"),  # of a camera that nobody has
    ],
)
def test_other_facts_change_nothing(board: StatusBoard, fact: CameraUp | SettingsChanged) -> None:
    before = board.cameras
    board.tell(fact)
    assert board.cameras == before
