"""The eval curves of a run, over tokens or steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from runlens.comparison.items import ITEMS, items_of
from runlens.model import Axis, Curve, PlacedSeries, RoleSeries, Run

ROLES = ("eval_score", "eval_loss", "perplexity")
MOST = 64
"""Checkpoints of one curve; more are averaged in neighbouring pairs, triples, …, which bounds the cost."""


@dataclass(frozen=True, slots=True, eq=False)
class RunCurve:
    """A curve, and the training step of each of its points."""

    curve: Curve
    step: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RunCurves:
    """What a run has to compare."""

    curves: tuple[RunCurve, ...]
    left_out: tuple[tuple[str, str], ...]
    """(logged name, why) of evals that cannot be compared with anything."""
    tokens_from: str
    """Where the positions come from; empty on the axis of steps or where tokens are not known."""
    why_not: str = ""
    """Why there are no curves; empty if there are."""


def run_curves(run: Run, axis: Axis = "tokens", tokens_per_step: float | None = None, whole: bool = False) -> RunCurves:
    """The eval curves of a run.

    Parameters
    ----------
    run : Run
        Resolved.
    axis : {'tokens', 'steps'}
    tokens_per_step : float, optional
        Counts before what the log says.
    whole : bool
        Keep every checkpoint, that at position 0 too: for what looks at the run alone.

    Returns
    -------
    RunCurves
        Last write of each step, sorted; non-finite values and points at position 0 left out (a logarithmic axis has
        no place for them). No curves, and the reason, if the run's tokens are not known. The one point of a model whose
        place in training nothing tells stands at NaN.
    """
    tokens = run.role("tokens")
    if axis == "steps" or run.unplaced:
        origin = ""
    elif tokens_per_step:
        origin = f"step x {tokens_per_step:,.0f} tokens per step, as given"
    elif tokens is not None:
        origin = f"{tokens.series.name}" + (f" ({tokens.why})" if tokens.derived else "")
    else:
        return RunCurves((), (), "", "the run's tokens are not known; give --tokens-per-step, or --axis steps")
    curves: list[RunCurve] = []
    left_out: list[tuple[str, str]] = []
    for part in (r for role in ROLES for r in run.every(role)):
        if part.split != "eval":
            left_out.append((part.series.name, "measured on training data"))
        elif part.direction is None:
            left_out.append((part.series.name, "its name does not tell which way is better"))
        else:
            made = _curve(run, part, axis, tokens_per_step, whole)
            if len(made.step):
                curves.append(made)
            else:
                left_out.append((part.series.name, "no finite value at a known position"))
    why_not = "" if curves else "the run logged no evals and no validation loss"
    if left_out and not curves:
        others = f", nor of {len(left_out) - 1:,} more" if len(left_out) > 1 else ""
        why_not = f"nothing can be compared of {left_out[0][0]} ({left_out[0][1]}){others}"
    return RunCurves(tuple(curves), tuple(left_out), origin, why_not)


def _curve(run: Run, part: RoleSeries, axis: Axis, tokens_per_step: float | None, whole: bool) -> RunCurve:
    series = part.series.latest()
    at = series.step.astype(np.float64)
    if run.unplaced:
        return _unplaced(run, part, series)
    if axis == "tokens":
        at = at * tokens_per_step if tokens_per_step else run.tokens_at(at)
    keep = np.isfinite(series.value) & np.isfinite(at) & ((at > 0) | whole)
    keep[1:] &= np.diff(np.maximum.accumulate(np.where(np.isfinite(at), at, 0.0))) > 0
    series, at = series.take(keep), at[keep]
    stderr = _stderr(run, part, series)
    columns = series.step.astype(np.float64), at, series.value, stderr
    step, at, value, stderr = columns if whole else thinned(*columns)
    return RunCurve(_as_curve(run, part, at, value, stderr, series.value), step.astype(np.int64))


def _unplaced(run: Run, part: RoleSeries, series: PlacedSeries) -> RunCurve:
    """The one point of a model of which nothing tells where in training it stands."""
    series = series.where(np.isfinite(series.value)).take(slice(-1, None))
    stderr = _stderr(run, part, series)
    at = np.full(len(series), np.nan)
    return RunCurve(_as_curve(run, part, at, series.value, stderr, series.value), series.step)


def _as_curve(
    run: Run,
    part: RoleSeries,
    at: npt.NDArray[np.float64],
    value: npt.NDArray[np.float64],
    stderr: npt.NDArray[np.float64],
    logged: npt.NDArray[np.float64],
) -> Curve:
    """The curve, with what a result file tells of it; `logged` are all values, from which items can be counted."""
    metric = part.metric_kind or {"eval_loss": "loss", "perplexity": "ppl"}.get(part.role, "score")
    found = run.measured.get(part.series.name)
    items = found.n_items if found is not None else 0
    if not items and part.role == "eval_score":
        items = items_of(logged) or ITEMS.get(part.task, 0)
    curve = Curve(part.task, metric, part.setting, part.direction or "up", at, value, stderr, items, part.series.name)
    if found is None:
        return curve
    return replace(curve, conditions=found.conditions, answers=found.answers, part_of=found.part_of)


def _stderr(run: Run, part: RoleSeries, series: PlacedSeries) -> npt.NDArray[np.float64]:
    """Standard errors logged beside the score, as lm-evaluation-harness and lighteval name them; NaN where not."""
    name = part.series.name
    head, comma, tail = name.partition(",")
    for other in (f"{head}_stderr{comma}{tail}", f"{name}_stderr"):
        logged = run.placed.get(other)
        if logged is not None:
            logged = logged.latest()
            found = np.searchsorted(logged.step, series.step)
            found = np.minimum(found, max(len(logged) - 1, 0))
            if len(logged):
                same = logged.step[found] == series.step
                scale = 100.0 if np.nanmax(np.abs(part.series.value), initial=0.0) <= 1.0 < _peak(run, name) else 1.0
                return np.where(same, logged.value[found] / scale, np.nan)
    return np.full(len(series), np.nan)


def _peak(run: Run, name: str) -> float:
    """Largest logged value: above 1 where the role's value is not, the log is in per cent."""
    return float(np.nanmax(np.abs(run.placed[name].value), initial=0.0)) if name in run.placed else 0.0


def thinned(*columns: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Columns of one length, averaged over equal stretches of neighbours so that at most `MOST` rows are left."""
    size = -(-len(columns[0]) // MOST)
    if size <= 1:
        return columns
    starts = np.arange(0, len(columns[0]), size)
    counts = np.diff(np.append(starts, len(columns[0])))
    return tuple(np.add.reduceat(c, starts) / counts for c in columns)
