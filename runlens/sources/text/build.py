"""Series from rows: one a name, split by rank, without the redraws of bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.model import Note, Series
from runlens.sources.naming import printable
from runlens.sources.text.axis.elapsed import elapsed_of
from runlens.sources.text.axis.steps import Axis
from runlens.sources.text.layout import Layout
from runlens.sources.text.phases import Worded
from runlens.sources.text.rows import Rows
from runlens.sources.text.writers import by_writer

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_REPEATED = 3
"""Lines of a form without a step that make a series: fewer are settings, results or code."""
_SETTINGS = 10
"""Lines of such a form up to which they are settings where all stand above the first line that counts."""
_SO_FAR = "batch_"
"""Put before the names of Keras' means over the batches of an epoch so far."""
_EPOCHS = 10
"""Whole epochs from which on Keras' running means within the epoch are left out: they begin anew in each, and would be
read as the curve because they are more."""


@dataclass(frozen=True, slots=True)
class Built:
    """What the lines of a log hold."""

    series: dict[str, Series]
    """In the order in which their names first appear."""
    once: dict[str, object]
    """Results that were printed once."""
    texts: dict[str, tuple[str, ...]]
    """Words that the values of some series number."""
    config: dict[str, object]
    """Words that were the same all along."""
    guessed: tuple[str, ...] = ()
    """Series that their lines call by a split alone, and that were taken for losses."""


def series_of(rows: Rows, axis: Axis) -> Built:
    """What rows and their places make."""
    since, elapsed = elapsed_of(rows)
    stamped = bool(np.isfinite(rows.time).any())
    time = _times(rows.time if stamped else elapsed, axis.step)
    worded = Worded()
    redrawn = rows.of_kind("bar", "keras")
    many = np.count_nonzero(rows.of_kind("keras") & (rows.counters["it"] >= rows.counters["of"])) >= _EPOCHS
    points: dict[str, list[Ints]] = {}
    values: dict[str, list[Floats]] = {}
    once: dict[str, object] = {}
    stepped = {f.name for o in rows.layouts if o.counts for f in o.fields}
    counting = rows.measure & rows.of_kind("row", "bar", "keras", "box")
    counting &= np.array([o.counts for o in rows.layouts], dtype=bool)[rows.of_layout]
    first = int(np.argmax(counting)) if bool(counting.any()) and axis.counts != "lines" else 0
    for number in sorted(range(len(rows.layouts)), key=lambda i: int(rows.where[i][0])):
        layout, at = rows.layouts[number], rows.where[number]
        if layout.kind == "member" and (len(at) < _REPEATED or (len(at) <= _SETTINGS and at[-1] < first)):
            for field, column in zip(layout.fields, rows.values[number], strict=True):
                once[field.name] = float(column[-1])
            continue
        for name, keep, column in _columns(layout, at, rows, rows.values[number]):
            if layout.kind == "member" and name in stepped:
                name = f"summary/{name}"  # the same word for another thing, such as a loss after validation
            if name == since:  # it is no time of a step
                if not stamped:
                    continue
                name = f"elapsed {name}"
            if many and layout.kind == "keras" and name.startswith(_SO_FAR):
                continue
            points.setdefault(name, []).append(at[keep])
            values.setdefault(name, []).append(column[keep])
        if layout.counts and not layout.split:
            worded.add(layout.words, at)
    out: dict[str, Series] = {}
    clients = any(o.clients for o in rows.layouts)
    if axis.counts == "lines":
        turned = np.flatnonzero(np.isfinite(rows.counters["epoch"]))
        if len(turned) and "epoch" not in points:
            points["epoch"], values["epoch"] = [turned], [rows.counters["epoch"][turned]]
    for name in points:
        at = np.concatenate(points[name])
        order = np.argsort(at, kind="stable")
        at, value = at[order], np.concatenate(values[name])[order]
        if not len(at):
            continue
        again = (np.diff(axis.step[at]) == 0) & redrawn[at[:-1]] & redrawn[at[1:]]
        at, value = at[np.append(~again, True)], value[np.append(~again, True)]
        for full, which in by_writer(name, rows.counters["rank"][at], clients):
            out[full] = Series(full, axis.step[at[which]], time[at[which]], value[which])
    guessed = _guessed(rows.layouts, out)
    words, texts, config = worded.series(axis.step, time)
    words = {name: s for name, s in words.items() if name not in out}
    texts = {name: texts[name] for name in words}
    return Built({name: s for name, s in (out | words).items() if len(s)}, once, texts, dict(config), guessed)


