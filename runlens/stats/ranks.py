"""Members of a group that lag behind the rest: cross-sections over ranks, window by window."""

from __future__ import annotations

from dataclasses import dataclass

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.stats.robust import MAD_TO_SIGMA, Floats, median

FLOOR = 0.003
"""Least scatter of ranks, as a share: timers of ranks that do the same work agree to a few parts in a thousand."""


@dataclass(frozen=True, slots=True)
class Laggard:
    """One rank, over the windows in which it lagged."""

    rank: int
    first: int
    """First window."""
    last: int
    """Last window, inclusive."""
    ratio: float
    """Its time over the median of the ranks, median over those windows."""
    sigmas: float
    """Median distance from the other ranks in robust deviations."""


def laggards(times: Floats, ratio: float, sigmas: float, windows: int) -> list[Laggard]:
    """Ranks slower than their peers in `windows` windows in a row; one finding for each rank, its longest row.

    Parameters
    ----------
    times : ndarray of float64, shape (ranks, w)
        Time of each rank in each window, positive; NaN where unknown.
    ratio : float
        Least time over the cross-rank median.
    sigmas : float
        Least distance from that median in robust deviations of the ranks (1.4826 x median absolute deviation), in that
        window and in most.
    windows : int

    Returns
    -------
    list of Laggard, by rank
        Empty for fewer than 3 ranks, among which there is no majority.
    """
    if len(times) < 3 or times.shape[1] < windows:
        return []
    relative = times / bn.nanmedian(times, axis=0)
    scatter = MAD_TO_SIGMA * bn.nanmedian(np.abs(relative - 1.0), axis=0)
    # of few ranks the scatter in one window is small by chance: that of most windows counts where it is larger
    scatter = np.maximum(scatter, max(FLOOR, median(scatter)))
    z = (relative - 1.0) / scatter
    slow = (relative > ratio) & (z > sigmas)
    out = []
    for rank in np.flatnonzero(slow.sum(axis=1) >= windows).tolist():
        first, last = _longest(slow[rank])
        if last - first + 1 >= windows:
            part = slice(first, last + 1)
            out.append(
                Laggard(
                    rank, first, last, float(bn.nanmedian(relative[rank, part])), float(bn.nanmedian(z[rank, part]))
                )
            )
    return out


def _longest(true: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """First and last index of the longest row of True, single gaps bridged."""
    at = np.flatnonzero(true)
    parts = np.split(at, np.flatnonzero(np.diff(at) > 2) + 1)
    longest = max(parts, key=len)
    return int(longest[0]), int(longest[-1])
