"""Records clips in bad weather, kills the program again and again, and counts what the store holds in the end.

    python -m bench.faults --clips 1000 --seed 7 --json

A real S3 store stands behind a proxy that spoils requests; connections are refused, keys expire, the disk fills up,
and the program is killed at random moments. The exit status is 1 when anything was lost, came twice or is corrupt.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TextIO

from bench.faults_truth import Clip, Verdict, begun, check, in_spool, noted
from bench.faults_worker import NO_ROOM, Job, work
from bench.faults_world import SERVERS, Disk, KeyRing, Weather
from edge_detector.app.parts import DATABASE_NAME
from tests.fault_proxy import FaultProxy
from tests.s3_server import BUCKET, PREFIX, S3Server

#: Clips between two kills, and what passes from the last of them to the kill.
KILL_EVERY = (3, 12)
KILL_AFTER_S = (0.0, 0.4)
#: A worker that records nothing for so long hangs; one that has no more faults delivers all in less.
PATIENCE_S = 120.0
LOOK_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The run in figures."""

    clips: int
    delivered: int
    lost: int
    duplicates: int
    corrupt: int
    kills: int
    faults: dict[str, int]
    wall_s: float
    seed: int
    server: str

    @property
    def good(self) -> bool:
        """Is everything there, once, and as it was recorded?"""
        return not (self.lost or self.duplicates or self.corrupt)


class FaultRun:
    """One run in a folder of its own; a worker at a time."""

    def __init__(self, folder: Path, *, clips: int, seed: int, server: S3Server, proxy: FaultProxy) -> None:
        """The store and the proxy run already."""
        self._folder = folder
        self._clips, self._seed = clips, seed
        self._server, self._proxy = server, proxy
        self._chance = random.Random(seed)  # noqa: S311 - no secrets
        self._noted = folder / "noted"
        self._log = folder / "worker.log"
        self._recorded: set[Clip] = set()
        # A process of its own for each, forked from one that has loaded everything: a fresh start takes seconds.
        self._processes = get_context("forkserver")
        self._processes.set_forkserver_preload([work.__module__])
        self.kills = 0

    def record(self, disk: Disk) -> None:
        """Let worker after worker record and deliver, until all clips are recorded; the last one goes on."""
        while True:
            before = len(noted(self._noted))
            worker = self._start(disk, self._clips - before)
            enough = min(before + self._chance.randint(*KILL_EVERY), self._clips)
            came = self._await_clips(worker, enough)
            if came >= self._clips:
                self._worker = worker
                return
            if worker.exitcode is None:
                time.sleep(self._chance.uniform(*KILL_AFTER_S))
                worker.kill()
                self.kills += 1
            worker.join()
            self._look(disk)

    def finish(self, disk: Disk) -> None:
        """With all faults over: let the last worker end, and one more take what a full disk kept from it."""
        self._end(self._worker)
        self._look(disk)
        self._end(self._start(disk, 0))

    def verdict(self, disk: Disk) -> tuple[int, Verdict]:
        """How many clips were recorded, and what became of them."""
        left = [path.name for path in (disk.folder / "data" / "spool").rglob("*") if path.is_file()]
        recorded = self._recorded | noted(self._noted)
        database = disk.folder / "data" / DATABASE_NAME
        verdict = check(
            recorded=recorded,
            visits=begun(self._noted),
            objects=self._server.objects(),
            database=database,
            left=left,
        )
        return len(recorded), verdict

    def _look(self, disk: Disk) -> None:
        """What a dead worker left on the disk was recorded as well, even if it came to no note."""
        self._recorded |= in_spool(disk.folder / "data")

    def _start(self, disk: Disk, clips: int) -> BaseProcess:
        disk.free()
        job = Job(
            data=str(disk.folder / "data"),
            noted=str(self._noted),
            endpoint=self._proxy.url,
            bucket=BUCKET,
            prefix=PREFIX,
            clips=clips,
            seed=self._chance.randrange(1 << 30),
            log=str(self._log),
            # Where boto3 looks for a key, and nowhere else.
            environment={
                "AWS_SHARED_CREDENTIALS_FILE": str(self._folder / "credentials"),
                "AWS_CONFIG_FILE": str(self._folder / "no-config"),
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )
        worker = self._processes.Process(target=work, args=(job,), name="worker")
        worker.start()
        return worker

    def _await_clips(self, worker: BaseProcess, count: int) -> int:
        """Wait until so many clips are noted, or the worker found no room at its start; how many there are."""
        deadline = time.monotonic() + PATIENCE_S
        while (came := len(noted(self._noted))) < count:
            if (status := worker.exitcode) is not None:
                if status != NO_ROOM:
                    self._fail(f"the worker ended with {status} before its clips were recorded")
                break
            if time.monotonic() > deadline:
                worker.kill()
                self._fail("the worker records nothing")
            time.sleep(LOOK_S)
        return came

    def _end(self, worker: BaseProcess) -> None:
        worker.join(PATIENCE_S)
        if worker.exitcode is None:
            worker.kill()
            self._fail("the worker does not deliver all")
        elif worker.exitcode:
            self._fail(f"the last worker ended with {worker.exitcode}")

    def _fail(self, what: str) -> None:
        raise RuntimeError(f"{what}; its last words:\n{self._log.read_text(errors='replace')[-4000:]}")


def run(folder: Path, *, clips: int, seed: int, server: str, told: TextIO) -> tuple[Report, Verdict]:
    """One fault run with everything it needs, in an empty folder."""
    begun = time.monotonic()
    disk = Disk(folder / "disk")
    try:
        if not disk.mounted:
            print("A small disk cannot be mounted here, so none is filled", file=told)
        with SERVERS[server](folder / "store") as store, FaultProxy(store.port) as proxy:
            keys = KeyRing(folder / "credentials", store.keys)
            weather = Weather(proxy=proxy, keys=keys, disk=disk, seed=seed)
            faulty = FaultRun(folder, clips=clips, seed=seed, server=store, proxy=proxy)
            try:
                faulty.record(disk)
            finally:
                weather.clear()
            faulty.finish(disk)
            count, verdict = faulty.verdict(disk)
    finally:
        disk.close()
    report = Report(
        clips=count,
        delivered=verdict.delivered,
        lost=len(verdict.lost),
        duplicates=len(verdict.duplicates),
        corrupt=len(verdict.corrupt),
        kills=faulty.kills,
        faults=weather.faults,
        wall_s=round(time.monotonic() - begun, 1),
        seed=seed,
        server=server,
    )
    return report, verdict


def main() -> None:
    """Run, and print the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=100, help="how many clips to record")
    parser.add_argument("--seed", type=int, default=7, help="what the chances come from; timing is never the same")
    parser.add_argument("--server", choices=SERVERS, default="seaweedfs", help="which store stands behind the proxy")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--folder", type=Path, help="work in this empty folder and leave it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="porchlight-faults-") as made:
        report, verdict = run(
            options.folder or Path(made), clips=options.clips, seed=options.seed, server=options.server, told=sys.stderr
        )
    for fault in (*verdict.lost, *verdict.duplicates, *verdict.corrupt):
        print(fault, file=sys.stderr)
    if options.json:
        print(json.dumps(asdict(report)))
    else:
        for name, value in asdict(report).items():
            print(f"{name:12}{value}")
    sys.exit(not report.good)


if __name__ == "__main__":
    main()
