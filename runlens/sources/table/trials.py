"""Tables and logs whose rows are no steps: a row for each trial of a search, seed, fold, run, model or sample."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runlens.model import Series
from runlens.roles.numbers import ranks
from runlens.sources.table.axis import Axis
from runlens.sources.table.cells import number
from runlens.sources.table.head import first_rows, tells_of_progress
from runlens.sources.table.names import AXES, EPOCHS, LABELS, RUNS, canonical, first
from runlens.sources.table.reading import head_of
from runlens.sources.table.store import Columns

Floats = npt.NDArray[np.float64]

FEWEST = 4
"""Rows from which on a habit shows."""
_SHOWN = 50
"""Rows of a table without a head that are looked at."""
_LONGEST = 20_000
"""Rows of the largest table that is looked at: no search has as many trials."""
TRIED = 8
"""Rates that a grid tries at most."""
JUMPS = 0.15
"""Share of the rows at which a setting rises, and at which it falls, in a search. A schedule goes one way, or waves."""
_OF_THE_BEST = frozenset({*EPOCHS, "training_iteration", "iterations", "steps"})
"""Columns that may say how long each trial was, or where its best model was found."""
SELDOM = 0.05
"""The same of a setting beside a rate that jumps: who tunes by hand tries some rates with each batch size."""
_SURE = re.compile(r"rank_test_score|mean_test_score|(?:mean|std)_fit_time|params?_\w+|config[/.]\w+|hparams?[/.]\w+")
_TOLD = re.compile(r"trial_?id|trial_number|number|state|params|logdir|trial_name|mean_test_score")
"""What stands beside columns of settings in the tables of Optuna, Ray Tune and scikit-learn."""
_OF_SWEEPS = frozenset({"state", "notes", "user", "tags", "created", "runtime", "sweep"})
"""Columns of W&B's table of runs, of which its download has most."""
_MOST_OF_SWEEPS = 4
SETTING = re.compile(
    r"(?:\w+[_./])?(?:batch_?size|bs|hidden(?:_?(?:size|dim|units|layers?))?|units|n?_?(?:num_)?layers?|depth|width"
    r"|drop_?out(?:_?(?:rate|p))?|weight_?decay|wd|momentum|optimi[sz]er|activation|kernel(?:_?size)?|n?_?(?:num_)?filters"
    r"|embed\w*(?:dim|size)|d_model|n?_?(?:num_)?heads|max_?depth|n_estimators|patience|window(?:_?size)?|seq_?len)"
)
_PLACES = re.compile(r"rank|ranking|place|position")
"""What a table of a contest calls the places of its rows."""
_ITEMS = re.compile(
    r"class(?:_?name)?|category|word|token|question|prompt|query|sentence|image(?:_?(?:name|path|id))?"
    r"|file(?:_?(?:name|path))?|sample(?:_?id)?"
)
"""What a table of results calls what each row is of."""
_DECADES = 2.0
"""Over how many powers of ten a rate rises, by one factor a row, in a range test: a warm-up rises by equal steps."""
_FACTOR = 0.1
"""Scatter of that factor's logarithm beside its middle."""
_COURSE = 8
"""Values from which on a course shows: that of one run in 40,000 rises or falls eight times in a row by chance."""
_BY_CHANCE = 1.96
"""Standard errors within which a rank correlation is chance, at 5 %."""
RATE = re.compile(r"(?:\w+[_./])?(?:lr|learning_?rate)")


def may_be_trials(names: Iterable[str]) -> bool:
    """Whether a table may be one of trials, by its columns alone."""
    known = [canonical(name) for name in names]
    if _by_names(known):
        return True
    placed = first(known, AXES)
    if placed is not None and placed not in _OF_THE_BEST:
        return False
    told = (SETTING, RATE, _PLACES, _ITEMS)
    return any(name in RUNS or name in LABELS or any(p.fullmatch(name) for p in told) for name in known)


