"""The motion gate: what changed against a running background, on a small copy of the luma plane alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detector.core.boxes import union
from edge_detector.core.types import Box, Motion, Yuv

#: The picture is looked at with at most this many lines: a person of 40 pixels in 1080 is then 8 lines high and 3
#: pixels wide, which noise hardly ever is, and one at a door 20 to 200.
_LINES = 216
#: What must change, as a share of the picture's own contrast (its 4th to 96th percentile): a person far off is thin and
#: blurred, so it is little...
_CONTRAST_SHARE = 0.06
_CONTRAST_QUANTILES = (0.04, 0.96)
#: ...but at least so many levels, since codecs make a flat picture breathe with every key frame...
_FLOOR_LEVELS = 8.0
#: ...and at least so many standard deviations of the noise, which leaves none of 80 000 quiet pixels above it.
_NOISE_SIGMAS = 5.5
#: The noise is read off the middle of the differences of two pictures in a row: neither a person before the lens nor a
#: cloud, which changes all alike, is noise.
_NOISE_QUANTILES = (0.3, 0.7)
#: How far these quantiles of the difference of two pixels with normal noise lie apart, in standard deviations of one.
_NOISE_SPREAD_SIGMAS = 2 * 0.5244 * math.sqrt(2)
#: Differences are counted from here, so that those below zero are counted, too.
_MIDDLE = 128
#: From this noise on, in levels, it decides what must change: then each small pixel is the mean of two of the large
#: picture, which costs a reach into memory more and lets far people be seen at night. Below the second, which is what
#: that mean has left of a little less, one will do again.
_DARK_LEVELS = _FLOOR_LEVELS / _NOISE_SIGMAS
_LIGHT_LEVELS = 0.8
#: No camera is as noisy: more is a picture that changes.
_NOISE_MAX_LEVELS = 12.0
#: How fast the noise estimate follows.
_NOISE_TAU_S = 1.0
#: ...and what two pictures may count for at most if they make it more: a cloud that comes between them is no noise.
_NOISE_STEP_S = 0.2
#: Where a pixel's own mean deviation from the background is large, as at leaves, water and a codec's blotches, so many
#: times that deviation must change (5.5 standard deviations of normal noise), but no more than so often the usual.
_UNREST_FACTOR = 6.9
_UNREST_LIMIT = 5.0
_UNREST_TAU_S = 10.0
#: A person who stands there makes their place less sensitive only slowly.
_UNREST_CHANGED_TAU_S = 60.0
#: A single pixel's deviation is itself uncertain: it is averaged over this square.
_UNREST_BLUR = (5, 5)
#: How fast quiet pixels follow the picture: slow enough that a far person walking slowly does not melt into it.
_QUIET_TAU_S = 10.0
#: How fast changed pixels do: who stands there for half a minute leaves no ghost, yet leaves in the wind blur in time.
_CHANGED_TAU_S = 300.0
#: What has changed and held still as a whole for so long is the background now: a parked car. Nobody stands as still.
_STILL_S = 15.0
#: What "still" is measured against follows the picture this fast.
_RECENT_TAU_S = 2.0
#: How fast the background is learned anew while calibrating.
_CALIBRATION_TAU_S = 0.3
#: Calibration lasts at least so long, then ends when less than this share changes, and at the latest after the last.
_CALIBRATION_MIN_S = 1.0
_CALIBRATED_SHARE = 0.05
_CALIBRATION_MAX_S = 5.0
#: Without pictures for so long the background is worth nothing.
_GAP_S = 30.0
#: More than this share changed at once: not a person, but an infra-red switch, a lamp, lightning, a moved camera.
_ALL_SHARE = 0.8
#: More than this changed beyond what a mere change of brightness explains: another scene, however it came about.
_SCENE_SHARE = 0.5
#: A gradual change of brightness is believed within these bounds, and ignored when smaller than the last.
_GAIN_MIN = 0.4
_GAIN_MAX = 2.5
_GAIN_DEAD_BAND = 0.02
#: What a pixel must change by is worked out anew so often, or with every picture while calibrating; and so often is
#: learned from pictures in which nothing moves.
_LEARN_S = 1.0
#: Noise and brightness of the whole are read off every so many lines.
_SOME_LINES = 8
#: The ratio of picture to background is measured in steps of 1 / 64.
_GAIN_STEPS = 64
#: Smaller blobs, as their outline through the middles of the grown pixels encloses, are nothing: a single pixel has 4,
#: a person at a tenth of the picture's height about 150.
_MIN_BLOB_AREA = 12
#: Blobs nearer than this share of the picture belong together: the parts of one person.
_JOIN_GAP = 0.03
#: So few changed pixels never make a blob of that area, wherever they lie.
_NO_BLOB_PIXELS = 2
#: More blobs than this are leaves or rain: the largest will do.
_MAX_BLOBS = 12


#: Blobs grow by a pixel each way, which closes the cracks in them.
_GROWTH = np.ones((3, 3), dtype=np.uint8)

Small = NDArray[np.uint8]
Levels = NDArray[np.float32]


@dataclass(slots=True)
class _Memory:
    """What the gate remembers of the small picture, in luma levels."""

    #: As it is without anything that moves.
    background: Levels
    #: As it was over the last seconds.
    recent: Levels
    #: As it was last.
    previous: Small
    #: Seconds for which a changed pixel has held still.
    still_s: Levels
    #: The mean deviation from the background around each pixel.
    unrest: Levels
    #: The background in whole levels.
    plain: Small
    #: How many levels each pixel must change by to count.
    threshold: Small
    threshold_t: float
    #: Of this picture and of the last that the background was learned from.
    t: float
    learned_t: float
    calibrating_since: float | None
    #: Standard deviation of a pixel that shows the same thing; 0 before the second picture.
    noise: float = 0.0
    #: The small picture is made of two pixels for each.
    dark: bool = False

    def take_time(self) -> float:
        """Seconds since the background was learned last, which is now."""
        dt, self.learned_t = self.t - self.learned_t, self.t
        return dt


class MotionGate:
    """Says where the picture of one camera changes; the same pictures at the same times give the same answers."""

    def __init__(self, ignore: Sequence[Sequence[tuple[float, float]]] = ()) -> None:
        """Start without a background; `ignore` are polygons in 0..1 of the frame in which nothing counts."""
        self._ignore = tuple(np.array(polygon, dtype=np.float64) for polygon in ignore)
        self._ignored: Small | None = None
        self._memory: _Memory | None = None

    def update(self, luma: Yuv, t: float) -> Motion:
        """Compare a luma plane (height, width) with the background, and learn from it; the score is the changed share.

        The first pictures calibrate, and those after a change of the whole picture.
        """
        memory = self._memory
        small = _shrink(luma, dark=memory is not None and memory.dark)
        if memory is None or memory.background.shape != small.shape or not 0 <= t - memory.t <= _GAP_S:
            return self._start(luma, t)
        difference, beyond = _change(memory.plain, small, memory.threshold)
        pixels = cv2.countNonZero(beyond)
        if pixels > _ALL_SHARE * beyond.size:
            return self._start(luma, t)
        dt, memory.t = t - memory.t, t
        quiet = pixels <= _NO_BLOB_PIXELS and memory.calibrating_since is None
        motion = _rest(memory, small, difference) if quiet else self._look(memory, small, dt)
        memory.previous = small
        _adapt(memory, luma)
        return motion

    def _look(self, memory: _Memory, small: Small, dt: float) -> Motion:
        """Something changed: the light, or something moves."""
        _learn_noise(memory, small, dt)
        _follow_light(memory, small)
        threshold, t = memory.threshold, memory.t
        difference, beyond = _change(memory.plain, small, threshold)
        if memory.calibrating_since is not None or t - memory.threshold_t >= _LEARN_S:
            _settle_threshold(memory)  # from the next picture on: noise that this one brings along must not hide it
        if self._ignored is not None:
            beyond[self._ignored > 0] = 0
        share = cv2.countNonZero(beyond) / beyond.size
        if share > _SCENE_SHARE and memory.calibrating_since is None:
            memory.calibrating_since = t
        if memory.calibrating_since is not None:
            _calibrate(memory, small, difference, share)
            return Motion(t=t, score=share, calibrating=True)
        restless = _marked(_change(_plain(memory.recent), small, threshold)[1])
        regions = _learn(memory, small, difference, _marked(beyond))
        _settle(memory, restless, regions)
        return Motion(t=t, score=share if regions else 0.0, regions=regions)

    def _start(self, luma: Yuv, t: float) -> Motion:
        """Forget all that was known."""
        small = _shrink(luma)
        self._memory = _remember(small, t)
        self._ignored = _drawn(self._ignore, small.shape) if self._ignore else None
        return Motion(t=t, score=0.0, calibrating=True)


def _remember(small: Small, t: float) -> _Memory:
    levels = small.astype(np.float32)
    unrest = np.zeros_like(levels)
    return _Memory(
        background=levels,
        recent=levels.copy(),
        previous=small,
        still_s=np.zeros_like(levels),
        unrest=unrest,
        plain=small,
        threshold=_threshold(small, unrest, 0.0),
        threshold_t=t,
        t=t,
        learned_t=t,
        calibrating_since=t,
    )


def _drawn(polygons: Sequence[NDArray[np.float64]], shape: tuple[int, ...]) -> Small:
    """The polygons filled with 1."""
    size = np.array(shape[::-1])
    picture = np.zeros(shape, dtype=np.uint8)
    for polygon in polygons:
        cv2.fillPoly(picture, [np.round(polygon * size).astype(np.int32)], (1,))
    return picture


def _shrink(luma: Yuv, *, dark: bool = False) -> Small:
    """The plane with few lines by taking every n-th pixel in place, or two of them, with the noise smoothed."""
    step = math.ceil(luma.shape[0] / _LINES)
    small = luma[step // 2 :: step, step // 2 :: step]
    if dark:
        lines, columns = small.shape
        small = cv2.addWeighted(small, 0.5, luma[::step, ::step][:lines, :columns], 0.5, 0).astype(np.uint8)
    return np.asarray(cv2.blur(small, (3, 3)), dtype=np.uint8)


def _adapt(memory: _Memory, luma: Yuv) -> None:
    """Make the small picture of as many pixels as the noise asks for from now on; what is known moves over."""
    dark = memory.noise > (_LIGHT_LEVELS if memory.dark else _DARK_LEVELS)
    if dark is memory.dark:
        return
    small = _shrink(luma, dark=dark)
    change = cv2.subtract(small, memory.previous, dtype=cv2.CV_32F)
    memory.background += change
    memory.recent += change
    memory.plain = _plain(memory.background)
    memory.previous, memory.dark = small, dark


def _weight(dt: float, tau: float) -> float:
    """The share of the new in a running mean with the time constant `tau`."""
    return 1 - math.exp(-dt / tau)


def _change(before: Small, small: Small, threshold: Small) -> tuple[Small, Small]:
    """The difference to what was before, and by how much it is more than it must be."""
    difference = np.asarray(cv2.absdiff(small, before), dtype=np.uint8)
    return difference, np.asarray(cv2.subtract(difference, threshold), dtype=np.uint8)


def _marked(beyond: Small) -> Small:
    """1 where there is anything, else 0."""
    return np.asarray(cv2.threshold(beyond, 0, 1, cv2.THRESH_BINARY)[1], dtype=np.uint8)


def _plain(levels: Levels) -> Small:
    return np.asarray(cv2.convertScaleAbs(levels), dtype=np.uint8)


def _quantiles(levels: Small, *shares: float) -> list[float]:
    """The levels below which these shares of the pixels lie, to a fraction of a level."""
    histogram = np.asarray(cv2.calcHist([levels], [0], None, [256], [0, 256]), dtype=np.float32).ravel()
    up_to = np.asarray(np.cumsum(histogram), dtype=np.float32)
    return [_quantile(histogram, up_to, share * float(up_to[-1])) for share in shares]


def _quantile(histogram: Levels, up_to: Levels, below: float) -> float:
    """The level below which so many pixels lie; within a bin they are spread evenly."""
    n = int(up_to.searchsorted(below, side="right"))
    low, high = max(n - 0.5, 0.0), n + 0.5
    return high - (high - low) * (float(up_to[n]) - below) / float(histogram[n])


def _rest(memory: _Memory, small: Small, difference: Small) -> Motion:
    """Nothing changed but for the noise: learn from it now and then."""
    if memory.t - memory.learned_t >= _LEARN_S:
        _learn_noise(memory, small, memory.t - memory.learned_t)
        _learn_quiet(memory, small, difference)
        _settle_threshold(memory)
    return Motion(t=memory.t, score=0.0)


def _learn_noise(memory: _Memory, small: Small, dt: float) -> None:
    """Learn the noise from the picture before; `dt` is how long ago it was last learned."""
    lines = np.s_[::_SOME_LINES]
    step = cv2.addWeighted(small[lines], 1, memory.previous[lines], -1, _MIDDLE)
    low, high = _quantiles(np.asarray(step, dtype=np.uint8), *_NOISE_QUANTILES)
    noise = min((high - low) / _NOISE_SPREAD_SIGMAS, _NOISE_MAX_LEVELS)
    dt = dt if noise < memory.noise else min(dt, _NOISE_STEP_S)
    memory.noise += (noise - memory.noise) * (_weight(dt, _NOISE_TAU_S) if memory.noise else 1.0)


def _follow_light(memory: _Memory, small: Small) -> None:
    """Bring the background to this picture's brightness.

    The brightness is the median of the ratio of both, which whatever moves does not sway.
    """
    lines = np.s_[::_SOME_LINES]
    ratio = cv2.divide(small[lines], memory.background[lines], scale=_GAIN_STEPS, dtype=cv2.CV_8U).astype(np.uint8)
    gain = min(max(_quantiles(ratio, 0.5)[0] / _GAIN_STEPS, _GAIN_MIN), _GAIN_MAX)
    if abs(gain - 1) > _GAIN_DEAD_BAND:
        memory.background *= np.float32(gain)
        memory.plain = _plain(memory.background)


def _settle_threshold(memory: _Memory) -> None:
    memory.threshold, memory.threshold_t = _threshold(memory.plain, memory.unrest, memory.noise), memory.t


def _threshold(plain: Small, unrest: Levels, noise: float) -> Small:
    """How many levels each pixel must change by to count, as whole ones: differences are."""
    low, high = _quantiles(plain, *_CONTRAST_QUANTILES)
    usual = max(_FLOOR_LEVELS, _CONTRAST_SHARE * (high - low), _NOISE_SIGMAS * noise)
    needed = np.clip(unrest * np.float32(_UNREST_FACTOR), usual, usual * _UNREST_LIMIT)
    return np.asarray(needed, dtype=np.uint8)


def _calibrate(memory: _Memory, small: Small, difference: Small, share: float) -> None:
    """Learn the whole picture fast, until it holds still."""
    weight = _weight(memory.take_time(), _CALIBRATION_TAU_S)
    cv2.accumulateWeighted(small, memory.background, weight)
    cv2.accumulateWeighted(small, memory.recent, weight)
    cv2.accumulateWeighted(cv2.blur(difference, _UNREST_BLUR), memory.unrest, weight)
    memory.plain = _plain(memory.background)
    lasted = memory.t - (memory.calibrating_since or 0.0)
    if lasted >= _CALIBRATION_MAX_S or (lasted >= _CALIBRATION_MIN_S and share < _CALIBRATED_SHARE):
        memory.calibrating_since = None


def _learn_quiet(memory: _Memory, small: Small, difference: Small) -> None:
    """What `_learn` does when nothing moves, for a third of the work."""
    dt = memory.take_time()
    cv2.accumulateWeighted(small, memory.recent, _weight(dt, _RECENT_TAU_S))
    cv2.accumulateWeighted(small, memory.background, _weight(dt, _QUIET_TAU_S))
    cv2.accumulateWeighted(cv2.blur(difference, _UNREST_BLUR), memory.unrest, _weight(dt, _UNREST_TAU_S))
    memory.still_s.fill(0)
    memory.plain = _plain(memory.background)


def _learn(memory: _Memory, small: Small, difference: Small, changed: Small) -> tuple[Box, ...]:
    """Where something moves; the background follows the picture, where that changed only very slowly."""
    dt = memory.take_time()
    grown = np.asarray(cv2.dilate(changed, _GROWTH), dtype=np.uint8)
    regions = _joined(_blobs(grown))
    if not regions:
        grown.fill(0)  # what is too small to be anything is quiet
    quiet = 1 - grown
    cv2.accumulateWeighted(small, memory.recent, _weight(dt, _RECENT_TAU_S))
    cv2.accumulateWeighted(small, memory.background, _weight(dt, _QUIET_TAU_S), mask=quiet)
    cv2.accumulateWeighted(small, memory.background, _weight(dt, _CHANGED_TAU_S), mask=grown)
    unrest = cv2.blur(difference, _UNREST_BLUR)
    cv2.accumulateWeighted(unrest, memory.unrest, _weight(dt, _UNREST_TAU_S), mask=quiet)
    cv2.accumulateWeighted(unrest, memory.unrest, _weight(dt, _UNREST_CHANGED_TAU_S), mask=grown)
    memory.still_s = (memory.still_s + np.float32(dt)) * grown
    return regions


def _settle(memory: _Memory, restless: Small, regions: Sequence[Box]) -> None:
    """Take what has held still for long into the background; whoever moves a hand has not held still."""
    height, width = restless.shape
    for box in regions:
        part = np.s_[round(box.y1 * height) : round(box.y2 * height), round(box.x1 * width) : round(box.x2 * width)]
        if restless[part].any():
            memory.still_s[part] = 0
    np.copyto(memory.background, memory.recent, where=memory.still_s > _STILL_S)
    memory.plain = _plain(memory.background)


def _blobs(grown: Small) -> list[Box]:
    """The largest blobs of changed pixels, as boxes in 0..1 of the frame."""
    outlines, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    sized = [(cv2.contourArea(outline), *cv2.boundingRect(outline)) for outline in outlines]
    largest = sorted((blob for blob in sized if blob[0] >= _MIN_BLOB_AREA), reverse=True)[:_MAX_BLOBS]
    height, width = grown.shape
    return [Box(x / width, y / height, (x + w) / width, (y + h) / height) for _, x, y, w, h in largest]


def _joined(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Boxes that lie near each other as one, until none do."""
    joined: list[Box] = []
    for box in boxes:
        grown = box
        while near := [other for other in joined if _near(grown, other)]:
            joined = [other for other in joined if other not in near]
            for other in near:
                grown = union(grown, other)
        joined.append(grown)
    return tuple(joined)


def _near(a: Box, b: Box) -> bool:
    gap_x = max(a.x1, b.x1) - min(a.x2, b.x2)
    gap_y = max(a.y1, b.y1) - min(a.y2, b.y2)
    return max(gap_x, gap_y) <= _JOIN_GAP
