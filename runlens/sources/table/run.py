"""The run of one table, of a part of one, or of several tables together."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from runlens.errors import NotALog, ReadError
from runlens.model import Note, Run, RunRef, Series
from runlens.sources.naming import printable
from runlens.sources.table.appended import Part, one_training
from runlens.sources.table.attempts import are_attempts, one_after_another
from runlens.sources.table.axis import axis_of
from runlens.sources.table.build import Built, built
from runlens.sources.table.head import tells_of_progress
from runlens.sources.table.join import name_in
from runlens.sources.table.many import run_of, runs_of, without_chart_names
from runlens.sources.table.names import AMOUNTS, AXES, canonical, first
from runlens.sources.table.reading import Read, read_file
from runlens.sources.table.store import Columns
from runlens.sources.table.trials import may_be_trials, rows_of_trials, without_course

Cells = Callable[[Path], Read]

_MONITOR = {"r": "episode_reward", "l": "episode_length"}
"""Columns of the `monitor.csv` of stable-baselines3 and baselines."""
_TIMESTEPS = "timesteps"


def read(ref: RunRef, cells: Cells | None = None) -> Run:
    """Read the run of one table, of a part of one, or of several.

    The x axis is the column that the user named (`ref.options.x`), or the first of `names.AXES` that tells one; the
    wall time the first column whose values are times, absolute or since the start; every other column of numbers is
    a series, with a point wherever a cell says something. Flags count 0 and 1; `NaN` and `Infinity` are read, with
    or without quotes; dicts are flattened with `/`. Cells that cannot be read are counted, and said in a note.

    Parameters
    ----------
    ref : RunRef
    cells : callable, optional
        What reads the cells of a file, such as one that knows what was read of it before; used up afterwards.

    Raises
    ------
    NotALog
        There is no axis, or nothing is a table.
    AccessRefused, ReadError
        A file cannot be opened or read.
    """
    read_at = clock.time()
    files = [Path(file) for file in ref.files] or [Path(ref.location)]
    if len(files) == 1:
        found, notes = _one(files[0], ref, cells)
    else:
        found, notes = _joined(files, ref, cells)
    return Run(
        id=ref.id,
        name=ref.member or ref.id,
        source=ref.location,
        config=found.config,
        summary=found.summary,
        series=found.series,
        texts=found.texts,
        notes=(*notes, *found.notes),
        axis_name=found.axis,
        x_is_step=bool(ref.options.x) or canonical(found.axis) in AMOUNTS,
        read_at=read_at,
    )


def _one(path: Path, ref: RunRef, cells: Cells | None) -> tuple[Built, tuple[Note, ...]]:
    where = printable(str(path))
    read = last_read(path) if cells is None else cells(path)
    if not ref.member:
        _last_read.cache_clear()  # nobody asks again, and the cells are used up
    since = read.said.get("t_start")
    if since is not None:
        _of_monitor(read.columns)
    many = bool(ref.member) and bool(runs_of(read.columns))
    columns = run_of(read.columns, ref.member, where) if many else without_chart_names(read.columns)
    part = Part(columns) if many else one_training(columns, ref, where)
    columns = part.columns
    if not (ref.options.x or many):
        _refuse_trials(columns, part, where)
    found = built(
        columns,
        where,
        ref.options.x,
        axis=part.axis,
        on=part.on,
        since=float(since) if isinstance(since, (int, float)) else 0.0,
    )
    series = _named(found.series, path)
    if not found.axis and not tells_of_progress(series):
        raise NotALog(
            f"{where} has no column that is known to be a step, and none that is known to be a loss or a score; "
            "name the column of the steps with --x COLUMN"
        )
    if not found.axis and not columns.in_order and without_course(series):
        raise NotALog(
            f"{where} is no log of a training: its rows say no step and no time, and what they measure follows no "
            "course, as results of samples, folds or models do; name the column of the steps with --x COLUMN"
        )
    return found if series is found.series else replace(found, series=series), (*read.notes, *part.notes)


def _refuse_trials(columns: Columns, part: Part, where: str) -> None:
    if may_be_trials((*columns.parts, *columns.labels, *columns.texts)):
        rows = rows_of_trials(columns, part.axis or axis_of(columns, where))
        if rows:
            raise NotALog(
                f"{where} is no log of a training: its rows are {rows}, and no steps; name the log of one of them, or "
                "the column of the steps with --x COLUMN"
            )


def _of_monitor(columns: Columns) -> None:
    """Names for the columns of a monitor, and the steps of the environment at which its episodes ended as x axis."""
    for name, told in _MONITOR.items():
        if name in columns.parts:
            columns.parts[told] = columns.parts.pop(name)
    length = _MONITOR["l"]
    if length in columns.parts and first(columns.parts, AXES) is None:
        row, steps = columns.joined(length)
        columns.add(_TIMESTEPS, row, np.cumsum(np.where(np.isfinite(steps), steps, 0.0)))


def _joined(files: Sequence[Path], ref: RunRef, cells: Cells | None) -> tuple[Built, tuple[Note, ...]]:
    """The series of several files; a file that cannot be read is told, and hides nothing of the others."""
    root = Path(ref.location)
    series: dict[str, Series] = {}
    config: dict[str, object] = {}
    texts: dict[str, tuple[str, ...]] = {}
    attempts: list[Built] = []
    notes: list[Note] = []
    failed: ReadError | None = None
    for file in files:
        try:
            found, own = _one(file, replace(ref, member=""), cells)
        except ReadError as error:
            failed = error
            notes.append(Note("damaged", str(error), 0, file.stat().st_size, sum(f.stat().st_size for f in files)))
            continue
        notes += [*own, *found.notes]
        config |= found.config
        if are_attempts(files):
            attempts.append(found)
            continue
        for name, one in found.series.items():
            new = name_in(file, root, name, len(found.series) == 1)
            while new in series:
                new = f"{new} ({file.name.split('.')[0]})"
            series[new] = Series(new, one.step, one.time, one.value)
            if name in found.texts:
                texts[new] = found.texts[name]
    if attempts:
        series, texts = one_after_another(attempts)
    if not series and failed is not None:
        raise failed
    return Built(dict(sorted(series.items())), config, {}, (), "", texts), tuple(notes)


def last_read(path: Path) -> Read:
    """The cells of the table that was read last: what is found is read next, and of many runs one after the other."""
    try:
        there = path.stat()
    except OSError:
        return read_file(path)  # says why
    return _last_read(path, there.st_size, there.st_mtime_ns)


@lru_cache(maxsize=1)
def _last_read(path: Path, size: int, changed: int) -> Read:
    return read_file(path)


def _named(series: dict[str, Series], path: Path) -> dict[str, Series]:
    """The one series of a file that names it itself: `Value` of TensorBoard's downloads, or a table without a head."""
    if len(series) != 1 or canonical(next(iter(series))) not in ("value", "column_2", "column_1"):
        return series
    (only,) = series.values()
    stem = path.name.split(".")[0]
    tag = stem.rpartition("-tag-")[2].removeprefix("tag-")
    return {tag: Series(tag, only.step, only.time, only.value)}
