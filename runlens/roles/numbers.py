"""The median, without numpy's own (which loads numpy.ma, 50 ms, at its first call), and the order of values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.growing import median


def middle(values: npt.ArrayLike) -> float:
    """Median of the finite values of an array, NaN if there is none."""
    return median(np.asarray(values, dtype=np.float64).ravel())


def ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Place of each value among all, from 0 for the least; of equal ones the earlier is the lower."""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)


def rank_order(values: npt.NDArray[np.float64]) -> float:
    """Rank correlation (Spearman) of two values and more with their order: 1 for what only rises, -1 for what falls."""
    return float(np.corrcoef(ranks(values), np.arange(len(values)))[0, 1])
