"""Sacred's file store: a folder for each run, with its metrics in `metrics.json` or, in older code, in `info.json`.

Form of `FileStorageObserver` of sacred 0.8.7: `metrics.json` holds `{name: {"steps", "timestamps", "values"}}`, times
in UTC without a zone; `run.json` the state and the times, `config.json` the settings. PyMARL and its kin put their
curves into `info.json` instead: a list `NAME` beside a list `NAME_T` of steps, numbers as `{"py/object", "value"}`.
"""

from __future__ import annotations

import json
import time as clock
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.errors import ReadError
from runlens.model import Note, Run, RunRef, State
from runlens.sources import wandb_shape
from runlens.sources.contract import Look
from runlens.sources.naming import printable
from runlens.sources.trackers.points import Points, moment

_ABOUT, _CONFIG, _CURVES = "run.json", "config.json", ("metrics.json", "info.json")
_PARTS = (*_CURVES, _ABOUT, _CONFIG)
_STEPS_OF = "_T"
"""What PyMARL's logger adds to a curve's name for the list of its steps."""
_STATES: Mapping[str, State] = {
    "RUNNING": "running", "COMPLETED": "finished", "FAILED": "crashed", "INTERRUPTED": "crashed",
    "TIMED_OUT": "crashed", "DIED": "crashed",
}  # fmt: skip


def owns(head: bytes, path: Path) -> bool:
    """Whether a file is part of a run: by its name, and by the record that stands beside it."""
    if path.name not in _PARTS or not head.lstrip().startswith(b"{"):
        return False
    try:
        return b'"experiment"' in (path.parent / _ABOUT).read_bytes()
    except OSError:
        return False


def runs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """One run for each folder with curves, named by its path below the root."""
    out = []
    for folder in dict.fromkeys(file.parent for file in files):
        if not any((folder / name).is_file() for name in _CURVES):
            continue
        below = folder.relative_to(look.root).as_posix()
        own = tuple(str(folder / name) for name in _PARTS if (folder / name).is_file())
        out.append(RunRef("trackers", str(folder), folder.name if below == "." else below, own, "sacred:"))
    return out


def read_run(ref: RunRef, key: str) -> Run:
    """Read the curves of both files; a list of `info.json` without steps beside it is named in a note.

    Raises
    ------
    ReadError
        One of the files is no JSON object: it was cut off while it was written.
    """
    read_at, folder, points = clock.time(), Path(ref.location), Points()
    about, config = _object(folder / _ABOUT), _object(folder / _CONFIG)
    lost: dict[str, int] = {}
    for name, curve in _object(folder / _CURVES[0]).items():
        if isinstance(curve, dict):
            lost[name] = _add(points, name, curve.get("steps"), curve.get("timestamps"), curve.get("values"))
    info = _object(folder / _CURVES[1])
    without = []
    for name, values in info.items():
        if not isinstance(values, list) or (name.endswith(_STEPS_OF) and name.removesuffix(_STEPS_OF) in info):
            continue
        if isinstance(info.get(name + _STEPS_OF), list):
            lost[name] = _add(points, name, info[name + _STEPS_OF], None, values)
        elif any(wandb_shape.number(_plain(v)) is not None for v in values):
            without.append(name)
    series = points.series()
    notes = points.notes(printable(ref.location))
    if without:
        named = ", ".join(map(printable, without[:3])) + (", …" if len(without) > 3 else "")
        file = printable(str(folder / _CURVES[1]))
        said = f"lists in {file} without a list of steps beside them ({named}) were not read"
        notes = (Note("unsupported", said, len(without)), *notes)
    if bad := sum(lost.values()):
        named = ", ".join(printable(name) for name, n in lost.items() if n)
        notes = (
            Note("damaged", f"{bad} points in {printable(ref.location)} are no numbers or lack a step: {named}", bad),
            *notes,
        )
    experiment = about.get("experiment")
    started = moment(about.get("start_time"))
    return Run(
        id=ref.id,
        name=str(experiment["name"]) if isinstance(experiment, dict) and "name" in experiment else ref.id,
        source=ref.location,
        state=_STATES.get(str(about.get("status")), "unknown"),
        config=config,
        series=series,
        notes=notes,
        starts=(started,) if started == started else (),
        read_at=read_at,
    )


def _add(points: Points, name: str, steps: object, times: object, values: object) -> int:
    """Add a curve; returns how many of its points could not be used."""
    if not isinstance(values, list) or not isinstance(steps, list):
        return len(values) if isinstance(values, list) else 0
    paired = min(len(steps), len(values))
    at, value = ([wandb_shape.number(_plain(cell)) for cell in cells[:paired]] for cells in (steps, values))
    use = [i for i, pair in enumerate(zip(at, value, strict=True)) if None not in pair]
    step, number = (np.array([column[i] for i in use], dtype=np.float64) for column in (at, value))
    points.add(name, step, _times(times, paired)[use], number)
    return max(len(steps), len(values)) - len(use)


def _plain(value: object) -> object:
    """A number out of the wrapping that jsonpickle gives to those of numpy."""
    return value["value"] if isinstance(value, dict) and "py/object" in value and "value" in value else value


def _times(texts: object, n: int) -> npt.NDArray[np.float64]:
    """Unix times in s, shape (n,); NaN where there is none."""
    given = texts if isinstance(texts, list) else []
    return np.array([moment(given[i] if i < len(given) else None) for i in range(n)], dtype=np.float64)


def _object(path: Path) -> dict[str, Any]:
    """A file as a JSON object; empty where the file is missing."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ReadError(
            f"{printable(str(path))} is no JSON ({error}); it may have been cut off as it was written"
        ) from (error)
    if not isinstance(found, dict):
        raise ReadError(f"{printable(str(path))} is no JSON object; it is not as sacred writes it")
    return found
