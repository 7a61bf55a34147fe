"""History rows as sparse columns: from JSON lines, from and to parquet, joined without repeats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from runlens.sources.wandb_shape import number

if TYPE_CHECKING:
    import pyarrow as pa

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


_FEW = 64
"""Below so many lines, starting Arrow costs more than it saves."""

EMPTY = Table(np.zeros(0, dtype=np.int64), np.zeros(0), {})


def from_lines(lines: Sequence[str]) -> Table:
    """Rows as the history pages hold them: one JSON object a line, with bare or quoted NaN and Infinity.

    Lines of standard JSON are parsed by Arrow, six times as fast as by `json` and without holding the interpreter's
    lock; lines with a bare NaN, and pages whose columns change their kind, by `json`. The result is the same.
    """
    text = "\n".join(lines)
    odd: list[str] = []
    plain = lines
    if "NaN" in text or "Infinity" in text:
        odd = [line for line in lines if "NaN" in line or "Infinity" in line]
        plain = [line for line in lines if not ("NaN" in line or "Infinity" in line)]
        text = "\n".join(plain)
    tables = [_by_json(odd)] if odd else []
    if len(plain) > _FEW:
        quick = _by_arrow(text, len(plain))
        tables.insert(0, _by_json(plain) if quick is None else quick)
    elif plain:
        tables.insert(0, _by_json(plain))
    return joined(tables) if len(tables) > 1 else tables[0] if tables else EMPTY


def _by_arrow(text: str, lines: int) -> Table | None:
    """The rows, or None where Arrow does not take them."""
    import pyarrow as pa
    from pyarrow import json as arrow_json

    data = text.encode()
    options = arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1)
    try:
        found = arrow_json.read_json(pa.BufferReader(data), options)
    except (pa.ArrowException, UnicodeError):
        return None
    if found.num_rows != lines or any(_has_media(field.type) for field in found.schema):
        return None
    return from_arrow(found)


def _has_media(kind: pa.DataType) -> bool:
    """Whether a struct is, or holds, a media object: those are passed over row by row."""
    import pyarrow as pa

    if not pa.types.is_struct(kind):
        return False
    fields = [kind.field(i) for i in range(kind.num_fields)]
    return any(field.name == "_type" or _has_media(field.type) for field in fields)


def _by_json(lines: Sequence[str]) -> Table:
    try:
        rows = json.loads(f"[{','.join(lines)}]")
    except ValueError:  # one bad line must not lose the page
        rows = [row for line in lines if (row := _loads(line)) is not None]
    return from_rows(rows if all(type(row) is dict for row in rows) else [row for row in rows if type(row) is dict])


def _loads(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


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
            inner = [i for i, v in enumerate(values) if type(v) is dict and "_type" not in v]
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
    step = np.concatenate([t.step for t in parts])
    time = np.concatenate([t.time for t in parts])
    offsets = np.cumsum([0, *(len(t) for t in parts[:-1])])
    gathered: dict[str, list[tuple[Ints, Floats]]] = {}
    for offset, part in zip(offsets, parts, strict=True):
        for name, column in part.columns.items():
            gathered.setdefault(name, []).append((column.rows + offset, column.value))
    united = {
        name: Column(np.concatenate([r for r, _ in found]), np.concatenate([v for _, v in found]))
        for name, found in gathered.items()
    }
    whole = Table(step, time, united)
    return whole if bool(np.all(np.diff(step) > 0)) else _ordered(whole)


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


def to_arrow(table: Table) -> pa.Table:
    """The table as an Arrow table: `_step`, `_timestamp`, then one float64 column a metric, null where absent."""
    import pyarrow as pa

    arrays = [_array(table.step), _array(table.time)]
    for column in table.columns.values():
        if len(column.rows) == len(table):
            arrays.append(_array(column.value))
            continue
        value, there = np.zeros(len(table)), np.zeros(len(table), dtype=bool)
        value[column.rows], there[column.rows] = column.value, True
        arrays.append(_array(value, there))
    return pa.Table.from_arrays(arrays, names=["_step", "_timestamp", *table.columns])


def _array(value: Floats | Ints, there: npt.NDArray[np.bool_] | None = None) -> Any:
    """An Arrow array over the same memory; `pa.array` would import pandas, which takes seconds."""
    import pyarrow as pa

    kind = pa.int64() if value.dtype == np.int64 else pa.float64()
    valid = None if there is None else pa.py_buffer(np.packbits(there, bitorder="little").tobytes())
    return pa.Array.from_buffers(kind, len(value), [valid, pa.py_buffer(np.ascontiguousarray(value))])


def read_parquet(data: bytes) -> pa.Table:
    """A parquet file in memory as an Arrow table; `pq.read_table` would import pandas, which takes seconds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.BufferReader(data)).read()


