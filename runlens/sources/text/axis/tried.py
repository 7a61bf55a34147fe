"""Console logs of a search: rows that say no step, and are each of another trial."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from runlens.model import Series
from runlens.sources.table.head import tells_of_progress
from runlens.sources.table.names import canonical
from runlens.sources.table.trials import FEWEST, RATE, SELDOM, SETTING, TRIED

Floats = npt.NDArray[np.float64]

_OF_A_BATCH = re.compile(r"(?:\w+[_./])?(?:batch_?size|bs|window(?:_?size)?|seq_?len)")
"""What a batch of one training happens to hold."""
_RESULT = re.compile(r"(?:summary/|val/|test/)?(?:final|overall)[ _]", re.IGNORECASE)
"""How the results of a training that is over begin."""


def of_trials(series: Mapping[str, Series]) -> str:
    """What each line of a log is, where it is of one trial of several; empty where it may be of a training.

    Parameters
    ----------
    series : mapping
        By logged name, of a log that says neither a step nor an epoch.
    """
    if _tries_settings(series):
        return "tries other settings, as a search does"
    measured = [name for name in series if tells_of_progress([name])]
    return "is the result of a trial" if measured and all(map(_RESULT.match, measured)) else ""


def _tries_settings(series: Mapping[str, Series]) -> bool:
    """Whether a setting of the model goes up and down among the few values of a grid, and a learning rate has several.

    A schedule has many rates, and what a batch holds may change in any training.
    """
    grids = {canonical(name): s.value for name, s in series.items() if _is_of_a_grid(s)}
    models = [value for name, value in grids.items() if SETTING.fullmatch(name) and not _OF_A_BATCH.fullmatch(name)]
    return any(map(RATE.fullmatch, grids)) and any(map(_jumps, models))


def _is_of_a_grid(series: Series) -> bool:
    value = series.value
    return len(value) > FEWEST and bool(np.isfinite(value).all()) and 1 < len(np.unique(value)) <= TRIED


def _jumps(value: Floats) -> bool:
    change = np.diff(value)
    return min(float(np.mean(change > 0)), float(np.mean(change < 0))) >= SELDOM
