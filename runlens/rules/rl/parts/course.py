"""The course of a reward or another measure of a policy: how far it fell from its best, and what rises and stays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.stats.robust import MAD_TO_SIGMA, Floats, median, quantile

BLOCKS = 40
"""Blocks of a long log."""
LEAST = 3
"""Points of a block in a short one."""
MANY = 30
"""Blocks from which the scatter of every other one is taken too: of fewer, a change of level moves too many."""
FEW = 15.0
"""Blocks by which the noise of a short log is uncertain itself."""
WILD = 0.005
"""Values beyond this share at each end count as that quantile: one episode of -100,000 is none of the policy's."""
GAP = 0.2
"""A rise happens within this share of the log: what grows all along, as a KL does by design, is none."""
MOST = 0.15
"""A fall lasts from where less than this part of it was lost to where less is left."""
BACK = 0.75
"""Part of a fall that must be made up again for it to be over."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """A series as a short row of levels."""

    level: Floats
    """(k,) float64."""
    first: npt.NDArray[np.int64]
    """(k + 1,): position of the first point of each block, and the number of points."""

    @property
    def smooth(self) -> Floats:
        """(k,): the median of each block and its neighbours, so that one high block is no best."""
        padded = np.concatenate([self.level[:1], self.level, self.level[-1:]])
        return np.asarray(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0))

    def share(self, of_the_log: float) -> int:
        """Number of blocks in that share of the log, at least two."""
        return max(round(of_the_log * len(self.level)), 2)


def means(value: Floats) -> Blocks:
    """Block means, for a reward: a return is an expected value, and the median of a sparse one is 0.

    Parameters
    ----------
    value : ndarray of float64, shape (n,), finite, n >= 2 * `LEAST`
    """
    low, high = quantile(value, WILD), quantile(value, 1.0 - WILD)
    first = _bounds(len(value))
    total = np.add.reduceat(np.clip(value, low, high), first[:-1])
    return Blocks(total / np.diff(first), first)


def medians(value: Floats) -> Blocks:
    """Block medians, for estimates with heavy tails such as a KL (see `means`)."""
    first = _bounds(len(value))
    return Blocks(np.array([np.median(part) for part in np.split(value, first[1:-1])]), first)


def _bounds(n: int) -> npt.NDArray[np.int64]:
    blocks = max(min(BLOCKS, n // LEAST), 2)
    return np.linspace(0, n, blocks + 1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Course:
    """Where a reward began, stood at its best and ended."""

    start: float
    best: float
    end: float
    """Mean level of the last stretch: since it fell, or the last tenth of the log."""
    noise: float
    """Standard deviation of a block, also of every other one: the mean of the last hundred episodes is correlated."""
    recovered: float
    """Deepest fall before that was made up again."""
    low: float
    """Lowest level."""
    since: int
    """Block in which the last stretch begins; the number of blocks where the reward did not fall."""
    last: float
    """Level of the last block."""
    worst: float
    """Lowest level of the last stretch."""
    sudden: bool
    """Most of the fall happened within `GAP` of the log: it did not wear off."""

    @property
    def gain(self) -> float:
        """Progress from the start to the best, at least 0."""
        return max(self.best - self.start, 0.0)

    @property
    def fall(self) -> float:
        """From the best to the end."""
        return self.best - self.end

    @property
    def coming_back(self) -> bool:
        """Whether half of the fall has been made up by the end."""
        return self.last - self.worst >= 0.5 * (self.best - self.worst)


def course(blocks: Blocks, part: float) -> Course:
    """The course of a reward, and the stretch at its end that lies below its best by `part` of the progress made."""
    smooth, k = blocks.smooth, len(blocks.level)
    tenth = blocks.share(0.1)
    start = float(smooth[: blocks.share(0.05)].mean())
    at = int(k - 1 - np.argmax(smooth[::-1]))
    best = float(smooth[at])
    apart = (1, 2) if k >= MANY else (1,)
    noise = max(scatter(blocks.level[i::every]) for every in apart for i in range(every))
    noise *= math.sqrt(1.0 + FEW / k)
    below = smooth < best - max(part * max(best - start, 0.0), 2.0 * noise)
    since = k if not below[-1] else int(np.flatnonzero(~below)[-1]) + 1
    end = smooth[since:] if since < k else smooth[-tenth:]
    worst = float(end.min())
    sudden = _lasted(smooth, best, worst) <= blocks.share(GAP)
    return Course(start, best, float(end.mean()), noise, _recovered(smooth), float(smooth.min()), since,
                  float(smooth[-1]), worst, sudden)  # fmt: skip


def _lasted(smooth: Floats, best: float, worst: float) -> int:
    """Blocks from where a reward was last near its best to where it first was near the worst after it."""
    down = (best - smooth) / max(best - worst, 1e-300)
    left = np.flatnonzero(down <= MOST)
    first = int(left[-1]) if len(left) else 0
    return int(np.argmax(down[first:] >= 1.0 - MOST))


def scatter(level: Floats) -> float:
    """Standard deviation of levels about a line through their neighbours; NaN for fewer than three.

    Second differences, since a policy that learns changes in each block: of white noise they have sqrt(6) times its
    deviation.
    """
    return MAD_TO_SIGMA * median(np.abs(np.diff(level, 2))) / math.sqrt(6.0)


def _recovered(smooth: Floats) -> float:
    """The deepest fall that was made up again later."""
    deep = np.maximum.accumulate(smooth) - smooth
    later = np.maximum.accumulate(smooth[::-1])[::-1]
    over = later >= smooth + BACK * deep
    return float(deep[over].max(initial=0.0))


@dataclass(frozen=True, slots=True)
class Climb:
    """A rise that stays."""

    before: float
    """Highest level before it."""
    after: float
    """Median level since."""
    begins: int
    """First block above all that was before."""
    since: int
    """Block from which it stays up."""


def climb(blocks: Blocks, times: float, least: float, early: float = math.inf) -> Climb | None:
    """The first rise within `GAP` of the log by so many times the highest level before, to `least` or more, that stays.

    Parameters
    ----------
    blocks : Blocks
        Of a measure that is not negative.
    times : float
        Multiple of the highest level before.
    least : float
        Lowest level of what follows.
    early : float
        The same where less than a tenth of the log stood before.
    """
    smooth, k = blocks.smooth, len(blocks.level)
    before = np.maximum.accumulate(smooth)
    after = np.minimum.accumulate(smooth[::-1])[::-1]
    tenth, gap = blocks.share(0.1), blocks.share(GAP)
    for i in range(1, k - 1):
        for j in range(i, min(i + gap, k - 2) + 1):
            if after[j] >= max(times * before[i - 1], least if i >= tenth else early):
                return Climb(float(before[i - 1]), float(np.median(smooth[j:])), i, j)
    return None


def stays(blocks: Blocks, first: float, level: float) -> Climb | None:
    """The last stretch beyond `level`, away from the `first` level, of at least a tenth of the log.

    It begins where it is half way there for good. None for a measure that is there from the start.
    """
    smooth, k = blocks.smooth, len(blocks.level)
    up = 1.0 if level > first else -1.0
    beyond = [_last_stretch(up * smooth >= up * limit) for limit in (0.5 * (first + level), level)]
    if not 0 < beyond[1] <= k - blocks.share(0.1):
        return None
    return Climb(first, float(np.median(smooth[beyond[1] :])), min(beyond), beyond[1])


def _last_stretch(inside: npt.NDArray[np.bool_]) -> int:
    """First position of the stretch of true values at the end."""
    outside = np.flatnonzero(~inside)
    return int(outside[-1]) + 1 if len(outside) else 0
