"""A loss that gets worse: one that does nothing but rise, turns in a short log, or falls without bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.rules.loss.parts.curve import LossCurve
from runlens.rules.loss.parts.slight import SLIGHT
from runlens.rules.shared.noise_of_turn import noise_of_turn, stands_out
from runlens.stats.changes.lasting_rise import lasting_rise
from runlens.stats.excursions.smoothed import shared_noise
from runlens.stats.robust import Floats, difference_sigma, median, medians_of_parts, pairs

FEWEST = 10
"""Points that a loss must have to be seen to do nothing but rise."""
BLOCKS = 10
ORDERED = 0.9
"""Share of pairs of tenths of the log of which the later one must be higher: of ten independent ones that has a chance
below 0.001 (Kendall's rank correlation of 0.8)."""
RISES = 0.03
"""Least rise from the first tenth to the last, on the scale of the curve: that of LOSS001."""
SIGMAS = 6.0
"""The same in standard errors of a tenth's median, as of a spike."""
BELOW = 1e4
"""Times its first level, or 1, that a loss must stand below zero."""
GOES_ON = 1.2
"""Times as low as in the middle of the log that it must stand at its end: what has found its level is no fall."""
TENTHS = ((0.0, 0.1), (0.5, 0.6), (0.9, 1.0))
"""Parts of the log of which levels are taken."""
WIDEST = 128
"""Points over which neighbours may share noise."""
TWICE = float(np.log(2.0))
"""A rise on the log scale that doubles the loss."""


@dataclass(frozen=True, slots=True)
class Worse:
    """Levels of the first and the last tenth, in the unit of the curve's `y`."""

    before: float
    after: float
    doubt: float
    """Standard error of their difference."""

    @property
    def rise(self) -> float:
        """By how much it rose."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Turned:
    """Where a loss was lowest, and its levels there and at the end, in the unit of the curve's `y`."""

    at: int
    """Position in the curve."""
    best: float
    after: float


SHORT = 50
"""Points below which nothing else speaks of a loss that creeps up: `changes.lasting_rise` and LOSS001 need more."""
AFTER = 8
"""Points after its lowest one of which a rise can be told, and half of the log at least."""
TURNED = 0.25
"""Least rise of a short log since its lowest level: a table of epochs wanders by some per cent."""
MOSTLY = 0.75
"""Share of the pairs of points since then of which the later one is higher: of eight in random order that has a chance
of 0.03, and a rise by a quarter and `CLEAR` is asked beside it."""
CLEAR = 3.0
"""Standard errors of that rise."""
EXPECTED = 0.01
"""Scatter of the log of a training loss's mean over an epoch that is expected beforehand."""


def turned_worse(curve: LossCurve) -> Turned | None:
    """Where the loss of a short log turned and has risen since; None of any other, and of `SHORT` points and more.

    The lowest level and the one at the end are medians of three points. A loss near zero that gives back less than
    `SLIGHT` of what it had come down, such as from 0.0010 to 0.0015 of 2.3, did not get worse.
    """
    n = len(curve.y)
    if not AFTER + 2 <= n < SHORT or not curve.log:
        return None
    level = np.median(np.lib.stride_tricks.sliding_window_view(curve.y, 3), axis=1)
    at = int(np.argmin(level)) + 1
    since = curve.y[at:]
    if len(since) < max(AFTER, n // 2):
        return None
    start, best, after = (curve.loss(float(x)) for x in (level[0], level.min(), level[-1]))
    if after - best < SLIGHT * (start - best):
        return None
    rise, noise = float(level[-1] - level.min()), difference_sigma(since)
    rises = rise > max(float(np.log1p(TURNED)), CLEAR * noise * float(np.sqrt(2.0 / 3.0)))
    if not rises or _ordered(since) < MOSTLY:
        return None
    if not stands_out(curve.y, noise_of_turn(curve.y, noise), lasting_rise(curve.y, EXPECTED)):
        return None
    return Turned(at, float(level.min()), float(level[-1]))


def only_worse(curve: LossCurve) -> Worse | None:
    """How much a loss rose that does nothing but rise; None of any other, and of fewer than `FEWEST` points."""
    n = len(curve.y)
    if n < FEWEST:
        return None
    blocks = medians_of_parts(curve.y, min(BLOCKS, n // 2))
    if _ordered(blocks) < ORDERED:
        return None
    noise = difference_sigma(curve.y) * shared_noise(curve.y, WIDEST)
    found = Worse(float(blocks[0]), float(blocks[-1]), float(noise * np.sqrt(2.0 * len(blocks) / n)))
    return found if found.rise > max(RISES, SIGMAS * found.doubt) else None


@dataclass(frozen=True, slots=True)
class Unbounded:
    """Levels of the first and the last tenth of a loss that falls without bound."""

    before: float
    after: float


def falls_without_bound(value: Floats) -> Unbounded | None:
    """Where a loss goes off below zero; None of any other, and of fewer than `FEWEST` points.

    An error, a cross entropy or a divergence cannot be negative, and the negative logarithm of a density, which can,
    ends some hundred times as far below zero as it began above it: `BELOW` times is no likelihood any more.
    """
    n = len(value)
    if n < FEWEST or value.min() >= -BELOW:
        return None
    first, middle, last = (median(value[int(a * n) : max(int(b * n), int(a * n) + 1)]) for a, b in TENTHS)
    falls = last < GOES_ON * middle and last < -BELOW * max(abs(first), 1.0)
    return Unbounded(first, last) if falls else None


def _ordered(y: Floats) -> float:
    """Share of the pairs of points of which the later one is higher; y has two and more."""
    first, second = pairs(len(y))
    return np.count_nonzero(y[second] > y[first]) / len(first)
