"""Live pictures for a bounded number of viewers; a slow one misses pictures and holds up nobody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, closing, contextmanager, suppress
from functools import partial
from http import HTTPStatus

from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from edge_detector.core import picture
from edge_detector.core.errors import RecordError
from edge_detector.core.types import Frame, StreamInfo
from edge_detector.ports import ImageEncoder
from edge_detector.web.problems import Problem
from edge_detector.web.sources import CameraSource, FrameFeed, Muxer, Wake

_LOG = logging.getLogger(__name__)

#: Plenty for a household, and for a Pi's upstream.
VIEWERS_LIMIT = 32
#: Parts one JPEG from the next.
BOUNDARY = "porchlight"
_NEXT = f"\r\n--{BOUNDARY}\r\n".encode()


def offline(camera: str) -> Problem:
    """There is nothing to see."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "camera_offline", f"Camera {camera} delivers no pictures now")


class Seat:
    """One viewer's place: what wakes it, and whether it has to go."""

    def __init__(self) -> None:
        """Needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self.closed = False

    def wake(self) -> None:
        """From any thread: there is something new."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._news.set)

    async def news(self) -> bool:
        """Wait for something new; False when it is time to go."""
        await self._news.wait()
        self._news.clear()
        return not self.closed

    def close(self) -> None:
        """Send the viewer away."""
        self.closed = True
        self._news.set()


class Viewers:
    """Gives seats to those who look on."""

    def __init__(self, limit: int = VIEWERS_LIMIT) -> None:
        """At most `limit` at a time."""
        self._limit = limit
        self._seats: set[Seat] = set()
        self._closed = False

    @property
    def count(self) -> int:
        """How many look on now."""
        return len(self._seats)

    def check(self) -> None:
        """Raise Problem when no seat is free."""
        if self._closed or len(self._seats) >= self._limit:
            message = f"{self._limit} viewers look on already, as many as are let in"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_viewers", message)

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """Take a seat; raises Problem when none is free."""
        self.check()
        seat = Seat()
        self._seats.add(seat)
        try:
            yield seat
        finally:
            self._seats.discard(seat)

    def close(self) -> None:
        """Send everybody away, and let nobody in."""
        self._closed = True
        for seat in self._seats:
            seat.close()


class LiveAnswer(Response):
    """A response without an end, for as long as somebody takes it."""

    def __init__(self, viewers: Viewers, chunks: Callable[[Seat], AsyncGenerator[bytes]], media_type: str) -> None:
        """`chunks` yields what to send; raises Problem when there is no seat."""
        super().__init__(media_type=media_type)
        viewers.check()
        self._viewers = viewers
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the viewer, the camera or the program goes."""
        try:
            with self._viewers.seat() as seat:
                async with aclosing(self._chunks(seat)) as chunks:
                    await StreamingResponse(chunks, media_type=self.media_type)(scope, receive, send)
        except Problem as problem:  # the last seat went between check and call
            await problem.answer(scope, receive, send)


class Pictures:
    """The newest frame of a camera as a JPEG, made when somebody asks, once a frame."""

    def __init__(self, frames: FrameFeed, encoder: ImageEncoder) -> None:
        self._frames = frames
        self._encoder = encoder
        self._making = asyncio.Lock()
        self._made: tuple[Frame, bytes] | None = None

    async def newest(self) -> tuple[Frame, bytes] | None:
        """The newest frame and its JPEG; None while there is none."""
        async with self._making:
            frame = self._frames.newest
            if frame is None:
                self._made = None
            elif self._made is None or self._made[0] is not frame:
                self._made = frame, await asyncio.to_thread(self._encode, frame)
            return self._made

    def _encode(self, frame: Frame) -> bytes:
        return self._encoder.encode(picture.shown(frame))


async def mjpeg(camera: CameraSource, pictures: Pictures, seat: Seat) -> AsyncGenerator[bytes]:
    """One JPEG after the other, each as new as it can be when the viewer is ready for it."""
    shown: Frame | None = None
    wake: Wake = seat.wake
    camera.frames.watch(wake)
    wake()  # there may be a frame already
    try:
        yield _NEXT[2:]
        while await seat.news():
            made = await pictures.newest()
            if made is None:
                return
            frame, jpeg = made
            if frame is not shown:
                shown = frame
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
                # With the boundary behind it, for a browser shows a picture only when it knows that it is over.
                yield head + jpeg + _NEXT
    finally:
        camera.frames.unwatch(wake)


async def transport_stream(
    camera: CameraSource, open_muxer: Callable[[StreamInfo], Muxer], seat: Seat
) -> AsyncGenerator[bytes]:
    """The camera's own packets from the next key frame on, until its stream ends."""
    listener = camera.packets.listen(seat.wake)
    if listener is None:
        return
    try:
        with closing(open_muxer(listener.stream)) as muxer:
            while await seat.news():
                for packet in listener.take():
                    yield muxer.add(packet)
                if listener.ended:
                    return
    except RecordError as error:
        _LOG.warning("%s: %s", camera.name, error)
    finally:
        listener.leave()


def mjpeg_answer(viewers: Viewers, camera: CameraSource, pictures: Pictures) -> LiveAnswer:
    """The response of `live.mjpeg`; raises Problem."""
    if camera.frames.newest is None:
        raise offline(camera.name)
    return LiveAnswer(viewers, partial(mjpeg, camera, pictures), f"multipart/x-mixed-replace; boundary={BOUNDARY}")
