"""MLflow's database (`mlflow.db`, or any SQLite file behind a tracking server)."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from runlens.model import Run, RunRef
from runlens.sources.contract import Look
from runlens.sources.naming import printable
from runlens.sources.trackers.points import STATES, Points, as_logged, cell, setting
from runlens.sources.trackers.sqlite import columns, has, opened


def owns(head: bytes, path: Path) -> bool:
    """Whether a file is a database with MLflow's table of metrics."""
    return has(head, path, "metrics", {"key", "value", "run_uuid"})


def runs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs that have metrics and are not deleted, in the order in which they were started."""
    out = []
    for file in files:
        with opened(file) as db:
            kept = "r.lifecycle_stage != 'deleted'" if "lifecycle_stage" in columns(db, "runs") else "1"
            for key, name, experiment in db.execute(_RUNS.format(kept=kept)):
                own = name or str(key)[:8]
                full = f"{experiment}/{own}" if experiment else own
                out.append(RunRef("trackers", str(file), full, (str(file),), f"mlflow_db:{key}"))
    return out


_NAME = """COALESCE(NULLIF(r.name, ''),
    (SELECT t.value FROM tags t WHERE t.run_uuid = r.run_uuid AND t.key = 'mlflow.runName'))"""
_RUNS = f"""SELECT r.run_uuid, {_NAME}, e.name FROM runs r LEFT JOIN experiments e USING (experiment_id)
    WHERE {{kept}} AND EXISTS (SELECT 1 FROM metrics m WHERE m.run_uuid = r.run_uuid)
    ORDER BY r.start_time, r.rowid"""  # noqa: S608 - parts of our own
_RUN = f"SELECT {_NAME}, r.status, r.start_time FROM runs r WHERE r.run_uuid = ?"  # noqa: S608
_METRICS = "SELECT key, {step}, timestamp, value, {lost} FROM metrics WHERE run_uuid = ? ORDER BY rowid"
_PARAMS = "SELECT key, value FROM params WHERE run_uuid = ?"


def read_run(ref: RunRef, key: str) -> Run:
    """Read one run."""
    read_at = clock.time()
    points = Points()
    metrics: dict[str, list[tuple[float, ...]]] = {}
    with opened(Path(ref.location)) as db:
        known = columns(db, "metrics")  # older databases know neither steps nor NaN
        wanted = _METRICS.format(step="step" if "step" in known else "0", lost="is_nan" if "is_nan" in known else "0")
        for name, *row in db.execute(wanted, (key,)):
            metrics.setdefault(str(name), []).append(tuple(map(cell, row)))
        name, status, started = db.execute(_RUN, (key,)).fetchone() or ("", "", None)
        config = {str(k): setting(v) for k, v in db.execute(_PARAMS, (key,))}
    for metric, cells in metrics.items():
        table = np.array(cells, dtype=np.float64)
        points.add(metric, table[:, 0], table[:, 1], np.where(table[:, 3] != 0, np.nan, as_logged(table[:, 2])))
    series = points.series()
    return Run(
        id=ref.id,
        name=str(name or key[:8]),
        source=ref.location,
        state=STATES.get(str(status), "unknown"),
        config=config,
        series=series,
        notes=points.notes(printable(ref.location)),
        starts=(cell(started) / 1e3,) if started and math.isfinite(cell(started)) else (),
        read_at=read_at,
    )
