"""Logs in which every point stands twice: two handlers of one logger, or a callback that was registered twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.growing import counted
from runlens.model import Note, Run, Series
from runlens.model.words import percent

MOSTLY = 0.45
"""Share of repeated points from which a log was written twice: half of them are, less those at its ends."""


def each_once(run: Run) -> Run:
    """The run with each point once, where its longest series repeats nearly each one to the last digit.

    What repeats has the step, the time and the value of the point before it and says nothing that was not said; left
    as it is it would stand for a pause of no length, for two bad points, and for twice the data. A note says it.
    """
    longest = max(run.series.values(), key=len, default=None)
    if longest is None or len(longest) < 4 or _repeated(longest) < MOSTLY:
        return run
    kept: dict[str, Series] = {}
    lost = 0
    for name, one in run.series.items():
        again = repeats(one)
        lost += int(np.count_nonzero(again))
        kept[name] = one.where(~again)
    share = lost / max(run.points, 1)
    said = f"{lost:,} points ({percent(share)}) repeat the one before them to the last digit and count once"
    return replace(run, series=kept, notes=(*run.notes, Note("guessed", f"{said}: the log was written twice", lost)))


def _repeated(series: Series) -> float:
    """Share of points that repeat the one before."""
    columns = series.step, series.time, series.value
    return counted("repeats", columns, lambda *some: repeats(Series("", *some)), back=1) / len(series)


def repeats(series: Series) -> npt.NDArray[np.bool_]:
    """Which points have the step, the time and the value of the one before; shape (n,), a NaN equals a NaN."""
    out = np.zeros(len(series), dtype=bool)
    out[1:] = series.step[1:] == series.step[:-1]
    if out.any():
        for column in (series.time, series.value):
            a, b = column[1:], column[:-1]
            out[1:] &= (a == b) | (np.isnan(a) & np.isnan(b))
    return out