def guesses(built: Built, rows: Rows, where: str) -> list[Note]:
    """What was guessed of names that leave it open, one note a kind."""
    behind = dict.fromkeys(f.name for o in rows.layouts for f in o.fields if f.behind and f.name in built.series)
    notes = []
    for names, said in (
        (built.guessed, "called by their split alone: they were taken for losses"),
        (behind, "of no split that is named, behind one of held-out data: they were taken for such, too"),
    ):
        if names:
            shown = " and ".join(printable(name) for name in list(names)[:3])
            notes.append(Note("guessed", f"{shown} in {where} are {said}"))
    return notes


def _guessed(layouts: list[Layout], out: dict[str, Series]) -> tuple[str, ...]:
    """Which series are losses by a guess; those that rise in training are called by their split alone again."""
    names = [n for n in dict.fromkeys(f.name for o in layouts for f in o.fields if f.guessed) if n in out]
    trained = next((n for n in names if "train" in n.lower()), names[0] if names else "")
    if not names or not _rises(out[trained].value):
        return tuple(names)
    for name in names:
        bare = name.removesuffix(" loss")
        one = out.pop(name)
        out[bare] = Series(bare, one.step, one.time, one.value)
    return ()


def _rises(value: Floats) -> bool:
    known = value[np.isfinite(value)]
    third = max(len(known) // 3, 1)
    return len(known) > 1 and bool(np.median(known[-third:]) > np.median(known[:third]))


def _columns(layout: Layout, at: Ints, rows: Rows, columns: tuple[Floats, ...]) -> Iterator[tuple[str, Bools, Floats]]:
    """Name, which points are kept, and values, of each field of a layout."""
    it, of = rows.counters["it"][at], rows.counters["of"][at]
    keep = np.ones(len(at), dtype=bool)
    if layout.split and bool(np.isfinite(it).all()) and len(at):
        keep = np.append(it[1:] <= it[:-1], True)  # a loop over held-out data: its last word
    done = it >= of
    begun = begun_bars(layout, it)
    for field, column in zip(layout.fields, columns, strict=True):
        if layout.kind == "keras" and not bool(done.all()) and not field.split:
            yield field.name, done, column
            yield f"{_SO_FAR}{field.name}", ~done, column
        elif layout.kind == "bar" and not layout.split and (field.split or field.name.endswith("_epoch")):
            said = np.nan_to_num(column, nan=-np.inf)
            yield field.name, np.append(True, said[1:] != said[:-1]) & begun, column  # shown until the next evaluation
        else:
            yield field.name, keep & begun, column


def begun_bars(layout: Layout, it: Floats) -> Bools:
    """Which lines are no bar that was set back to 0: it shows the values of the epoch before once more."""
    return np.asarray(it != 0) if layout.kind == "bar" else np.ones(len(it), dtype=bool)


def _times(time: Floats, step: Ints) -> Floats:
    """Wall times; a line without one has that of a line of the same step before it, or after it."""
    known = np.flatnonzero(np.isfinite(time))
    if not len(known) or len(known) == len(time):
        return time
    every = np.arange(len(time))
    before = known[np.maximum(np.searchsorted(known, every, side="right") - 1, 0)]
    after = known[np.minimum(np.searchsorted(known, every), len(known) - 1)]
    out = np.where(step[before] == step, time[before], np.where(step[after] == step, time[after], np.nan))
    return np.where(np.isfinite(time), time, out)
