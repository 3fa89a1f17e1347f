import asyncio
import http.client
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import av
import cv2
import numpy as np
import pytest
from starlette.types import Message

from edge_detector.capture.encode import H264Encoder
from edge_detector.core.types import Frame, Packet, Planes
from edge_detector.web.live import BOUNDARY, LiveAnswer, Pictures, Seat, Viewers
from edge_detector.web.problems import Problem
from tests.edge.web.client import TIMEOUT_S
from tests.edge.web.conftest import Site


def frame(level: int) -> Frame:
    """A grey picture of 64 by 48."""
    image = np.full((72, 64), 128, np.uint8)  # no colour
    image[:48] = level
    return Frame(session=1, seq=level, t=level / 5, planes=Planes.of(image))


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not what():  # noqa: ASYNC110 - whatever it is, it tells nobody
            await asyncio.sleep(0.01)


async def read(response: http.client.HTTPResponse, size: int) -> bytes:
    return await asyncio.to_thread(response.read, size)


@asynccontextmanager
async def watch(site: Site, path: str) -> AsyncIterator[http.client.HTTPResponse]:
    """A viewer."""
    connection = site.client.connect(path)
    response = await asyncio.to_thread(connection.getresponse)
    try:
        yield response
    finally:
        response.close()
        connection.close()


async def next_jpeg(response: http.client.HTTPResponse) -> bytes:
    """One part of an MJPEG stream, as a strict reader takes it."""

    def part() -> bytes:
        line = response.readline()
        while line == b"\r\n":
            line = response.readline()
        assert line == f"--{BOUNDARY}\r\n".encode()
        assert response.readline() == b"Content-Type: image/jpeg\r\n"
        size = int(response.readline().removeprefix(b"Content-Length: "))
        assert response.readline() == b"\r\n"
        return response.read(size)

    return await asyncio.to_thread(part)


