"""The C library holds few heaps, however many threads there are."""

import subprocess
import sys

import pytest

from edge_detector.app.memory import give_back

#: Threads that each allocate while all others hold what they have, and then how many heaps there are.
HEAPS = """
import ctypes, sys, threading
from edge_detector.app.memory import be_sparing
if sys.argv[1] == "sparing":
    be_sparing()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
everybody = threading.Barrier(8)
def work():
    everybody.wait()
    libc.malloc(10_000)
    everybody.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.stdout = ctypes.c_void_p.in_dll(libc, "stdout")
libc.malloc_info(0, libc.stdout)
libc.fflush(libc.stdout)
"""


def heaps(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", HEAPS, how], capture_output=True, text=True, check=True)
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif("linux" not in sys.platform, reason="a C library of Linux")
def test_many_threads_share_two_heaps() -> None:
    assert heaps("as it is") > 2
    assert heaps("sparing") <= 2


def test_what_is_free_may_be_given_back_at_any_time() -> None:
    kept = [bytes(100_000) for _ in range(100)]
    del kept[::2]
    give_back()
    assert all(not any(part) for part in kept)
