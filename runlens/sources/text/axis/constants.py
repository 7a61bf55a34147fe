"""Numbers called a step that are none: `Train batches[  100] | loss 5.54` says how many batches a mean is of, and
`Episode 12 | reward: 31.0 | steps: 31` how long the episode was.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.sources.text.rows import Rows

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_COURSE = 8
"""Rows by which a course is told."""
_COUNTS_ON = 0.95
"""Share of the rows that are of a later epoch than the one before: the rest may begin it anew."""
_FALLS = 0.2
"""Share of the rows whose step is below the one before: one that is begun anew in each epoch has several rows there,
and one of launches in a log falls once a launch.
"""
_FEW = 4
"""Times as many lines of metrics that must say an epoch as there are that say numbers in any order."""
FEWEST = 3
"""Lines of one form that say one and the same step, and steps that another form must say beside them."""


def moving(rows: Rows) -> Floats:
    """The steps that lines say, NaN for those of a form that says one and the same while another form counts on.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    step = rows.counters["step"].copy()
    own = [at[np.isfinite(step[at])] for at in rows.where]
    many = [len(np.unique(step[at])) for at in own]
    if max(many, default=0) >= FEWEST:
        for at, kinds in zip(own, many, strict=True):
            if kinds == 1 and len(at) >= FEWEST:
                step[at] = np.nan
    for at in own:
        if _is_a_length(step[at], rows.counters["epoch"][at]):
            step[at] = np.nan
    if _names_something(step, rows.counters["epoch"], rows.measure):
        step[:] = np.nan
    return step


def _names_something(step: Floats, epoch: Floats, measure: Bools) -> bool:
    """Whether few lines without an epoch say few numbers in any order, among many lines of metrics that say an epoch
    and no step: `[035420]` at the head of a line is what is traded, say.
    """
    said = np.isfinite(step)
    change = np.diff(step[said])
    if len(change) < FEWEST or bool(np.isfinite(epoch[said]).any()):
        return False
    epochs = int(np.count_nonzero(measure & np.isfinite(epoch)))
    few = _FEW * len(change) < epochs and 2 * len(np.unique(step[said])) <= len(change) + 1
    return few and 3 * int(np.count_nonzero(change < 0)) >= len(change)


def _is_a_length(step: Floats, epoch: Floats) -> bool:
    """Whether a step goes up and down while the epoch beside it counts on: how long an episode was, say."""
    change = np.diff(epoch)
    if len(change) < _COURSE or not bool(np.isfinite(step).all()):
        return False
    counts_on = float(np.mean(change > 0)) >= _COUNTS_ON  # never for NaN
    return counts_on and float(np.mean(np.diff(step) < 0)) >= _FALLS
