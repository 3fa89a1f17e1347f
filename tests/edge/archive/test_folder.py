import hashlib
import os
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.archive.folder import FolderStore
from edge_detector.core.errors import FileRefusedError, PermanentStoreError, RetryableStoreError
from edge_detector.core.evidence import Item, ItemKind
from edge_detector.core.naming import partial_key

KEY = "house/clips/node=pi/camera=door/date=2026-11-21/01HF7YAT000000000000000007.mp4"
CONTENT = bytes(range(256)) * 9000


@pytest.fixture
def item(tmp_path: Path) -> Item:
    path = tmp_path / "spool" / "clip.mp4"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return Item(
        key=KEY,
        kind=ItemKind.CLIP,
        camera="door",
        visit_id="V1",
        n=1,
        path=path,
        bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        content_type="video/mp4",
        created_utc=1.0,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "arch ive"


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(root)


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_file_comes_to_lie_under_its_key(store: FolderStore, item: Item, root: Path) -> None:
    stored = store.put(item)
    assert (root / KEY).read_bytes() == CONTENT
    assert files(root) == [root / KEY]
    assert stored.uri == stored.url == f"file://{root.parent}/arch%20ive/{KEY}"
    assert item.path.read_bytes() == CONTENT


def test_same_file_again_changes_nothing(store: FolderStore, item: Item, root: Path) -> None:
    first = store.put(item)
    before = (root / KEY).stat()
    assert store.put(item) == first
    after = (root / KEY).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("there", [CONTENT[:-1], b"\xff" + CONTENT[1:], b""], ids=["short", "damaged", "empty"])
def test_other_content_under_the_key_is_replaced(there: bytes, store: FolderStore, item: Item, root: Path) -> None:
    (root / KEY).parent.mkdir(parents=True)
    (root / KEY).write_bytes(there)
    store.put(item)
    assert (root / KEY).read_bytes() == CONTENT


def test_what_a_crash_left_half_written_is_written_over(store: FolderStore, item: Item, root: Path) -> None:
    (root / KEY).parent.mkdir(parents=True)
    (root / KEY).with_name(f".{Path(KEY).name}.tmp").write_bytes(b"half")
    store.put(item)
    assert files(root) == [root / KEY]


def test_relative_root_gives_an_absolute_uri(item: Item, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert FolderStore(Path("here")).put(item).uri == f"file://{tmp_path}/here/{KEY}"


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_file_that_changed_since_it_was_noted_is_refused(store: FolderStore, item: Item, root: Path) -> None:
    item.path.write_bytes(b"something else")
    with pytest.raises(PermanentStoreError, match="no longer what was recorded"):
        store.put(item)
    assert files(root) == []


def test_file_that_is_gone_is_refused(store: FolderStore, item: Item) -> None:
    item.path.unlink()
    with pytest.raises(PermanentStoreError, match="cannot be read: No such file"):
        store.put(item)


@pytest.mark.parametrize("key", ["../secret", "a/../../b", "/etc/passwd", ""])
def test_key_that_leads_out_of_the_archive_is_refused(key: str, store: FolderStore, item: Item) -> None:
    with pytest.raises(PermanentStoreError, match="leads out of the archive"):
        store.put(replace(item, key=key))


def test_file_in_the_place_of_a_folder_is_permanent(store: FolderStore, item: Item, root: Path) -> None:
    root.write_text("no folder")
    for ask in (lambda: store.put(item), store.check):
        with pytest.raises(PermanentStoreError, match=r"in (the place of a folder|its place): move it away"):
            ask()


def test_disk_fault_while_writing_may_pass(store: FolderStore, item: Item, root: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(RetryableStoreError, match="larger than is allowed"):
            store.put(item)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files(root) == []
    store.put(item)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB; mounting one needs rights that not everybody has."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no right to mount a small disk: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_full_disk_may_pass(mount: Path, item: Item) -> None:
    with pytest.raises(RetryableStoreError, match="the disk is full: make room"):
        FolderStore(mount).put(item)
    assert files(mount) == []


def test_read_only_disk_must_be_mended(mount: Path, item: Item) -> None:
    subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
    for ask in (lambda: FolderStore(mount).put(item), FolderStore(mount).check):
        with pytest.raises(PermanentStoreError, match="read-only: mount it for writing"):
            ask()


# --- the check ------------------------------------------------------------------------------------------------------


def test_check_says_what_it_found_and_leaves_nothing(store: FolderStore, root: Path) -> None:
    assert store.check().startswith(f"The folder {root} takes files, ")
    assert files(root) == []


def test_check_notices_a_disk_that_forgets(root: Path) -> None:
    root.mkdir()
    (root / ".porchlight-check").symlink_to("/dev/null")
    with pytest.raises(PermanentStoreError, match="does not give back"):
        FolderStore(root).check()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_folder_of_another_user_must_be_mended(root: Path, item: Item) -> None:
    root.mkdir(mode=0o500)
    with pytest.raises(PermanentStoreError, match="permission is denied"):
        FolderStore(root).put(item)


# --- early copies -----------------------------------------------------------------------------------------------------

PARTIAL_KEY = partial_key(KEY)


def partial_of(item: Item, key: str = PARTIAL_KEY) -> Item:
    path = item.path.with_suffix(".partial")
    path.write_bytes(CONTENT[:1000])
    sha256 = hashlib.sha256(CONTENT[:1000]).hexdigest()
    return replace(item, key=key, kind=ItemKind.PARTIAL, path=path, bytes=1000, sha256=sha256)


def test_whole_clip_takes_the_place_of_its_early_copy(store: FolderStore, item: Item, root: Path) -> None:
    store.put(partial_of(item))
    assert files(root) == [root / PARTIAL_KEY]
    store.put(item)
    assert files(root) == [root / KEY]


def test_early_copy_that_comes_late_does_not_stay(store: FolderStore, item: Item, root: Path) -> None:
    store.put(item)
    store.put(partial_of(item))
    assert files(root) == [root / KEY]


def test_early_copies_of_other_clips_stay(store: FolderStore, item: Item, root: Path) -> None:
    second = PARTIAL_KEY.replace(".partial", "-2.partial")
    store.put(partial_of(item, second))
    store.put(item)
    assert files(root) == sorted([root / second, root / KEY])


def test_early_copy_that_was_removed_before_the_crash_is_removed_again(
    store: FolderStore, item: Item, root: Path
) -> None:
    store.put(item)
    (root / PARTIAL_KEY).parent.mkdir(parents=True, exist_ok=True)
    (root / PARTIAL_KEY).write_bytes(b"left by a crash between the two")
    store.put(item)
    assert files(root) == [root / KEY]


# --- pace -------------------------------------------------------------------------------------------------------------


def test_every_byte_keeps_the_pace(root: Path, item: Item) -> None:
    asked: list[tuple[Item, int]] = []
    FolderStore(root, pace=lambda what, size: asked.append((what, size))).put(item)
    assert sum(size for _, size in asked) == len(CONTENT)
    assert {what.key for what, _ in asked} == {KEY}
    assert len(asked) > 1


def test_pace_that_ends_leaves_nothing_half(root: Path, item: Item) -> None:
    def end(_: Item, __: int) -> None:
        raise RetryableStoreError("Porchlight ended")

    with pytest.raises(RetryableStoreError, match="ended"):
        FolderStore(root, pace=end).put(item)
    assert files(root) == []


# --- whose fault ------------------------------------------------------------------------------------------------------


def test_damaged_file_is_told_apart_from_an_archive_that_refuses(store: FolderStore, item: Item) -> None:
    item.path.write_bytes(b"something else")
    with pytest.raises(FileRefusedError, match="is no longer what was recorded"):
        store.put(item)
    item.path.unlink()
    with pytest.raises(FileRefusedError, match="cannot be read"):
        store.put(item)
