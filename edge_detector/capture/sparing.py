"""Decodes of a stream what has to be decoded: in hardware where that works, little where nobody is or time is short."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from av.video.stream import VideoStream

from edge_detector.capture.decode import AvPacket, Picture, PictureDecoder, hasty
from edge_detector.capture.hardware import Codec, OpenHardware, no_hardware
from edge_detector.capture.stamps import Stamp
from edge_detector.core.errors import SourceError
from edge_detector.core.thrift import IdleDecode, KeyframeRule

_LOG = logging.getLogger(__name__)

#: Packets since a key frame that are kept to be decoded later; of more, the next key frame is waited for.
_KEPT_PACKETS = 600
_KEPT_BYTES = 16 * 1024 * 1024
#: A decoder in hardware that took so many packets and gave no picture does not work.
_SILENT_PACKETS = 40
#: Every picture of these codecs stands alone.
_INTRA = frozenset({"mjpeg"})


def never(_: float) -> bool:
    """Somebody may always be there; any picture may be wanted."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrift:
    """What need not be decoded, and by what."""

    idle_decode: IdleDecode = IdleDecode.ALL
    #: Has nothing moved, and was nobody there, until a packet of this time? Asked for every packet.
    idle: Callable[[float], bool] = never
    #: Will a picture at this time surely not be wanted?
    spare: Callable[[float], bool] = never
    hardware: OpenHardware = no_hardware


class Timed(NamedTuple):
    """A packet with its place in time."""

    packet: AvPacket
    stamp: Stamp
    t: float


class Kept:
    """The packets since the last key frame, up to a limit."""

    def __init__(self) -> None:
        self.packets: list[Timed] = []
        #: There were too many: nothing can be decoded before the next key frame.
        self.broken = False
        self._bytes = 0

    def clear(self) -> None:
        """Begin anew."""
        self.packets, self.broken, self._bytes = [], False, 0

    def give_up(self) -> None:
        """Decode nothing before the next key frame."""
        self.packets, self.broken = [], True

    def add(self, timed: Timed) -> None:
        """Keep a packet, unless one before it is missing."""
        self._bytes += timed.packet.size
        if self.broken or len(self.packets) >= _KEPT_PACKETS or self._bytes > _KEPT_BYTES:
            self.give_up()
        else:
            self.packets.append(timed)


class SparingDecoder:
    """One stream's decoder; skipped packets are decoded later when it turns out that they are needed."""

    def __init__(self, stream: VideoStream, *, name: str, counted: bool, thrift: Thrift) -> None:
        """`name` stands in messages; `counted`: the stream has no timestamps, its pictures are timed as they come."""
        self._software = software = stream.codec_context
        software.thread_type, software.thread_count = "SLICE", 1
        self._name = name
        self._thrift = thrift
        self._rule = KeyframeRule(IdleDecode.ALL if software.name in _INTRA else thrift.idle_decode)
        hardware = None if counted and software.has_b_frames else thrift.hardware(software)
        self._decoder = PictureDecoder(
            hardware or software,
            size=(software.width, software.height),
            name=name,
            counted=counted and hardware is None,
            strict=hardware is not None,
        )
        self._hardware = hardware is not None
        self._counted = counted
        #: For key frames while nobody is there.
        self._hasty: Codec | None = None
        #: What was skipped since the last key frame, with that; in hardware what was decoded since, too.
        self._kept = Kept()
        self._silent = 0

    @property
    def damaged(self) -> int:
        """Packets that could not be decoded."""
        return self._decoder.damaged

    @property
    def may_hurry(self) -> bool:
        """Can it do with key frames? Not in hardware, which has all of them decoded, nor where each picture is one."""
        return not self._hardware and self._software.name not in _INTRA

    def decode(self, packet: AvPacket, stamp: Stamp, t: float, *, behind: bool = False) -> Iterator[Picture]:
        """The pictures that are ready after this packet, in the order they are shown, each later than the last.

        `behind`: there is no time to decode all of them; asked for where it `may_hurry` alone.
        """
        timed = Timed(packet, stamp, t)
        if self._hardware:
            return self._in_hardware(timed)
        self._rule.see(t, keyframe=packet.is_keyframe)
        if packet.is_keyframe and (self._kept.packets or self._kept.broken):
            self._decoder.reset()
            self._kept.clear()
        if self._rule.enough(idle=self._thrift.idle(t)):
            return self._passed_over(timed)
        if behind:
            return self._left_behind(timed)
        if self._kept.packets or self._kept.broken:
            return self._catch_up(timed)
        return self._at_once(timed)

    def drain(self) -> Iterator[Picture]:
        """The pictures that are still in the decoder at the end of the stream; it begins anew with a key frame."""
        yield from self._decoder.drain()
        self._decoder.reset()
        self._kept.clear()

    def _at_once(self, timed: Timed) -> Iterator[Picture]:
        """What nobody refers to need not be decoded when nobody wants to see it."""
        spare = self._thrift.spare(timed.t)
        if spare and self._software.name in _INTRA:
            return
        # Where pictures are put in order, one that is left out keeps those after it waiting.
        self._skip(unreferenced=spare and not self._software.has_b_frames)
        yield from self._decoder.decode(*timed)

    def _passed_over(self, timed: Timed) -> Iterator[Picture]:
        """Nobody is there: of a key frame a glance is enough, and of others nothing, until somebody comes."""
        self._kept.add(timed)
        if timed.packet.is_keyframe and not self._thrift.spare(timed.t):
            self._hasty = self._hasty or hasty(self._software)
            yield from self._decoder.glance(self._hasty, *timed)

    def _left_behind(self, timed: Timed) -> Iterator[Picture]:
        """Pictures between key frames would be seen too late: they are never decoded."""
        self._kept.give_up()
        if timed.packet.is_keyframe:
            yield from self._decoder.alone(*timed)

    def _catch_up(self, timed: Timed) -> Iterator[Picture]:
        """Somebody is there: decode what was skipped, for the sake of the newest picture alone."""
        if not self._kept.broken:
            self._skip(unreferenced=not self._software.has_b_frames)
            for skipped in self._kept.packets:
                self._decoder.decode(*skipped)
            self._kept.clear()
            yield from self._at_once(timed)

    def _skip(self, *, unreferenced: bool) -> None:
        wanted: Literal["NONREF", "DEFAULT"] = "NONREF" if unreferenced else "DEFAULT"
        if self._software.skip_frame != wanted:
            self._software.skip_frame = wanted

    def _in_hardware(self, timed: Timed) -> Iterator[Picture]:
        if timed.packet.is_keyframe:
            self._kept.clear()
        self._kept.add(timed)
        try:
            pictures = self._decoder.decode(*timed)
        except SourceError as error:
            return self._in_software(str(error))
        self._silent = 0 if pictures else self._silent + 1
        return iter(pictures) if self._silent < _SILENT_PACKETS else self._in_software("it gives no pictures")

    def _in_software(self, reason: str) -> Iterator[Picture]:
        """Decode anew what came since the last key frame; pictures that were shown are not shown again."""
        _LOG.warning("%s is decoded in software from now on, not in hardware: %s", self._name, reason)
        self._hardware = False
        self._decoder.replace(self._software, counted=self._counted)
        if self._kept.broken:
            return
        kept = self._kept.packets
        self._kept.clear()
        for timed in kept:
            yield from self._decoder.decode(*timed)
