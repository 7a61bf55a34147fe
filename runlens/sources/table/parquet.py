"""Parquet tables, read one column at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from runlens.errors import NotALog
from runlens.sources.naming import printable
from runlens.sources.table.build import Columns, number


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
        with parquet.ParquetFile(path) as file:
            for name in file.schema_arrow.names:
                _add(name, file.read(columns=[name]).column(0).combine_chunks(), columns)
            columns.rows = file.metadata.num_rows
    except pyarrow.ArrowException as error:
        raise NotALog(
            f"{printable(str(path))} is no whole parquet file ({str(error).splitlines()[0]}); write it again, or give "
            "the log that it was made from"
        ) from error


def has_step_column(path: Path) -> bool:
    """Whether a parquet file has a step column; False for what is no parquet file."""
    import pyarrow
    from pyarrow import parquet

    from runlens.sources.table.columns import step_column

    try:
        return step_column(parquet.read_schema(path).names) is not None
    except (pyarrow.ArrowException, OSError):
        return False


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
    rows = _plain(compute.indices_nonzero(compute.is_valid(column)), np.uint64).astype(np.int64)
    if types.is_timestamp(kind):
        value = _plain(compute.cast(column.drop_null(), pyarrow.timestamp("us")).cast(pyarrow.int64()), np.int64) * 1e-6
    elif types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        value = _plain(compute.cast(column.drop_null(), pyarrow.float64(), safe=False), np.float64)
    elif types.is_string(kind) or types.is_large_string(kind):
        found = [(i, number(text, name)) for i, text in zip(rows.tolist(), column.drop_null().to_pylist(), strict=True)]
        rows = np.array([i for i, v in found if v is not None], dtype=np.int64)
        value = np.array([v for _, v in found if v is not None], dtype=np.float64)
    else:
        return
    columns.add(name, rows, value)


def _plain(array: Any, kind: type[np.generic]) -> Any:
    """An Arrow array of 64-bit numbers without nulls as numpy's; `to_numpy` would import pandas, which takes 1 s."""
    if not len(array):
        return np.empty(0, kind)
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * 8)
