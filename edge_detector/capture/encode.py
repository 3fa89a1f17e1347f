"""Raw pictures encoded once, at capture, to H.264 that is like any camera's from there on."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

import av
from av.codec.context import Flags
from av.video.frame import PictureType
from av.video.stream import VideoStream

from edge_detector.core.types import Packet, StreamInfo, Yuv

AvPacket: TypeAlias = "av.Packet[VideoStream]"

#: Ticks a second, as RTP and MPEG-TS have it.
TICKS_HZ = 90_000
#: From key frame to key frame: a clip begins at most this long before it has to.
GOP_S = 1.0
#: Constant quality: good enough to know a face, about 1 Mbit/s for a quiet door at 640x480.
DEFAULT_CRF = 26
#: For the rate that an encoder has to be told when nobody knows it; every picture carries its own time anyway.
FALLBACK_FPS = 25.0

#: FFmpeg's numbers for what all I420 pictures here are; left unsaid, players take large ones for BT.709.
_BT601, _LIMITED = 6, 1


class H264Encoder:
    """Encodes I420 pictures of one size: no B-frames, no delay, a key frame each second, one thread by default.

    The same pictures with the same times give the same bytes. Every key frame carries its parameter sets.
    """

    def __init__(  # noqa: PLR0913 - what an encoder can be told, by name
        self,
        width: int,
        height: int,
        fps: float,
        *,
        session: int = 0,
        crf: int = DEFAULT_CRF,
        preset: str = "ultrafast",
        threads: int = 1,
    ) -> None:
        """Even `width` and `height` in pixels; `fps` as announced, 0 when unknown."""
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.colorspace, context.color_range = _BT601, _LIMITED
        context.time_base = Fraction(1, TICKS_HZ)
        context.framerate = Fraction(fps or FALLBACK_FPS).limit_denominator(1001)
        context.gop_size = round(2 * GOP_S * (fps or FALLBACK_FPS))  # only a safety net: key frames are set by time
        context.max_b_frames = 0
        context.thread_count = threads
        context.flags |= int(Flags.global_header)
        context.options = {"preset": preset, "tune": "zerolatency", "crf": str(crf), "forced-idr": "1"}
        context.open()
        self._context = context
        self._headers = context.extradata or b""
        self._info = StreamInfo(
            session=session,
            codec="h264",
            width=width,
            height=height,
            time_base=(1, TICKS_HZ),
            extradata=self._headers,
            fps=fps,
        )
        self._step_s = 1 / (fps or FALLBACK_FPS)
        self._start: float | None = None
        self._last_pts = -1
        self._key_t = 0.0
        #: Times of the pictures that are in the encoder, by pts.
        self._times: dict[int, float] = {}

    @property
    def info(self) -> StreamInfo:
        """The encoded stream."""
        return self._info

    def encode(self, yuv: Yuv, t: float) -> list[Packet]:
        """The packets that are ready after the picture `yuv`, shape (h * 3 / 2, w), taken at `t` seconds; t rises."""
        if self._start is None:
            self._start = t
        frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        frame.pts = max(round((t - self._start) * TICKS_HZ), self._last_pts + 1)
        if self._last_pts < 0 or t - self._key_t > GOP_S - self._step_s / 2:
            frame.pict_type = PictureType.I
            self._key_t = t
        self._last_pts = frame.pts
        self._times[frame.pts] = t
        return [self._packet(packet) for packet in self._context.encode(frame)]

    def flush(self) -> list[Packet]:
        """The packets that were still in the encoder; it takes no more pictures."""
        return [self._packet(packet) for packet in self._context.encode(None)]

    def _packet(self, packet: AvPacket) -> Packet:
        pts = packet.pts or 0
        return Packet(
            session=self._info.session,
            t=self._times.pop(pts),
            duration=self._step_s,
            keyframe=packet.is_keyframe,
            pts=pts,
            dts=pts if packet.dts is None else packet.dts,
            data=self._headers + bytes(packet) if packet.is_keyframe else bytes(packet),
        )
