"""Parquet tables, read one column at a time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from runlens.errors import NotALog
from runlens.sources.naming import in_words, printable
from runlens.sources.table.store import Columns


def read_parquet(path: Path, columns: Columns) -> None:
    """Add every column of numbers, flags or times to `columns`; columns of records are flattened with `/`.

    Raises
    ------
    NotALog
        The file is no parquet file, or is cut: parquet keeps its index at the end.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            columns.rows = file.metadata.num_rows
            met: Counter[str] = Counter()
            for place, name in enumerate(file.schema_arrow.names):
                met[name] += 1
                own = name if met[name] == 1 else f"{name} ({met[name]})"
                _add(own, _column(file, place, name), columns)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise NotALog(
            f"{printable(str(path))} is no whole parquet file ({in_words(error)}); write it again, or give "
            "the log that it was made from"
        ) from error


def names_of(path: Path) -> list[str]:
    """The names of the columns of a parquet file, empty for what is no parquet file."""
    import pyarrow
    from pyarrow import parquet

    try:
        return [str(name) for name in parquet.read_schema(path).names]
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):
        return []


def _column(file: Any, place: int, name: str) -> Any:
    """One column by its place: of two with one name, `columns=[name]` brings both."""
    found = file.read(columns=[name])
    same = [i for i, other in enumerate(file.schema_arrow.names) if other == name]
    return found.column(same.index(place)).combine_chunks()


def _add(name: str, column: Any, columns: Columns) -> None:
    """Add one Arrow array; lists, binaries and what else is no number are passed over."""
    import pyarrow
    from pyarrow import compute, types

    kind = column.type
    if isinstance(column, pyarrow.ChunkedArray):  # an empty table has no chunk to combine
        return
    if types.is_struct(kind):
        for i, inner in enumerate(kind):
            _add(f"{name}/{inner.name}", compute.struct_field(column, [i]), columns)
        return
    if types.is_dictionary(kind):  # pandas' categories
        column, kind = column.cast(kind.value_type), kind.value_type
    rows = _plain(compute.indices_nonzero(compute.is_valid(column)), np.uint64).astype(np.int64)
    if types.is_timestamp(kind):
        value = _plain(compute.cast(column.drop_null(), pyarrow.timestamp("us")).cast(pyarrow.int64()), np.int64) * 1e-6
    elif types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        value = _plain(compute.cast(column.drop_null(), pyarrow.float64(), safe=False), np.float64)
    elif types.is_string(kind) or types.is_large_string(kind):
        columns.add_texts(name, rows.tolist(), [text.strip() for text in column.drop_null().to_pylist()])
        return
    else:
        columns.lose(name, len(rows))
        return
    columns.add(name, rows, value)


def _plain(array: Any, kind: type[np.generic]) -> Any:
    """An Arrow array of 64-bit numbers without nulls as numpy's; `to_numpy` would import pandas, which takes 1 s."""
    if not len(array):
        return np.empty(0, kind)
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * 8)
