"""Several trainings in one console log: where each begins, and the rows of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runlens.sources.appended import Between, Course, Trainings, counted_on, trainings_of
from runlens.sources.text.axis.epochs import carried, epochs_of
from runlens.sources.text.axis.steps import Axis, axis_of
from runlens.sources.text.between import between
from runlens.sources.text.build import begun_bars
from runlens.sources.text.rows import Rows, kept
from runlens.sources.text.stretches import open_log, stretches
from runlens.sources.text.words import LOSS, NO_DESCENT
from runlens.sources.text.writers import first_writer

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LINES = 400
"""Lines before the first row of a training that are looked at: the nearest ones."""


def launches(rows: Rows, axis: Axis, path: Path, begun: Sequence[int] = ()) -> Trainings:
    """The trainings of a log; positions are those of rows.

    Parameters
    ----------
    rows : Rows
    axis : Axis
        Of these rows.
    path : Path
        The log, of which the lines between two trainings are read once more.
    begun : sequence of int
        Numbers of the lines that say that a training begins: where no line says how far one is, its rows are counted
        from there.
    """
    main, loss = _main(rows, axis)
    epoch = epochs_of(rows)[main]
    if axis.counts == "lines" and bool(np.isfinite(epoch).any()):  # rows above the first heading with a number
        epoch = np.where(np.isfinite(epoch), epoch, epoch[np.isfinite(epoch)][0] - 1)
    step = epoch if axis.counts == "lines" else axis.step[main].astype(np.float64)
    unsaid = axis.counts == "lines" and len(main) > 0 and not bool(np.isfinite(epoch).any())
    if unsaid:
        step = _since(rows.line[main], begun)
    if not len(main) or not bool(np.isfinite(step).all()):
        return Trainings()

    def before(at: Sequence[int]) -> list[Between]:
        starts = [0, *(int(rows.line[main[k - 1]]) + 1 for k in at)]
        ends = [int(rows.line[main[0]]), *(int(rows.line[main[k]]) for k in at)]
        told = between(_lines(path, list(zip(starts, ends, strict=True))))
        return [replace(one, launched=False) for one in told] if unsaid else told  # it may be said of every epoch

    found = trainings_of(Course(step, loss, _to_the_end(rows, axis, main, epoch), counted=unsaid), before)
    begins = [0] + [
        _first_row(rows, main, k, float(epoch[k]), found.between[n]) for n, k in enumerate(found.begins[1:], 1)
    ]
    return replace(found, begins=begins, on=[] if unsaid else [int(main[k]) for k in found.on])


def _since(line: Ints, begun: Sequence[int]) -> Floats:
    """How many of these lines stand before each since the last of some others."""
    row = np.arange(len(line))
    first = np.append(0, np.searchsorted(line, np.asarray(begun, dtype=np.int64)))
    return np.asarray(row - first[np.searchsorted(first, row, side="right") - 1], dtype=np.float64)


def _to_the_end(rows: Rows, axis: Axis, main: Ints, epoch: Floats) -> Callable[[int, int], bool | None]:
    of, epochs = rows.counters["of"][main], carried(rows.counters["epochs"])[main]
    step = axis.step[main]

    def ended(first: int, stop: int) -> bool | None:
        promised = of[first:stop][np.isfinite(of[first:stop])]
        if axis.of_all and len(promised) and bool(np.all(promised == promised[0])):
            return int(step[stop - 1]) >= int(promised[0]) - 1
        promised = epochs[first:stop][np.isfinite(epochs[first:stop])]
        if len(promised) and bool(np.all(promised == promised[0])) and np.isfinite(epoch[stop - 1]):
            begun = min(float(epoch[first]), 1.0)
            return bool(epoch[stop - 1] - begun + 1 >= promised[0])
        return None

    return ended


def _main(rows: Rows, axis: Axis) -> tuple[Ints, Floats]:
    """Positions of the training lines, those of the commonest loss before others, and that loss.

    Where no line says a step, those below a heading of an epoch are such, too.
    """
    best = -1
    told = False
    headed = axis.counts in ("epochs", "lines")
    for number, (layout, at) in enumerate(zip(rows.layouts, rows.where, strict=True)):
        if layout.fields and (layout.counts or headed) and not layout.split:
            loss = _loss_of(rows, number) >= 0
            if best < 0 or (loss, len(at)) > (told, len(rows.where[best])):
                best, told = number, loss
    if best < 0:
        return np.empty(0, dtype=np.int64), np.empty(0)
    name = rows.layouts[best].fields[_loss_of(rows, best)].name if told else ""
    names = {f.name for f in rows.layouts[best].fields}
    where: list[Ints] = []
    loss_of: list[Floats] = []
    for number, (layout, at) in enumerate(zip(rows.layouts, rows.where, strict=True)):
        fields = [f.name for f in layout.fields]
        if layout.split or not (layout.counts or headed) or not (name in fields if told else names == set(fields)):
            continue
        begun = begun_bars(layout, rows.counters["it"][at])
        where.append(at[begun])
        loss_of.append((rows.values[number][fields.index(name)] if told else np.full(len(at), np.nan))[begun])
    for after, its_loss in _renamed(rows, name, headed, np.concatenate(where)) if told else ():
        where.append(after)
        loss_of.append(its_loss)
    at, loss_there = np.concatenate(where), np.concatenate(loss_of)
    order = np.argsort(at, kind="stable")
    at, loss_there = at[order], loss_there[order]
    own = first_writer(rows)[at]
    return at[own], loss_there[own]


def _renamed(rows: Rows, name: str, headed: bool, main: Ints) -> list[tuple[Ints, Floats]]:
    """Rows and values of losses by other names that begin where the main one has ended, or end before it begins: the
    script was changed between two trainings.
    """
    found: dict[str, list[tuple[Ints, Floats]]] = {}
    for number, (layout, at) in enumerate(zip(rows.layouts, rows.where, strict=True)):
        field = _loss_of(rows, number) if not layout.split and (layout.counts or headed) else -1
        if field >= 0 and layout.fields[field].name != name and len(at):
            found.setdefault(layout.fields[field].name, []).append((at, rows.values[number][field]))
    return [
        (np.concatenate([at for at, _ in parts]), np.concatenate([value for _, value in parts]))
        for parts in found.values()
        if all(at[0] > main.max() or at[-1] < main.min() for at, _ in parts)
    ]


def _loss_of(rows: Rows, number: int) -> int:
    """Which field of a layout is its training loss, the one called that alone before others; -1 if none is."""
    fields = rows.layouts[number].fields
    losses = [i for i, f in enumerate(fields) if LOSS.search(f.name) and not f.split and not NO_DESCENT.search(f.name)]
    return next((i for i in losses if fields[i].name.lower() in ("loss", "train/loss", "train_loss")), [*losses, -1][0])


def _first_row(rows: Rows, main: Ints, at: int, its_epoch: float, told: Between) -> int:
    """The first row of a training: what says no more than its first line of metrics, and stands before it, is its own.

    An evaluation before the first step, and the heading of the first epoch, belong to it; results of the training
    before do not.
    """
    begin, floor = int(main[at]), int(main[at - 1]) + 1
    if told.above:
        named = int(rows.line[main[at]]) - told.above
        return max(floor, min(begin, int(np.searchsorted(rows.line, named))))
    step, epoch = rows.counters["step"], rows.counters["epoch"]
    while begin > floor:
        one = begin - 1
        mine = ((step, step[main[at]]), (epoch, its_epoch))
        said = [(c[one], of) for c, of in mine if np.isfinite(c[one])]
        if not said or any(np.isfinite(of) and value > of for value, of in said):
            break
        begin = one
    return begin


def _lines(path: Path, spans: Sequence[tuple[int, int]]) -> list[list[str]]:
    """The lines of a log from one number to another (not inclusive), the last `_LINES` of each span."""
    spans = [(max(a, b - _LINES), b) for a, b in spans]
    out: list[list[str]] = [[] for _ in spans]
    line = 0
    with open_log(path) as file:
        for text in stretches(file):
            count = text.count(b"\n") + (not text.endswith(b"\n"))
            inside = [i for i, (a, b) in enumerate(spans) if a < line + count and b > line]
            if inside:
                lines = text.decode("utf-8", "replace").split("\n")
                for i in inside:
                    a, b = spans[i]
                    out[i] += lines[max(a - line, 0) : b - line]
            line += count
            if line >= spans[-1][1]:
                break
    return out


def part_of(rows: Rows, first: int, stop: int) -> tuple[Rows, Axis]:
    """Rows `first` to `stop` (not inclusive) as a log of their own, and their axis."""
    inside = np.zeros(len(rows), dtype=bool)
    inside[first:stop] = True
    part = kept(rows, inside)
    return part, axis_of(part)


def on_one_axis(axis: Axis, at: Sequence[int]) -> Axis:
    """The axis with the steps counted on at rows at which they begin anew although training goes on."""
    return replace(axis, step=counted_on(axis.step, at), planned=0) if at else axis
