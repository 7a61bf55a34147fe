"""Several runs in one log, one after another (`>> train.log`): told apart where one was done and the next begins anew.

A run that was left and begun again is one run with its restarts; so the one before must have come to its end: to the
last of the steps that its lines promise, or, where lines say epochs alone, to the epoch at which another ends, too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.sources.text.rows import Rows
from runlens.sources.text.steps import Axis
from runlens.sources.text.words import LOSS

Ints = npt.NDArray[np.int64]
FEWEST = 3
"""Rows of each run."""
_MOST = 100
"""Runs that are told apart: a step that begins anew more often counts something else."""


def launches(rows: Rows, axis: Axis) -> list[int]:
    """The rows at which the runs of a log begin, the first of them 0; one alone where the log is of one run.

    Parameters
    ----------
    rows : Rows
    axis : Axis
        Of these rows.
    """
    main = _main(rows)
    step = axis.step[main]
    if axis.counts == "lines" or len(step) < 2 * FEWEST:
        return [0]
    anew = np.flatnonzero((step[1:] < step[:-1]) & (step[1:] <= step[0])) + 1
    bounds = [0, *anew.tolist(), len(step)]
    if not 1 <= len(anew) < _MOST or min(np.diff(bounds)) < FEWEST:
        return [0]
    ends = step[np.array(bounds[1:]) - 1]
    of = rows.counters["of"][main]
    done = [_is_done(k, ends, of[bounds[k] : bounds[k + 1]], axis) for k in range(len(anew))]
    return [0, *(int(main[at]) for at, over in zip(anew.tolist(), done, strict=True) if over)]


def _is_done(k: int, ends: Ints, of: npt.NDArray[np.float64], axis: Axis) -> bool:
    """Whether the part numbered k came to its end."""
    if axis.counts == "epochs":
        return bool(np.count_nonzero(ends == ends[k]) > 1)
    promised = of[np.isfinite(of)]
    return len(promised) > 0 and bool(np.all(promised == promised[0])) and int(ends[k]) >= int(promised[0]) - 1


def _main(rows: Rows) -> Ints:
    """Positions of the rows of the commonest training lines, those of a loss before others."""
    best: Ints = np.empty(0, dtype=np.int64)
    told = False
    for layout, at in zip(rows.layouts, rows.where, strict=True):
        loss = any(LOSS.search(f.name) for f in layout.fields)
        if layout.fields and layout.counts and not layout.split and (loss, len(at)) > (told, len(best)):
            best, told = at, loss
    return best


def part_of(rows: Rows, axis: Axis, first: int, stop: int) -> tuple[Rows, Axis]:
    """Rows `first` to `stop` (not inclusive) as a log of their own, and their axis."""
    kept = [(at >= first) & (at < stop) for at in rows.where]
    there = [i for i, keep in enumerate(kept) if bool(keep.any())]
    number = np.full(len(rows.layouts), -1, dtype=np.int64)
    number[there] = np.arange(len(there))
    inside = slice(first, stop)
    part = Rows(
        [rows.layouts[i] for i in there],
        number[rows.of_layout[inside]],
        rows.line[inside],
        rows.block[inside],
        rows.time[inside],
        {name: column[inside] for name, column in rows.counters.items()},
        [rows.where[i][kept[i]] - first for i in there],
        [tuple(column[kept[i]] for column in rows.values[i]) for i in there],
    )
    return part, replace(axis, step=axis.step[inside])
