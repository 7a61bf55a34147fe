"""Plain tables with a step column: JSON lines, CSV and parquet, a metric a column."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from pathlib import Path

from runlens.errors import AccessRefused, NotALog, ReadError
from runlens.model import AS_FOUND, Note, Run, RunRef, Series
from runlens.sources.naming import printable
from runlens.sources.registry import Look
from runlens.sources.table.build import Columns
from runlens.sources.table.columns import canonical, has_step_column, looks_like_json, suffix
from runlens.sources.table.text import Lost, open_text, read_csv, read_jsonl

_HEAD = 1 << 16


def find(name: str) -> list[RunRef]:
    """The tables at a file or anywhere below a folder."""
    path = Path(name)
    if path.is_file():
        return [_ref(path, path.parent)]
    return refs([f for f in sorted(path.rglob("*")) if suffix(f.name) and f.is_file()], Look(path, AS_FOUND))


def claims(head: bytes, path: Path) -> bool:
    """Whether a file is a parquet file, or begins as a table with a step column."""
    return head.startswith(b"PAR1") or has_step_column(head)


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs of those tables that have a step column: a folder holds other tables too, such as training data."""
    return [_ref(file, look.root) for file in files if look.named or _has_step(file)]


def _ref(path: Path, root: Path) -> RunRef:
    """The run of one table, named by its path below `root`, without suffixes."""
    name = path.relative_to(root).as_posix()
    kind = suffix(path.name)
    stem = name[: name.lower().rindex(kind)] if kind else name
    return RunRef("table", str(path), stem or name, (str(path),))


def read(ref: RunRef) -> Run:
    """Read one table.

    The step is the first of `table_columns.STEP` that the table has, the wall time the first of `TIME` whose
    values are times (unix seconds to nanoseconds, or ISO 8601); every other column of numbers is a series, with a
    point wherever a cell says something. Flags count 0 and 1; `NaN` and `Infinity` are read, with or without quotes;
    dicts in JSON lines are flattened with `/`.

    Raises
    ------
    NotALog
        There is no step, or nothing is a table.
    AccessRefused, ReadError
        The file cannot be opened or read.
    """
    path = Path(ref.location)
    where = printable(ref.location)
    read_at = clock.time()
    columns, lost = Columns(), Lost()
    try:
        if _is_parquet(path):
            from runlens.sources.table.parquet import read_parquet

            read_parquet(path, columns)
            what, lines = "row", 0
        else:
            with open_text(path) as file:
                head = file.read(_HEAD)
                file.seek(0)
                if head and not head.strip("\0"):
                    raise NotALog(f"{where} begins with zeros and is no table; look whether it was copied whole")
                as_json = looks_like_json(head.encode("utf-8", "replace")) or suffix(path.name) in (".jsonl", ".ndjson")
                what = "JSON object" if as_json else "row of the table"
                lines = (read_jsonl if as_json else read_csv)(file, columns, lost)
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {where}; ask its owner for read access") from error
    except (OSError, EOFError) as error:
        raise ReadError(f"{where} cannot be read ({error}); look at the file and the disk") from error
    notes = lost.notes(where, what, lines, path.stat().st_size)
    if not columns.parts:
        why = notes[0].message if notes else "its cells hold no number" if columns.rows else "it is empty"
        raise NotALog(f"{where} holds no row that can be read: {why}")
    series, config, summary, more = columns.finish(where)
    return _run(ref, _named(series, path), config, summary, (*notes, *more), read_at)


def _run(
    ref: RunRef,
    series: dict[str, Series],
    config: dict[str, object],
    summary: dict[str, object],
    notes: tuple[Note, ...],
    read_at: float,
) -> Run:
    return Run(
        id=ref.id,
        name=ref.id,
        source=ref.location,
        config=config,
        summary=summary,
        series=series,
        notes=notes,
        read_at=read_at,
    )


def _named(series: dict[str, Series], path: Path) -> dict[str, Series]:
    """TensorBoard's own CSV export calls its one metric `Value`; the tag stands in the name of the file."""
    if [canonical(name) for name in series] != ["value"]:
        return series
    (only,) = series.values()
    tag = path.name.split(".")[0].rpartition("-tag-")[2].removeprefix("tag-")
    return {tag: Series(tag, only.step, only.time, only.value)}


def _is_parquet(path: Path) -> bool:
    if suffix(path.name) == ".parquet":
        return True
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _has_step(path: Path) -> bool:
    """Whether a table found in a folder has a step; one that may not be opened is taken, so that reading it says so."""
    try:
        if suffix(path.name) == ".parquet":
            from runlens.sources.table import parquet as table_parquet

            return table_parquet.has_step_column(path)
        with open_text(path) as file:
            return has_step_column(file.read(_HEAD).encode("utf-8", "replace"))
    except PermissionError:
        return True
    except (OSError, EOFError):
        return False