def rows_of_trials(columns: Columns, axis: Axis) -> str:
    """What the rows of a table are, where they are no steps: `trials of a search`, `seeds`; empty where they may be.

    Settings such as the batch size go up and down from row to row, and no column is a step: rows are counted, or stand
    at one and the same epoch, or at epochs in no order, at which the best model was found. So it is where each row has
    a seed, a fold or a model of its own.
    """
    names = list(dict.fromkeys((*columns.parts, *columns.labels, *columns.texts)))
    if by_names := _by_names(names):
        return by_names
    if not FEWEST <= columns.rows <= _LONGEST or _goes_on(axis):
        return ""
    settings = [name for name in names if SETTING.fullmatch(canonical(name))]
    rates = [name for name in names if RATE.fullmatch(canonical(name))]
    if len(settings) + len(rates) > 1 and any(_jumps(columns, name) for name in settings):
        return "trials of a search"
    if settings and any(_jumps(columns, name) and _is_of_a_grid(columns, name) for name in rates):
        return "trials of a search"
    if any(_jumps(columns, name) for name in rates) and any(_jumps(columns, name, SELDOM) for name in settings):
        return "trials of a search"
    if settings and axis.name and any(_jumps(columns, name) for name in (*settings, *rates)):
        return "trials of a search"
    if axis.name:
        return ""
    if any(_rises_by_a_factor(columns, name) for name in rates):
        return "rates of a range test"
    for name in names:
        kind = canonical(name)
        if _PLACES.fullmatch(kind) and bool(np.all(np.diff(columns.dense(name)) == 1)):
            return "places of a ranking"
        if _ITEMS.fullmatch(kind) and _names_each_row(columns, name):
            return f"one of each {kind.replace('_', ' ')}"
        if kind in RUNS and kind != "trial" and _all_differ(columns, name):
            return f"one of each {kind.replace('_', ' ')}"
        if kind in LABELS and kind not in ("env", "environment", "agent", "type") and _changes(columns, name):
            return f"results of each {kind.replace('_', ' ')}"
    return "one of each configuration" if _of_a_grid_of_flags(columns) else results_of_runs(columns)


def results_of_runs(columns: Columns) -> str:
    """What the rows of a table of several runs are, where each has a run and labels of its own, such as a seed and a
    method: one result of each; empty where a run has several rows of the same labels, as a course has.
    """
    names = [name for name in (*columns.parts, *columns.labels) if canonical(name) in (*RUNS, *LABELS)]
    said = [_words(columns, name) for name in names]
    told = any(canonical(name) in RUNS for name in names) and any(canonical(name) in LABELS for name in names)
    if not told or not all(said) or columns.rows < FEWEST or len(set(zip(*said, strict=True))) < columns.rows:
        return ""
    return "results of each " + " and ".join(canonical(name).replace("_", " ") for name in names[:3])


def _by_names(names: Iterable[str]) -> str:
    known = {canonical(name) for name in names}
    if any(map(_SURE.fullmatch, known)) and any(map(_TOLD.fullmatch, known)):
        return "trials of a search"
    return "runs of a project" if len(known & _OF_SWEEPS) >= _MOST_OF_SWEEPS else ""


def _of_a_grid_of_flags(columns: Columns) -> bool:
    """Whether no two rows have the same switches, of which there are two and more, and labels, and most of those that
    could be are there. The switches of a training are what it was started with.
    """
    if columns.rows < _COURSE:
        return False
    dense = {name: columns.dense(name) for name in columns.parts}
    flags = [name for name, value in dense.items() if set(value.tolist()) == {0.0, 1.0}]
    labels = [said for name in columns.labels if canonical(name) in LABELS and (said := _words(columns, name))]
    rows = set(zip(*(dense[name].tolist() for name in flags), *labels, strict=True))
    possible = 2 ** len(flags) * int(np.prod([len(set(said)) for said in labels]))
    turned = sum(_jumps(columns, name) for name in flags)
    return len(flags) > 1 and turned > 0 and len(rows) == columns.rows and 2 * columns.rows >= possible


def _goes_on(axis: Axis) -> bool:
    """Whether rows stand on an axis of their own, in order; epochs in no order are those of the best models."""
    step = axis.step[axis.own]
    if not axis.name or len(step) < FEWEST:
        return bool(axis.name)
    if canonical(axis.name) not in _OF_THE_BEST:
        return True
    change = np.diff(step)
    return bool(np.any(change != 0)) and float(np.mean(change < 0)) < 2 * JUMPS


