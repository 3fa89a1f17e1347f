import io
from dataclasses import replace
from pathlib import Path

import av
import pytest

from edge_detector.capture.pyav import PyavSource
from edge_detector.core.errors import RecordError, SourceEnded
from edge_detector.core.types import Packet, StreamInfo
from edge_detector.recorder import nal
from edge_detector.recorder.mpegts import TsMuxer
from edge_detector.testing import FakeClock
from tests.videos import make_video

#: Access unit delimiters, which a transport stream must have and other containers leave out.
DELIMITERS = {"h264": {9}, "hevc": {35}}
PARAMETERS = {"h264": {7, 8}, "hevc": {32, 33, 34}}
SEI = {"h264": {6}, "hevc": {39, 40}}


def packets(path: Path) -> tuple[StreamInfo, list[Packet]]:
    """The packets of a video as a camera's."""
    source = PyavSource(address=str(path), clock=FakeClock(), frames=False, live=False)
    info = source.open(1)
    found: list[Packet] = []
    with pytest.raises(SourceEnded):
        found.extend(item for item in source.read(lambda _: False) if isinstance(item, Packet))
    return info, found


def muxed(info: StreamInfo, items: list[Packet]) -> bytes:
    muxer = TsMuxer(info)
    data = b"".join(muxer.add(item) for item in items)
    muxer.close()
    return data


def pictures(codec: str, data: bytes, *, prefixed: bool = False) -> tuple[bytes, ...]:
    """The units of a packet that hold the picture itself."""
    units = _prefixed(data) if prefixed else nal.units(data)
    other = DELIMITERS[codec] | PARAMETERS[codec] | SEI[codec]
    return tuple(unit for unit in units if (unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F) not in other)


def _prefixed(data: bytes) -> tuple[bytes, ...]:
    units = []
    while data:
        size = int.from_bytes(data[:4], "big")
        units.append(data[4 : 4 + size].rstrip(b"\0"))
        data = data[4 + size :]
    return tuple(units)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {}),  # length-prefixed, headers out of band
        ("b.ts", "libx264", {}),  # start codes, headers in band
        ("c.mp4", "libx264", {"bf": "2"}),  # shown in another order than sent
        ("d.mp4", "libx265", {"x265-params": "log-level=none"}),
    ],
)
def test_every_packet_comes_through_unchanged_and_in_time(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    info, items = packets(make_video(tmp_path / name, codec=codec, options=options))
    with av.open(io.BytesIO(muxed(info, items)), "r") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.width) == (info.codec, 160)
        found = [packet for packet in container.demux(stream) if packet.size]
    prefixed = not nal.is_annex_b(info.extradata)
    assert [pictures(info.codec, bytes(packet)) for packet in found] == [
        pictures(info.codec, item.data, prefixed=prefixed) for item in items
    ]
    shown = [float((packet.pts or 0) * packet.time_base) for packet in found]
    assert [round(t - shown[0], 2) for t in shown] == [round(item.t - items[0].t, 2) for item in items]
    with av.open(io.BytesIO(muxed(info, items)), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == len(items)


def test_each_packet_leaves_at_once(tmp_path: Path) -> None:
    info, items = packets(make_video(tmp_path / "a.mp4"))
    muxer = TsMuxer(info)
    sizes = [len(muxer.add(item)) for item in items]
    muxer.close()
    assert all(size > item.size for size, item in zip(sizes, items, strict=True))
    assert all(size % 188 == 0 for size in sizes), "whole transport packets"


def test_pictures_that_need_the_group_before_are_left_out(tmp_path: Path) -> None:
    info, items = packets(make_video(tmp_path / "a.mp4"))
    before = replace(items[1], pts=items[0].pts - 1)
    muxer = TsMuxer(info)
    assert [bool(muxer.add(item)) for item in (items[0], before, items[1])] == [True, False, True]
    muxer.close()


def test_gap_is_a_gap(tmp_path: Path) -> None:
    info, items = packets(make_video(tmp_path / "a.mp4"))
    with av.open(io.BytesIO(muxed(info, [*items[:5], *items[20:]])), "r") as container:
        found = [packet for packet in container.demux(video=0) if packet.size]
    shown = [float((packet.pts or 0) * packet.time_base) for packet in found]
    assert round(shown[5] - shown[4], 2) == 1.6


def test_packet_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    info, items = packets(make_video(tmp_path / "a.mp4"))
    muxer = TsMuxer(info)
    muxer.add(items[0])
    with pytest.raises(RecordError, match="cannot be sent on"):
        muxer.add(replace(items[1], data=b"\xff" * 50))
    muxer.close()


def test_codec_that_nobody_knows_is_refused() -> None:
    with pytest.raises(RecordError, match="does not fit"):
        TsMuxer(StreamInfo(session=1, codec="nonsense", width=8, height=8, time_base=(1, 90000)))
