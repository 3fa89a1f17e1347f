"""Keeps the C library from holding memory that nobody uses; does nothing where that is not glibc."""

from __future__ import annotations

import ctypes

#: glibc's name for the number of heaps; by default each of many threads has one of its own, each with its own gaps.
_M_ARENA_MAX = -8
_ARENAS = 2


def be_sparing() -> None:
    """Once, before threads are started."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return to the system what is free now, as after something large was done once."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
