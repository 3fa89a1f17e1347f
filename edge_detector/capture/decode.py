"""Decodes one session's packets to pictures in time, and survives those that are damaged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TypeAlias

import av
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from edge_detector.capture.hardware import Codec
from edge_detector.capture.pictures import I420Maker
from edge_detector.capture.stamps import Stamp
from edge_detector.core.errors import SourceError
from edge_detector.core.picture import is_bt709
from edge_detector.core.types import Planes

_LOG = logging.getLogger(__name__)

AvPacket: TypeAlias = "av.Packet[VideoStream]"

#: Pictures that can be inside the decoder at once; older times belong to packets that gave none.
_INSIDE = 32


def hasty(software: VideoCodecContext) -> Codec:
    """Another decoder of a stream; it leaves the edges of blocks as they are, which is a tenth of the work."""
    codec = av.CodecContext.create(software.name, "r")
    codec.options = {"skip_loop_filter": "all"}
    codec.extradata = software.extradata
    codec.thread_type, codec.thread_count = software.thread_type, software.thread_count
    if not isinstance(codec, VideoCodecContext):
        raise TypeError(software.name)
    return codec


class Picture:
    """One decoded picture; its pixels are converted when they are asked for, once."""

    def __init__(self, frame: av.VideoFrame, t: float, maker: I420Maker, *, exact: bool) -> None:
        self._frame, self._maker = frame, maker
        self._planes: Planes | None = None
        #: When it was taken.
        self.t = t
        #: It is as the camera meant it.
        self.exact = exact
        #: Its colours are meant as BT.709 has them.
        self.bt709 = is_bt709(frame.colorspace, frame.height)

    @property
    def planes(self) -> Planes:
        """Its pixels, of even size."""
        if self._planes is None:
            self._planes = self._maker.make(self._frame)
        return self._planes


class PictureDecoder:
    """One thread, so that a picture comes out with its packet and a replay is the same everywhere.

    Threads by frame add a delay of one frame each; threads by slice gain nothing, as cameras send one slice a picture.
    """

    def __init__(self, codec: Codec, *, size: tuple[int, int], name: str, counted: bool, strict: bool) -> None:
        """`name` stands in messages; `counted`: the stream has no timestamps, its pictures are timed as they come.

        `strict`: a packet that cannot be decoded raises SourceError.
        """
        self._codec = codec
        self._strict = strict
        self._size = size
        self._name = name
        self._counted = counted
        self._maker = I420Maker()
        self._exact = True
        #: Times of the pictures that are in the decoder, by pts, in decoding order.
        self._inside: dict[int, float] = {}
        self._last_t = float("-inf")
        #: Packets that could not be decoded.
        self.damaged = 0

    def decode(self, packet: AvPacket, stamp: Stamp, t: float) -> list[Picture]:
        """The pictures that are ready after this packet, in the order they are shown, each later than the last."""
        self._inside[stamp.pts] = t
        if len(self._inside) > _INSIDE:
            del self._inside[next(iter(self._inside))]
        packet.pts, packet.dts = (None, None) if self._counted else (stamp.pts, stamp.dts)
        damaged = self.damaged
        pictures = list(self._pictures(packet))
        if self.damaged > damaged:
            self._inside.pop(stamp.pts, None)
        return pictures

    def alone(self, packet: AvPacket, stamp: Stamp, t: float) -> list[Picture]:
        """The picture of a key frame, after which the next one is waited for."""
        self._inside.clear()
        try:
            return self.decode(packet, stamp, t) or self.drain()
        finally:
            self.reset()

    def glance(self, codec: Codec, packet: AvPacket, stamp: Stamp, t: float) -> list[Picture]:
        """The picture of a key frame by a decoder of less care; what is in the other one is not waited for."""
        careful, self._codec, self._exact = self._codec, codec, False
        try:
            return self.alone(packet, stamp, t)
        finally:
            self._codec, self._exact = careful, True

    def drain(self) -> list[Picture]:
        """The pictures that are still in the decoder at the end of the stream."""
        return list(self._pictures(None))

    def replace(self, codec: Codec, *, counted: bool) -> None:
        """Go on with another decoder, at a key frame, and bear with damage."""
        self._codec, self._counted, self._strict = codec, counted, False
        self._inside.clear()

    def reset(self) -> None:
        """Go on at a key frame that does not follow what was decoded; also after `drain`."""
        self._codec.flush_buffers()
        self._inside.clear()

    def _pictures(self, packet: AvPacket | None) -> Iterator[Picture]:
        for frame in self._frames(packet):
            if (frame.width, frame.height) != self._size:
                raise SourceError(f"{self._name} changed its picture to {frame.width}x{frame.height}")
            t = self._taken(frame.pts)
            if t is not None and t > self._last_t:
                self._mind_rotation(frame)
                self._last_t = t
                yield Picture(frame, t, self._maker, exact=self._exact)

    def _mind_rotation(self, frame: av.VideoFrame) -> None:
        """Say of the first picture when it lies on its side: packets that are recorded as they come stay so."""
        if self._last_t == float("-inf") and frame.rotation:
            _LOG.warning(
                "%s is to be turned by %d degrees when it is shown, and is looked at without that, so people may not be"
                " found: turn it for good, as `ffmpeg -i IN OUT` does",
                self._name,
                abs(frame.rotation),
            )

    def _frames(self, packet: AvPacket | None) -> list[av.VideoFrame]:
        try:
            return self._codec.decode(packet)
        except av.FFmpegError as error:
            if self._strict:
                raise SourceError(f"{self._name} cannot be decoded: {error.strerror}") from error
            self.damaged += 1
            level = logging.WARNING if self.damaged == 1 else logging.DEBUG
            _LOG.log(level, "%s: a damaged picture is left out: %s", self._name, error.strerror)
            return []

    def _taken(self, pts: int | None) -> float | None:
        """The time of the packet that held this picture; without timestamps, of the earliest that is inside."""
        if pts is None:
            pts = next(iter(self._inside), None)
        return None if pts is None else self._inside.pop(pts, None)
