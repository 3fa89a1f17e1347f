"""A program whose children recover what lies in a folder and then record clip after clip, until somebody kills them.

Its arguments are a pickled stream, the folder and the visit. For each line on its input, the number of the first
clip, it starts a child. The child prints `ready pid`, then `written n packets` after each packet whose write returned;
when it is dead, the program prints `dead`.
"""

import os
import pickle
import sys
import time
from pathlib import Path

from edge_detector.core.types import VisitStats
from edge_detector.recorder.writer import Mp4Writer
from tests.edge.recorder.streams import Stream

#: So that writing takes about as long as closing, and kills hit both.
PAUSE_S = 0.001


def main() -> None:
    source: Stream = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - the test's own file
    folder, visit_id = Path(sys.argv[2]), sys.argv[3]
    for line in sys.stdin:
        child = os.fork()
        if not child:
            record(source, folder, visit_id, int(line))
        os.waitpid(child, 0)
        tell("dead")


def record(source: Stream, folder: Path, visit_id: str, n: int) -> None:
    writer = Mp4Writer(camera="door", folder=folder)
    tell(f"ready {os.getpid()}")
    writer.recover(lambda _: VisitStats())
    while True:
        writer.open(stream=source.info, visit_id=visit_id, n=n, start_utc=1_700_000_000.0 + n, trigger_s=1.0)
        for count, packet in enumerate(source.packets, 1):
            writer.write(packet)
            tell(f"written {n} {count}")
            time.sleep(PAUSE_S)
        writer.close(VisitStats(max_people=n % 9))
        n += 1


def tell(line: str) -> None:
    """Whole lines only: a line is written by one call."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    main()
