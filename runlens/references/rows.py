"""Rows of a table on disk: CSV, TSV, JSONL, parquet, Arrow, or the parts of a dataset in a folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runlens.errors import NotALog

SUFFIXES = (".parquet", ".arrow", ".jsonl", ".csv", ".tsv")
"""What a table may be called. Of the parts of a dataset those of one kind alone are taken, the first that there is."""
DEEP = 4
"""Folders below a dataset's own in which its parts may lie, such as `data/en/train/`."""


def parts_of(folder: Path) -> list[Path]:
    """The parts of one table in a folder, in order of their names; empty if it holds none."""
    base = len(folder.parts)
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES and len(f.parts) - base <= DEEP)
    for suffix in SUFFIXES:
        of_kind = [f for f in files if f.suffix.lower() == suffix and not f.name.startswith((".", "cache-"))]
        if of_kind:
            first = set(columns_of(of_kind[0]))
            return [f for f in of_kind if set(columns_of(f)) == first]
    return []


def columns_of(path: Path) -> tuple[str, ...]:
    """The headings of a table; empty if it has none that can be read."""
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".arrow"):
        from pyarrow import ArrowInvalid

        try:
            return tuple(_schema(path, suffix))
        except (ArrowInvalid, OSError):
            return ()
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline(1_000_000)
    if suffix == ".jsonl":
        try:
            row = json.loads(first)
        except (ValueError, RecursionError):
            return ()
        return tuple(row) if isinstance(row, dict) else ()
    return tuple(part.strip().strip('"') for part in first.replace("\t", ",").split(","))


def rows_of(path: Path) -> list[dict[str, Any]]:
    """All rows of one file.

    Raises
    ------
    NotALog
        If it cannot be read as what its name says.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            from pyarrow import parquet

            rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
            return rows
        if suffix == ".arrow":
            return [row for batch in _batches(path) for row in batch.to_pylist()]
        if suffix == ".jsonl":
            lines = path.read_text("utf-8-sig").splitlines()
            return [row for line in lines if line.strip() and isinstance(row := json.loads(line), dict)]
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file, delimiter="\t" if suffix == ".tsv" else ","))
    except (ValueError, RecursionError, OSError, csv.Error) as error:  # what pyarrow raises is a ValueError
        raise NotALog(f"{path} could not be read as a table: {type(error).__name__}: {error}") from error


def _schema(path: Path, suffix: str) -> list[str]:
    from pyarrow import ipc, parquet

    if suffix == ".parquet":
        return list(parquet.read_schema(path).names)
    with path.open("rb") as file:
        if file.read(6) == _FILE:
            file.seek(0)
            return list(ipc.open_file(file).schema.names)
        file.seek(0)
        return list(ipc.open_stream(file).schema.names)


def _batches(path: Path) -> Iterator[Any]:
    """Record batches of an Arrow file, in the form of files or of streams (which `datasets` writes)."""
    from pyarrow import ipc

    with path.open("rb") as file:
        as_file = file.read(6) == _FILE
        file.seek(0)
        if as_file:
            opened = ipc.open_file(file)
            yield from (opened.get_batch(i) for i in range(opened.num_record_batches))
        else:
            yield from ipc.open_stream(file)


_FILE = b"ARROW1"
"""What an Arrow file begins with; a stream does not."""
