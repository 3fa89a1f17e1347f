"""Raw pictures encoded at capture."""

from io import BytesIO

import av
import numpy as np
import pytest

from edge_detector.capture.encode import GOP_S, H264Encoder
from edge_detector.capture.pictures import I420Maker
from edge_detector.core.types import Packet, Yuv
from tests.videos import rgb

SIZE = (160, 120)


def picture(i: int) -> Yuv:
    return I420Maker().make(av.VideoFrame.from_ndarray(rgb(i, *SIZE), format="rgb24")).stacked()


def encode(times: list[float], *, fps: float = 10.0) -> tuple[H264Encoder, list[Packet]]:
    encoder = H264Encoder(*SIZE, fps, session=4)
    packets = [packet for i, t in enumerate(times) for packet in encoder.encode(picture(i), t)]
    return encoder, packets + encoder.flush()


def test_every_picture_is_a_packet_at_once_with_its_own_time() -> None:
    encoder = H264Encoder(*SIZE, 10.0, session=4)
    for i in range(12):
        (packet,) = encoder.encode(picture(i), 500.0 + i / 10)
        assert packet.t == 500.0 + i / 10
        assert packet.pts == packet.dts == i * 9000
        assert packet.duration == pytest.approx(0.1)
        assert packet.session == 4
    assert encoder.flush() == []


@pytest.mark.parametrize(
    "fps",
    [
        10.0,  # as announced
        25.0,  # announced, but the pictures come slower
        0.0,  # unknown
    ],
)
def test_a_key_frame_comes_each_second_of_time_whatever_was_announced(fps: float) -> None:
    times = [i * 0.1 for i in range(31)]
    _, packets = encode(times, fps=fps)
    assert [packet.t for packet in packets if packet.keyframe] == pytest.approx([0.0, GOP_S, 2 * GOP_S, 3 * GOP_S])


def test_a_key_frame_carries_its_headers_so_that_a_clip_can_begin_there() -> None:
    encoder, packets = encode([i * 0.1 for i in range(25)])
    start = next(i for i, packet in enumerate(packets) if packet.keyframe and i)
    assert packets[start].data.startswith(encoder.info.extradata)
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for packet in packets[start:] for frame in decoder.decode(av.Packet(packet.data))]
    frames += decoder.decode(None)
    assert len(frames) == len(packets) - start
    truth = rgb(start, *SIZE)
    assert np.abs(frames[0].to_ndarray(format="rgb24").astype(int) - truth).mean() < 5


def test_the_stream_says_what_it_is() -> None:
    encoder, _ = encode([0.0], fps=12.5)
    info = encoder.info
    assert (info.session, info.codec, info.width, info.height) == (4, "h264", *SIZE)
    assert (info.time_base, info.fps) == ((1, 90_000), 12.5)
    assert info.extradata.startswith(b"\0\0\0\1")


def test_the_stream_says_which_colours_are_meant() -> None:
    """Players take large pictures that say nothing for BT.709, and none of ours are."""
    encoder = H264Encoder(1280, 720, 10)
    packets = [*encoder.encode(np.full((1080, 1280), 100, np.uint8), 0.0), *encoder.flush()]
    with av.open(BytesIO(b"".join(packet.data for packet in packets)), "r", format="h264") as container:
        frame = next(container.decode(video=0))
    assert (frame.colorspace, frame.color_range) == (6, 1)


def test_the_same_pictures_give_the_same_bytes() -> None:
    times = [i * 0.1 for i in range(15)]
    assert encode(times)[1] == encode(times)[1]


def test_pictures_closer_than_a_tick_still_rise() -> None:
    _, packets = encode([1.0, 1.0 + 1e-7, 1.0 + 2e-7])
    assert [packet.pts for packet in packets] == [0, 1, 2]


def test_a_lower_crf_costs_more() -> None:
    sizes = []
    for crf in (18, 40):
        encoder = H264Encoder(*SIZE, 10.0, crf=crf, preset="veryfast", threads=2)
        sizes.append(sum(packet.size for i in range(10) for packet in encoder.encode(picture(i), i / 10)))
    assert sizes[0] > 1.5 * sizes[1]
