"""One connection to a source: its packets timed and handed on, its pictures decoded where they are wanted."""

from __future__ import annotations

import logging

from av.container import InputContainer
from av.video.stream import VideoStream

from edge_detector.capture.decode import Picture
from edge_detector.capture.demux import AvPacket, Demuxer, Terms, video_stream
from edge_detector.capture.encode import FALLBACK_FPS, TICKS_HZ, H264Encoder
from edge_detector.capture.sparing import SparingDecoder, Thrift
from edge_detector.capture.stamps import Stamp
from edge_detector.capture.timing import Rhythm, Timekeeper
from edge_detector.core.thrift import Overload
from edge_detector.core.types import Frame, Packet, StreamInfo
from edge_detector.ports import WantsFrame

_LOG = logging.getLogger(__name__)

#: Codecs that are recorded as they come; anything else is decoded and encoded once.
_RECORDED = frozenset({"h264", "hevc"})
#: Formats that carry no time of their own: FFmpeg counts pictures at an assumed rate, which no live source keeps.
_TIMELESS = frozenset({"mpjpeg", "mjpeg", "h264", "hevc", "image2pipe", "jpeg_pipe"})
#: Some cameras announce their clock's ticks as their rate.
_MOST_FPS = 240.0


class Session:
    """Reads one opened container to its end; one thread at a time."""

    def __init__(self, container: InputContainer, session: int, terms: Terms) -> None:
        """Raises SourceError when there is no video in it that can be used."""
        self._container = container
        self._session = session
        self._terms = terms
        self._stream = video_stream(container, terms.name)
        codec = self._stream.codec_context
        self._rhythm = _rhythm(container, self._stream, terms)
        # Without timestamps nobody knows the order of B-frames before they are decoded.
        native = codec.name in _RECORDED and not (self._rhythm.timeless and codec.has_b_frames)
        self._encoder = None if native or not terms.packets else self._make_encoder()
        self._decoder: SparingDecoder | None = None
        if terms.frames or self._encoder is not None:
            self._decoder = SparingDecoder(
                self._stream,
                name=terms.name,
                counted=self._rhythm.timeless,
                thrift=terms.thrift if self._encoder is None else Thrift(hardware=terms.thrift.hardware),
            )
        self._packets_as_they_come = native and terms.packets
        self._demuxer = Demuxer(container, self._stream, terms)
        self._time: Timekeeper[AvPacket] = Timekeeper(self._rhythm)
        self._overload = Overload()
        #: More comes than can be decoded.
        self._behind = False
        #: That was told aloud, and its end; it may come again every half minute.
        self._told = False
        self._seq = 0
        self._ended = False

    @property
    def info(self) -> StreamInfo:
        """The stream as it is handed on."""
        if self._encoder is not None:
            return self._encoder.info
        codec, tick = self._stream.codec_context, self._stream.time_base
        return StreamInfo(
            session=self._session,
            codec=codec.name,
            width=codec.width,
            height=codec.height,
            time_base=(1, TICKS_HZ) if self._rhythm.timeless else (tick.numerator, tick.denominator),
            extradata=codec.extradata or b"",
            fps=_fps(self._stream),
        )

    @property
    def damaged(self) -> int:
        """How many packets could not be decoded."""
        return 0 if self._decoder is None else self._decoder.damaged

    def step(self, wants: WantsFrame) -> list[Packet | Frame]:
        """What the next packet brings, which may be nothing; raises SourceEnded or SourceError."""
        if self._ended:
            raise self._demuxer.end()
        began = self._terms.now()
        came = self._demuxer.next()
        timed = self._time.drain() if came is None else self._time.push(*came)
        if self._may_hurry:
            now = self._terms.now()
            self._mind(behind=self._overload.note(now, now - began))
        items = [item for packet, stamp, t in timed for item in self._handle(packet, stamp, t, wants)]
        if came is None:
            items += self._finish(wants)
        return items

    def close(self) -> None:
        """Release the container; nothing may be read any more."""
        self._container.close()

    def _handle(self, packet: AvPacket, stamp: Stamp, t: float, wants: WantsFrame) -> list[Packet | Frame]:
        items: list[Packet | Frame] = []
        if self._packets_as_they_come:
            items.append(self._packet(packet, stamp, t))
        if self._decoder is not None:
            for picture in self._decoder.decode(packet, stamp, t, behind=self._behind):
                items += self._show(picture, wants)
        return items

    @property
    def _may_hurry(self) -> bool:
        """Can pictures be left out when there is no time for them? What is encoded here needs all of them."""
        return self._terms.live and self._encoder is None and self._decoder is not None and self._decoder.may_hurry

    def _mind(self, *, behind: bool) -> None:
        if behind is self._behind:
            return
        self._behind = behind
        if not behind:
            _LOG.log(logging.DEBUG if self._told else logging.INFO, "%s is decoded whole again", self._terms.name)
            self._told = True
        else:
            _LOG.log(
                logging.DEBUG if self._told else logging.WARNING,
                "%s sends more than this machine can decode, so only its key frames are looked at for a while: let the"
                " camera send less, or give a smaller stream as `detect_source`",
                self._terms.name,
            )

    def _packet(self, packet: AvPacket, stamp: Stamp, t: float) -> Packet:
        return Packet(
            session=self._session,
            t=t,
            duration=stamp.duration * self._rhythm.tick_s,
            keyframe=packet.is_keyframe,
            pts=stamp.pts,
            dts=stamp.dts,
            data=bytes(packet),
        )

    def _show(self, picture: Picture, wants: WantsFrame) -> list[Packet | Frame]:
        seq, self._seq = self._seq, self._seq + 1
        items: list[Packet | Frame] = []
        if self._encoder is not None:
            items += self._encoder.encode(picture.planes.stacked(), picture.t)
        if self._terms.frames and wants(picture.t):
            items.append(self._frame(seq, picture))
        return items

    def _frame(self, seq: int, picture: Picture) -> Frame:
        return Frame(
            session=self._session,
            seq=seq,
            t=picture.t,
            planes=picture.planes,
            exact=picture.exact,
            # What is encoded here is called BT.601, as what a plain camera sends mostly is.
            bt709=picture.bt709 and self._encoder is None,
        )

    def _finish(self, wants: WantsFrame) -> list[Packet | Frame]:
        items: list[Packet | Frame] = []
        if self._decoder is not None:
            for picture in self._decoder.drain():
                items += self._show(picture, wants)
        self._ended = not self._demuxer.rewind()
        if self._encoder is not None and self._ended:
            items += self._encoder.flush()
        return items

    def _make_encoder(self) -> H264Encoder:
        codec = self._stream.codec_context
        return H264Encoder(codec.width & ~1, codec.height & ~1, _fps(self._stream), session=self._session)


def _fps(stream: VideoStream) -> float:
    """Pictures a second as the stream says, 0 when it does not or cannot mean it."""
    fps = float(stream.average_rate or 0)
    return fps if fps <= _MOST_FPS else 0.0


def _rhythm(container: InputContainer, stream: VideoStream, terms: Terms) -> Rhythm:
    timeless = container.format.name in _TIMELESS
    tick_s = 1 / TICKS_HZ if timeless else float(stream.time_base)
    return Rhythm(
        tick_s=tick_s,
        step=max(1, round(1 / (tick_s * (_fps(stream) or FALLBACK_FPS)))),
        start=None if timeless else stream.start_time,
        live=terms.live,
        timeless=timeless,
        pace=terms.pace,
        now=terms.now,
    )
