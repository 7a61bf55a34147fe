"""Long stretches of a table through Arrow's parsers, some ten times as fast as Python's.

Nothing here decides what a cell means: whatever these parsers refuse, or would take for something else than the
readers of this package do, is left to them. They give the same numbers (both round to nearest).
"""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.sources.table.names import is_axis
from runlens.sources.table.store import Columns, Ints

LEAST = 1 << 21
"""Bytes from which loading Arrow (0.25 s) pays."""
_SAMPLE = 200


def add_cells(raw: bytes, names: list[str], delimiter: str, columns: Columns) -> bool:
    """Add rows of a delimited table; False, with nothing added, where they need a closer look."""
    if b'"' in raw or b"\0" in raw or len(delimiter) != 1 or delimiter == " " or not names:
        return False
    import pyarrow
    from pyarrow import csv

    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    rows = [line.decode("utf-8", "replace").split(delimiter) for line in raw[: 1 << 16].splitlines()[:_SAMPLE]]
    kinds = {
        name: pyarrow.float64() if all(_is_number(row[i]) for row in rows if i < len(row)) else text
        for i, name in enumerate(names)
    }
    try:
        table = csv.read_csv(
            io.BytesIO(raw),
            csv.ReadOptions(use_threads=False, block_size=len(raw) + 1, column_names=names),
            csv.ParseOptions(delimiter=delimiter, quote_char=False),
            csv.ConvertOptions(column_types=kinds, null_values=[""], strings_can_be_null=True),
        )
    except (pyarrow.ArrowException, UnicodeError):
        return False
    for name in names:
        _add(name, table.column(name).combine_chunks(), columns)
    columns.rows += table.num_rows
    return True


def add_lines(raw: bytes, lines: int, columns: Columns) -> bool:
    """Add so many JSON lines, flat objects alone; False, with nothing added, where they need a closer look."""
    import pyarrow
    from pyarrow import json as arrow_json

    kinds: dict[str, Any] = {}
    try:
        for line in raw[: 1 << 18].split(b"\n")[:_SAMPLE][:-1]:
            for key, value in json.loads(line).items():
                kind = _kind(value)
                if kind is None or kinds.setdefault(key, kind) != kind:
                    return False
        types = {"number": pyarrow.float64(), "text": pyarrow.string()}
        schema = pyarrow.schema([(key, types[kind]) for key, kind in kinds.items() if kind])
        table = arrow_json.read_json(
            io.BytesIO(raw),
            arrow_json.ReadOptions(use_threads=False, block_size=len(raw) + 1),
            arrow_json.ParseOptions(explicit_schema=schema),
        )
    except (ValueError, AttributeError, pyarrow.ArrowException):
        return False
    if table.num_rows != lines or not all(map(_is_plain, table.schema.types)):
        return False
    return _add_table(table, columns)


def _is_number(cell: str) -> bool:
    try:
        float(cell or 0)
    except ValueError:
        return False
    return True


def _kind(value: object) -> str | None:
    """`number`, `text`, empty for what says nothing, None for what Arrow would read in its own way."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    return "text" if isinstance(value, str) else "number"


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_floating(kind) or types.is_integer(kind) or types.is_string(kind) or types.is_null(kind))


def _add_table(table: Any, columns: Columns) -> bool:
    held = np.zeros(table.num_rows, dtype=bool)
    placed = np.zeros(table.num_rows, dtype=bool)
    whole = {name: table.column(name).combine_chunks() for name in table.column_names}
    for name, column in whole.items():
        valid = _valid(column)
        held |= valid
        if is_axis(name):
            placed |= valid
    if not held.all():  # a line such as `null` is no object
        return False
    for row in np.flatnonzero(~placed)[: 1000 - len(columns.said)].tolist():
        cells = table.slice(row, 1).to_pylist()[0]
        columns.said[columns.rows + row] = {key: value for key, value in cells.items() if value is not None}
    for name, column in whole.items():
        _add(name, column, columns)
    columns.rows += table.num_rows
    return True


def _add(name: str, column: Any, columns: Columns) -> None:
    """Add the cells of one Arrow array that say something."""
    import pyarrow
    from pyarrow import compute, types

    if types.is_null(column.type):
        return
    rows = np.arange(len(column)) if not column.null_count else np.flatnonzero(_valid(column))
    rows = rows.astype(np.int64) + columns.rows
    known = column.drop_null() if column.null_count else column
    if types.is_string(column.type):
        known = compute.dictionary_encode(known)
    if types.is_dictionary(known.type):
        _add_texts(name, rows, known, columns)
        return
    value = compute.cast(known, pyarrow.float64(), safe=False)
    columns.add(name, rows, np.frombuffer(value.buffers()[1], np.float64, len(value), value.offset * 8).copy())


def _valid(column: Any) -> npt.NDArray[np.bool_]:
    """Where an array says something; by its bits, since `to_numpy` would import pandas, which takes 1 s."""
    if not column.null_count:
        return np.ones(len(column), dtype=bool)
    if column.buffers()[0] is None:
        return np.zeros(len(column), dtype=bool)
    bits = np.frombuffer(column.buffers()[0], np.uint8)
    return np.unpackbits(bits, bitorder="little")[column.offset : column.offset + len(column)].astype(bool)


def _add_texts(name: str, rows: Ints, column: Any, columns: Columns) -> None:
    texts = [text.strip() for text in column.dictionary.to_pylist()]
    columns.add_texts(name, rows.tolist(), [texts[i] for i in column.indices.to_pylist()])
