"""Fragmented MP4, one packet a fragment: what a clip is while it is being written.

FFmpeg's own muxer holds each packet back until the next one comes. Here a packet is one box of headers of a fixed
size and one of data, so that a single write makes it part of a playable file, and a damaged end is found by its size.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av

from edge_detector.core.types import StreamInfo

#: moof(mfhd, traf(tfhd, tfdt, trun)) and the head of mdat, with one sample in the run.
_HEAD = struct.Struct(">I4s I4sII I4s I4sII I4sIQ I4sIIiIIIi I4s")
#: Length and type, which begin every box.
_BOX_BYTES = 8
_MOOF_BYTES = _HEAD.size - _BOX_BYTES
_TRACK = 1
_DEFAULT_BASE_IS_MOOF = 0x020000
_VERSION_1 = 0x01000000
#: The run gives: data offset, and per sample duration, size, flags and composition offset (signed, version 1).
_RUN_FLAGS = _VERSION_1 | 0x000F01
_KEYFRAME = 0x02000000
_NO_KEYFRAME = 0x01010000
#: The header of a clip is below 1 KiB; a box that claims more than this before the first packet is damage.
_HEADER_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One packet in the file; times in ticks of the track."""

    dts: int
    pts: int
    duration: int
    keyframe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What of a fragmented file is whole."""

    samples: tuple[Sample, ...]
    #: Bytes of encoded pictures.
    payload: int
    #: Where the last whole packet ends; what follows is damage.
    end: int

    @property
    def start(self) -> int:
        """When the first picture is shown, in ticks."""
        return min(sample.pts for sample in self.samples)

    @property
    def ticks(self) -> int:
        """From the first picture's showing to the end of the last one's."""
        return max(sample.pts + sample.duration for sample in self.samples) - self.start


def header(stream: StreamInfo, extradata: bytes, comment: str) -> bytes:
    """The boxes before the first packet; `extradata` is avcC, hvcC or Annex B parameter sets."""
    buffer = io.BytesIO()
    options = {
        "movflags": "empty_moov+default_base_moof+frag_custom+skip_trailer",
        "video_track_timescale": str(stream.time_base[1]),
        "fflags": "+bitexact",
    }
    with (
        # An empty raw stream: it lends the codec's identity, and no encoder is opened.
        av.open(io.BytesIO(b""), "r", format=stream.codec) as template,
        av.open(buffer, "w", format="mp4", options=options) as out,
    ):
        track = out.add_stream_from_template(
            template.streams.video[0], opaque=True, extradata=extradata, width=stream.width, height=stream.height
        )
        tag_for_players(track)
        out.metadata["comment"] = comment
        out.start_encoding()
    return buffer.getvalue()


def tag_for_players(track: av.VideoStream) -> None:
    """Name H.265 `hvc1`: Apple's players refuse FFmpeg's default."""
    if track.codec_context.name == "hevc":
        track.codec_context.codec_tag = "hvc1"


def fragment(number: int, sample: Sample, data: bytes) -> bytes:
    """The boxes of one packet; `number` counts from 1, `data` is length-prefixed."""
    return _head(number, sample, len(data)) + data


def scan(path: Path) -> Scan:
    """Find the whole packets of a fragmented file, up to the first damage; raises OSError."""
    with path.open("rb") as file:
        size = path.stat().st_size
        end = _header_end(file)
        samples = []
        payload = 0
        while end + _HEAD.size <= size:
            file.seek(end)
            found = _sample(file.read(_HEAD.size))
            if found is None or end + _HEAD.size + found[1] > size:
                break
            samples.append(found[0])
            payload += found[1]
            end += _HEAD.size + found[1]
    return Scan(samples=tuple(samples), payload=payload, end=end)


def _header_end(file: BinaryIO) -> int:
    """Where the movie box ends; 0 when there is none."""
    end = 0
    while len(head := file.read(_BOX_BYTES)) == _BOX_BYTES:
        size = int.from_bytes(head[:4], "big")
        if not _BOX_BYTES <= size <= _HEADER_LIMIT_BYTES:
            break
        end += size
        if head[4:] == b"moov":
            return end
        file.seek(end)
    return 0


def _head(number: int, sample: Sample, length: int) -> bytes:
    return _HEAD.pack(
        *(_MOOF_BYTES, b"moof"),
        *(16, b"mfhd", 0, number),
        *(_MOOF_BYTES - 24, b"traf"),
        *(16, b"tfhd", _DEFAULT_BASE_IS_MOOF, _TRACK),
        *(20, b"tfdt", _VERSION_1, sample.dts),
        *(36, b"trun", _RUN_FLAGS, 1, _HEAD.size, sample.duration, length),
        *(_KEYFRAME if sample.keyframe else _NO_KEYFRAME, sample.pts - sample.dts),
        *(_BOX_BYTES + length, b"mdat"),
    )


def _sample(head: bytes) -> tuple[Sample, int] | None:
    """What a fragment's head says, and the bytes of its data; None when it is not whole or not one of ours."""
    fields: tuple[int, ...] = _HEAD.unpack(head)
    number, dts = fields[5], fields[15]
    duration, length, flags, offset = fields[21:25]
    sample = Sample(dts=dts, pts=dts + offset, duration=duration, keyframe=flags == _KEYFRAME)
    return (sample, length) if head == _head(number, sample, length) else None
