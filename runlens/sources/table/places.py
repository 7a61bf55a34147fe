"""Places of rows that say none, and of counters that begin again with each epoch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.sources.table.names import AMOUNTS, EPOCHS, STEPS, canonical, first
from runlens.sources.table.splits import held_out_rows
from runlens.sources.table.store import Columns, Floats, Ints

Bools = npt.NDArray[np.bool_]

_COUNTERS = frozenset({*STEPS, *AMOUNTS})
_FARTHEST = 2.0**62
_ALIKE = 0.5
"""Share of the usual columns that make a row one of the usual kind."""


def continued(columns: Columns, name: str, raw: Floats) -> tuple[Floats, str]:
    """A counter that begins again with each epoch, continued over the epochs; and the epoch's column, empty if it
    does not.

    mmcv logs `epoch` and the iteration within it; hand-written logs `epoch` and `batch`. A restart goes back where
    the epoch goes back too or stands still, and is left alone. Rows of held-out data count their own batches: they
    say no place.
    """
    epoch = first((n for n in columns.parts if n != name), EPOCHS)
    if epoch is None or canonical(name) not in _COUNTERS:
        return raw, ""
    turn = columns.dense(epoch)
    trained = ~held_out_rows(columns)
    rows = np.flatnonzero(np.isfinite(raw) & np.isfinite(turn) & trained)
    if len(rows) < 3:
        return raw, ""
    back = np.diff(raw[rows]) < 0
    on = np.diff(np.floor(turn[rows])) > 0
    if not on.any() or np.count_nonzero(back & on) < 0.9 * max(int(on.sum()), int(back.sum())):
        return raw, ""
    length = float(np.max(raw[rows]))
    starts = raw[rows[1:][on]]
    if len(starts) and float(np.min(starts)) == 0:  # counted from 0: the last of an epoch is one less than its length
        stride = np.diff(raw[rows])
        length += float(np.min(stride[stride > 0])) if bool(np.any(stride > 0)) else 1.0
    out = np.full(len(raw), np.nan)
    begun = np.floor(turn[rows])
    out[rows] = (begun - begun.min()) * length + raw[rows]
    return out, epoch


def placed(columns: Columns, whole: Floats, own: Bools) -> tuple[Ints, Bools]:
    """A place for every row, and the rows that should have said theirs.

    Parameters
    ----------
    columns : Columns
    whole : ndarray of float64, shape (rows,)
        Places, whole numbers, NaN where a row says none; at least one does.
    own : ndarray of bool, shape (rows,)
        Where it is known.

    Returns
    -------
    ndarray of int64, shape (rows,)
        A row of another kind, such as an evaluation, stands at the last place before it. One that looks like those that
        say their place stands between its neighbours in equal parts, and beyond the ends in usual steps.
    ndarray of bool, shape (rows,)
        Rows of that second kind.
    """
    if own.all():
        return whole.astype(np.int64), ~own
    says = np.flatnonzero(own)
    at = np.arange(len(whole))
    last = np.maximum.accumulate(np.where(own, at, says[0]))
    step = whole[last]
    lost = ~own & _like_the_others(columns, own)
    if lost.any():
        between = np.floor(np.interp(at, says, whole[says]))
        change = np.diff(whole[says])
        stride = float(np.median(change[change > 0])) if bool(np.any(change > 0)) else 1.0
        between = np.where(at > says[-1], whole[says[-1]] + stride * (at - says[-1]), between)
        following = whole[says[np.minimum(np.searchsorted(says, at), len(says) - 1)]]
        restarted = (following < step) & (at < says[-1])
        step = np.where(lost & ~restarted & np.isfinite(between), between, step)
    return np.clip(step, -_FARTHEST, _FARTHEST).astype(np.int64), lost


def _like_the_others(columns: Columns, own: Bools) -> Bools:
    """Rows that hold at least half of the columns that are usual among rows with a place."""
    many = int(own.sum())
    held = np.zeros(len(own), dtype=np.int64)
    common = 0
    for name in columns.parts:
        row, _ = columns.joined(name)
        if np.count_nonzero(own[row]) >= _ALIKE * many and int(np.count_nonzero(own[row])) > 0:
            if canonical(name) in _COUNTERS or canonical(name) in EPOCHS:
                continue
            common += 1
            held[row] += 1
    return held >= max(_ALIKE * common, 1)
