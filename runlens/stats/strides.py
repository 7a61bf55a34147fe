"""Logs that change how often they log: points so dense that they speak of few steps are thinned."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.growing import folded
from runlens.stats.spans import spans

_LARGEST = 1 << 20
"""Gaps beyond it count as this many steps."""


def main_stride(step: npt.NDArray[np.int64]) -> int:
    """The gap between points in which half of the steps lie: 1,000 for a log of steps 1 to 100 and then every 1,000th.

    Parameters
    ----------
    step : ndarray of int64, shape (n,), n >= 2
        In the order written; where a resume goes back, the jump counts as a gap.
    """
    return _main_stride(step, *gap_range(step))


def _main_stride(step: npt.NDArray[np.int64], low: int, high: int) -> int:
    if min(high, _LARGEST) <= 2 * max(low, 1):
        return max(min(low, _LARGEST), 1)
    gaps = np.diff(step)
    np.minimum(np.abs(gaps, out=gaps), _LARGEST, out=gaps)
    high = min(high, _LARGEST)
    covered = np.cumsum(np.bincount(gaps) * np.arange(high + 1, dtype=np.float64))
    return max(int(np.searchsorted(covered, covered[-1] / 2.0)), 1)


def gap_range(step: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Smallest and largest distance between neighbours of two steps and more, in either direction."""
    return folded("gaps", (step,), _range, _wider, back=1)


def _range(step: npt.NDArray[np.int64]) -> tuple[int, int]:
    ranges = []
    for first, last in spans(len(step) - 1):
        gaps = step[first + 1 : last + 1] - step[first:last]
        np.abs(gaps, out=gaps)
        ranges.append((int(gaps.min()), int(gaps.max())))
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _wider(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return min(one[0], other[0]), max(one[1], other[1])


def evened(step: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """Positions of points that are at least about half of the main stride apart; None if all are.

    Parameters
    ----------
    step : ndarray of int64, shape (n,)
        In the order written.

    Returns
    -------
    ndarray of int64 or None
        The last point of each half stride; a point that goes back (a resume) starts a new one.
    """
    if len(step) < 3:
        return None
    low, high = gap_range(step)
    width = _main_stride(step, low, high) // 2
    if width < 2 or low >= width:
        return None
    return np.flatnonzero(np.append(np.diff(step // width) != 0, True))
