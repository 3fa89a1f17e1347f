"""Shows how far something is that takes its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TransferSpeedColumn

from edge_detector.app import flush


@contextmanager
def fetching(what: str = "model") -> Iterator[Callable[[int, int | None], None]]:
    """A callable that is told of bytes so far and in all; a bar on a terminal, one line elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Fetching the {what}", total=None, visible=False)
        told = False

        def tell(done: int, total: int | None) -> None:
            nonlocal told
            if not told and not console.is_terminal:
                console.print(f"Fetching the {what}")
            told = True
            bar.update(task, completed=done, total=total, visible=True)

        yield tell


@contextmanager
def delivering() -> Iterator[flush.Show]:
    """A callable that is told how far a flush is; a bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Delivering", total=None)

        def tell(progress: flush.Progress) -> None:
            by = "The running edge delivers" if progress.by_edge else "Delivering"
            refused = f", {progress.refused} refused" if progress.refused else ""
            text = f"{by} {progress.done_files} of {progress.files} files{refused}"
            bar.update(task, description=text, completed=progress.done_bytes, total=progress.bytes)

        yield tell


@contextmanager
def looking() -> Iterator[Callable[[int, int], None]]:
    """A callable that is told of pictures so far and in all; a bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Taking pictures", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


@contextmanager
def reading() -> Iterator[Callable[[int, int], None]]:
    """A callable that is told of documents so far and in all; a bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Reading the archive", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
