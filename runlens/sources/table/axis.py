"""The x axis of a table: which column it is, and where each row stands on it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.errors import NotALog
from runlens.growing import chosen, counted, differences, mapped, rises
from runlens.growing import every as holds
from runlens.sources.naming import printable
from runlens.sources.table.names import AMOUNTS, AXES, EPOCHS, ROWS, STEPS, TOKENS, canonical, every, first
from runlens.sources.table.places import continued, placed
from runlens.sources.table.store import Columns, Floats, Ints

Bools = npt.NDArray[np.bool_]

_SURE = frozenset(STEPS[:12])
"""Names of a step that nobody gives to anything else."""
_LEAST_VARIED = 0.05
"""Share of different values below which `steps` counts what was done in a row rather than all that was done."""
_OF_A_ROW = frozenset({"steps", "updates", "iterations", "iters", "num_steps", "num_updates", "n_updates", "n_iter"})
"""Names of a step that are also given to what was done in one row."""
_OFTEN = 0.1
"""Share of falls from which on such a column does not tell how far training is: restarts are rarer."""
_LIMIT = 2.0**62
_LOSS = re.compile(r"loss", re.IGNORECASE)
_ROWS = 8
"""Rows that tell a column which says one number all along."""


@dataclass(slots=True)
class Axis:
    """Where the rows of a table stand."""

    name: str
    """The column, empty if rows are counted."""
    step: Ints
    """(rows,) int64: place of each row."""
    own: Bools
    """(rows,) bool: rows that say their place themselves; the others stand by those around them."""
    astray: Bools
    """(rows,) bool: rows that should say their place, since they look like those that do."""
    used: frozenset[str]
    """Columns that make the axis and are no series."""
    guessed: str = ""
    """What was guessed, in words; empty if the axis needs no word."""
    rounded: int = 0
    """Places that were no whole numbers."""


def axis_of(columns: Columns, where: str, x: str = "") -> Axis:
    """Find the x axis.

    Parameters
    ----------
    columns : Columns
        All cells of the table.
    where : str
        The table, for messages.
    x : str
        The column that the user named, if any.

    Raises
    ------
    NotALog
        The column that was named is not there, or no row says a place.
    """
    name = _named(columns, where, x) if x else _found(columns)
    if name is None:
        every_row = np.ones(columns.rows, dtype=bool)
        still = next((n for n in every(columns.parts, AXES) if columns.count(n)), "")
        why = f"{still!r} says one number all along" if still else "no column is one"
        guess = f"{why}, so rows were counted" if still or not columns.in_order else ""
        return Axis("", np.arange(columns.rows), every_row, ~every_row, frozenset(), guess)
    if (step := _plain(columns, name, x)) is not None:
        every_row = np.ones(columns.rows, dtype=bool)
        return Axis(name, step, every_row, ~every_row, frozenset({name}), _of_rows(columns, name))
    raw = columns.dense(name)
    raw[~(np.abs(raw) < _LIMIT)] = np.nan
    used = {name}
    if not x:
        raw, others = _with_others(columns, name, raw)
        used |= others
    raw, epoch = continued(columns, name, raw)
    raw = np.where(np.abs(raw) < _LIMIT, raw, np.nan)
    if not np.isfinite(raw).any():
        raise NotALog(f"{where} has an axis column, {name!r}, but no number in it; write the step of each row there")
    guess = _of_rows(columns, name)
    if epoch:
        guess = f"{name!r} begins again with each {epoch!r} and was continued"
    whole, rounded = _whole(raw)
    own = np.isfinite(whole)
    step, astray = placed(columns, whole, own)
    return Axis(name, step, own, astray, frozenset(used), guess, rounded)


def _of_rows(columns: Columns, name: str) -> str:
    return f"{name!r} was taken for the x axis" if canonical(name) in ROWS and not columns.in_order else ""


def _plain(columns: Columns, name: str, x: str) -> Ints | None:
    """The places of an axis that says one in every row, whole numbers, with nothing beside it that bears on them.

    None where an axis must be looked at closer. A counter that never falls does not begin again with each epoch.
    """
    value = columns.whole(name)
    if value is None or (not x and any(other != name for other in every(columns.parts, STEPS))):
        return None
    epochs = first((n for n in columns.parts if n != name), EPOCHS)
    if not holds("whole places", (value,), _are_places) or (epochs is not None and not rises(value)):
        return None
    return mapped("places", (value,), lambda v: v.astype(np.int64))


def _are_places(value: Floats) -> Bools:
    return np.asarray((np.abs(value) < _LIMIT) & (value == np.floor(value)))


def _named(columns: Columns, where: str, x: str) -> str:
    known = [*columns.parts, *(n for n in columns.labels if n not in columns.parts)]
    found = x if x in columns.parts else first(columns.parts, [canonical(x)])
    if found is None:
        why = "it holds no number" if x in known or x in columns.odd else "there is none"
        raise NotALog(f"{where} has no column {printable(x)} to be the x axis: {why}; it has {_some(known)}")
    return found


def _some(names: list[str]) -> str:
    return ", ".join(map(printable, names[:12])) + (", …" if len(names) > 12 else "")


def _found(columns: Columns) -> str | None:
    """The column that is the axis: finer ones first, those that tell nothing left out."""
    names = [n for n in every(columns.parts, AXES) if columns.count(n)]
    fit = [n for n in names if _varies(columns, n)]
    fit = [n for n in fit if canonical(n) not in _OF_A_ROW or not _counts_apart(columns, n, fit)]
    for tier in (STEPS, AMOUNTS, EPOCHS, TOKENS):
        here = every(fit, tier)
        if here:
            most = max(map(columns.count, here))
            usual = [n for n in here if columns.count(n) >= 0.5 * most]
            whole = [n for n in usual if "global" in canonical(n) and _falls(columns, n) < _falls(columns, usual[0])]
            return [*whole, *usual][0]  # `step` within each epoch beside a `global_step`
    if names and not _says_nothing(columns, names):
        return names[0]
    return next((n for n in every(columns.parts, ROWS) if _varies(columns, n)), None)


def _says_nothing(columns: Columns, names: list[str]) -> bool:
    """Whether the columns that may be the axis say one number all along, beside a loss: rows of results at one step
    have none, or words, and stay there.
    """
    if columns.labels or columns.texts or not any(_LOSS.search(name) for name in columns.parts):
        return False
    values = [columns.joined(name)[1] for name in names]
    return all(len(v) >= _ROWS and bool(np.all(v == v[0])) for v in values)


def _falls(columns: Columns, name: str) -> int:
    return int(np.count_nonzero(np.diff(columns.joined(name)[1]) < 0))


def _counts_apart(columns: Columns, name: str, fit: list[str]) -> bool:
    """Whether `steps` are those done in a row, such as in an episode: they go up and down from row to row, while
    another axis rises with nearly every one of them, and begins anew with a training.
    """
    row, value = columns.joined(name)
    change = np.diff(value)
    if np.count_nonzero(change < 0) <= _OFTEN * len(change):
        return False
    others = (columns.dense(n)[row] for n in fit if canonical(n) not in STEPS)
    return any(float(np.mean(np.diff(other) > 0)) >= 1 - _OFTEN for other in others)


def _varies(columns: Columns, name: str) -> bool:
    (value,) = chosen("finite", (columns.joined(name)[1],), np.isfinite)
    if len(value) < 2:
        return len(value) == 1 and columns.rows == 1
    change = differences(value)
    moves = counted("moves", (change,), lambda c: c != 0)
    if not moves or counted("falls", (change,), lambda c: c < 0) > 0.5 * len(change):
        return False
    if canonical(name) in _SURE or canonical(name) in EPOCHS:
        return True
    return moves >= _LEAST_VARIED * len(change)


def _with_others(columns: Columns, name: str, raw: Floats) -> tuple[Floats, set[str]]:
    """The axis with what other names of a step say in rows that it leaves out, and rows taken off it that carry epochs.

    A key may change in mid-file (`step`, then `global_step`). MMEngine's rows of an evaluation carry the epoch as
    `step` and no `iter`, which equals `step` everywhere else.
    """
    used: set[str] = set()
    for other in every(columns.parts, STEPS):
        if other == name:
            continue
        there = columns.dense(other)
        both = np.isfinite(raw) & np.isfinite(there)
        alike = bool(np.array_equal(raw[both], there[both]))
        if int(both.sum()) > 2 and alike:
            used.add(other)
            alone = np.isfinite(raw) & ~np.isfinite(there)
            before = _last(there)
            if alone.any() and float(np.mean(raw[alone] < before[alone])) > 0.5:
                raw = np.where(alone, np.nan, raw)
        if alike:
            free = ~np.isfinite(raw) & np.isfinite(there)
            if free.any():
                used.add(other)
                raw = np.where(free, there, raw)
    return raw, used


def _last(values: Floats) -> Floats:
    """The last number at or before each row, NaN before the first."""
    at = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), -1))
    return np.where(at >= 0, values[np.maximum(at, 0)], np.nan)


def _whole(raw: Floats) -> tuple[Floats, int]:
    """Whole places: rounded down, or numbered where that would throw different places together."""
    known = raw[np.isfinite(raw)]
    down = np.floor(raw)
    rounded = int(np.count_nonzero(known != np.floor(known)))
    if not rounded:
        return down, 0
    places = np.unique(known)
    if len(np.unique(np.floor(known))) >= 0.9 * len(places):
        return down, rounded
    numbered = np.where(np.isfinite(raw), np.searchsorted(places, raw), np.nan)
    return numbered, rounded
