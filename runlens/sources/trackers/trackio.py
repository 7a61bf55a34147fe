"""trackio's database, one for each project: a JSON object of metrics a row; NaN and infinities are text in it."""

from __future__ import annotations

import json
import sqlite3
import time as clock
from collections.abc import Sequence
from pathlib import Path

from runlens.model import Note, Run, RunRef
from runlens.sources.contract import Look
from runlens.sources.naming import printable
from runlens.sources.trackers.points import Points, cell, moment
from runlens.sources.trackers.sqlite import columns, has, opened


def owns(head: bytes, path: Path) -> bool:
    """Whether a file is a database with trackio's table of metrics."""
    return has(head, path, "metrics", {"run_name", "step", "metrics", "timestamp"})


def runs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs of each project, in the order in which they began; a name that was used twice is two runs."""
    out = []
    for file in files:
        with opened(file) as db:
            for own, name in db.execute(_RUNS.format(key=_key(db))):
                out.append(RunRef("trackers", str(file), f"{file.stem}/{name}", (str(file),), f"trackio:{own}"))
    return out


_RUNS = "SELECT {key}, run_name FROM metrics GROUP BY {key} ORDER BY MIN(id)"
_METRICS = "SELECT run_name, step, timestamp, metrics FROM metrics WHERE {key} = ? ORDER BY id"
_MACHINE = "SELECT timestamp, metrics FROM system_metrics WHERE {key} = ? ORDER BY id"
_CONFIG = "SELECT config FROM configs WHERE {key} = ?"


def read_run(ref: RunRef, key: str) -> Run:
    """Read one run."""
    read_at, points, bad = clock.time(), Points(), 0
    config: dict[str, object] = {}
    name = key
    with opened(Path(ref.location)) as db:
        by = _key(db)
        for own, step, time, text in db.execute(_METRICS.format(key=by), (key,)):
            row, name = _object(text), str(own)  # SQLite keeps numbers in columns of text, too
            bad += row is None
            points.add_row(row or {}, cell(step), moment(time))
        if {"timestamp", "metrics", by} <= columns(db, "system_metrics"):
            for number, (time, text) in enumerate(db.execute(_MACHINE.format(key=by), (key,))):
                points.add_row(_object(text) or {}, float(number), moment(time), "system/")
        if {"config", by} <= columns(db, "configs"):
            for (text,) in db.execute(_CONFIG.format(key=by), (key,)):
                config = {k: v for k, v in (_object(text) or {}).items() if not k.startswith("_")}
    series = points.series()
    where = printable(ref.location)
    notes = points.notes(where)
    if bad:
        notes = (
            Note("damaged", f"{bad} rows of metrics in {where} are no JSON objects and could not be read", bad),
            *notes,
        )
    first = min((float(s.time[0]) for s in series.values() if len(s)), default=float("nan"))
    return Run(
        id=ref.id, name=name, source=ref.location, config=config, series=series, notes=notes,
        starts=(first,) if first == first else (), read_at=read_at,
    )  # fmt: skip


def _key(db: sqlite3.Connection) -> str:
    """The column that tells runs apart: a name, in older versions."""
    return "run_id" if "run_id" in columns(db, "metrics") else "run_name"


def _object(text: str | bytes) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
