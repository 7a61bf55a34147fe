"""Tables to and from Arrow and parquet, by ways that do not import pandas, which takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from runlens.sources.wandb_api.rows.table import EMPTY, Column, Floats, Ints, Table, take
from runlens.sources.wandb_shape import number

if TYPE_CHECKING:
    import pyarrow as pa


def load() -> None:
    """Import what takes a tenth of a second to import, and is needed once rows are there."""
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401


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


def read_parquet(data: bytes | Path) -> pa.Table:
    """A parquet file, on disk or in memory, as an Arrow table; `pq.read_table` would import pandas: seconds.

    Raises
    ------
    pyarrow.ArrowException, OSError
        It is damaged: a page does not fit its checksum, where it has one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = data if isinstance(data, Path) else pa.BufferReader(data)
    with pq.ParquetFile(source, memory_map=True, page_checksum_verification=True) as file:
        return file.read()


def write_parquet(data: pa.Table) -> bytes:
    """A parquet file in memory, in a form that costs little to write and to read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    floats = [field.name for field in data.schema if pa.types.is_floating(field.type)]
    sink = pa.BufferOutputStream()
    # Bytes of like meaning side by side: half the time of zstd, and smaller.
    quick = {"compression": "lz4", "use_dictionary": False, "write_statistics": False}
    pq.write_table(data, sink, use_byte_stream_split=floats, **quick)
    return bytes(sink.getvalue().to_pybytes())


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
    everywhere = np.arange(data.num_rows)  # one array for all columns without gaps
    for name, leaf in leaves.items():
        value, there = _floats(leaf)
        if there.all():
            columns[name] = Column(everywhere, value)
        elif there.any():
            columns[name] = Column(np.flatnonzero(there), value[there])
    found = Table(steps, time, columns)
    return found if bool(known.all()) else take(found, known)


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
    array = column if column.type == kind else column.cast(kind, safe=False)  # integers beyond 2^53 are rounded
    array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
    if len(array) == 0:
        return np.zeros(0, dtype=dtype)
    return np.frombuffer(array.buffers()[1], dtype=dtype)[array.offset : array.offset + len(array)]
