"""MLflow's file store: `mlruns/EXPERIMENT/RUN/metrics/NAME`, a line `time value step` for each point."""

from __future__ import annotations

import re
import time as clock
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runlens.model import Note, Run, RunRef
from runlens.sources.contract import Look
from runlens.sources.naming import printable
from runlens.sources.trackers.points import STATES, Points, setting

_LINE = re.compile(rb"\A\d{9,16} [-+.\w]+(?: -?\d+)?(?: \S+ \S+)?\s*(?:\n|\Z)")
_FOLDER = "metrics"
_PAIR = re.compile(r"^(\w+):[ ]*(.*?)\s*$", re.MULTILINE)
_LONGEST = 1 << 16
"""Bytes of a parameter that are read."""


def owns(head: bytes, path: Path) -> bool:
    """Whether a file is a metric: below a folder `metrics`, and its first line is `time value step`."""
    return _FOLDER in path.parts[:-1] and _LINE.match(head) is not None


def runs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """A run for each folder that holds a folder `metrics`; deleted ones are left out unless they were named."""
    folders: dict[Path, list[Path]] = {}
    for file in files:
        if file.name == "meta.yaml":
            if (file.parent / _FOLDER).is_dir():
                folders.setdefault(file.parent, [])
        else:
            folders.setdefault(_run_folder(file), []).append(file)
    out = []
    for folder, metrics in sorted(folders.items()):
        own = _meta(folder)
        if not metrics or (own.get("lifecycle_stage") == "deleted" and not look.named):
            continue
        name = own.get("run_name") or folder.name
        experiment = _meta(folder.parent).get("name") if folder != look.root else None
        out.append(
            RunRef("trackers", str(folder), f"{experiment}/{name}" if experiment else name, member="mlflow_files:")
        )
    return out


def read_run(ref: RunRef, key: str) -> Run:
    """Read the files of a run."""
    folder, read_at = Path(ref.location), clock.time()
    points, bad, size = Points(), 0, 0
    for file in sorted(f for f in (folder / _FOLDER).rglob("*") if f.is_file()):
        raw = file.read_bytes()
        table, lost = _table(raw)
        bad, size = bad + lost, size + len(raw)
        points.add(file.relative_to(folder / _FOLDER).as_posix(), table[:, 2], table[:, 0], table[:, 1])
    own = _meta(folder)
    series = points.series()
    where = printable(ref.location)
    notes = points.notes(where)
    if bad:
        said = f"{bad} lines of metrics in {where} are no `time value step` and could not be read"
        notes = (Note("damaged", said, bad, 0, size), *notes)
    started = own.get("start_time", "")
    return Run(
        id=ref.id,
        name=own.get("run_name") or _text(folder / "tags" / "mlflow.runName") or folder.name,
        source=ref.location,
        state=STATES.get(own.get("status", ""), "unknown"),
        config={f.relative_to(folder / "params").as_posix(): setting(_text(f)) for f in _files(folder / "params")},
        series=series,
        notes=notes,
        starts=(float(started) / 1e3,) if started.isdigit() else (),
        read_at=read_at,
    )


def _run_folder(file: Path) -> Path:
    """The folder of a metric's run: names of metrics may hold `/`, and be called `metrics` themselves."""
    above = [p.parent for p in file.parents if p.name == _FOLDER]
    return next((p for p in above if (p / "meta.yaml").exists() or (p / "params").is_dir()), above[0])


def _table(raw: bytes) -> tuple[npt.NDArray[np.float64], int]:
    """Time, value and step of a metric's file, shape (n, 3), and how many lines are none, but for a torn last one."""
    words = raw.split()
    lines = raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))
    if lines and len(words) == 3 * lines:
        try:
            return np.array(words).astype(np.float64).reshape(-1, 3), 0
        except ValueError:
            pass  # line by line, then
    rows, bad = [], 0
    every = raw.split(b"\n")
    for number, line in enumerate(every):
        cells = line.split()
        try:
            rows.append((float(cells[0]), float(cells[1]), float(cells[2]) if len(cells) > 2 else 0.0))
        except (ValueError, IndexError):
            bad += bool(cells) and number < len(every) - 1
    return np.array(rows, dtype=np.float64).reshape(-1, 3), bad


def _meta(folder: Path) -> dict[str, str]:
    """The plain entries of `meta.yaml`, empty if there is none."""
    text = _text(folder / "meta.yaml")
    return {k: v.strip("'\"").replace("''", "'") for k, v in _PAIR.findall(text) if v not in ("null", "''")}


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_LONGEST).decode("utf-8", "replace")
    except OSError:  # a parameter or a name is a help; metrics that cannot be opened are an error
        return ""


def _files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.rglob("*") if f.is_file()) if folder.is_dir() else []
