"""Which points of a series tell a speed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.growing import chosen
from runlens.model import PlacedSeries
from runlens.stats.robust import Floats
from runlens.stats.strides import evened

Steps = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def even(series: PlacedSeries) -> PlacedSeries:
    """The points that speak of about as many steps as others."""
    some = evened(series.step)
    return series if some is None else series.take(some)


def positive(series: PlacedSeries) -> PlacedSeries:
    """The points whose value is a positive number."""
    value, step, time = chosen("positive", (series.value, series.step, series.time), _is_positive)
    return series if value is series.value else PlacedSeries(series.name, step, time, value)


def _is_positive(value: Floats, step: Steps, time: Floats) -> Bools:
    return np.asarray((value > 0) & (value < np.inf))
