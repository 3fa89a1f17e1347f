"""Turns packets into the bytes of a fragmented MP4, on the clip's own time axis; does no I/O."""

from __future__ import annotations

from fractions import Fraction

import av

from edge_detector.core.errors import RecordError
from edge_detector.core.types import Packet, StreamInfo
from edge_detector.recorder import nal
from edge_detector.recorder.fragments import Sample, fragment, header


class FragmentMuxer:
    """The bytes of one clip, packet by packet."""

    def __init__(self, stream: StreamInfo, *, comment: str) -> None:
        """`comment` is kept in the file's header."""
        self._stream = stream
        self._comment = comment
        self._annex_b = not stream.extradata or nal.is_annex_b(stream.extradata)
        self._first: Packet | None = None
        #: True while pictures may come that are shown before the first one and refer to a group before the clip.
        self._leading = True
        self._number = 0
        self._last_dts = -1

    def add(self, packet: Packet) -> bytes:
        """The bytes to append for one packet; none for a picture that cannot be decoded without the group before.

        Raises RecordError when the first packet is no key frame or the stream cannot stand in an MP4 file.
        """
        head = b""
        if self._first is None:
            head = self._header(packet)
            self._first = packet
        elif self._leading:
            if packet.pts < self._first.pts:
                return b""
            self._leading = False
        self._number += 1
        data = nal.length_prefixed(self._stream.codec, packet.data) if self._annex_b else packet.data
        return head + fragment(self._number, self._sample(packet, self._first), data)

    def _header(self, packet: Packet) -> bytes:
        stream = self._stream
        if not packet.keyframe:
            raise RecordError("A clip cannot begin off a key frame")
        extradata = stream.extradata
        if self._annex_b:
            extradata = nal.parameter_sets(stream.codec, packet.data, stream.extradata)
        if not extradata:
            raise RecordError(f"The {stream.codec} stream has no parameter sets, so no player could show the clip")
        try:
            return header(stream, extradata, self._comment)
        except (av.FFmpegError, ValueError) as error:
            raise RecordError(f"The {stream.codec} stream does not fit into an MP4 file: {error}") from error

    def _sample(self, packet: Packet, first: Packet) -> Sample:
        """The packet's times in ticks from the first one's; decoding times always grow."""
        num, den = self._stream.time_base
        self._last_dts = max((packet.dts - first.dts) * num, self._last_dts + 1)
        return Sample(
            dts=self._last_dts,
            pts=max((packet.pts - first.dts) * num, self._last_dts),
            duration=max(1, round(Fraction(packet.duration) * den)),
            keyframe=packet.keyframe,
        )
