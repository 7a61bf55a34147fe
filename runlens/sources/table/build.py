"""Columns of a table as they come in, a few thousand rows at a time, and the series that they make in the end."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from runlens.errors import NotALog
from runlens.model import Note, Series
from runlens.sources import wandb_shape
from runlens.sources.table.columns import STEP, TIME, canonical, step_column, time_columns

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NUMERIC = re.compile(r"\s*[+-]?(\d[\d.]*|\.\d+)([eE][+-]?\d+)?\s*")
_FIRST_TIME = 1e8
"""1973 as unix seconds: a smaller `time` is a duration, such as mmengine's seconds per iteration, and a metric."""
_UNITS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (_FIRST_TIME, 1.0))
"""From which size on a unix time is in nanoseconds, microseconds, milliseconds, seconds (1e11 s is the year 5138)."""
_DEEPEST = 8


def number(value: object, name: str = "") -> float | None:
    """A cell as a number, or None: as `wandb_shape.number`, and text that is a number, and dates in time columns."""
    found = wandb_shape.number(value)
    if found is not None or not isinstance(value, str):
        return found
    if _NUMERIC.fullmatch(value):
        try:
            return float(value)
        except ValueError:
            return None
    return _date(value) if canonical(name) in TIME else None


def _date(value: str) -> float | None:
    """An ISO 8601 date as unix seconds; without a zone it is taken for UTC."""
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


class Columns:
    """The numbers of a table by column, and which row each is from."""

    def __init__(self) -> None:
        self.rows = 0
        self.parts: dict[str, list[tuple[Ints, Floats]]] = {}
        self.said: dict[int, dict[str, object]] = {}
        """Rows that name no step, such as a header with the configuration."""

    def add(self, name: str, row: Ints, value: Floats) -> None:
        """Numbers of one column; `row` counts from the beginning of the table."""
        if len(row):
            self.parts.setdefault(name, []).append((row, value))

    def count(self, name: str) -> int:
        """Numbers of one column so far."""
        return sum(len(row) for row, _ in self.parts.get(name, ()))

    def add_objects(self, rows: Sequence[dict[str, object]]) -> None:
        """Rows as dicts; dicts within them are flattened with `/`, what is no number is passed over."""
        found: dict[str, tuple[list[int], list[float]]] = {}
        steps = set(STEP)
        for i, row in enumerate(rows, self.rows):
            if steps.isdisjoint(row) and step_column(row) is None and len(self.said) < 1000:
                self.said[i] = row
            self._take(row, i, found, "", 0)
        for name, (at, values) in found.items():
            self.add(name, np.array(at, dtype=np.int64), np.array(values, dtype=np.float64))
        self.rows += len(rows)

    def _take(
        self, row: dict[str, object], i: int, found: dict[str, tuple[list[int], list[float]]], prefix: str, depth: int
    ) -> None:
        for key, value in row.items():
            name = prefix + key
            if type(value) is float or (type(value) is int and -(1 << 63) < value < 1 << 63):
                cell: float | None = value
            elif isinstance(value, dict):
                if depth < _DEEPEST:
                    self._take(value, i, found, f"{name}/", depth + 1)
                continue
            else:
                cell = number(value, name)
            if cell is None:
                continue
            column = found.get(name)
            if column is None:
                column = found[name] = ([], [])
            column[0].append(i)
            column[1].append(cell)

    def finish(self, where: str) -> tuple[dict[str, Series], dict[str, object], dict[str, object], tuple[Note, ...]]:
        """Series, configuration, summary, and notes.

        Rows that say no step are configuration before the first row that does, summary after the last one, and
        between them stand at the step before.

        Raises
        ------
        NotALog
            No column is a step, or no row has one.
        """
        name = step_column(n for n, parts in self.parts.items() if any(np.isfinite(v).any() for _, v in parts))
        if name is None:
            raise NotALog(
                f"{where} has no step column; RunLens reads tables with a column step, _step, global_step, iteration "
                "or iter"
            )
        raw = self._dense(name)
        says = np.flatnonzero(np.isfinite(raw) & (np.abs(raw) < 2**62))
        if not len(says):
            raise NotALog(f"{where} has a step column, {name!r}, but no number in it; write the step of each row there")
        first, last = int(says[0]), int(says[-1])
        latest = np.full(self.rows, -1)
        latest[says] = says
        step = np.floor(raw[np.maximum.accumulate(latest)[first : last + 1]]).astype(np.int64)
        config, summary = self._beside(first, last)
        time, time_name = self._time(first, last)
        series = {}
        for column in [n for n in self.parts if n not in (name, time_name)]:
            row = np.concatenate([r for r, _ in self.parts[column]])
            value = np.concatenate([v for _, v in self.parts.pop(column)])
            inside = (row >= first) & (row <= last)
            at = row[inside] - first
            if len(at):
                series[column] = Series(column, step[at], time[at], value[inside])
        rounded = int(np.count_nonzero(raw[says] != np.floor(raw[says])))
        notes: tuple[Note, ...] = ()
        if rounded:
            said = f"{rounded} of {len(says)} steps in {where} are no whole numbers and were rounded down"
            notes = (Note("unsupported", said, rounded),)
        return dict(sorted(series.items())), config, summary, notes

    def _dense(self, name: str) -> Floats:
        """One column over all rows, NaN where it says nothing."""
        out = np.full(self.rows, np.nan)
        for row, value in self.parts[name]:
            out[row] = value
        return out

    def _time(self, first: int, last: int) -> tuple[Floats, str]:
        """Wall time of rows first to last in unix seconds, and the column that it is from, empty if there is none."""
        for name in time_columns(self.parts):
            time = self._dense(name)[first : last + 1]
            known = time[np.isfinite(time)]
            middle = float(np.median(known)) if len(known) else 0.0
            for least, unit in _UNITS:
                if middle >= least:
                    return time * unit, name
        return np.full(last + 1 - first, np.nan), ""

    def _beside(self, first: int, last: int) -> tuple[dict[str, object], dict[str, object]]:
        config: dict[str, object] = {}
        summary: dict[str, object] = {}
        for row, said in self.said.items():
            if row < first:
                inner = next((said[k] for k in ("config", "hparams", "args") if isinstance(said.get(k), dict)), said)
                config |= inner if isinstance(inner, dict) else {}
            elif row > last:
                summary |= {k: v for k, v in said.items() if not isinstance(v, float) or math.isfinite(v)}
        return config, summary
