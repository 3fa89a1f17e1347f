"""Small videos made for tests: a bright square that walks over a grey wall, in any codec and shape."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray


def square_at(i: int, width: int, height: int) -> tuple[int, int, int]:
    """Left, top and side of the square in picture `i`."""
    side = height // 4
    return (i * 4) % (width - side), height // 3, side


def rgb(i: int, width: int, height: int) -> NDArray[np.uint8]:
    """Picture `i`: luma rises from left to right, so that no two places look the same."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.linspace(40, 120, width, dtype=np.uint8)[None, :, None]
    x, y, side = square_at(i, width, height)
    image[y : y + side, x : x + side] = (220, 200, 60)
    return image


def make_video(
    path: Path,
    *,
    codec: str = "libx264",
    frames: int = 30,
    fps: int = 10,
    size: tuple[int, int] = (160, 120),
    pix_fmt: str = "yuv420p",
    gop: int = 10,
    options: dict[str, str] | None = None,
    full_range: bool = False,
) -> Path:
    """Write a video by its suffix, with B-frames only where `options` ask for them; returns `path`."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps), options=options or {})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.gop_size, stream.codec_context.thread_count = gop, 1  # one slice a picture, as cameras do
        if not (options or {}).get("bf"):
            stream.codec_context.max_b_frames = 0
        if full_range:
            stream.codec_context.color_range = 2
        for i in range(frames):
            frame = av.VideoFrame.from_ndarray(rgb(i, width, height), format="rgb24")
            frame = frame.reformat(format=pix_fmt, dst_color_range="JPEG" if full_range else "MPEG")
            frame.pts, frame.time_base, frame.pict_type = i, Fraction(1, fps), PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_jpegs(count: int = 10, *, size: tuple[int, int] = (160, 120), pix_fmt: str = "yuvj422p") -> list[bytes]:
    """JPEG files, as a camera's motion JPEG has them."""
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base = pix_fmt, Fraction(1, 25)
    encoder.color_range = 2
    jpegs = []
    for i in range(count):
        frame = av.VideoFrame.from_ndarray(rgb(i, *size), format="rgb24").reformat(
            format=pix_fmt, dst_color_range="JPEG"
        )
        frame.pts = i
        jpegs += [bytes(packet) for packet in encoder.encode(frame)]
    return jpegs


def packets_of(path: Path) -> list[bytes]:
    """The encoded pictures of a file as FFmpeg reads them, in decoding order."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def times_of(path: Path) -> list[float]:
    """The times of a file's decoded pictures, from 0."""
    with av.open(str(path)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    return [time - times[0] for time in times]
