"""The real program as a process of its own, and what its data folder and archive hold."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

#: A process that has not ended after this hangs.
STOP_S = 30.0


class Edge:
    """`porchlight run` with one configuration; may be started again after it ended."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        """Everything lies in `folder`: the configuration, `data` and `edge.log`."""
        self.data = folder / "data"
        self.archive = self.data / "archive"
        self.log = folder / "edge.log"
        self._config = folder / "porchlight.yaml"
        node = {"data_dir": str(self.data)} | dict(config.get("node", {}))
        # Edges that run beside each other would want the same port.
        self._config.write_text(yaml.safe_dump({"web": {"enabled": False}, **config, "node": node}))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process; does not wait for anything."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge_detector", "run", "--config", str(self._config)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONWARNINGS": "error"},
            )

    def kill(self) -> None:
        """The power goes."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as an owner does; its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the edge did not end:\n{self.log.read_text()[-4000:]}") from None
        finally:
            self._process = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with closing(sqlite3.connect(self.data / "porchlight.db")) as database:
            return database.execute(query).fetchall()

    def wait_delivered(self, timeout_s: float = 90.0) -> None:
        """Wait until every file of the ledger is in the archive and purged."""
        deadline = time.monotonic() + timeout_s
        while waiting := self.rows("SELECT key, state, last_error FROM items WHERE state <> 'purged'"):
            assert time.monotonic() < deadline, f"{waiting} wait:\n{self.log.read_text()[-4000:]}"
            time.sleep(0.1)

    def clips(self) -> list[Path]:
        """The clips in the archive."""
        return sorted(self.archive.rglob("*.mp4"))

    def documents(self) -> Iterator[dict[str, Any]]:
        """The visit documents in the archive."""
        for path in sorted(self.archive.rglob("*.json")):
            yield json.loads(path.read_text())

    def log_text(self) -> str:
        """What the program said."""
        return self.log.read_text()


def decoded_frames(path: Path) -> tuple[int, int]:
    """Packets and pictures of a video as FFmpeg counts them; every packet must decode without an error."""
    return _probe(path, "nb_read_packets", "-count_packets"), _probe(path, "nb_read_frames", "-count_frames")


def _probe(path: Path, entry: str, count: str) -> int:
    shown = ["-select_streams", "v:0", "-show_entries", f"stream={entry}", "-of", "csv=p=0"]
    answer = subprocess.run(
        ["ffprobe", "-v", "error", count, *shown, str(path)], capture_output=True, text=True, check=True
    )
    assert answer.stderr == "", f"{path.name}: {answer.stderr}"
    return int(answer.stdout.strip().strip(","))
