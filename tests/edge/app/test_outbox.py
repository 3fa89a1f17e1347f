import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.app.lock import FolderLock
from edge_detector.app.outbox import GIVEN_UP, Outbox, opened
from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import Item, ItemKind, ItemState
from tests.edge.app.outboxes import config, file, filled, visit

ERROR = "the bucket is not there"


@pytest.fixture
def open_outbox(tmp_path: Path) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def running_edge(tmp_path: Path) -> Iterator[None]:
    """Another holder of the data folder."""
    lock = FolderLock(tmp_path)
    lock.take()
    yield
    lock.release()


def outbox_of(stack: ExitStack, folder: Path, *items: Item) -> Outbox:
    filled(folder, *items)
    return stack.enter_context(opened(config(folder)))


def states(outbox: Outbox) -> dict[str, ItemState]:
    return {item.key: item.state for item in outbox.find()}


def test_folder_without_an_outbox_is_told_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"There is no outbox in .*: name the edge's own configuration by --config"):
        Outbox(config(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


def test_names_are_keys_and_visits(tmp_path: Path, open_outbox: ExitStack) -> None:
    clip, document, other = file(tmp_path), file(tmp_path, kind=ItemKind.DOCUMENT), file(tmp_path, 1)
    outbox = outbox_of(open_outbox, tmp_path, clip, document, other)
    assert [item.key for item in outbox.named([visit(0)])] == [clip.key, document.key]
    assert [item.key for item in outbox.named([other.key])] == [other.key]
    assert outbox.named([]) == ()
    with pytest.raises(LedgerError, match="knows no nobody and no nothing: `porchlight outbox list --all`"):
        outbox.named([clip.key, "nobody", "nothing"])


def test_retry_leaves_what_is_delivered_or_gone(tmp_path: Path, open_outbox: ExitStack) -> None:
    failed = replace(file(tmp_path), state=ItemState.FAILED, attempts=9, last_error=ERROR)
    gone, delivered = (
        replace(file(tmp_path, n), state=state) for n, state in [(1, ItemState.FAILED), (2, ItemState.PURGED)]
    )
    outbox = outbox_of(open_outbox, tmp_path, failed, gone, delivered)
    gone.path.unlink()
    outcome = outbox.retry(outbox.find())
    assert [item.key for item in outcome.done] == [failed.key]
    assert [(item.key, why) for item, why in outcome.left] == [
        (gone.key, f"its file {gone.path} is gone"),
        (delivered.key, "is delivered already"),
    ]
    assert list(states(outbox).values()) == [ItemState.SAVED, ItemState.FAILED, ItemState.PURGED]


@pytest.mark.parametrize(
    ("delete", "state", "failed"),
    [
        # the file stays, and the ledger remembers that it was given up
        (False, ItemState.FAILED, 1),
        # nothing is left of it
        (True, None, 0),
    ],
)
def test_forget(tmp_path: Path, open_outbox: ExitStack, delete: bool, state: ItemState | None, failed: int) -> None:
    clip, other = file(tmp_path), file(tmp_path, 1)
    outbox = outbox_of(open_outbox, tmp_path, clip, other)
    outcome = outbox.forget(outbox.named([clip.key]), delete=delete)
    assert [item.key for item in outcome.done] == [clip.key]
    assert clip.path.exists() is not delete
    assert other.path.exists()
    assert states(outbox).get(clip.key) is state
    backlog = outbox.backlog()
    assert (backlog.pending, backlog.failed, backlog.stored) == (1, failed, 0)


def test_forgotten_clip_is_told_once_by_the_same_id(tmp_path: Path, open_outbox: ExitStack) -> None:
    clip, document = file(tmp_path), file(tmp_path, kind=ItemKind.DOCUMENT)
    outbox = outbox_of(open_outbox, tmp_path, clip, document)
    for delete in (False, True):  # first only given up, then deleted as well
        outbox.forget(outbox.named([clip.key]), delete=delete)
    outbox.forget(outbox.named([document.key]), delete=False)  # no clip: nothing to tell
    (event,) = outbox.journal.next_events(10)
    body = json.loads(event.payload)
    assert event.camera == "door"
    assert (body["event_type"], body["visit_id"], body["reason"]) == ("clip_lost", clip.visit_id, GIVEN_UP)
    assert body["id"] == event.id


def test_document_lists_no_clip_that_was_forgotten(tmp_path: Path, open_outbox: ExitStack) -> None:
    clip, document = file(tmp_path), file(tmp_path, kind=ItemKind.DOCUMENT)
    content = json.dumps({"visit_id": clip.visit_id, "clips": [{"key": clip.key}]}).encode()
    document.path.write_bytes(content)
    outbox = outbox_of(open_outbox, tmp_path, clip, document)
    outbox.forget(outbox.named([clip.key]), delete=False)
    [now] = outbox.named([document.key])
    content = document.path.read_bytes()
    assert (now.sha256, now.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert json.loads(content) == {"visit_id": clip.visit_id, "width": None, "height": None, "clips": []}


def test_forget_spares_what_is_delivered(tmp_path: Path, open_outbox: ExitStack) -> None:
    clip = replace(file(tmp_path), state=ItemState.STORED)
    outbox = outbox_of(open_outbox, tmp_path, clip)
    outcome = outbox.forget(outbox.find(), delete=True)
    assert (outcome.done, [why for _, why in outcome.left]) == ((), ["is delivered already"])
    assert clip.path.exists()


def test_running_edge_keeps_what_it_is_delivering(tmp_path: Path, open_outbox: ExitStack, running_edge: None) -> None:
    clip = replace(file(tmp_path), state=ItemState.UPLOADING)
    outbox = outbox_of(open_outbox, tmp_path, clip)
    outcome = outbox.forget(outbox.find(), delete=True)
    assert (outcome.done, [why for _, why in outcome.left]) == ((), ["is being delivered right now"])
    assert clip.path.exists()
    assert outbox.retry(outbox.find()).done
    assert states(outbox) == {clip.key: ItemState.UPLOADING}


def test_what_a_killed_edge_was_delivering_can_be_given_up(tmp_path: Path, open_outbox: ExitStack) -> None:
    clip = replace(file(tmp_path), state=ItemState.UPLOADING)
    outbox = outbox_of(open_outbox, tmp_path, clip)
    assert [item.key for item in outbox.forget(outbox.find(), delete=True).done] == [clip.key]
    assert not clip.path.exists()
    assert not outbox.lock.is_held()
