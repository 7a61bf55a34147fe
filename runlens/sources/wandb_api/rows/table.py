"""History rows as sparse columns, joined without repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.sources.nested import is_media
from runlens.sources.wandb_shape import number

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One metric, where it was logged: absent (null) is no entry, NaN is one."""

    rows: Ints
    """(m,) int64: row numbers, rising."""
    value: Floats
    """(m,) float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """History rows in columns."""

    step: Ints
    """(n,) int64: `_step`."""
    time: Floats
    """(n,) float64: `_timestamp`, s since the epoch, NaN where a row has none."""
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.step)


def memory(table: Table) -> int:
    """Bytes that the values of a table take."""
    return 8 * (2 * len(table) + sum(len(column.value) for column in table.columns.values()))


EMPTY = Table(np.zeros(0, dtype=np.int64), np.zeros(0), {})


def from_rows(rows: Sequence[dict[str, Any]]) -> Table:
    """Rows as dicts; those without a usable `_step` are left out (the count of rows will tell)."""
    steps = [row.get("_step") for row in rows]
    if not all(type(s) is int for s in steps):
        known = [number(s) for s in steps]
        kept = [i for i, s in enumerate(known) if s is not None and abs(s) < 2**62]
        rows = [rows[i] for i in kept]
        steps = [int(known[i] or 0) for i in kept]
    if not rows:
        return EMPTY
    columns: dict[str, Column] = {}
    _gather(rows, None, "", columns)
    columns.pop("_step", None)
    time = np.full(len(rows), np.nan)
    stamp = columns.pop("_timestamp", None)
    if stamp is not None:
        time[stamp.rows] = stamp.value
    return Table(np.array(steps, dtype=np.int64), time, columns)


def _gather(rows: Sequence[Mapping[str, Any]], at: Ints | None, prefix: str, into: dict[str, Column]) -> None:
    """Columns of all keys; nested objects become dotted names, media objects (`_type`) are passed over."""
    for key in dict.fromkeys(chain.from_iterable(rows)):
        values = [row.get(key) for row in rows]
        kinds = set(map(type, values))
        name = f"{prefix}{key}"
        if kinds <= {float, int}:
            try:
                whole = np.array(values, dtype=np.float64)
            except OverflowError:
                whole = np.array([number(v) for v in values], dtype=np.float64)
            _put(into, name, np.arange(len(values)) if at is None else at, whole)
            continue
        numbers = [number(v) for v in values]
        there = np.flatnonzero(np.array([n is not None for n in numbers]))
        if len(there):
            found = np.array([n for n in numbers if n is not None])
            _put(into, name, there if at is None else at[there], found)
        if dict in kinds:
            inner = [i for i, v in enumerate(values) if type(v) is dict and not is_media(v)]
            if inner:
                where = np.array(inner, dtype=np.int64)
                _gather([values[i] or {} for i in inner], where if at is None else at[where], f"{name}.", into)


def _put(into: dict[str, Column], name: str, rows: Ints, value: Floats) -> None:
    """Add points to a column; where `a.b` and nested `a: {b}` meet in one row, the first one stands."""
    old = into.get(name)
    if old is not None:
        fresh = ~np.isin(rows, old.rows)
        rows, value = np.concatenate([old.rows, rows[fresh]]), np.concatenate([old.value, value[fresh]])
        order = np.argsort(rows, kind="stable")
        rows, value = rows[order], value[order]
    into[name] = Column(rows.astype(np.int64), value)


def joined(tables: Iterable[Table]) -> Table:
    """All rows of several tables, each once, in the order written.

    Pages overlap at their edges, and exports overlap with the live part: rows of one step and time (to the
    microsecond) are one row, whose columns are united; the earlier table is believed. A step that was logged twice
    at different times, as by a resumed run, is two rows.
    """
    parts = [t for t in tables if len(t)]
    if not parts:
        return EMPTY
    ranked = sorted(parts, key=lambda t: int(t.step[0]))  # pages and exports come in any order and rarely overlap
    if all(a.step[-1] < b.step[0] for a, b in pairwise(ranked)):
        parts = ranked
    whole = parts[0] if len(parts) == 1 and _writable(parts[0]) else _one_after_another(parts)
    return whole if bool(np.all(np.diff(whole.step) > 0)) else _ordered(whole)


def _writable(table: Table) -> bool:
    """Whether the arrays are numpy's own: those over Arrow's memory may be read alone, which not all code takes."""
    arrays = (table.step, table.time, *(column.value for column in table.columns.values()))
    return all(array.flags.writeable for array in arrays)


def _one_after_another(parts: Sequence[Table]) -> Table:
    offsets = np.cumsum([0, *map(len, parts)]).tolist()
    everywhere = np.arange(offsets[-1])  # one array for all columns without gaps
    gathered: dict[str, list[tuple[int, Column]]] = {}
    for offset, part in zip(offsets, parts, strict=False):
        for name, column in part.columns.items():
            gathered.setdefault(name, []).append((offset, column))
    columns = {}
    for name, found in gathered.items():
        value = np.concatenate([column.value for _, column in found])
        rows = everywhere
        if len(value) < len(everywhere):
            rows = np.concatenate([column.rows + offset for offset, column in found])
        columns[name] = Column(rows, value)
    return Table(np.concatenate([t.step for t in parts]), np.concatenate([t.time for t in parts]), columns)


def _ordered(table: Table) -> Table:
    instant = np.round(np.nan_to_num(table.time, nan=-1.0), 6)
    order = np.lexsort((np.arange(len(table)), instant, table.step))
    step, moment = table.step[order], instant[order]
    new_step = np.append(True, step[1:] != step[:-1])
    first = new_step | np.append(True, moment[1:] != moment[:-1])
    kept = order[first]
    if not bool(new_step[first].all()) and bool((instant[kept] >= 0).all()):
        kept = kept[np.lexsort((table.step[kept], instant[kept]))]  # steps logged twice: by time, as written
    position = np.empty(len(table), dtype=np.int64)
    position[kept] = np.arange(len(kept))
    group = np.cumsum(first) - 1
    position[order] = position[order[first]][group]
    columns = {}
    for name, column in table.columns.items():
        rows = position[column.rows]
        unique, index = np.unique(rows, return_index=True)
        columns[name] = Column(unique, column.value[index])
    return Table(table.step[kept], table.time[kept], columns)


def take(table: Table, kept: npt.NDArray[np.bool_]) -> Table:
    """The rows where `kept`, a mask of shape (n,), is true."""
    if kept.all():
        return table
    place = np.cumsum(kept) - 1
    columns = {name: Column(place[c.rows[kept[c.rows]]], c.value[kept[c.rows]]) for name, c in table.columns.items()}
    return Table(table.step[kept], table.time[kept], columns)
