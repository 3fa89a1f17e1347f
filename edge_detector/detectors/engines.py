"""Every way to run one model: which runtime, how many bits, how many threads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, get_args

#: More threads than this cost more in hand-over than one small picture gains.
MAX_THREADS = 4

Runtime = Literal["onnx", "openvino"]
Precision = Literal["fp32", "int8"]
RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One way to run the model; as it is made without arguments, it is the reference that others are compared with."""

    runtime: Runtime = "onnx"
    precision: Precision = "fp32"
    threads: int = 1

    def __str__(self) -> str:
        return f"{self.runtime} {self.precision} in {self.threads} thread{'s' if self.threads > 1 else ''}"


def runtimes_here() -> tuple[Runtime, ...]:
    """The runtimes that are installed, the reference's first."""
    return tuple(name for name in RUNTIMES if name == "onnx" or find_spec(name))


def default_threads() -> int:
    """One thread for each core that this process may use, up to four."""
    return min(len(os.sched_getaffinity(0)), MAX_THREADS)
