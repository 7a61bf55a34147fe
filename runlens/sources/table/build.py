"""From the columns of a table to series, configuration and summary, and to what is said of cells that were lost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from runlens.errors import NotALog
from runlens.model import Note, Series
from runlens.model.words import percent
from runlens.sources.appended import counted_on
from runlens.sources.naming import printable
from runlens.sources.table.axis import Axis, axis_of
from runlens.sources.table.head import tells_of_training
from runlens.sources.table.names import STEPS, canonical
from runlens.sources.table.splits import pivoted, with_splits
from runlens.sources.table.store import Columns, settings_in
from runlens.sources.table.texts import words_of
from runlens.sources.table.times import times_of

_NAMED = 20
"""Columns whose lost cells get a note each; those of more columns are counted together."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a table holds."""

    series: dict[str, Series]
    config: dict[str, object]
    summary: dict[str, object]
    notes: tuple[Note, ...]
    axis: str
    """The column that is the x axis, empty if rows were counted."""
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that the values of some series number."""


def built(
    columns: Columns, where: str, x: str = "", since: float = 0.0, axis: Axis | None = None, on: Sequence[int] = ()
) -> Built:
    """Series of all columns of numbers; `columns` is used up.

    Parameters
    ----------
    columns : Columns
    where : str
        The table, for messages.
    x : str
        The column that the user named as the x axis.
    since : float
        Unix seconds of the start, where something other than the cells tells it.
    axis : Axis, optional
        That of the columns, if it is known.
    on : sequence of int
        Rows at which the counter of the axis begins anew although training goes on.

    Returns
    -------
    Built
        Rows that say no place are configuration before the first row that does, and summary after the last one, so far
        as their columns stand nowhere else; other rows without a place stand by those around them.

    Raises
    ------
    NotALog
        There is no number, or no axis.
    """
    pivoted(columns)
    axis = axis if axis is not None else axis_of(columns, where, x)
    axis.step = counted_on(axis.step, on) if on else axis.step
    with_splits(columns)
    time, clock = times_of(columns, axis.step, axis.name)
    if since and clock:
        time = np.where(time < since, time + since, time)
    if not axis.own.any():
        raise NotALog(f"{where} holds no row with a number in it")
    first, last = int(np.argmax(axis.own)), len(axis.own) - 1 - int(np.argmax(axis.own[::-1]))
    says_all = bool(axis.own.all())
    series: dict[str, Series] = {}
    astray: dict[str, int] = {}
    words, constant = words_of(columns)
    for name in [*(n for n in columns.parts if n not in axis.used and n != clock), *words]:
        row, value = (words[name].row, words[name].value) if name in words else columns.joined(name)
        columns.parts.pop(name, None)
        if says_all and len(row) == columns.rows and (row is columns.every or bool(np.all(np.diff(row) == 1))):
            series[name] = Series(name, axis.step, time, value)  # a column with a cell in every row, as most are
            continue
        inside = (row >= first) & (row <= last)
        belongs = inside | axis.astray[row] | (bool(inside.any()) & (row > last))
        row, value = row[belongs], value[belongs]
        if len(row):
            series[name] = Series(name, axis.step[row], time[row], value)
            count = int(np.count_nonzero(axis.astray[row]))
            if 0 < count < len(row):
                astray[name] = count
    config, summary = _beside(columns.said, first, last)
    config = constant | config
    texts = {name: words[name].names for name in words if name in series}
    columns.odd = {name: cells for name, cells in columns.odd.items() if name not in texts}
    notes = (*_guess(axis, where), *_lost(columns, astray, series, where))
    return Built(dict(sorted(series.items())), config, summary, notes, axis.name, texts)


def _guess(axis: Axis, where: str) -> list[Note]:
    notes = []
    if axis.rounded and canonical(axis.name) in STEPS:
        said = f"{axis.rounded} of {int(axis.own.sum())} steps in {where} are no whole numbers and were rounded down"
        notes.append(Note("unsupported", said, axis.rounded))
    if axis.guessed:
        notes.append(Note("guessed", f"the x axis of {where} is a guess: {axis.guessed}; name another with --x COLUMN"))
    return notes


def _lost(columns: Columns, astray: Mapping[str, int], series: Mapping[str, Series], where: str) -> list[Note]:
    """A note for each column with cells that were not read, or whose rows say no place."""
    notes = []
    for name, odd in _most(columns.odd):
        if name in series or (columns.rows > 1 and tells_of_training([name])):  # a word of a lone row is a setting
            notes.append(
                _of_cells(
                    name, odd, len(series[name]) if name in series else 0, where, "no number among numbers", "left out"
                )
            )
    for name, short in _most(columns.short):
        if name in series or (not series and tells_of_training([name])):  # a column that was never written is no loss
            read = len(series[name]) if name in series else 0
            notes.append(_of_cells(name, short, read, where, "missing from rows that end early", ""))
    for name, again in _most(columns.repeated):
        told, done = "under a key that stands again in the same object", "left out for the last one"
        if name in series:
            notes.append(_of_cells(name, again, len(series[name]), where, told, done))
        else:
            said = f"{again:,} values of the key {printable(name)} in {where} stand before another in the same object"
            notes.append(Note("unsupported", f"{said}: the last one was read", again))
    for name, strays in _most(astray):
        told, done = "in rows that say no step", "placed between their neighbours"
        notes.append(_of_cells(name, strays, len(series[name]) - strays, where, told, done))
    return notes


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: -pair[1])[:_NAMED]


def _of_cells(name: str, lost: int, read: int, where: str, what: str, done: str) -> Note:
    share = lost / (lost + read)
    cells = "1 cell" if lost == 1 else f"{lost:,} cells"
    verb = "is" if lost == 1 else "are"
    end = f" and {'was' if lost == 1 else 'were'} {done}" if done else ""
    said = f"{cells} of {printable(name)} in {where} ({percent(share)}) {verb} {what}{end}"
    return Note("unsupported", said, lost, series=name, share=share)


def _beside(
    said: Mapping[int, Mapping[str, object]], first: int, last: int
) -> tuple[dict[str, object], dict[str, object]]:
    config: dict[str, object] = {}
    summary: dict[str, object] = {}
    for row, cells in said.items():
        if row < first:
            config |= settings_in(cells)
        elif row > last:
            summary |= {k: v for k, v in cells.items() if not isinstance(v, float) or math.isfinite(v)}
    return config, summary
