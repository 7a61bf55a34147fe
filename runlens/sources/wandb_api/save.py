"""A pulled history as one file: a table with `step` and `time` that RunLens (and anything else) reads back."""

from __future__ import annotations

import csv
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from runlens.errors import ConfigError, UsageError
from runlens.sources.table.names import canonical
from runlens.sources.wandb_api.pull import Pulled
from runlens.sources.wandb_api.rows.arrow import to_arrow
from runlens.sources.wandb_api.rows.table import Column, Table
from runlens.sources.wandb_shape import is_series, steps_at, system_name

_AXES = {"step", "time"}
_NAMES = {math.inf: "Infinity", -math.inf: "-Infinity"}


def writer_for(path: Path) -> Callable[[Table, Path], None]:
    """What writes a file of this name.

    Raises
    ------
    ConfigError
        The name ends in something else than `.parquet`, `.csv` or `.jsonl`.
    """
    known = {".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl}
    found = known.get(path.suffix.lower())
    if found is None:
        raise ConfigError(f"{path.name!r} must end in {', '.join(known)}: the ending says how it is written")
    return found


def save(pulled: Pulled, path: Path) -> int:
    """Write history and system metrics in the order of time; the file is there whole or not at all.

    Columns are `step`, `time` (s since the epoch) and the metrics by their logged names; a cell without a value is
    empty (null, or no key), NaN and infinities are written. A run that logs a metric of its own called step or time
    gets W&B's names, `_step` and `_timestamp`, for the axes.

    Parameters
    ----------
    pulled : Pulled
    path : Path
        Ends in `.parquet`, `.csv` or `.jsonl`.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ConfigError
        The name ends in something else.
    UsageError
        The file cannot be written.
    """
    write = writer_for(path)
    table = together(pulled)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        os.close(handle)
        temporary = Path(made)
        try:
            write(table, temporary)
            temporary.chmod(0o666 & ~_mask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    return len(table)


def together(pulled: Pulled) -> Table:
    """One table of history and system rows, by time where every row has one."""
    rows, events = pulled.history, pulled.system
    step = np.concatenate([rows.step, steps_at(rows.step, rows.time, events.time)])
    time = np.concatenate([rows.time, events.time])
    order = np.arange(len(step))
    if len(events) and bool(np.isfinite(time).all()) and bool(np.all(np.diff(rows.time) >= 0)):
        order = np.argsort(time, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    columns = {name: column for name, column in rows.columns.items() if is_series(name)}
    for key, column in events.columns.items():
        columns.setdefault(system_name(key), Column(column.rows + len(rows), column.value))
    moved = {}
    for name, column in columns.items():
        at = place[column.rows]
        sort = np.argsort(at, kind="stable")
        moved[name] = Column(at[sort], column.value[sort])
    return Table(step[order], time[order], moved)


def _axes(table: Table) -> tuple[str, str]:
    clash = any(canonical(name) in _AXES for name in table.columns)
    return ("_step", "_timestamp") if clash else ("step", "time")


def _parquet(table: Table, path: Path) -> None:
    import pyarrow.parquet as pq

    made = to_arrow(table)
    pq.write_table(made.rename_columns([*_axes(table), *made.column_names[2:]]), path, compression="zstd")


def _csv(table: Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*_axes(table), *table.columns])
        rows.writerows(_cells(table, ""))


def _jsonl(table: Table, path: Path) -> None:
    names = [*_axes(table), *table.columns]
    with path.open("w", encoding="utf-8") as file:
        for cells in _cells(table, None):
            row = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def _cells(table: Table, nothing: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of cells; `nothing` where a metric was not logged, text for NaN and infinities (JSON has none)."""
    time = [nothing if math.isnan(t) else t for t in table.time.tolist()]
    columns: list[list[Any]] = [table.step.tolist(), time]
    for column in table.columns.values():
        cells = [nothing] * len(table)
        finite = np.isfinite(column.value).tolist()
        for row, value, plain in zip(column.rows.tolist(), column.value.tolist(), finite, strict=True):
            cells[row] = value if plain else _NAMES.get(value, "NaN")
        columns.append(cells)
    return zip(*columns, strict=True)


def _mask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
