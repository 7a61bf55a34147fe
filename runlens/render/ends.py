"""The levels at which a series begins and ends: one answer for every page, whatever it draws of the series."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from runlens.growing import chosen, median
from runlens.model import Chart

FALLING = ("train_loss", "eval_loss", "grad_norm", "perplexity")
"""Roles that begin high and fall: their first value is where they began, and a median would hide it."""
EXACT = ("tokens", "samples", "epoch", "learning_rate", "weight_decay", "batch_size", "sequence_length", "loss_scale")
"""Roles that are set or counted and not measured: their first and last value are what they were."""
HEAD, TAIL, FEW = 10, 50, 5
"""The level at the start is the median of a tenth of the points, since a run settles in; that at the end of a fiftieth,
and of at least five where these are no more than a tenth, so that it is of what came after a late change."""


def ends(values: npt.NDArray[np.float64] | Sequence[float], role: str) -> tuple[float, float] | None:
    """Level of the first and of the last points, or None if nothing is finite.

    Parameters
    ----------
    values : array_like of float64, shape (n,)
        In the order of steps; what is not finite is left out.
    role : str
    """
    known = np.asarray(values, dtype=np.float64)
    (known,) = chosen("finite", (known,), np.isfinite)
    if len(known) == 0:
        return None
    if role in EXACT:
        return float(known[0]), float(known[-1])
    tenth = max(len(known) // HEAD, 1)
    last = max(len(known) // TAIL, min(FEW, tenth))
    first = float(known[0]) if role in FALLING else _middle(known[:tenth])
    return first, _middle(known[-last:])


def of_chart(chart: Chart) -> tuple[float, float] | None:
    """The ends that the chart carries, and of one that an older version wrote those of its points."""
    if chart.ends is not None and all(map(math.isfinite, chart.ends)):
        return chart.ends
    return ends(chart.values, chart.role)


def _middle(values: npt.NDArray[np.float64]) -> float:
    """The median of finite values; halves are added, so that no two floats overflow."""
    found = median(values)
    if math.isfinite(found):
        return found
    ordered = np.sort(values)
    low, high = float(ordered[(len(ordered) - 1) // 2]), float(ordered[len(ordered) // 2])
    return low if low == high else low / 2 + high / 2
