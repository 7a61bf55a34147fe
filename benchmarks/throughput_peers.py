"""Rules for a falling throughput that people use, as functions from rates to alarms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Peer = Callable[[Floats], npt.NDArray[np.int64]]


def below_mean(share: float) -> Peer:
    """Mean of the last 10 points below `share` of the mean of the 100 before them."""

    def alarms(rate: Floats) -> npt.NDArray[np.int64]:
        if len(rate) < 110:
            return np.empty(0, dtype=np.int64)
        total = np.concatenate([[0.0], np.cumsum(rate)])
        at = np.arange(110, len(rate) + 1)
        recent, before = (total[at] - total[at - 10]) / 10, (total[at - 10] - total[at - 110]) / 100
        return np.asarray(at[recent < share * before] - 1, dtype=np.int64)

    return alarms


def twice_the_median(rate: Floats) -> npt.NDArray[np.int64]:
    """A step that takes twice the median of all steps."""
    return np.flatnonzero(rate < np.median(rate) / 2.0)


def z_score(rate: Floats) -> npt.NDArray[np.int64]:
    """A point three standard deviations below the mean of the last 100."""
    if len(rate) <= 100:
        return np.empty(0, dtype=np.int64)
    centred = rate - rate.mean()
    total, square = (np.concatenate([[0.0], np.cumsum(x)]) for x in (centred, centred * centred))
    at = np.arange(100, len(rate))
    mean = (total[at] - total[at - 100]) / 100
    deviation = np.sqrt(np.maximum((square[at] - square[at - 100]) / 100 - mean * mean, 0.0))
    return np.asarray(at[centred[at] < mean - 3.0 * deviation], dtype=np.int64)


def cusum(rate: Floats) -> npt.NDArray[np.int64]:
    """Page's cumulative sum with k = 0.5 and h = 5, against the mean and deviation of the first tenth."""
    first = rate[: max(len(rate) // 10, 10)]
    score = np.cumsum((first.mean() - rate) / max(float(first.std()), 1e-12) - 0.5)
    return np.flatnonzero(score - np.minimum.accumulate(np.minimum(score, 0.0)) > 5.0)


PEERS: dict[str, Peer] = {
    "25 % below the rolling mean": below_mean(0.75),
    "10 % below the rolling mean": below_mean(0.9),
    "2 x median step time": twice_the_median,
    "z-score 3": z_score,
    "CUSUM": cusum,
}
RANK_PEERS: dict[str, float] = {"NVIDIA relative score < 0.75": 1 / 0.75, "DLRover 2 x median": 2.0}
"""Least time of a rank over the median of the ranks."""


def incidents(alarms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """First alarm of each group; alarms within 100 points of the last are the same incident."""
    return alarms[np.diff(alarms, prepend=-(10**9)) > 100] if len(alarms) else alarms
