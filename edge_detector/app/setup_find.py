"""Finds what the wizard offers: cameras of this machine and of the network, and a broker that listens."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from edge_detector.capture import discover, onvif
from edge_detector.capture.jpeg import JpegEncoder
from edge_detector.capture.onvif import Login, NetworkCamera, Streams, video_streams, with_login
from edge_detector.core.picture import shown
from edge_detector.core.types import Frame

__all__ = ["Login", "NetworkCamera", "Streams", "find", "jpeg", "listening", "video_streams", "with_login"]

#: Where a broker is in most homes: that of Home Assistant's add-on, then one beside this program.
BROKERS = ("homeassistant.local:1883", "127.0.0.1:1883")
#: Name and connection of one that is there take milliseconds; mDNS may ask twice.
CONNECT_S = 2.0

#: The main stream's path by a word of the maker's or model's name; from their manuals.
PATHS = {
    "amcrest": "/cam/realmonitor?channel=1&subtype=0",
    "axis": "/axis-media/media.amp",
    "dahua": "/cam/realmonitor?channel=1&subtype=0",
    "hikvision": "/Streaming/Channels/101",
    "reolink": "/h264Preview_01_main",
    "tapo": "/stream1",
    "tp-link": "/stream1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cameras:
    """Those that were found."""

    here: list[discover.Found]
    network: list[NetworkCamera]


def find() -> Cameras:
    """Look everywhere at once; takes as long as the network is listened to."""
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="setup-find") as pool:
        network = pool.submit(onvif.network_cameras)
        here = [*discover.pi_cameras(), *discover.usb_cameras()]
        return Cameras(here=here, network=network.result())


def likely_path(name: str) -> str:
    """The path of the video of a camera whose name holds its brand."""
    return next((path for brand, path in PATHS.items() if brand in name.lower()), "/stream1")


def listening(candidates: Sequence[str] = BROKERS) -> str | None:
    """The first of these brokers that somebody listens at."""
    with ThreadPoolExecutor(max_workers=len(candidates), thread_name_prefix="setup-broker") as pool:
        found = pool.map(_listens, candidates)
        return next((address for address, there in zip(candidates, found, strict=True) if there), None)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), CONNECT_S):
            return True
    except OSError:
        return False


def jpeg(frame: Frame) -> bytes:
    """The picture as a file."""
    return JpegEncoder().encode(shown(frame))
