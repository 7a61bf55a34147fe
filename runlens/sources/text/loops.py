"""Loops over held-out data whose lines look like those of training: `step 10/88` after `step 614/614`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.sources.text.layout import Layout
from runlens.sources.text.rows import Rows

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

FEWEST = 2
"""Evaluations that come after a whole epoch each: one loop of another length may be a second stage of training."""


def with_evaluations(rows: Rows) -> Rows:
    """The rows, those of loops over held-out data in layouts of their own.

    Paddle's `Model.fit` prints its evaluation in the form of its training, under `Eval begin...`: what tells them apart
    is how many batches there will be. Lines of one form with two such totals, in turn, are taken for training and
    evaluation where every loop over the second total begins after one over the first came to its end.
    """
    out = rows
    for number, layout in enumerate(rows.layouts):
        if layout.kind not in ("row", "bar") or layout.split or not layout.fields or layout.of is None:
            continue
        at = rows.where[number]
        count = rows.counters["it" if layout.step is None else "step"][at]
        held_out = _evaluations(count, rows.counters["of"][at])
        if bool(held_out.any()):
            out = _apart(out, number, held_out)
    return out


def _evaluations(count: Floats, of: Floats) -> Bools:
    """Which lines of one form are of evaluations; shape (n,). All False where nothing says so."""
    none = np.zeros(len(count), dtype=bool)
    totals = np.unique(of)
    if len(totals) != 2 or not bool(np.isfinite(totals).all() and np.isfinite(count).all()):
        return none
    turn = np.flatnonzero(np.diff(of) != 0) + 1
    second = of != of[0]
    begins = turn[second[turn]]
    ended = count[begins - 1] == of[begins - 1]
    anew = count[begins] <= count[0]
    if len(begins) < FEWEST or not bool(np.all(ended & anew)):
        return none
    return np.asarray(second)


def _apart(rows: Rows, number: int, held_out: Bools) -> Rows:
    """The rows, some of those of one layout in a new one."""
    layout, at = rows.layouts[number], rows.where[number]
    of_layout = rows.of_layout.copy()
    of_layout[at[held_out]] = len(rows.layouts)
    where = [*rows.where, at[held_out]]
    where[number] = at[~held_out]
    values = [*rows.values, tuple(column[held_out] for column in rows.values[number])]
    values[number] = tuple(column[~held_out] for column in rows.values[number])
    counters = {name: column.copy() for name, column in rows.counters.items()}
    if layout.step is not None:  # of the loop: it says nothing of how far training is
        counters["it"][at[held_out]] = counters["step"][at[held_out]]
        counters["step"][at[held_out]] = np.nan
    return replace(
        rows,
        layouts=[*rows.layouts, _held_out(layout)],
        of_layout=of_layout,
        counters=counters,
        where=where,
        values=values,
    )


def _held_out(layout: Layout) -> Layout:
    fields = tuple(replace(f, name=f"val/{f.name}", split="val") for f in layout.fields)
    return replace(layout, fields=fields, step=None, it=layout.step or layout.it, split="val")
