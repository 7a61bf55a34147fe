"""Tables whose rows are no steps: a row for each trial of a search, each seed, fold, run or model, side by side."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from runlens.sources.table.axis import Axis
from runlens.sources.table.names import AXES, EPOCHS, LABELS, RUNS, canonical, first
from runlens.sources.table.store import Columns

Floats = npt.NDArray[np.float64]

FEWEST = 4
"""Rows from which on a habit shows."""
_LONGEST = 20_000
"""Rows of the largest table that is looked at: no search has as many trials."""
_TRIED = 8
"""Rates that a grid tries at most."""
JUMPS = 0.15
"""Share of the rows at which a setting rises, and at which it falls, in a search. A schedule goes one way, or waves."""
_OF_THE_BEST = frozenset({*EPOCHS, "training_iteration", "iterations", "steps"})
"""Columns that may say how long each trial was, or where its best model was found."""
_SELDOM = 0.05
"""The same of a setting beside a rate that jumps: who tunes by hand tries some rates with each batch size."""
_SURE = re.compile(r"rank_test_score|mean_test_score|(?:mean|std)_fit_time|params?_\w+|config[/.]\w+|hparams?[/.]\w+")
_TOLD = re.compile(r"trial_?id|trial_number|number|state|params|logdir|trial_name|mean_test_score")
"""What stands beside columns of settings in the tables of Optuna, Ray Tune and scikit-learn."""
_OF_SWEEPS = frozenset({"state", "notes", "user", "tags", "created", "runtime", "sweep"})
"""Columns of W&B's table of runs, of which its download has most."""
_MOST_OF_SWEEPS = 4
_SETTING = re.compile(
    r"(?:\w+[_./])?(?:batch_?size|bs|hidden(?:_?(?:size|dim|units|layers?))?|units|n?_?(?:num_)?layers?|depth|width"
    r"|drop_?out(?:_?(?:rate|p))?|weight_?decay|wd|momentum|optimi[sz]er|activation|kernel(?:_?size)?|n?_?(?:num_)?filters"
    r"|embed\w*(?:dim|size)|d_model|n?_?(?:num_)?heads|max_?depth|n_estimators|patience|window(?:_?size)?|seq_?len)"
)
_RATE = re.compile(r"(?:\w+[_./])?(?:lr|learning_?rate)")


def may_be_trials(names: Iterable[str]) -> bool:
    """Whether a table may be one of trials, by its columns alone."""
    known = [canonical(name) for name in names]
    if _by_names(known):
        return True
    placed = first(known, AXES)
    if placed is not None and placed not in _OF_THE_BEST:
        return False
    return any(name in RUNS or name in LABELS or _SETTING.fullmatch(name) is not None for name in known)


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
    settings = [name for name in names if _SETTING.fullmatch(canonical(name))]
    rates = [name for name in names if _RATE.fullmatch(canonical(name))]
    if len(settings) + len(rates) > 1 and any(_jumps(columns, name) for name in settings):
        return "trials of a search"
    if settings and any(_jumps(columns, name) and _is_of_a_grid(columns, name) for name in rates):
        return "trials of a search"
    if any(_jumps(columns, name) for name in rates) and any(_jumps(columns, name, _SELDOM) for name in settings):
        return "trials of a search"
    if settings and axis.name and any(_jumps(columns, name) for name in (*settings, *rates)):
        return "trials of a search"
    if axis.name:
        return ""
    for name in names:
        kind = canonical(name)
        if kind in RUNS and kind != "trial" and _all_differ(columns, name):
            return f"one of each {kind.replace('_', ' ')}"
        if kind in LABELS and kind not in ("env", "environment", "agent", "type") and _changes(columns, name):
            return f"results of each {kind.replace('_', ' ')}"
    return ""


def _by_names(names: Iterable[str]) -> str:
    known = {canonical(name) for name in names}
    if any(map(_SURE.fullmatch, known)) and any(map(_TOLD.fullmatch, known)):
        return "trials of a search"
    return "runs of a project" if len(known & _OF_SWEEPS) >= _MOST_OF_SWEEPS else ""


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


def _is_of_a_grid(columns: Columns, name: str) -> bool:
    """Whether a rate has few values, as those that are tried have, and those of a schedule that waves have not."""
    return name in columns.parts and len(np.unique(columns.dense(name))) <= _TRIED


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
