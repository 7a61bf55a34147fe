"""Steps from fractions of an epoch: what the HF Trainer prints beside its metrics, and the bar that counts its steps.

Where output is redirected, the metrics come in blocks long after the bar that stood beside them, and only their epoch
says when they were measured.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FEWEST = 3
"""Rows from which their epochs are looked at."""
_TOGETHER = 0.8
"""Different places by the bar for each row, below which the rows came in blocks."""


def came_in_blocks(epoch: Floats, by_bar: npt.NDArray[np.int64]) -> bool:
    """Whether rows that grow in fractions of an epoch stand in heaps by the bars beside them.

    Parameters
    ----------
    epoch : ndarray of float64, shape (n,)
        NaN where a row says none.
    by_bar : ndarray of int64, shape (n,)
    """
    if len(epoch) < _FEWEST or not bool(np.isfinite(epoch).all()) or bool(np.all(epoch == np.floor(epoch))):
        return False
    return bool(np.all(np.diff(epoch) >= 0)) and len(np.unique(by_bar)) < _TOGETHER * len(epoch)


def steps_of(epoch: Floats, reached: float, planned: float) -> Floats:
    """The step of each row.

    Parameters
    ----------
    epoch : ndarray of float64, shape (n,)
        Growing fractions of epochs, rounded by the printer; the last one was printed when the bar stood at `reached`.
    reached, planned : float
        The last step that the bar shows, and its total.

    Returns
    -------
    ndarray of float64, shape (n,)
        By the steps of an epoch, where the plan is one of whole epochs; else in proportion to the last step. Rounded
        to the interval of the rows, since epochs of four digits are less exact than steps.
    """
    step = epoch * (planned / max(np.ceil(epoch[-1]), 1.0))
    gap = float(np.median(np.diff(step))) if len(step) > 1 else 1.0
    if not reached - 2.0 * max(gap, 1.0) <= step[-1] <= reached + 0.5:  # planned in steps, or cut
        step = epoch * (reached / epoch[-1])
        gap = float(np.median(np.diff(step)))
    every = max(round(gap), 1)
    return np.asarray(np.round(step / every) * every)
