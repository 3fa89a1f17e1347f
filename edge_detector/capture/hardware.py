"""Decoders in hardware, where the machine and FFmpeg have one, and the way back to software when it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import av
from av.codec.hwaccel import HWAccel
from av.video.codeccontext import VideoCodecContext

_LOG = logging.getLogger(__name__)

OFF, AUTO, V4L2 = "off", "auto", "v4l2m2m"
#: What `auto` tries, in this order, and the device files without which it need not be tried.
_DEVICES = {V4L2: "video1?", "vaapi": "dri/renderD*", "drm": "dri/card*"}


class Codec(Protocol):
    """What is needed of an FFmpeg decoder."""

    def decode(self, packet: av.Packet[av.VideoStream] | None) -> list[av.VideoFrame]:
        """The pictures that are ready."""
        ...

    def flush_buffers(self) -> None:
        """Forget what was decoded."""
        ...


#: Gives a decoder in hardware in place of the one in software, or None.
OpenHardware = Callable[[VideoCodecContext], Codec | None]


def no_hardware(_: VideoCodecContext) -> None:
    """Decode in software."""


class Hardware:
    """Opens the decoders of one source; tells once when there is none, or when it failed."""

    def __init__(self, wanted: str, *, name: str, devices: Path = Path("/dev")) -> None:
        """`wanted`: `off`, `auto`, or FFmpeg's name of a way; `name` is the source's in messages."""
        self._wanted = wanted
        self._name = name
        self._devices = devices

    def __call__(self, software: VideoCodecContext) -> Codec | None:
        """A decoder for the stream of `software`."""
        ways = self._ways()
        for way in ways:
            try:
                codec = _open(way, software)
            except (av.FFmpegError, ValueError, NotImplementedError) as error:
                _LOG.debug("%s: no %s: %s", self._name, way, error)
                continue
            _LOG.info("%s is decoded in hardware by %s", self._name, way)
            return codec
        if ways:
            level = logging.INFO if self._wanted == AUTO else logging.WARNING
            _LOG.log(level, "%s is decoded in software: %s cannot be used here", self._name, ", ".join(ways))
            self._wanted = OFF
        return None

    def _ways(self) -> Sequence[str]:
        if self._wanted == OFF:
            return ()
        if self._wanted != AUTO:
            return (self._wanted,)
        return [way for way, device in _DEVICES.items() if any(self._devices.glob(device))]


def _open(way: str, software: VideoCodecContext) -> Codec:
    if way == V4L2:
        codec = av.CodecContext.create(f"{software.name}_{V4L2}", "r")
    else:
        codec = av.CodecContext.create(software.name, "r", HWAccel(device_type=way, allow_software_fallback=False))
        if not codec.is_hwaccel:
            raise ValueError(f"FFmpeg decodes no {software.name} by {way}")
    if not isinstance(codec, VideoCodecContext):
        raise TypeError(way)
    codec.extradata = software.extradata
    codec.width, codec.height = software.width, software.height
    codec.pkt_timebase = software.pkt_timebase
    codec.open()
    return codec
