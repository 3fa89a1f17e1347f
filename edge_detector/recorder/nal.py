"""NAL units of H.264 and H.265: from start codes (Annex B) to the length prefixes that MP4 wants."""

from __future__ import annotations

import struct

_START_CODE = b"\0\0\1"
#: Types of the units that hold sequence and picture parameters (H.265: and video parameters).
_PARAMETER_TYPES = {"h264": frozenset({7, 8}), "hevc": frozenset({32, 33, 34})}


def is_annex_b(data: bytes) -> bool:
    """Whether units are parted by start codes, rather than each preceded by its length."""
    return data.startswith((_START_CODE, b"\0" + _START_CODE))


def units(data: bytes) -> tuple[bytes, ...]:
    """The NAL units of an Annex B stream; none ever ends in a zero byte, so zeros before a start code are padding."""
    return tuple(unit for part in data.split(_START_CODE)[1:] if (unit := part.rstrip(b"\0")))


def is_parameter_set(codec: str, unit: bytes) -> bool:
    """Whether a NAL unit of `h264` or `hevc` is a parameter set."""
    return _type(codec, unit) in _PARAMETER_TYPES[codec]


def parameter_sets(codec: str, *sources: bytes) -> bytes:
    """The parameter sets of the first Annex B source that has one of each type, as Annex B; empty when none has."""
    for source in sources:
        found = [unit for unit in units(source) if is_parameter_set(codec, unit)]
        if {_type(codec, unit) for unit in found} == _PARAMETER_TYPES[codec]:
            return b"".join(b"\0" + _START_CODE + unit for unit in dict.fromkeys(found))
    return b""


def length_prefixed(codec: str, data: bytes) -> bytes:
    """An Annex B picture as MP4 samples hold it: each unit after its length in 4 bytes.

    H.265 loses its parameter sets: they stand in the file's header, and the `hvc1` format that phones ask for
    forbids them here.
    """
    kept = (unit for unit in units(data) if not (codec == "hevc" and is_parameter_set(codec, unit)))
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in kept)


def _type(codec: str, unit: bytes) -> int:
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F
