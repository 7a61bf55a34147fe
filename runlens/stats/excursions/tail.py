"""How high noise alone would reach: bars for points that stand alone, in pairs, or in clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import bottleneck as bn
import numpy as np

from runlens.stats.robust import Floats, finite

ONE_FALSE_IN = 1e7
"""A bar lies where the noise, carried on from its own tail, would cross it once in so many points."""
MARGIN = 1.25
"""Bars are raised by this much, because the tail is known from few points."""
LONE_MARGINS = (1.3, 1.4, 2.4)
"""The same for a point that stands alone, which a heavy tail makes most easily: where the tail is known to be light,
where it is not known, and where it fades as slowly as that of a power law."""
PRIOR = 100.0
"""The tail is drawn towards that of Gaussian noise as if so many points of such had been seen."""
MOST = 1 << 18
"""Points that a tail is fitted to; longer series are thinned evenly."""


@dataclass(frozen=True, slots=True)
class Tail:
    """Upper tail of standardised residuals, carried on beyond what was seen."""

    low: float
    """Quantile at exceedance probability `p_low`."""
    high: float
    """Quantile at exceedance probability `p_high`, the outermost one that eight points back up."""
    p_low: float
    p_high: float
    fade: float = 0.0
    """How the tail index shrinks per decade (0: unknown, the tail is taken for exponential)."""

    def quantile(self, p: float) -> float:
        """Height that the noise exceeds with probability `p`.

        The larger of an exponential tail (losses of micro-batches have one) and a power law whose index goes on
        shrinking as it did (Student-t noise hardly shrinks, Gaussian noise halves each decade).
        """
        if p >= self.p_high:
            share = math.log(self.p_low / p) / math.log(self.p_low / self.p_high)
            return self.low + max(share, 0.0) * (self.high - self.low)
        slope = (self.high - self.low) / math.log(self.p_low / self.p_high)
        straight = self.high + slope * math.log(self.p_high / p)
        if self.low <= 0 or self.fade <= 0:
            return straight
        decades = math.log10(self.p_high / p)
        index = math.log10(self.high / self.low) / math.log10(self.p_low / self.p_high)
        gone = decades if abs(self.fade - 1) < 1e-6 else self.fade * (1 - self.fade**decades) / (1 - self.fade)
        return max(straight, float(self.high * 10.0 ** (index * gone)))

    def bar(self, hits: int, of: int) -> float:
        """Height that `hits` of `of` neighbours exceed once in `ONE_FALSE_IN` points of independent noise."""
        p = (1.0 / (ONE_FALSE_IN * math.comb(of - 1, hits - 1))) ** (1.0 / hits)
        return (self._lone_margin() if hits == 1 else MARGIN) * self.quantile(p)

    def _lone_margin(self) -> float:
        light, unknown, heavy = LONE_MARGINS
        if self.fade <= 0:
            return unknown
        return float(np.interp(self.fade, (0.5, 0.75), (light, heavy)))


def fit_tail(z: Floats) -> Tail:
    """Tail of standardised residuals, from quantiles, so that up to about eight wild points do not bend it.

    Parameters
    ----------
    z : ndarray of float64, shape (n,)
        Residuals over their robust standard deviation. Non-finite points are left out.

    Returns
    -------
    Tail
        That of Gaussian noise for fewer than 20 points, and never lighter than it.
    """
    kept = thinned(finite(z))
    n = len(kept)
    if n < 20:
        return Tail(gaussian(0.2), gaussian(0.05), 0.2, 0.05)
    p_high = min(max(8.0 / n, 1e-3), 0.2)
    p_low = min(10.0 * p_high, 0.35)
    known = n / (n + PRIOR)
    high, low = (known * _upper(kept, p) + (1.0 - known) * gaussian(p) for p in (p_high, p_low))
    high = max(high, gaussian(p_high))
    low = min(max(low, gaussian(p_low)), high - (gaussian(p_high) - gaussian(p_low)))
    fade = 0.0
    if p_low == 10.0 * p_high and p_low <= 0.035:
        outer, inner = _index(low, high, 10.0), _index(max(_upper(kept, 10 * p_low), 0.5), low, 10.0)
        fade = min(outer / inner, 1.0) if inner > 0 else 0.0
    return Tail(low, high, p_low, p_high, fade)


def thinned(z: Floats) -> Floats:
    """At most `MOST` of the points, evenly spaced."""
    return z if len(z) <= MOST else z[:: len(z) // MOST + 1]


def gaussian(p: float) -> float:
    """Height that standard Gaussian noise exceeds with probability `p` (0 < p < 1)."""
    return -NormalDist().inv_cdf(p)


def _index(low: float, high: float, ratio: float) -> float:
    return math.log10(high / low) / math.log10(ratio) if low > 0 and high > 0 else 0.0


def _upper(x: Floats, p: float) -> float:
    """The value that a share `p` of the points exceeds."""
    at = min(len(x) - 1, max(0, round((1.0 - p) * (len(x) - 1))))
    return float(bn.partition(np.ascontiguousarray(x), at)[at])
