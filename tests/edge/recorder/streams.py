"""Small real streams to record, in every form in which cameras send them."""

import io
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from edge_detector.core.types import Packet, StreamInfo

WIDTH, HEIGHT, FPS = 96, 64, 10

#: Two B-frames between others, a key frame each 1.2 s, so that a group does not end with a whole run of them.
_X264 = "keyint=12:min-keyint=12:scenecut=0:bframes=2:b-adapt=0"
_X265 = "keyint=12:min-keyint=12:scenecut=0:bframes=2:b-adapt=0:log-level=none:pools=1"


class Stream(NamedTuple):
    info: StreamInfo
    packets: list[Packet]

    def starts(self) -> list[int]:
        """Where the key frames are."""
        return [index for index, packet in enumerate(self.packets) if packet.keyframe]


class Form(NamedTuple):
    codec: str
    options: dict[str, str]
    container: str
    in_band_only: bool = False


FORMS = {
    # MP4 hands out length-prefixed packets and avcC
    "h264": Form("h264", {"x264-params": f"{_X264}:open-gop=0"}, "mp4"),
    # pictures before a key frame refer to the group before it
    "h264 open": Form("h264", {"x264-params": f"{_X264}:open-gop=1"}, "mp4"),
    # MPEG-TS and RTSP hand out start codes
    "h264 annex b": Form("h264", {"x264-params": f"{_X264}:open-gop=0"}, "mpegts"),
    # rpicam-vid tells its parameter sets in the stream alone
    "h264 in band": Form("h264", {"x264-params": f"{_X264}:open-gop=0"}, "mpegts", in_band_only=True),
    # no B-frames, as most cameras send
    "h264 plain": Form("h264", {"x264-params": "keyint=12:scenecut=0", "tune": "zerolatency"}, "mpegts"),
    "hevc": Form("hevc", {"x265-params": f"{_X265}:open-gop=0"}, "mp4"),
    "hevc open": Form("hevc", {"x265-params": f"{_X265}:open-gop=1"}, "mp4"),
    "hevc in band": Form("hevc", {"x265-params": f"{_X265}:open-gop=0:repeat-headers=1"}, "mpegts", in_band_only=True),
}


@cache
def stream(form: str, frames: int = 40) -> Stream:
    """A stream of moving bars."""
    made = FORMS[form]
    with av.open(io.BytesIO(_encode(made, frames)), "r", format=made.container) as container:
        whole = read(container)
    return whole._replace(info=replace(whole.info, extradata=b"")) if made.in_band_only else whole


def read(container: av.container.InputContainer) -> Stream:
    """All of a file's stream, as a camera would hand it out."""
    track = container.streams.video[0]
    base = track.time_base
    packets = [
        Packet(
            session=1,
            t=float(packet.pts * base),
            duration=float(packet.duration * base),
            keyframe=packet.is_keyframe,
            pts=packet.pts,
            dts=packet.dts,
            data=bytes(packet),
        )
        for packet in container.demux(track)
        if packet.size and packet.pts is not None and packet.dts is not None and packet.duration is not None
    ]
    info = StreamInfo(
        session=1,
        codec=track.codec_context.name,
        width=track.codec_context.width,
        height=track.codec_context.height,
        time_base=(base.numerator, base.denominator),
        extradata=track.codec_context.extradata or b"",
        fps=FPS,
    )
    return Stream(info, packets)


def later(source: Stream, *, start: int) -> list[Packet]:
    """The packets from the key frame number `start` on."""
    return source.packets[source.starts()[start] :]


def bigger(packet: Packet, size: int) -> Packet:
    """A packet of about `size` bytes, for disks to be filled with; not decodable."""
    return replace(packet, data=packet.data + b"\xff" * size)


def sizes(path: Path) -> list[int]:
    """The sizes of a file's packets."""
    return [len(data) for data in payloads(path)]


def payloads(path: Path) -> list[bytes]:
    """The bytes of a file's packets."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def shown_times(path: Path) -> list[float]:
    """When each picture is shown, in the order in which they are decoded, with no tolerance for damage."""
    with av.open(str(path), options={"err_detect": "explode"}) as container:
        return [float(frame.time or 0.0) for frame in container.decode(video=0)]


def _encode(form: Form, frames: int) -> bytes:
    buffer = io.BytesIO()
    encoder = "libx264" if form.codec == "h264" else "libx265"
    with av.open(buffer, "w", format=form.container) as container:
        track = container.add_stream(encoder, rate=FPS, options=form.options)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(frames):
            container.mux(track.encode(av.VideoFrame.from_ndarray(_picture(index), format="bgr24")))
        container.mux(track.encode(None))
    return buffer.getvalue()


def _picture(index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A bar that moves, brighter with each second, so that a picture tells its time."""
    image = np.full((HEIGHT, WIDTH, 3), 30 + index * 4, np.uint8)
    image[:, index * 2 % WIDTH : index * 2 % WIDTH + 8] = 255
    return image
