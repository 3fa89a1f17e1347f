"""Cameras and files that FFmpeg reads: RTSP over TCP, HTTP (MJPEG, MPEG-TS), V4L2, video files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

import av
from av.container import InputContainer

from edge_detector.capture.demux import Terms
from edge_detector.capture.faults import opening_fault
from edge_detector.capture.session import Session
from edge_detector.capture.sparing import Thrift
from edge_detector.core.errors import SourceError
from edge_detector.core.masking import masked_url
from edge_detector.core.types import Frame, Packet, StreamInfo
from edge_detector.ports import Clock, WantsFrame

#: A camera that wakes up needs a few seconds; one that says nothing for this long will not.
OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0

#: Open with the first key frame: looking at 20 pictures for their rate, or at 50 for timestamps, takes seconds.
#: (`fflags=nobuffer` is no help: it throws away the first key frame with all that was read while opening.)
OPEN_AT_ONCE = {"fpsprobesize": "0", "max_ts_probe": "0"}
#: Over TCP no packet is lost; sound is not even asked for.
_RTSP = {"rtsp_transport": "tcp", "allowed_media_types": "video", **OPEN_AT_ONCE}


class ContainerSource:
    """A PacketSource on any FFmpeg container that `connect` opens; the base of the sources that PyAV reads."""

    def __init__(self, terms: Terms, connect: Callable[[], InputContainer]) -> None:
        """`connect` raises FFmpegError or OSError when there is nothing to open."""
        self._terms = terms
        self._connect = connect
        self._session: Session | None = None
        #: Held while FFmpeg works on the container, which must not be released meanwhile.
        self._busy = threading.Lock()
        self._closing = threading.Event()

    def open(self, session: int) -> StreamInfo:
        """Connect; raises SourceError within the open timeout."""
        self.close()
        self._closing.clear()
        with self._busy:
            container = self._connect()
            try:
                self._session = Session(container, session, self._terms)
            except SourceError as error:
                container.close()
                fault = self._explained(error)
                self._release()
                raise fault from error
            return self._session.info

    def read(self, wants: WantsFrame) -> Iterator[Packet | Frame]:
        """Packets in decoding order and the wanted frames; ends without an error after `close`."""
        try:
            while not self._closing.is_set():
                yield from self._step(wants)
        except SourceError as error:
            if not self._closing.is_set():  # it may well be the close that broke the read off
                raise self._explained(error) from error
        finally:
            with self._busy:
                self._release()

    def close(self) -> None:
        """From any thread: a read that goes on ends with its next packet, at the latest with its timeout."""
        self._closing.set()
        if self._busy.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._busy.release()

    @property
    def damaged(self) -> int:
        """How many packets of this session could not be decoded."""
        return 0 if self._session is None else self._session.damaged

    def _step(self, wants: WantsFrame) -> list[Packet | Frame]:
        with self._busy:
            if self._session is None:
                raise SourceError(f"{self._terms.name} is not open")
            return self._session.step(wants)

    def _explained(self, error: SourceError) -> SourceError:
        """The error with what else is known of it."""
        return error

    def _release(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


class PyavSource(ContainerSource):
    """One address: what it sends is recorded as it comes if it is H.264 or H.265, else encoded once."""

    def __init__(  # noqa: PLR0913 - what a source can be told, by name
        self,
        *,
        address: str,
        clock: Clock,
        packets: bool = True,
        frames: bool = True,
        live: bool = True,
        loop: bool = False,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        thrift: Thrift | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """`address` is a URL, a device or a path; `options` are FFmpeg's, over the ones that are set here.

        A file with `live` plays at its own pace as a camera would, from the start again with `loop`; without `live` it
        is read as fast as it goes, and its times are seconds of the video.
        """
        self._address = address
        self._clock = clock
        self._open_timeout_s, self._read_timeout_s = open_timeout_s, read_timeout_s
        self._options = {**_options(address), **(options or {})}
        self._name = masked_url(address)
        self._paced_from: float | None = None
        file = is_file(address)
        terms = Terms(
            name=self._name,
            packets=packets,
            frames=frames,
            live=live,
            finite=file or not live,
            read_timeout_s=read_timeout_s,
            now=clock.now,
            thrift=thrift or Thrift(),
            pace=self._pace if file and live else None,
            loop=loop,
        )
        super().__init__(terms, self._open_container)

    def _open_container(self) -> InputContainer:
        self._paced_from = None
        try:
            return av.open(
                f"file:{self._address}" if is_file(self._address) else self._address,  # its name may hold a colon
                "r",
                format="v4l2" if is_device(self._address) else None,
                options=self._options,
                timeout=(self._open_timeout_s, self._read_timeout_s),
            )
        except (av.FFmpegError, OSError) as error:
            raise opening_fault(self._name, error, self._open_timeout_s) from error

    def _pace(self, due_s: float) -> None:
        """Wait until a file's packet would come from a camera."""
        if self._paced_from is None:
            self._paced_from = self._clock.now() - due_s
        while not self._closing.is_set() and (rest := self._paced_from + due_s - self._clock.now()) > 0:
            self._closing.wait(rest)


def is_device(address: str) -> bool:
    """Is it a V4L2 device?"""
    return address.startswith("/dev/")


def is_file(address: str) -> bool:
    """Is it a path of a file, rather than a URL or a device?"""
    return "://" not in address and not is_device(address)


def _options(address: str) -> dict[str, str]:
    if address.startswith(("rtsp://", "rtsps://")):
        return dict(_RTSP)
    if address.startswith(("http://", "https://")):
        return dict(OPEN_AT_ONCE)
    return {}
