"""Picks the source for an address."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit
from urllib.request import url2pathname

from edge_detector.capture.pyav import OPEN_TIMEOUT_S, READ_TIMEOUT_S, PyavSource, is_file
from edge_detector.capture.rpicam import RpicamSource, parse_settings
from edge_detector.capture.scene import SceneSource
from edge_detector.capture.sparing import Thrift
from edge_detector.core.errors import SourceError
from edge_detector.core.masking import masked_url
from edge_detector.ports import Clock, PacketSource

_PYAV_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https"})


def open_source(  # noqa: PLR0913 - what a source can be told, by name
    address: str,
    *,
    clock: Clock,
    packets: bool = True,
    frames: bool = True,
    live: bool = True,
    loop: bool = False,
    open_timeout_s: float = OPEN_TIMEOUT_S,
    read_timeout_s: float = READ_TIMEOUT_S,
    thrift: Thrift | None = None,
) -> PacketSource:
    """The source of an address; nothing is opened yet, but an address that cannot be right raises SourceError.

    `rtsp(s)://`, `http(s)://`, a path or `file://`, `/dev/video0?input_format=mjpeg&framerate=15` with FFmpeg's options
    for V4L2, `rpicam://?width=1280&fps=15`, `scene://door?people=2`. `live`, `loop`: see PyavSource.
    `thrift`: what need not be decoded.
    """
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    if parts.scheme == "scene":
        return SceneSource(address=address, clock=clock, live=live, packets=packets, frames=frames)
    if parts.scheme == "rpicam":
        return RpicamSource(
            clock=clock,
            settings=parse_settings(query),
            packets=packets,
            frames=frames,
            open_timeout_s=open_timeout_s,
            read_timeout_s=read_timeout_s,
            thrift=thrift,
        )
    options: dict[str, str] = {}
    if parts.scheme == "file":
        address = url2pathname(parts.path)
    elif address.startswith("/dev/"):
        address, options = parts.path, query
    elif parts.scheme not in _PYAV_SCHEMES and not is_file(address):
        name = masked_url(address)
        raise SourceError(f"{name} has a scheme that is not known; use rtsp://, http://, rpicam:// or a path")
    return PyavSource(
        address=address,
        clock=clock,
        packets=packets,
        frames=frames,
        live=live,
        loop=loop,
        open_timeout_s=open_timeout_s,
        read_timeout_s=read_timeout_s,
        thrift=thrift,
        options=options,
    )


def is_finite(address: str) -> bool:
    """Does the address name something that has an end: a file?"""
    return urlsplit(address).scheme == "file" or is_file(address)
