"""The median, without numpy's own (which loads numpy.ma, 50 ms, at its first call)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.growing import median


def middle(values: npt.ArrayLike) -> float:
    """Median of the finite values of an array, NaN if there is none."""
    return median(np.asarray(values, dtype=np.float64).ravel())
