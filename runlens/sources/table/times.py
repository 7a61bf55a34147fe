"""The wall time of each row of a table: absolute, or elapsed since the start, in whatever unit."""

from __future__ import annotations

import math

import numpy as np

from runlens.growing import mapped, median
from runlens.sources.table.names import AMOUNTS, TIMES, TOKENS, canonical, elapsed_unit, every, first, is_time
from runlens.sources.table.store import Columns, Floats, Ints

_FIRST_TIME = 1e8
"""1973 as unix seconds: a smaller `time` is a length of time."""
_ABSOLUTE = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (_FIRST_TIME, 1.0))
"""From which size on a unix time is in nanoseconds, microseconds, milliseconds, seconds (1e11 s is the year 5138)."""
_FEWEST = 3
_RESTARTS = 0.01
"""Share of falls that restarts of a run may make in a time since the start; a time for each step falls at every
second."""
_FASTEST, _SLOWEST = 1e-3, 1e4
"""Seconds a step or epoch may take for seconds to be believed: no step of a network takes less than a millisecond."""
_USUAL = 1.0
"""Seconds of a step that a unit is chosen to come near to, where seconds cannot be."""
_MOST_TOKENS = 2e7
"""Tokens a second that no open training run has reached: SmolLM3 made 5.4 M on 384 H100, Luciole 1B 10 M on 256."""


def times_of(columns: Columns, step: Ints, axis: str) -> tuple[Floats, str]:
    """Wall time of every row, and the column that it is from.

    Parameters
    ----------
    columns : Columns
    step : ndarray of int64, shape (rows,)
    axis : str
        The column that the steps are from: one of an environment may take far less than a millisecond.

    Returns
    -------
    ndarray of float64, shape (rows,)
        Seconds since the epoch; seconds since the start of the run where only these are logged (smaller than 1e8, so
        that no date is shown); NaN where unknown.
    str
        The column, empty if there is none: a column that falls and rises is the time of a step, and a series.
    """
    for name in every(columns.parts, TIMES):
        whole = columns.whole(name)
        time = columns.dense(name) if whole is None else whole
        middle = median(time)
        for least, unit in _ABSOLUTE:
            if middle >= least:
                return mapped(("in seconds", unit), (time,), lambda t, unit=unit: t * unit), name
    since = [name for name in columns.parts if is_time(name)]
    best = sorted(since, key=lambda name: -columns.count(name))
    for name in best:
        raw = columns.dense(name)
        if (elapsed := _elapsed(raw, step, _told_unit(columns, name, raw, axis))) is not None:
            return elapsed, name
    return np.full(columns.rows, np.nan), ""


def _elapsed(time: Floats, step: Ints, unit: float) -> Floats | None:
    """A time since the start in seconds, or None if it is none: it must never fall but where a run starts again."""
    known = np.flatnonzero(np.isfinite(time))
    if len(known) < _FEWEST:
        return None
    value = time[known]
    change = np.diff(value)
    falls = change < 0
    if value[0] < 0 or not np.any(change > 0) or int(falls.sum()) > _RESTARTS * len(change) + 1:
        return None
    if int(falls.sum()) and len(change) < 20 and not np.all(np.diff(step[known])[falls] < 0):
        return None
    if not unit:
        unit = _unit(change[change > 0], np.diff(step[known])[change > 0])
    offset = np.concatenate([[0.0], np.cumsum(np.where(falls, value[:-1] - value[1:], 0.0))])
    out = np.full(len(time), np.nan)
    out[known] = (value + offset) * unit
    return out


def _told_unit(columns: Columns, name: str, raw: Floats, axis: str) -> float:
    """Seconds in the unit of a time by its spelling, its name, or the tokens of a second; 0.0 if none tells."""
    if name in columns.spelt:
        return 1.0
    return elapsed_unit(name) or _unit_by_tokens(columns, raw) or (1.0 if canonical(axis) in AMOUNTS else 0.0)


def _unit_by_tokens(columns: Columns, time: Floats) -> float:
    """The unit of a time that makes the tokens of a second possible where seconds do not, 0.0 if nothing speaks
    against them.
    """
    tokens = first(columns.parts, TOKENS)
    if tokens is None:
        return 0.0
    seen = columns.dense(tokens)
    both = np.flatnonzero(np.isfinite(seen) & np.isfinite(time))
    if len(both) < _FEWEST or not time[both[-1]] > time[both[0]]:
        return 0.0
    rate = (seen[both[-1]] - seen[both[0]]) / (time[both[-1]] - time[both[0]])
    if rate <= _MOST_TOKENS:
        return 0.0
    return next((unit for unit in (60.0, 3600.0) if rate / unit <= _MOST_TOKENS), 3600.0)


def _unit(gone: Floats, done: Ints) -> float:
    """Seconds in the unit of a time, by how long a step then takes: seconds, if these can be."""
    steps = done[done > 0]
    if not len(steps):
        return 1.0
    each = float(np.median(gone[done > 0] / steps))
    if _FASTEST <= each <= _SLOWEST:
        return 1.0
    return min((1e-3, 60.0, 3600.0), key=lambda unit: abs(math.log(each * unit / _USUAL)))
