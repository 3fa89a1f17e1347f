"""Shows how far the fetching of a file is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn


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