def from_arrow(data: pa.Table) -> Table:
    """A table from Arrow: numbers and booleans, structs as dotted names; rows without a step are left out."""
    import pyarrow as pa

    leaves = _leaves(data)
    step_leaf = leaves.pop("_step", None)
    if step_leaf is None or not data.num_rows:
        return EMPTY
    step, known = _floats(step_leaf)
    if pa.types.is_integer(step_leaf.type) and bool(known.all()):
        steps = _memory(step_leaf, pa.int64(), np.int64)
    else:
        known &= np.isfinite(step)
        steps = np.where(known, step, 0).astype(np.int64)
    time = np.full(data.num_rows, np.nan)
    stamp = leaves.pop("_timestamp", None)
    if stamp is not None:
        value, there = _floats(stamp)
        time[there] = value[there]
    columns = {}
    for name, leaf in leaves.items():
        value, there = _floats(leaf)
        if there.any():
            columns[name] = Column(np.flatnonzero(there), value[there])
    found = Table(steps, time, columns)
    return found if bool(known.all()) else take(found, known)


def take(table: Table, kept: npt.NDArray[np.bool_]) -> Table:
    """The rows where `kept`, a mask of shape (n,), is true."""
    place = np.cumsum(kept) - 1
    columns = {name: Column(place[c.rows[kept[c.rows]]], c.value[kept[c.rows]]) for name, c in table.columns.items()}
    return Table(table.step[kept], table.time[kept], columns)


def _leaves(data: pa.Table) -> dict[str, Any]:
    """Every column that may hold numbers, structs opened; media structs (`_type`) and lists are passed over."""
    import pyarrow as pa

    found: dict[str, Any] = {}
    waiting = [(field.name, data.column(i)) for i, field in enumerate(data.schema)]
    while waiting:
        name, column = waiting.pop(0)
        kind = column.type
        if pa.types.is_struct(kind):
            if all(kind.field(i).name != "_type" for i in range(kind.num_fields)):
                flat = pa.Table.from_arrays([column], names=[name]).flatten()
                waiting += [(flat.schema.field(i).name, flat.column(i)) for i in range(flat.num_columns)]
        elif (
            pa.types.is_floating(kind)
            or pa.types.is_integer(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
        ) and name not in found:
            found[name] = column
    return found


def _floats(column: Any) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Values and where they are: null is absent, NaN is there; of text only NaN and Infinity are numbers."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        numbers = [number(v) for v in column.to_pylist()]
        there = np.array([n is not None for n in numbers], dtype=bool)
        return np.array([0.0 if n is None else n for n in numbers]), there
    there = _memory(column.is_valid(), pa.uint8(), np.uint8).astype(bool)
    return _memory(column, pa.float64(), np.float64), there


def _memory(column: Any, kind: Any, dtype: Any) -> npt.NDArray[Any]:
    """The values of a column, whatever stands where it is null; `to_numpy` would import pandas."""
    array = column.cast(kind, safe=False).combine_chunks()  # integers beyond 2^53 are rounded
    if len(array) == 0:
        return np.zeros(0, dtype=dtype)
    return np.frombuffer(array.buffers()[1], dtype=dtype)[array.offset : array.offset + len(array)]
