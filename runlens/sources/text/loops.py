"""Loops over held-out data: lines that look like those of training (`step 10/88` after `step 614/614`, rows under `Eval
epoch: 4`), and lines that count batches, which say nothing of how far training is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.model import Note
from runlens.sources.text.frameworks import STARRED
from runlens.sources.text.layout import Layout
from runlens.sources.text.rows import Rows
from runlens.sources.text.words import LOSS, TRAINING, spaced

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BELOW = 3
"""Lines below a heading in which what it says of stands."""
FEWEST = 2
"""Evaluations that come after a whole epoch each: one loop of another length may be a second stage of training."""


def with_evaluations(rows: Rows) -> Rows:
    """The rows, those of loops over held-out data in layouts of their own.

    Paddle's `Model.fit` prints its evaluation in the form of its training, under `Eval begin...`: what tells them apart
    is how many batches there will be. Lines of one form with two such totals, in turn, are taken for training and
    evaluation where every loop over the second total begins after one over the first came to its end.
    """
    out = _summed_up(_of_their_own(_starred(_under_headings(rows))))
    rows = out
    for number, layout in enumerate(rows.layouts):
        if layout.kind not in ("row", "bar") or layout.split or not layout.fields or layout.of is None:
            continue
        at = rows.where[number]
        count = rows.counters["it" if layout.step is None else "step"][at]
        held_out = _evaluations(count, rows.counters["of"][at])
        if bool(held_out.any()):
            out = _apart(out, number, held_out)
    return out


def _under_headings(rows: Rows) -> Rows:
    """The rows, those under headings of held-out data in layouts of their own.

    Where `Training epoch: 4` stands above some rows and `Eval epoch: 4` above others that look the same, the heading
    tells them apart. Where no heading says that what follows is of training, rows of training may follow a heading of
    an evaluation, and nothing is told by it.
    """
    splits = [o.heads for o in rows.layouts]
    held = {split for split in splits if split in ("val", "test")}
    if not held:
        return rows
    headings = np.flatnonzero(rows.of_kind("epoch", "split"))
    under = np.searchsorted(headings, np.arange(len(rows)), side="right") - 1
    above = np.where(under >= 0, rows.of_layout[headings[np.maximum(under, 0)]], -1)
    trained = np.array([*(s == "train" for s in splits), False], dtype=bool)[above]
    if not bool((trained & rows.measure).any()):  # nor does a `TRAIN:` of printed settings, with no row below it
        return _right_below(rows, headings, under, above)
    out = rows
    for split in sorted(held):
        said = np.array([*(s == split for s in splits), False], dtype=bool)[above]
        for number, layout in enumerate(rows.layouts):
            plain = layout.fields and not any(f.split or TRAINING.search(spaced(f.name)) for f in layout.fields)
            if plain and bool((which := said[out.where[number]]).any()):
                out = _apart(out, number, which, split)
    return out


def _right_below(rows: Rows, headings: Ints, under: Ints, above: Ints) -> Rows:
    """The rows, those right below headings of held-out data (`Test Error:`) in layouts of their own, where no heading
    says what is of training: of each form one below each heading, and rows with a loss are left.
    """
    splits = np.array([*(o.heads if o.kind == "split" else "" for o in rows.layouts), ""])
    far = rows.line - rows.line[headings[np.maximum(under, 0)]]
    found: dict[int, tuple[str, Bools]] = {}
    left = False
    for number, layout in enumerate(rows.layouts):
        if not layout.fields or any(f.split or TRAINING.search(spaced(f.name)) for f in layout.fields):
            continue
        at = rows.where[number]
        of = splits[above[at]]
        which = (of == "val") | (of == "test")
        one_each = len(np.unique(under[at][which])) == int(np.count_nonzero(which)) >= FEWEST
        if layout.kind != "bar" and one_each and bool(np.all(far[at][which] <= _BELOW)):
            found[number] = (str(of[which][0]), which)
        left = left or (any(LOSS.search(f.name) for f in layout.fields) and not (number in found and bool(which.all())))
    out = rows
    for number, (split, which) in found.items() if left else ():
        out = _apart(out, number, which, split)
    return out


def _starred(rows: Rows) -> Rows:
    """The rows, those behind a star (` * Prec@1 71.2 Prec@5 90.1`) with what they sum up.

    The examples of PyTorch print such a row where an evaluation ends, and so do those who copied them. It is of the
    split of the row before it. Where no row of held-out data is printed at all, it is of such by a guess, if rows of
    training stand between any two of them: what sums up training and evaluation comes twice in between.
    """
    star = np.array([o.framework == STARRED for o in rows.layouts], dtype=bool)
    measured = np.flatnonzero(rows.measure & ~star[rows.of_layout])
    if not bool(star.any()) or not len(measured):  # lists of everything that is measured: they sum up nothing
        return rows
    split = np.array([*(o.split for o in rows.layouts), ""])
    counts = np.array([o.counts for o in rows.layouts], dtype=bool)
    training = np.flatnonzero(rows.measure & (counts & (split[:-1] == ""))[rows.of_layout])
    out, guessed = rows, False
    for number, layout in enumerate(rows.layouts):
        if not star[number] or any(f.split or TRAINING.search(spaced(f.name)) for f in layout.fields):
            continue
        at = rows.where[number]
        before = np.searchsorted(measured, at) - 1
        of = split[np.where(before >= 0, rows.of_layout[measured[np.maximum(before, 0)]], -1)]
        if not bool((of != "").any()) and len(training) and bool(np.all(np.diff(np.searchsorted(training, at)) > 0)):
            of, guessed = np.full(len(at), "val"), True
        for name in ("val", "test"):  # what is left in the place of the layout are the first ones still
            where = out.where[number]
            which = np.isin(where, at[of == name])
            if bool(which.any()) and not out.layouts[number].split:
                out = _apart(out, number, which, name)
    if guessed:
        said = "rows behind a star, such as ` * Prec@1 71.2`, were taken for what an evaluation came to"
        out = replace(out, notes=(*out.notes, Note("guessed", said)))
    return out


def _of_their_own(rows: Rows) -> Rows:
    """The rows, steps of held-out lines taken for batches of their loop where they begin anew and training's do not.

    Such as `[Eval][Epoch 3][Iter: 20/25]`, which would stand at step 20 of the training.
    """
    again = 0
    for number, layout in enumerate(rows.layouts):
        if layout.fields and not layout.split and layout.epoch is None:
            again = max(again, _falls(rows.counters["step"][rows.where[number]]))
    out = rows
    for number, layout in enumerate(rows.layouts):
        if not layout.split or layout.step is None or layout.of is None or not layout.fields:
            continue
        step = rows.counters["step"][rows.where[number]]
        if bool(np.isfinite(step).all()) and _falls(step) > again:
            if out is rows:
                out = replace(rows, layouts=[*rows.layouts], counters={n: c.copy() for n, c in rows.counters.items()})
            out.counters["it"][rows.where[number]] = step
            out.counters["step"][rows.where[number]] = np.nan
            out.layouts[number] = replace(layout, step=None, it=layout.step)
    return out


def _falls(step: Floats) -> int:
    return int(np.count_nonzero(np.diff(step) < 0))


def _summed_up(rows: Rows) -> Rows:
    """The rows, loops over held-out data without what lines that sum up each of them say of all batches.

    What is printed within the loop is of a batch, or of those so far; `[Eval][Epoch 3][Avg]loss: 2.1` is the result.
    """
    whole: dict[str, int] = {}
    for layout, at in zip(rows.layouts, rows.where, strict=True):
        if layout.split and layout.it is None and layout.step is None:
            whole.update({f.name: max(len(at), whole.get(f.name, 0)) for f in layout.fields})
    layouts, values = [*rows.layouts], [*rows.values]
    for number, layout in enumerate(rows.layouts):
        if whole and layout.split and layout.it is not None and layout.kind == "row":
            loops = 1 + _falls(rows.counters["it"][rows.where[number]])
            left = [i for i, f in enumerate(layout.fields) if whole.get(f.name, 0) < loops]
            layouts[number] = replace(layout, fields=tuple(layout.fields[i] for i in left))
            values[number] = tuple(values[number][i] for i in left)
    return replace(rows, layouts=layouts, values=values)


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


def _apart(rows: Rows, number: int, held_out: Bools, split: str = "val") -> Rows:
    """The rows, some of those of one layout in a new one."""
    layout, at = rows.layouts[number], rows.where[number]
    counters = {name: column.copy() for name, column in rows.counters.items()}
    if layout.step is not None:  # of the loop: it says nothing of how far training is
        counters["it"][at[held_out]] = counters["step"][at[held_out]]
        counters["step"][at[held_out]] = np.nan
    if bool(held_out.all()):
        layouts = [*rows.layouts]
        layouts[number] = _held_out(layout, split)
        return replace(rows, layouts=layouts, counters=counters)
    of_layout = rows.of_layout.copy()
    of_layout[at[held_out]] = len(rows.layouts)
    where = [*rows.where, at[held_out]]
    where[number] = at[~held_out]
    values = [*rows.values, tuple(column[held_out] for column in rows.values[number])]
    values[number] = tuple(column[~held_out] for column in rows.values[number])
    return replace(
        rows,
        layouts=[*rows.layouts, _held_out(layout, split)],
        of_layout=of_layout,
        counters=counters,
        where=where,
        values=values,
    )


def _held_out(layout: Layout, split: str) -> Layout:
    fields = tuple(replace(f, name=f"{split}/{f.name}", split=split) for f in layout.fields)
    return replace(layout, fields=fields, step=None, it=layout.step or layout.it, split=split)
