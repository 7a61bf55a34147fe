"""Several runs in one table: the columns of a chart of W&B, or rows that name their run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from runlens.errors import NotALog
from runlens.sources.naming import printable
from runlens.sources.table.names import AXES, EPOCHS, LABELS, RUNS, STEPS, every, is_axis, is_time
from runlens.sources.table.splits import split_column
from runlens.sources.table.store import Columns, Ints

_CHART = re.compile(r"(?P<run>.+) - (?P<metric>.+?)(?P<end>__MIN|__MAX)?", re.DOTALL)
"""A column of a chart that W&B exports: the run, or the group of runs, and the metric, with its range in two more."""
_FEWEST_ROWS = 3
"""Rows of a run: a table with one row for each run is a summary, and no run's history."""
_MOST_RUNS = 10_000


def of_chart(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The runs of an exported chart by name, each with its columns and their metrics; empty if the names are of no
    chart.

    Lower and upper ends of the range that a point stands for are left out where the point itself is there.
    """
    found: dict[str, dict[str, str]] = {}
    others = []
    names = list(names)
    for name in names:
        told = _CHART.fullmatch(name)
        if told is None:
            others.append(name)
        elif not told["end"] or name.removesuffix(told["end"]) not in names:
            found.setdefault(told["run"], {})[name] = told["metric"] + (told["end"] or "")
    if not found or not all(is_axis(name) or is_time(name) for name in others):
        return {}
    return {
        run: {name: metric for name, metric in held.items() if metric != "_step" or len(held) == 1}
        for run, held in found.items()
    }


def runs_of(columns: Columns) -> list[str]:
    """Names of the runs of a table, in the order in which they begin; empty if it holds one run."""
    if chart := of_chart([*columns.parts, *columns.odd]):
        return list(chart) if len(chart) > 1 else []
    told = _told(columns)
    return told[0] if told else []


def run_of(columns: Columns, run: str, where: str) -> Columns:
    """The cells of one run of `runs_of`, in the table `where`.

    Raises
    ------
    NotALog
        There is none of that name, or it has no number.
    """
    chart = of_chart([*columns.parts, *columns.odd])
    if run in chart:
        return _of_columns(columns, chart[run])
    told = None if chart else _told(columns)
    if told is None or run not in told[0]:
        raise NotALog(
            f"{where} holds no number of a run {printable(run)}; look whether the table was changed or is cut"
        )
    names, which, keys = told
    out = columns.where(which == names.index(run))
    for key in keys:
        out.parts.pop(key, None)
        out.labels.pop(key, None)
    return out


def without_chart_names(columns: Columns) -> Columns:
    """A chart of one run with its metrics by their own names; any other table as it is."""
    chart = of_chart([*columns.parts, *columns.odd])
    return _of_columns(columns, next(iter(chart.values()))) if len(chart) == 1 else columns


def _of_columns(columns: Columns, metrics: dict[str, str]) -> Columns:
    out = Columns()
    out.rows = columns.rows
    for name in columns.parts:
        new = metrics.get(name) or (name if is_axis(name) or is_time(name) else None)
        if new is not None:
            out.add(new, *columns.joined(name))
            if name in columns.odd:
                out.lose(new, columns.odd[name])
    rows = np.zeros(out.rows, dtype=bool)
    for name in set(metrics.values()):
        rows[out.joined(name)[0]] = True
    return out.where(rows)


def _told(columns: Columns) -> tuple[list[str], Ints, list[str]] | None:
    """Runs by the columns that name them, which run each row is of, and these columns; None if there is one run.

    Columns such as the environment or the model are added where a run's x axis would otherwise begin again and again.
    """
    split = split_column(columns)
    known = [n for n in dict.fromkeys([*columns.labels, *columns.parts]) if n != split]
    keys = [n for n in every(known, RUNS) if _different(columns, n) > 1]
    axis = next(iter([n for tier in (STEPS, AXES, EPOCHS) for n in every(columns.parts, tier) if n not in keys]), None)
    which = _joint(columns, keys)
    falls = _falls(columns, axis, which)
    if falls:
        for name in [n for n in every(known, LABELS) if n not in keys and 1 < _different(columns, n) <= _MOST_RUNS]:
            finer = _joint(columns, [*keys, name])
            fewer = _falls(columns, axis, finer)
            if fewer < 0.5 * falls and _runs_on(finer):
                keys, which, falls = [*keys, name], finer, fewer
            if not falls:
                break
    if not keys or not _runs_on(which):
        return None
    shown = [_texts(columns, key) for key in keys]
    first_rows = [int(np.flatnonzero(which == i)[0]) for i in range(int(which.max()) + 1)]
    names = [
        ",".join(
            texts[row] if len(keys) == 1 else f"{key}={texts[row]}" for key, texts in zip(keys, shown, strict=True)
        )
        for row in first_rows
    ]
    order = np.argsort(first_rows)
    rank = np.argsort(order)
    return [names[i] for i in order], rank[which], keys


def _runs_on(which: Ints) -> bool:
    """Whether there are several runs, and the usual one has rows enough to be a history."""
    sizes = np.bincount(which) if len(which) else np.empty(0)
    return 1 < len(sizes) <= _MOST_RUNS and float(np.sort(sizes)[len(sizes) // 2]) >= _FEWEST_ROWS


def _falls(columns: Columns, axis: str | None, which: Ints) -> int:
    """How often the x axis goes back within a run."""
    if axis is None:
        return 0
    raw = columns.dense(axis)
    rows = np.flatnonzero(np.isfinite(raw))
    rows = rows[np.argsort(which[rows], kind="stable")]
    same = which[rows[1:]] == which[rows[:-1]]
    return int(np.count_nonzero(same & (np.diff(raw[rows]) < 0)))


def _joint(columns: Columns, keys: Sequence[str]) -> Ints:
    """A number for each row's values of some columns; shape (rows,)."""
    which = np.zeros(columns.rows, dtype=np.int64)
    for key in keys:
        _, own = np.unique(_texts(columns, key).astype(str), return_inverse=True)
        _, which = np.unique(which * (int(own.max(initial=0)) + 1) + own, return_inverse=True)
    return which.astype(np.int64)


def _texts(columns: Columns, name: str) -> npt.NDArray[np.object_]:
    """What a column says in each row, as text; a row that says nothing is of the run of the row before."""
    out = np.full(columns.rows, None, dtype=object)
    row, value = columns.joined(name)
    show: Callable[[float], str] = "{:g}".format
    out[row] = [show(v) for v in value.tolist()]
    for at, text in columns.labels.get(name, ()):
        out[at] = text
    told = np.array([text is not None for text in out])
    last = np.maximum.accumulate(np.where(told, np.arange(len(out)), 0))
    filled = out[last]
    filled[[text is None for text in filled]] = ""
    return filled


def _different(columns: Columns, name: str) -> int:
    texts = {text for _, text in columns.labels.get(name, ())}
    return len(texts) + len(np.unique(columns.joined(name)[1]))
