"""Who wrote a line where several write to one log: ranks, clients of federated learning, or nobody who says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.model import Note
from runlens.sources.text.layout import Layout
from runlens.sources.text.rows import Rows, kept
from runlens.sources.text.words import HELD_OUT, spaced

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST_RANKS = 4096
_MOST_CLIENTS = 64
_PRESENT = 0.5
"""Share of the points of the busiest client that most of them must have: of clients drawn by lot each has a few."""
_FEWEST = 3
"""Lines, or groups of alike lines, by which a habit of a log is known."""
_HABIT = 0.9
"""Share of the groups of alike lines that are of one size."""
_MOST_WOVEN = 8
"""Processes that are told apart by their counters alone; more chains than that are batches of epochs."""
_SHORTEST = 0.3
"""Lines of the process that wrote fewest, as a share of those of the one that wrote most."""
_FALLS = 0.2
"""Share of lines that go back, from which on several processes count in one log."""
_LONGEST = 200_000
"""Lines of one form that are looked through one by one."""


def by_writer(name: str, who: Floats, clients: bool) -> Iterator[tuple[str, Bools]]:
    """The series of each writer, and which points are its own.

    Of ranks the lowest has the bare name, and lines that name no rank belong to it. Of clients the server has it, where
    the server tells the same; clients that are drawn anew for each round are one series together.
    """
    known, count = np.unique(who[np.isfinite(who)], return_counts=True)
    most = _MOST_CLIENTS if clients else _MOST_RANKS
    server = clients and bool(np.isnan(who).any())
    if clients and (len(known) > most or (len(known) and np.median(count) < _PRESENT * count.max())):
        if server:
            yield name, np.isnan(who)
            yield f"{name}/clients", np.isfinite(who)
            return
        known = known[:0]
    if (len(known) < 2 and not (server and len(known))) or len(known) > most:
        yield name, np.ones(len(who), dtype=bool)
        return
    if server:
        yield name, np.isnan(who)
    for i, number in enumerate(known.tolist()):
        bare = i == 0 and not server
        which = (who == number) | (np.isnan(who) if bare else False)
        called = "client" if clients else "rank"
        yield (name if bare else f"{name}/{called}_{int(number)}"), np.asarray(which)


def first_writer(rows: Rows) -> Bools:
    """Which lines are of the lowest rank, or of none: what the others count says nothing that these do not."""
    who = rows.counters["rank"]
    known = np.isfinite(who)
    return np.asarray(~known | (who == np.min(who[known]))) if bool(known.any()) else ~known


def told_apart(rows: Rows) -> Rows:
    """The rows without lines that stand there twice, and with ranks where lines tell by their counters alone that
    several processes wrote them; `Rows.notes` says what was done.
    """
    drop = np.zeros(len(rows), dtype=bool)
    rank = rows.counters["rank"].copy()
    twice = several = 0
    for number, layout in enumerate(rows.layouts):
        at = rows.where[number]
        if layout.kind not in ("row", "member") or not layout.fields or len(at) < 2 * _FEWEST or _says_who(layout):
            continue
        columns = [rows.counters[name][at] for name in rows.counters] + list(rows.values[number])
        again = _again(columns)
        if (size := _size_of_groups(again)) > 1:
            drop[at[again]] = True
            twice = max(twice, size)
            continue
        chain = _chains(rows, layout, at)
        if chain is not None:
            rank[at] = chain
            several = max(several, int(chain.max()) + 1)
    notes = list(rows.notes)
    if several:
        said = f"lines of {several} processes stand in one log, which say the same steps each: they were told apart by"
        notes.append(Note("guessed", f"{said} their order, and the first one stands for the run"))
        rows = replace(rows, counters={**rows.counters, "rank": rank})
    if twice:
        said = f"its lines are printed {'twice' if twice == 2 else f'{twice} times'}, as several handlers or processes"
        notes.append(Note("guessed", f"{said} do: each was taken once"))
        rows = kept(rows, ~drop)
    return replace(rows, notes=tuple(notes)) if notes else rows


def _says_who(layout: Layout) -> bool:
    return layout.rank is not None or layout.fixed_rank >= 0


def _again(columns: list[Floats]) -> Bools:
    """Which lines say what the one before says; the first never does."""
    same = np.ones(len(columns[0]) - 1, dtype=bool)
    for column in columns:
        a, b = column[1:], column[:-1]
        same &= (a == b) | (np.isnan(a) & np.isnan(b))
        if 3 * int(np.count_nonzero(same)) < len(same):  # pairs make half of them
            same[:] = False
            break
    return np.append(False, same)


def _size_of_groups(again: Bools) -> int:
    """Of how many lines most groups of alike ones are; 1 where that is no habit."""
    begins = np.flatnonzero(~again)
    sizes = np.diff(np.append(begins, len(again)))
    if len(sizes) < _FEWEST:
        return 1
    size = int(np.median(sizes))
    return size if size > 1 and float(np.mean(sizes % size == 0)) >= _HABIT else 1


def _chains(rows: Rows, layout: Layout, at: Ints) -> Ints | None:
    """Which process wrote each line of one form; None where one did, or where that cannot be told.

    Each process counts on from its own last line. Lines that count one way within an epoch begin ever more chains;
    those of processes a few, which go on side by side to the end.
    """
    counted = [name for name in ("epoch", "step", "it", "sample") if np.isfinite(rows.counters[name][at]).all()]
    if not counted or len(counted) > 2 or len(at) > _LONGEST or (len(counted) == 2 and counted[0] != "epoch"):
        return None
    value = rows.counters[counted[0]][at]
    if len(counted) == 2:  # a batch of an epoch is as far on as there are such pairs before it
        value = _places(value, rows.counters[counted[1]][at])
    elif counted[0] in ("it", "sample"):
        return None
    change = np.diff(value)
    falls = float(np.mean(change < 0))
    in_groups = _size_of_groups(np.append(False, change == 0)) > 1 and any(_is_held_out(f.name) for f in layout.fields)
    if falls < _FALLS and not in_groups:
        return None
    apart = np.diff(np.unique(value))
    if not len(apart):
        return None
    return _greedy(value, 2.0 * float(np.median(apart)))


def _places(epoch: Floats, count: Floats) -> Floats:
    """The place of each line among all pairs of an epoch and a count within it, from 0."""
    _, place = np.unique(np.column_stack([epoch, count]), axis=0, return_inverse=True)
    return place.reshape(-1).astype(np.float64)


def _greedy(value: Floats, farthest: float) -> Ints | None:
    last: list[float] = []
    chain = np.empty(len(value), dtype=np.int64)
    for i, v in enumerate(value.tolist()):
        fits = [n for n, before in enumerate(last) if 0 < v - before <= farthest]
        if fits:
            one = max(fits, key=lambda n: (last[n], -n))
            last[one] = v
        else:
            one = len(last)
            last.append(v)
            if one >= _MOST_WOVEN:
                return None
        chain[i] = one
    count = np.bincount(chain)
    if len(count) < 2 or count.min() < max(_FEWEST, _SHORTEST * count.max()):
        return None
    begins = [int(np.argmax(chain == n)) for n in range(len(count))]
    ends = [len(chain) - 1 - int(np.argmax(chain[::-1] == n)) for n in range(len(count))]
    side_by_side = max(begins) < min(ends) and float(np.mean(np.diff(chain) != 0)) >= _FALLS
    return chain if side_by_side else None


def _is_held_out(name: str) -> bool:
    return HELD_OUT.search(spaced(name)) is not None
