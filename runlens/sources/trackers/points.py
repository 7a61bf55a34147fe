"""Points of metrics as they come in, and the series that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.model import Note, Series, State
from runlens.sources import wandb_shape
from runlens.sources.bounds import FARTHEST
from runlens.sources.dates import unix_time
from runlens.sources.naming import printable

STATES: Mapping[str, State] = {
    "RUNNING": "running", "FINISHED": "finished", "FAILED": "crashed", "KILLED": "crashed",
    "1": "running", "3": "finished", "4": "crashed", "5": "crashed",
}  # fmt: skip
"""How MLflow writes a run's state, by word in databases and by number in files."""
_SYSTEM = "system/"
_MILLISECONDS = 1e11
"""A unix time this large is in milliseconds (1e11 s is the year 5138): MLflow before 1.0 wrote seconds."""
_DEEPEST = 8
_INFINITE = 1.7976931348623157e308
"""What MLflow stores for infinity: the largest float, since SQL has none."""


class Points:
    """Columns by metric, in the order written."""

    def __init__(self) -> None:
        self._parts: dict[str, list[tuple[npt.NDArray[np.float64], ...]]] = {}
        self._rows: dict[str, tuple[list[float], list[float], list[float]]] = {}
        self.uncounted: list[str] = []
        """Metrics of which every point has the same step: it was not given."""
        self.placeless: dict[str, tuple[int, int]] = {}
        """Of each metric with points whose step is no number, which stand at 0: how many, and of how many."""

    def add(self, name: str, step: npt.ArrayLike, time: npt.ArrayLike, value: npt.ArrayLike) -> None:
        """Columns of one metric, shape (n,): step, unix time in s or ms, value."""
        columns = tuple(np.asarray(c, dtype=np.float64) for c in (step, time, value))
        if len(columns[0]):
            self._parts.setdefault(name, []).append(columns)

    def add_row(self, row: Mapping[str, Any], step: float, time: float, prefix: str = "", depth: int = 0) -> None:
        """One row of metrics; dicts within it are flattened with `/`, what is no number is passed over."""
        for key, value in row.items():
            if isinstance(value, dict):
                if depth < _DEEPEST:
                    self.add_row(value, step, time, f"{prefix}{key}/", depth + 1)
                continue
            number = wandb_shape.number(value)
            if number is not None:
                columns = self._rows.setdefault(f"{prefix}{key}", ([], [], []))
                for column, cell in zip(columns, (step, time, number), strict=True):
                    column.append(cell)

    def series(self) -> dict[str, Series]:
        """The series by name; measurements of the machine stand at the step that was current when they were made."""
        for name, columns in self._rows.items():
            self.add(name, *columns)
        self._rows.clear()
        out = {}
        for name, parts in self._parts.items():
            step, time, value = (np.concatenate(c) for c in zip(*parts, strict=True))
            usable = np.isfinite(step) & (np.abs(step) < FARTHEST)
            at = np.where(usable, step, 0.0).astype(np.int64)
            if not usable.all():
                self.placeless[name] = int(np.count_nonzero(~usable)), len(at)
            if len(at) > 1 and bool(np.all(at == at[0])) and not name.startswith(_SYSTEM):
                at = np.arange(len(at))
                self.uncounted.append(name)
            out[name] = Series(name, at, np.where(np.abs(time) >= _MILLISECONDS, time / 1e3, time), value)
        return _machine_in_time(out)

    def notes(self, where: str) -> tuple[Note, ...]:
        """What was made of metrics that were logged without a step, or with one that is no number."""
        said = "{:,} points of {} in {} say no step that can be read and were placed at 0"
        odd = [
            Note("unsupported", said.format(few, printable(name), where), few, series=name, share=few / many)
            for name, (few, many) in self.placeless.items()
        ]
        return (*odd, *self._without_step(where))

    def _without_step(self, where: str) -> tuple[Note, ...]:
        if not self.uncounted:
            return ()
        named = ", ".join(self.uncounted[:3]) + (", …" if len(self.uncounted) > 3 else "")
        many = len(self.uncounted)
        which = f"{many} metric{'s' if many > 1 else ''} in {where}"
        said = f"{which} logged without a step: {named}; points are counted from 0"
        return (Note("unsupported", said),)


def _machine_in_time(series: dict[str, Series]) -> dict[str, Series]:
    """Measurements of the machine count themselves: they are put on the step of the longest other series by time."""
    others = [s for n, s in series.items() if not n.startswith(_SYSTEM) and bool(np.isfinite(s.time).any())]
    if not others:
        return series
    lead = max(others, key=len)
    return {
        n: Series(n, wandb_shape.steps_at(lead.step, lead.time, s.time), s.time, s.value)
        if n.startswith(_SYSTEM)
        else s
        for n, s in series.items()
    }


def as_logged(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values of MLflow's databases and servers with the infinities that were logged; shape (n,)."""
    return np.where(np.abs(value) >= _INFINITE, np.copysign(np.inf, value), value)


def cell(value: object) -> float:
    """A cell of a database as a number, NaN if it is none: SQLite keeps texts in columns of numbers, too."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def moment(date: object) -> float:
    """An ISO 8601 date in s since the epoch, NaN if it is none."""
    found = unix_time(date)
    return math.nan if found is None else found


def setting(text: object) -> object:
    """A parameter as a number or flag, where its text is one."""
    if not isinstance(text, str):
        return text
    word = {"True": True, "False": False, "None": None}.get(text, text)
    if word is not text:
        return word
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
