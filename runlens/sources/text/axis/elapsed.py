"""The time since the start, as lines without a timestamp print it: `Epoch: [ 0/25] [ 4/512] time: 18.44, d_loss: 1.3`.

A time that grows with every line is no time of a step, and says when each line was written.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.sources.table.names import elapsed_unit, is_time
from runlens.sources.text.rows import Rows

Floats = npt.NDArray[np.float64]

_FEWEST = 8
"""Lines by which a time that never falls is told from times of steps: those of eight steps rise by chance in one of
40,000."""
_FALLS = 0.01
"""Share of falls that launches of one log make in it."""
_GROWS = 2.0
"""How many times its first value a time since the start comes to: times of steps that grow with the memory do not."""
_BEGINS = 2.0
"""Usual distances of two lines that a time since the epoch began stands at in the first line of each, at most."""


def elapsed_of(rows: Rows) -> tuple[str, Floats]:
    """The name under which lines print the time since the start, and that time.

    Returns
    -------
    str
        Empty if none does.
    ndarray of float64, shape (n,)
        Seconds since the first launch, NaN for lines that do not say; a launch that counts anew is counted on, and so
        is a time that is counted from the beginning of each epoch. In the unit that the name tells (`Time (mins)`).
    """
    time = np.full(len(rows), np.nan)
    names = [f.name for o in rows.layouts for f in o.fields if o.counts and not f.split and is_time(f.name)]
    for name in dict.fromkeys(names):
        for layout, at, columns in zip(rows.layouts, rows.where, rows.values, strict=True):
            for field, column in zip(layout.fields, columns, strict=True):
                if field.name == name:
                    time[at] = column
        known = np.flatnonzero(np.isfinite(time))
        value = time[known]
        change = np.diff(value)
        if np.count_nonzero(change > 0) >= _FEWEST - 1 and value[0] >= 0:
            unit = elapsed_unit(name) or 1.0
            grows = float(value.max()) >= _GROWS * float(value[0])
            of_launches = grows and np.count_nonzero(change < 0) <= _FALLS * len(change)
            if of_launches or _since_epochs(value, change):
                before = -change if of_launches else value[:-1]
                time[known] = unit * (value + np.concatenate([[0.0], np.cumsum(np.where(change < 0, before, 0.0))]))
                return name, time
        time[:] = np.nan
    return "", time


def _since_epochs(value: Floats, change: Floats) -> bool:
    """Whether a time rises through every epoch and begins anew, near zero, with the next.

    The log may begin within an epoch. Each but the last must hold `_FEWEST` lines: times of steps do not rise for so
    long, time and again.
    """
    begins = np.concatenate([[0], np.flatnonzero(change < 0) + 1])
    if len(begins) < 2 or int(np.diff(begins).min()) < _FEWEST:
        return False
    usual = float(np.median(change[change > 0]))
    return bool(np.all(value[begins[1:]] <= _BEGINS * usual) and np.all(np.delete(change, begins[1:] - 1) > 0))