def level(jpeg: bytes) -> int:
    """How bright a picture is."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    assert image.shape == (48, 64)
    return int(image.mean())


async def test_newest_frame(site: Site) -> None:
    site.up()
    site.frames.put(frame(60))
    site.frames.put(frame(120))
    answer = await site.client.get("/cameras/door/frame.jpg")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "no-store"
    bright = level(answer.body)
    site.frames.put(frame(60))
    assert level((await site.client.get("/cameras/door/frame.jpg")).body) < bright - 30


async def test_camera_without_pictures_says_so(site: Site) -> None:
    for name in ("frame.jpg", "live.mjpeg", "live.ts"):
        answer = await site.client.get(f"/cameras/door/{name}")
        assert (answer.status, answer.code) == (503, "camera_offline"), name
        assert answer.headers["Retry-After"] == "5"
        unknown = await site.client.get(f"/cameras/cellar/{name}")
        assert (unknown.status, unknown.code) == (404, "not_found"), name


async def test_mjpeg_shows_every_frame_to_who_keeps_up(site: Site) -> None:
    site.up()
    site.frames.put(frame(40))
    async with watch(site, "/cameras/door/live.mjpeg") as response:
        assert response.headers["Content-Type"] == f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        levels = [level(await next_jpeg(response))]
        for value in (80, 120, 160):
            site.frames.put(frame(value))
            levels.append(level(await next_jpeg(response)))
    assert levels == sorted(set(levels))
    assert len(levels) == 4
    await until(lambda: site.viewers.count == 0)


async def test_mjpeg_ends_with_the_camera(site: Site) -> None:
    site.up()
    site.frames.put(frame(40))
    async with watch(site, "/cameras/door/live.mjpeg") as response:
        await next_jpeg(response)
        site.down()
        assert (await read(response, 1000)).strip() == f"--{BOUNDARY}".encode()


async def test_jpeg_is_made_once_for_everybody() -> None:
    made = 0

    class Counting:
        def encode(self, image: np.ndarray) -> bytes:
            nonlocal made
            made += 1
            return bytes(image.shape)

    class Feed:
        newest: Frame | None = frame(10)

        def watch(self, wake: Callable[[], None]) -> None:
            raise NotImplementedError

        def unwatch(self, wake: Callable[[], None]) -> None:
            raise NotImplementedError

    feed = Feed()
    pictures = Pictures(feed, Counting())
    first = await asyncio.gather(*(pictures.newest() for _ in range(20)))
    assert made == 1
    assert len(set(map(id, first))) == 1
    feed.newest = frame(10)
    await pictures.newest()
    assert made == 2, "another frame, though it looks the same"
    feed.newest = None
    assert await pictures.newest() is None


def video(seconds: int) -> list[Packet]:
    """Packets of a moving picture, a key frame each second."""
    encoder = H264Encoder(64, 48, 10.0, session=1)
    images = (np.full((72, 64), 20 + i, np.uint8) for i in range(seconds * 10))
    return [packet for i, image in enumerate(images) for packet in encoder.encode(image, i / 10)]


async def test_transport_stream_begins_with_a_key_frame_and_ends_with_the_camera(site: Site) -> None:
    site.up()
    packets = video(3)
    site.packets.put(packets[0])
    async with watch(site, "/cameras/door/live.ts") as response:
        assert response.headers["Content-Type"] == "video/mp2t"
        await until(lambda: site.packets._listeners != ())
        for packet in packets[1:]:
            site.packets.put(packet)
        site.down()
        data = await asyncio.to_thread(response.read)
    with av.open(io.BytesIO(data), "r") as container:
        found = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    wanted = [packet.data for packet in packets[10:]]
    assert len(found) == len(wanted)
    assert all(got.endswith(sent) for got, sent in zip(found, wanted, strict=True)), "behind a delimiter, unchanged"


async def test_stream_that_cannot_be_packed_ends_aloud(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.up()
    stream = site.packets._stream
    assert stream is not None
    site.packets._stream = type(stream)(session=1, codec="nonsense", width=8, height=8, time_base=(1, 1000))
    answer = await site.client.get("/cameras/door/live.ts")
    assert (answer.status, answer.body) == (200, b"")
    assert "does not fit into a transport stream" in caplog.text


async def test_camera_that_goes_between_look_and_watch(site: Site) -> None:
    site.up()
    site.packets.close()  # the board has not heard of it yet
    answer = await site.client.get("/cameras/door/live.ts")
    assert (answer.status, answer.body) == (200, b"")


async def test_seats_are_counted_and_freed(site: Site) -> None:
    site.up()
    site.frames.put(frame(40))
    async with AsyncExitStack() as stack:
        for kind in ("mjpeg", "ts", "mjpeg", "ts"):
            await stack.enter_async_context(watch(site, f"/cameras/door/live.{kind}"))
        await until(lambda: site.viewers.count == 4)
        answer = await site.client.get("/cameras/door/live.mjpeg")
        assert (answer.status, answer.code) == (503, "too_many_viewers")
        assert (await site.client.get("/cameras/door/frame.jpg")).status == 200, "one picture needs no seat"
        assert b"porchlight_viewers 4\n" in (await site.client.get("/metrics")).body
    await until(lambda: site.viewers.count == 0)


async def test_everybody_is_sent_away_at_the_end(site: Site) -> None:
    site.up()
    site.frames.put(frame(40))
    async with watch(site, "/cameras/door/live.mjpeg") as first, watch(site, "/cameras/door/live.ts") as second:
        await until(lambda: site.viewers.count == 2)
        async with asyncio.timeout(TIMEOUT_S):
            await site.server.stop()
        for response in (first, second):
            await asyncio.to_thread(response.read)
    assert site.viewers.count == 0


async def test_nobody_is_seated_after_the_end() -> None:
    viewers = Viewers(1)
    viewers.close()
    with pytest.raises(Problem), viewers.seat():
        pass


async def test_last_seat_that_is_taken_meanwhile() -> None:
    async def chunks(_: Seat) -> AsyncGenerator[bytes]:
        yield b"never"

    async def receive() -> Message:
        raise NotImplementedError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    viewers = Viewers(1)
    answer = LiveAnswer(viewers, chunks, "video/mp2t")
    with viewers.seat():
        await answer({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    assert sent[0]["status"] == 503
    assert b"too_many_viewers" in sent[1]["body"]


def test_waking_somebody_whose_loop_has_ended_is_no_fault() -> None:
    async def sit() -> Seat:
        return Seat()

    asyncio.run(sit()).wake()
