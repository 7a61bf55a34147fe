"""The few hundred points of each main series that travel in the report, decimated so that no spike is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from runlens.comparison.curves import ROLES
from runlens.comparison.pair import pooled
from runlens.judging.accused import beside, family, grouped, series_of
from runlens.model import Chart, Curve, Finding, Reference, RoleSeries, Run
from runlens.render.ends import ends
from runlens.rules import rule_of
from runlens.rules.base import AnyRule
from runlens.rules.hardware.parts.devices import named
from runlens.stats.decimate import extremes

DRAWN: tuple[tuple[str, int], ...] = (
    ("train_loss", 1),
    ("eval_loss", 2),
    ("grad_norm", 1),
    ("learning_rate", 1),
    ("tokens_per_second", 1),
    ("step_time", 1),
    ("eval_score", 8),
    ("gpu_temperature", 4),
    ("gpu_utilization", 1),
    ("gpu_memory", 1),
)
"""Roles that are drawn, each with how many of its series at most."""


def charts_of(run: Run, rules: Sequence[AnyRule], points: int, findings: Sequence[Finding] = ()) -> tuple[Chart, ...]:
    """The series worth drawing, those that findings are about, and the reference curves for the evals among them.

    Parameters
    ----------
    run : Run
        Resolved.
    rules : sequence of Rule
        Where a rule has references, their curves for the drawn evals come along.
    points : int
        About how many points a chart; 0 or less gives no charts.
    findings : sequence of Finding
        Of the run.
    """
    if points <= 0:
        return ()
    accused = series_of(findings, run)
    groups = list(grouped(accused, run))
    taken = {part.series.name for group in groups for part in (*group.parts, *group.others)}
    main = [
        part
        for role, most in DRAWN
        for part in _distinct(run.every(role))[:most]
        if len(part.series) and (part.series.name not in taken or not part.device)
    ]
    if any(part.role == "tokens_per_second" for part in main):
        main = [part for part in main if part.role != "step_time" or part.series.name in accused]
    charts = [_chart(run, part, points) for part in main]
    drawn = {part.series.name for part in main}
    for group in groups:
        own = [_chart(run, part, points) for part in group.parts if part.series.name not in drawn]
        charts += own
        charts += [beside(group, own[0])] if group.others and own else []
    references = {r.name: r for rule in rules for r in getattr(rule, "references", ())}
    evals = (part for part in (*main, *accused.values()) if part.role in ROLES)
    for part in {part.series.name: part for part in evals}.values():
        charts += [
            _reference_chart(run, part, reference, members)
            for reference in references.values()
            for members in _settings(c for c in reference.curves if _same_eval(c, part))
        ]
    return tuple(charts)


def with_series(findings: Sequence[Finding], charts: Sequence[Chart], run: Run) -> tuple[Finding, ...]:
    """The findings with the names of those series that show them and are drawn."""
    drawn = {chart.metric for chart in charts if not chart.reference}
    shown = ((f, tuple(name for name in rule_of(f.code).shown(f, run) if name in drawn)) for f in findings)
    return tuple(replace(f, series=names) for f, names in shown)


def _distinct(parts: Sequence[RoleSeries]) -> list[RoleSeries]:
    """One series for each task and device, the canonical one first."""
    first: dict[tuple[str, str], RoleSeries] = {}
    for part in parts:
        first.setdefault((part.task, part.device), part)
    return list(first.values())


def _chart(run: Run, part: RoleSeries, points: int) -> Chart:
    whole = part.series.latest()
    series = whole.take(extremes(whole.value, points))
    tokens = run.tokens_at(series.step)
    label = part.series.name
    if part.task:
        label = f"{part.task} ({part.metric_kind})" if part.metric_kind else part.task
    elif part.device:
        label = named([part.device])
    return Chart(
        role=part.role,
        metric=part.series.name,
        unit=part.unit,
        steps=tuple(series.step.tolist()),
        values=tuple(_short(series.value).tolist()),
        tokens=tuple(tokens.tolist()) if np.isfinite(tokens).all() else (),
        label=label,
        direction=part.direction,
        kind="" if part.task else family(part),
        ends=ends(whole.value, part.role),
    )


def _short(value: np.ndarray) -> np.ndarray:
    """Seven significant digits: what float32 logs hold, in half the text."""
    with np.errstate(all="ignore"):
        return np.asarray([float(f"{v:.7g}") for v in value.tolist()], dtype=np.float64)


def _same_eval(curve: Curve, part: RoleSeries) -> bool:
    if part.role == "eval_loss":
        return curve.metric == (part.metric_kind or "loss") and curve.task == part.task
    return curve.task == part.task and curve.metric == part.metric_kind


def _settings(curves: Iterable[Curve]) -> list[tuple[Curve, ...]]:
    """The curves of one eval by their few-shot setting: several in one setting are the members of a band."""
    found: dict[str, list[Curve]] = {}
    for curve in curves:
        found.setdefault(curve.setting, []).append(curve)
    return [tuple(members) for members in found.values()]


def _reference_chart(run: Run, part: RoleSeries, reference: Reference, members: tuple[Curve, ...]) -> Chart:
    """The curve, and its band if there is one, on the run's steps where the axes can be matched.

    The band is the lowest and the highest member of several, or the 95 % interval of a score with a known error. Cut to
    twice the run's length.
    """
    curve, low, high, _ = pooled(members)
    span = run.step_range() or (0, 0)
    if reference.axis == "steps":
        steps = curve.at
    else:
        known = run.tokens_at(np.array(span, dtype=np.float64))
        per_step = (known[1] - known[0]) / max(span[1] - span[0], 1)
        steps = span[0] + (curve.at - known[0]) / per_step if per_step > 0 else np.full(len(curve.at), np.nan)
    inside = np.isfinite(steps) & (steps <= span[1] * 2) & (steps >= 0)
    if not low.size:
        error = _error(curve)
        low, high = curve.value - 1.96 * error, curve.value + 1.96 * error
    banded = bool((high > low)[inside].any())
    return Chart(
        role=part.role,
        metric=part.series.name,
        unit=part.unit,
        steps=tuple(np.rint(steps[inside]).astype(np.int64).tolist()),
        values=tuple(curve.value[inside].tolist()),
        tokens=tuple(curve.at[inside].tolist()) if reference.axis == "tokens" else (),
        label=f"{reference.name}",
        direction=part.direction,
        reference=reference.name,
        low=tuple(low[inside].tolist()) if banded else (),
        high=tuple(high[inside].tolist()) if banded else (),
    )


def _error(curve: Curve) -> np.ndarray:
    """Standard error of each value: the logged one, else the binomial one of an accuracy on a known number of items."""
    binomial = np.zeros(len(curve.value))
    if curve.n_items and curve.direction == "up" and curve.value.min() >= 0 and curve.value.max() <= 1:
        binomial = np.sqrt(curve.value * (1 - curve.value) / curve.n_items)
    return np.where(np.isfinite(curve.stderr), curve.stderr, binomial)
