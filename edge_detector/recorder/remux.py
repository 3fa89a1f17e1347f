"""From the fragmented file to the clip: the same packets, with the index in front, so that it plays while it loads."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import av

from edge_detector.recorder.fragments import Scan, tag_for_players

#: What is to be known of a clip stands in its header: FFmpeg need not decode its first pictures to find it out, which
#: takes longer than to copy all of its packets.
READ_HEADER = {"skip_frame": "all"}
#: Room for the index of a long clip beside the packets themselves.
_INDEX_MARGIN_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """What a clip's own header says."""

    width: int
    height: int
    ticks_per_s: int
    comment: str


def describe(path: Path) -> Movie:
    """Read a clip's header; raises OSError, av.FFmpegError, or ValueError when it tells of no video."""
    with av.open(str(path), options=dict(READ_HEADER)) as container:
        if not container.streams.video:
            raise ValueError("its header is damaged")
        track = container.streams.video[0]
        return Movie(
            width=track.codec_context.width,
            height=track.codec_context.height,
            ticks_per_s=track.time_base.denominator,
            comment=container.metadata.get("comment", ""),
        )


def remux(source: Path, target: Path, *, movie: Movie, expected: Scan) -> None:
    """Copy all packets to a durable, seekable MP4; raises OSError or av.FFmpegError, ValueError if any was lost.

    Equal input gives equal bytes.
    """
    _require_room(source)
    options = {
        "movflags": "faststart",
        "video_track_timescale": str(movie.ticks_per_s),
        "fflags": "+bitexact",
    }
    count = payload = 0
    with (
        av.open(str(source), options=dict(READ_HEADER)) as container,
        av.open(str(target), "w", format="mp4", options=options) as out,
    ):
        track = out.add_stream_from_template(container.streams.video[0], opaque=True)
        tag_for_players(track)
        out.metadata["comment"] = movie.comment
        for packet in container.demux(video=0):
            if packet.size:
                count += 1
                payload += packet.size
                _begin_at_zero(packet, expected.start)
                packet.stream = track
                out.mux(packet)
    if (count, payload) != (len(expected.samples), expected.payload):
        raise ValueError(f"only {count} of {len(expected.samples)} packets were copied")


def _begin_at_zero(packet: av.Packet[av.VideoStream], start: int) -> None:
    if packet.pts is not None and packet.dts is not None:
        packet.pts -= start
        packet.dts -= start


def _require_room(path: Path) -> None:
    disk = os.statvfs(path)
    if disk.f_bavail * disk.f_frsize < path.stat().st_size + _INDEX_MARGIN_BYTES:
        raise OSError(errno.ENOSPC, "no room for a second copy")
