"""All lines that say something about training, in the order written: what each counts, and when it was written."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.model import Note, Series
from runlens.sources.text.gather import COUNTERS, Gathered
from runlens.sources.text.layout import Layout
from runlens.sources.text.times import with_date
from runlens.sources.text.twins import with_splits

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LAUNCH = 600.0
"""Seconds between two rows that a process which goes on with another stage seldom needs: data are loaded in less."""
LAUNCH_ROWS = 5.0
"""The same in usual times between rows: those of long epochs are an hour apart."""


@dataclass(slots=True)
class Rows:
    """Columns over all lines that were understood, sorted by line; NaN where a line does not say a counter."""

    layouts: list[Layout]
    of_layout: Ints
    """(n,): which layout each line has."""
    line: Ints
    block: Ints
    """(n,): stretches between blank lines and rules, numbered."""
    time: Floats
    """(n,): unix seconds."""
    counters: dict[str, Floats]
    where: list[Ints]
    """For each layout, the positions of its lines among the rows, in order."""
    values: list[tuple[Floats, ...]]
    """For each layout, one column for each field."""
    notes: tuple[Note, ...] = ()
    """What was guessed of them."""

    def __len__(self) -> int:
        return len(self.line)

    def of_kind(self, *kinds: str) -> Bools:
        """Which lines are of one of these kinds."""
        return np.array([o.kind in kinds for o in self.layouts], dtype=bool)[self.of_layout]

    @property
    def measure(self) -> Bools:
        """Which lines hold metrics."""
        return np.array([bool(o.fields) for o in self.layouts], dtype=bool)[self.of_layout]

    @property
    def held_out(self) -> Bools:
        """Which lines are of held-out data as a whole."""
        return np.array([bool(o.split) for o in self.layouts], dtype=bool)[self.of_layout]


def rows_of(gathered: Gathered, written: float) -> Rows:
    """The rows of a log.

    Parameters
    ----------
    gathered : Gathered
    written : float
        When the file was last written, for timestamps without a year or a date.
    """
    layouts = list(gathered.parts)
    sizes = [sum(len(p.line) for p in gathered.parts[o]) for o in layouts]
    line = _whole_numbers([np.concatenate([p.line for p in gathered.parts[o]]) for o in layouts])
    order = np.argsort(line, kind="stable")
    place = np.empty(len(line), dtype=np.int64)
    place[order] = np.arange(len(line))
    cuts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    counters = {}
    for name in COUNTERS:
        parts = [
            p.counters[name] if name in p.counters else np.full(len(p.line), np.nan)
            for o in layouts
            for p in gathered.parts[o]
        ]
        counters[name] = _numbers(parts)[order]
    of_layout = np.repeat(np.arange(len(layouts)), sizes)[order]
    rounds = np.array([o.axis == "round" for o in layouts], dtype=bool)
    if bool(rounds.any()):  # an epoch that a client counts is one within the round
        counters["epoch"][~rounds[of_layout]] = np.nan
    time = _numbers([p.time for o in layouts for p in gathered.parts[o]])[order]
    breaks = _whole_numbers(gathered.breaks)
    return Rows(
        with_splits(layouts),
        of_layout,
        line[order],
        np.searchsorted(breaks, line[order]),
        _dated(time, of_layout, layouts, written),
        counters,
        [place[a:b] for a, b in itertools.pairwise(cuts.tolist())],
        [_columns(gathered, o) for o in layouts],
    )


def kept(rows: Rows, keep: Bools) -> Rows:
    """The rows without those where `keep`, shape (n,), is False, and without the layouts of which none is left."""
    stay = [keep[at] for at in rows.where]
    there = [i for i, one in enumerate(stay) if bool(one.any())]
    number = np.full(len(rows.layouts), -1, dtype=np.int64)
    number[there] = np.arange(len(there))
    place = np.cumsum(keep) - 1
    return Rows(
        [rows.layouts[i] for i in there],
        number[rows.of_layout[keep]],
        rows.line[keep],
        rows.block[keep],
        rows.time[keep],
        {name: column[keep] for name, column in rows.counters.items()},
        [place[rows.where[i][stay[i]]] for i in there],
        [tuple(column[stay[i]] for column in rows.values[i]) for i in there],
        rows.notes,
    )


def _columns(gathered: Gathered, layout: Layout) -> tuple[Floats, ...]:
    parts = gathered.parts[layout]
    return tuple(np.concatenate([p.values[i] for p in parts]) for i in range(len(layout.fields)))


def _whole_numbers(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _numbers(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.empty(0)


def _dated(time: Floats, of_layout: Ints, layouts: list[Layout], written: float) -> Floats:
    """Times with the year or the date that they lack: by far the most logs write one form only."""
    forms = np.array([o.stamp.dated if o.stamp is not None else "" for o in layouts])
    out = time.copy()
    for form in ("date", "day", "clock"):
        which = forms[of_layout] == form if len(layouts) else np.zeros(0, dtype=bool)
        if bool(which.any()):
            out[which] = with_date(time[which], form, written)
    return out


def starts_of(
    series: Mapping[str, Series], rows: Rows, taken_up: Sequence[int], anew: Sequence[int] = ()
) -> tuple[float, ...]:
    """Wall times at which a run was started or taken up again.

    Parameters
    ----------
    series : mapping of str to Series
        Of the run: the attempts of the longest one with times begin at such times.
    rows : Rows
        Of the run.
    taken_up : sequence of int
        Numbers of the lines that say that training goes on from a checkpoint: it does with the next row.
    anew : sequence of int
        Positions of rows at which the counter begins anew while the loss goes on: a start where the log stood still
        before, for `LAUNCH` seconds and `LAUNCH_ROWS` rows, and a stage of the same process elsewhere.
    """
    timed = [s for s in series.values() if len(s) and s.time[0] == s.time[0]]
    if not timed:
        return ()
    begun = {float(a.time[0]) for a in max(timed, key=len).attempts() if a.time[0] == a.time[0]}
    after = np.searchsorted(rows.line, np.asarray(taken_up, dtype=np.int64))
    said = rows.time[after[(after > 0) & (after < len(rows))]]
    took = np.diff(rows.time[rows.measure & np.isfinite(rows.time)]) if anew else np.empty(0)
    least = max(LAUNCH, LAUNCH_ROWS * float(np.median(took))) if len(took) else np.inf
    begun |= {float(rows.time[at]) for at in anew if at and rows.time[at] - rows.time[at - 1] >= least}
    return tuple(sorted(begun | set(said[np.isfinite(said)].tolist())))