def _jumps(columns: Columns, name: str, least: float = JUMPS) -> bool:
    """Whether a setting goes up and down, or changes its word, from row to row."""
    if name not in columns.parts:
        return _changes(columns, name)
    change = np.diff(columns.dense(name))
    known = change[np.isfinite(change)]
    if len(known) < FEWEST - 1:
        return False
    return float(np.mean(known > 0)) >= least and float(np.mean(known < 0)) >= least


def _rises_by_a_factor(columns: Columns, name: str) -> bool:
    """Whether a rate rises by one factor from row to row over `_DECADES`, as who looks for the best one lets it."""
    value = columns.dense(name) if name in columns.parts else np.empty(0)
    if len(value) < _COURSE or not bool(np.all(np.isfinite(value) & (value > 0))):
        return False
    rises = np.diff(np.log10(value))
    middle = float(np.median(rises))
    even = float(np.quantile(np.abs(rises - middle), 0.9)) <= _FACTOR * middle
    return middle > 0 and even and float(np.log10(value[-1] / value[0])) >= _DECADES


def _names_each_row(columns: Columns, name: str) -> bool:
    """Whether a column of words says another one in every row."""
    said = columns.texts.get(name)
    if said is None or said.cells < columns.rows:
        return False
    return said.free or len(said.codes) == columns.rows


def _is_of_a_grid(columns: Columns, name: str) -> bool:
    """Whether a rate has few values, as those that are tried have, and those of a schedule that waves have not."""
    return name in columns.parts and len(np.unique(columns.dense(name))) <= TRIED


def _words(columns: Columns, name: str) -> list[object]:
    """What a column says, row by row; empty where not every row says something."""
    if name in columns.labels:
        said: list[object] = [text for _, text in columns.labels[name]]
    else:
        said = columns.dense(name).tolist() if name in columns.parts else []
    return said if len(said) == columns.rows else []


def _all_differ(columns: Columns, name: str) -> bool:
    said = _words(columns, name)
    return len(said) >= FEWEST and len(set(said)) == len(said)


def _changes(columns: Columns, name: str) -> bool:
    said = _words(columns, name)
    return len(said) >= FEWEST and sum(a != b for a, b in itertools.pairwise(said)) > 0.5 * (len(said) - 1)


def without_course(series: Mapping[str, Series]) -> bool:
    """Whether no loss, score or reward of rows that say no step and no time follows from the one before it: such are
    results of samples, folds or models in any order, and no course of a training.

    Each is ranked; one whose ranks go with their place or with the rank before them, beyond chance, has a course. So
    has one that says one number all along or is no number: that may be a training that has died. Fewer than `_COURSE`
    values tell nothing.
    """
    known = [s for name, s in series.items() if tells_of_progress([name]) and len(s) >= _COURSE]
    if any(bool(np.isfinite(s.time).any()) or not bool(np.isfinite(s.value).all()) for s in known):
        return False
    return bool(known) and not any(_has_course(s.value) for s in known)


def _has_course(value: Floats) -> bool:
    if bool(np.all(value == value[0])):
        return True
    rank = ranks(value)
    rank -= rank.mean()
    place = np.arange(len(rank)) - (len(rank) - 1) / 2
    scale = float(np.sum(rank**2))
    trend = float(np.sum(rank * place)) / scale * np.sqrt(len(rank) - 1)
    follows = float(np.sum(rank[1:] * rank[:-1])) / scale * np.sqrt(len(rank))
    return bool(abs(trend) > _BY_CHANCE or follows > _BY_CHANCE)


def width_of_numbers(path: Path) -> int:
    """How many columns a delimited table without a head has, where all of its first cells are numbers; else 0."""
    try:
        names, rows = first_rows(head_of(path), _SHOWN)
    except OSError:
        return 0
    alike = len(rows) >= FEWEST and len({len(row) for row in rows}) == 1
    return len(rows[0]) if alike and not names and all(number(c) is not None for row in rows for c in row) else 0
