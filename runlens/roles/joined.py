"""The evals of a folder of result files, as evals of the run whose checkpoints they are."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from runlens.errors import ConfigError
from runlens.model import PlacedSeries, Run, Series

Ints = npt.NDArray[np.int64]
PLACES = "places"
"""Key of the config of evals from result files: what their names tell, `steps`, `tokens` or `nothing`."""
_FIRST = frozenset({"eval_score"})
"""Roles in which what the files hold stands before what was logged: they were evaluated with more items."""


def with_evals(run: Run, evals: Run, tokens_per_step: float | None = None) -> Run:
    """A run with the evals of its checkpoints.

    Parameters
    ----------
    run, evals : Run
        Both resolved; `evals` as the source of result files made it.
    tokens_per_step : float, optional
        Where the files tell tokens alone and the run's log does not.

    Returns
    -------
    Run
        By step where the files tell steps, else by tokens.

    Raises
    ------
    ConfigError
        If nothing tells where the files stand, if they tell tokens that the run does not know, or if none of them
        lies within the run.
    """
    if evals.unplaced:
        raise ConfigError(
            f"--evals {evals.name}: nothing tells the step of its results; give each checkpoint a folder such as "
            "step_1000 or 5B-tokens"
        )
    move = _moves(run, evals, tokens_per_step)
    span = run.step_range()
    steps = np.unique(np.concatenate([move(r.series.step) for group in evals.roles.values() for r in group]))
    if span is not None and not np.any((steps >= 0) & (steps <= span[1] * 1.02 + 1)):
        raise ConfigError(
            f"--evals {evals.name}: its checkpoints stand at steps {steps[0]:,} to {steps[-1]:,}, and {run.name} ended "
            f"at {span[1]:,}; are they of another run?"
        )
    new = {name: f"{name} (results)" if name in run.series else name for name in evals.series}

    def placed(series: PlacedSeries) -> PlacedSeries:
        return PlacedSeries(new.get(series.name, series.name), move(series.step), series.time, series.value)

    roles = dict(run.roles)
    for role, group in evals.roles.items():
        if role == "tokens":
            continue
        moved = tuple(replace(r, series=placed(r.series)) for r in group)
        own = roles.get(role, ())
        roles[role] = (*moved, *own) if role in _FIRST else (*own, *moved)
    at = {new[name]: placed(series) for name, series in evals.placed.items()}
    raw = {name: Series(name, s.step, s.time, s.value) for name, s in at.items()}
    return replace(
        run,
        series=MappingProxyType({**run.series, **raw}),
        placed=ChainMap(at, run.placed),  # type: ignore[arg-type]  # it is never written to
        roles=MappingProxyType(roles),
        measured=MappingProxyType({**run.measured, **{new[name]: m for name, m in evals.measured.items()}}),
        notes=(*run.notes, *evals.notes),
    )


def _moves(run: Run, evals: Run, tokens_per_step: float | None) -> Callable[[Ints], Ints]:
    """From the steps of result files to training steps of the run."""
    if evals.config.get(PLACES) != "tokens":
        return lambda step: step
    tokens = evals.role("tokens")
    if tokens is None:
        raise ConfigError(f"--evals {evals.name}: not every result file tells its step or its tokens")
    told, wanted = tokens.series.step.astype(np.float64), tokens.series.value
    at = wanted / tokens_per_step if tokens_per_step else _steps_at(run, evals, wanted)
    return lambda step: np.rint(np.interp(step, told, at)).astype(np.int64)


def _steps_at(run: Run, evals: Run, wanted: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Training steps at which a run had seen so many tokens; beyond its end at its mean rate."""
    known = run.role("tokens")
    points = known.series.latest() if known is not None else None
    if points is None or len(points) < 2:
        raise ConfigError(
            f"--evals {evals.name}: its names tell tokens, and the tokens of {run.name} are not known; "
            "give --tokens-per-step"
        )
    increasing = np.maximum.accumulate(np.nan_to_num(points.value))
    rate = (increasing[-1] - increasing[0]) / max(float(points.step[-1] - points.step[0]), 1.0)
    inside = np.interp(wanted, increasing, points.step.astype(np.float64))
    beyond = points.step[-1] + (wanted - increasing[-1]) / max(rate, 1e-12)
    return np.where(wanted > increasing[-1], beyond, inside)
