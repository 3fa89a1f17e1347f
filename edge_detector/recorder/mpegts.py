"""Turns a camera's packets into an MPEG transport stream, as they are, to be watched while they come."""

from __future__ import annotations

import io
from fractions import Fraction

import av

from edge_detector.core.errors import RecordError
from edge_detector.core.types import Packet, StreamInfo

#: Each packet leaves at once; a stream that is never over has no end to write.
_OPTIONS = {"flush_packets": "1"}


class TsMuxer:
    """The bytes of one live stream, packet by packet; it begins with a key frame and at time 0."""

    def __init__(self, stream: StreamInfo) -> None:
        """Raises RecordError when the stream does not fit into a transport stream."""
        self._time_base = Fraction(*stream.time_base)
        self._buffer = io.BytesIO()
        self._first: Packet | None = None
        #: True while pictures may come that are shown before the first one and refer to a group before it.
        self._leading = True
        self._last_dts = -1
        try:
            self._container = av.open(self._buffer, "w", format="mpegts", options=_OPTIONS)
            # An empty raw stream: it lends the codec's identity, and no encoder is opened.
            with av.open(io.BytesIO(b""), "r", format=stream.codec) as template:
                self._track = self._container.add_stream_from_template(
                    template.streams.video[0],
                    opaque=True,
                    extradata=stream.extradata or None,
                    width=stream.width,
                    height=stream.height,
                    time_base=self._time_base,
                )
            self._container.start_encoding()
        except (av.FFmpegError, ValueError) as error:
            raise RecordError(f"The {stream.codec} stream does not fit into a transport stream: {error}") from error

    def add(self, packet: Packet) -> bytes:
        """What to send for one packet; nothing for a picture that cannot be decoded without the group before.

        Raises RecordError when the packet is no picture of the stream's codec.
        """
        if self._first is None:
            self._first = packet
        elif self._leading:
            if packet.pts < self._first.pts:
                return b""
            self._leading = False
        self._last_dts = max(packet.dts - self._first.dts, self._last_dts + 1)
        picture = av.Packet(packet.data)
        picture.stream = self._track
        picture.time_base = self._time_base
        picture.dts = self._last_dts
        picture.pts = max(packet.pts - self._first.dts, self._last_dts)
        picture.is_keyframe = packet.keyframe
        try:
            self._container.mux_one(picture)
        except (av.FFmpegError, ValueError) as error:
            raise RecordError(f"A packet cannot be sent on: {error}") from error
        return self._take()

    def close(self) -> None:
        """Release what the muxer holds."""
        self._container.close()

    def _take(self) -> bytes:
        data = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return data
