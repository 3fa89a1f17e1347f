"""Reads one video stream's packets out of a container, once or in a loop, and says how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from edge_detector.capture.faults import reading_fault
from edge_detector.capture.sparing import Thrift
from edge_detector.capture.stamps import RawStamp
from edge_detector.core.clock import JUMP_S
from edge_detector.core.errors import SourceEnded, SourceError

AvPacket: TypeAlias = "av.Packet[VideoStream]"

#: Formats whose header says how many pictures follow, so that a file that was cut short is known as such.
_COUNTED = "mov,mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is wanted of a source, and how it behaves."""

    #: The address as it may be told, without secrets.
    name: str
    packets: bool
    frames: bool
    #: The host's clock rules; a replay has the time of the recording.
    live: bool
    #: Its end is an end and no fault.
    finite: bool
    read_timeout_s: float
    #: Host monotonic seconds.
    now: Callable[[], float]
    #: Waits until a file's packet is due, in seconds of the stream; None reads as fast as it comes.
    pace: Callable[[float], None] | None = None
    #: Begin the file again at its end.
    loop: bool = False
    #: What need not be decoded.
    thrift: Thrift = field(default_factory=Thrift)


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """The first video stream that can be decoded; raises SourceError when there is none."""
    if not container.streams.video:
        raise SourceError(f"{name} holds no video, only sound or data")
    stream = container.streams.video[0]
    # PyAV's types do not say so, but a codec that FFmpeg does not know leaves a stream without a context.
    if getattr(stream, "codec_context", None) is None:
        raise SourceError(f"{name} has a video codec that is not known; use H.264, H.265 or MJPEG")
    if not stream.codec_context.width:
        raise SourceError(f"{name} sent no picture that can be decoded; check the camera's codec, best H.264")
    return stream


class Demuxer:
    """The packets of one stream in decoding order; a loop's timestamps go on rising."""

    def __init__(self, container: InputContainer, stream: VideoStream, terms: Terms) -> None:
        """Nothing is read yet."""
        self._container = container
        self._stream = stream
        self._terms = terms
        self._packets = self._demux()
        self._count = 0
        #: What is added to all timestamps, so that they go on rising, in ticks.
        self._bias = 0
        self._seam = round(JUMP_S / stream.time_base)
        #: As the file says, and with the bias what follows the latest packet.
        self._first_dts: int | None = None
        self._next_dts = 0

    def next(self) -> tuple[AvPacket, RawStamp] | None:
        """The next packet that holds anything and what is known of its time; None at the end, SourceError if broken."""
        began = self._terms.now()
        packet = self._read()
        if packet is None:
            return None
        # A read that was broken off by the timeout still yields the picture that was being put together.
        if not self._terms.finite and self._terms.now() - began > self._terms.read_timeout_s:
            raise SourceError(f"{self._terms.name} sent nothing for {self._terms.read_timeout_s:g} s")
        self._count += 1
        if packet.dts is not None and self._terms.finite:
            self._join(packet.dts)
        raw = RawStamp(self._shifted(packet.pts), self._shifted(packet.dts), packet.duration or 0)
        if raw.dts is not None:
            self._next_dts = raw.dts + max(raw.duration, 1)
        return packet, raw

    def rewind(self) -> bool:
        """At the end of a file that is played in a loop: begin again; False where the end is the end."""
        if not self._terms.loop or not self._count:
            return False
        self._container.seek(0)
        self._packets = self._demux()
        self._bias = self._next_dts - (self._first_dts or 0)
        return True

    def end(self) -> SourceError:
        """What the end means: SourceEnded for a whole file, SourceError for a camera or a file that is cut short."""
        name, announced = self._terms.name, self._stream.frames
        if not self._terms.finite:
            return SourceError(f"{name} closed the connection")
        if self._container.format.name.startswith(_COUNTED) and self._count < announced and not self._terms.loop:
            return SourceError(f"{name} is cut short: it holds {self._count} of {announced} pictures")
        return SourceEnded(f"{name} came to its end after {self._count} pictures")

    def _join(self, dts: int) -> None:
        """Where recordings were joined to one file their clocks begin anew: go on where the one before ended."""
        if self._first_dts is None:
            self._first_dts = dts
        elif dts + self._bias < self._next_dts - self._seam:
            self._bias = self._next_dts - dts

    def _demux(self) -> Iterator[AvPacket]:
        return (packet for packet in self._container.demux(self._stream) if packet.size)

    def _read(self) -> AvPacket | None:
        try:
            return next(self._packets, None)
        except (av.FFmpegError, OSError) as error:
            raise reading_fault(self._terms.name, error, self._terms.read_timeout_s) from error

    def _shifted(self, tick: int | None) -> int | None:
        return None if tick is None else tick + self._bias
