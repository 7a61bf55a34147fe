"""Evals of one checkpoint beside a reference's at the same place: a gap without a lag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from runlens.comparison.answers import Disagreement, Key, disagreement
from runlens.comparison.match import Match, rescaled
from runlens.comparison.noise import Floats, logarithmic, prior, twins_differ, upward
from runlens.comparison.pair import improving, seeds_differ
from runlens.comparison.words import CLEAR, label
from runlens.model import AtOnePoint, Curve, Group, Point
from runlens.stats.lag import BETWEEN_TASKS
from runlens.stats.smooth import smooth

NEAR = 1.02
"""Positions that differ by less are one checkpoint: logs round their tokens."""
SURE = 3.0
"""Standard deviations from which on one checkpoint is proof: there is no course beside it."""
VOTERS = 4
"""From so many evals on, what is left without the worst must be clear too."""
FAR = 0.02
"""A mean gap of two points, or a loss that is 2 % worse, is an error. Pythia models that differ in deduplication alone
differ by one point, and two per cent are four standard deviations of the losses of healthy seeds of a small model."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A point, and what its group needs of it."""

    point: Point
    group: Group
    relative: float
    """How much worse: a fraction for scores, relative for losses."""
    at: float
    step: int
    task: str


def measured(pair: Match, group: Group, answers: Mapping[Key, Disagreement] | None = None) -> Measured | str:
    """The run's last checkpoint beside the reference's value there, or why there is none.

    Parameters
    ----------
    pair : Match
        Positions that are NaN stand for the one place that final models have.
    group : {'scores', 'losses'}
    answers : mapping, optional
        By (task, metric, setting) of the run's curve: on how many items only one side was right.
    """
    i = _place(pair)
    run = pair.run.curve
    factor, note = rescaled(run, pair.members[0])
    run = replace(run, at=run.at[: i + 1], value=run.value[: i + 1], stderr=run.stderr[: i + 1])
    at, value = float(run.at[-1]), float(run.value[-1])
    members = [replace(m, value=m.value * factor, stderr=m.stderr * factor) for m in pair.members]
    there = [v for m in members if (v := _value_at(m, at)) is not None]
    if not there:
        if not any(np.isfinite(m.at).any() for m in members):
            return "nothing tells where in training the reference stands; name its folder after its step or tokens"
        return "the reference has no checkpoint there"
    ups = np.array([float(upward(_at(run, v))[0]) for v in there])
    own = float(upward(_at(run, value))[0])
    gap = float(ups.mean()) - own  # positive is worse
    paired = (answers or {}).get((run.task, run.metric, run.setting))
    if paired is None and len(members) == 1 and _last(members[0], at):
        paired = disagreement(run.answers, members[0].answers)
    sd, yardstick = _chance(run, members, there, ups, at)
    p = float("nan")
    if paired is not None and paired.split:
        sd, yardstick, p = paired.deviation, f"the same {paired.items:,} items (McNemar)", paired.p
    sd = max(sd, 1e-12)
    ends = (gap - CLEAR * sd, gap + CLEAR * sd)
    reference = float(np.mean(there))
    notes = [*pair.notes, *([note] if note else [])]
    if not np.isfinite(at) and any(len(m.at) > 1 for m in members):
        notes.append("nothing tells where in training the run stands; held against the reference's last checkpoint")
    point = Point(
        label=f"{label(run)}, {run.setting}" if run.setting else label(run),
        name=run.name,
        value=value,
        reference=reference,
        worse=_worse(run, gap, value),
        interval=(_worse(run, ends[0], value), _worse(run, ends[1], value)),
        sigmas=gap / sd,
        yardstick=yardstick,
        p=p,
        notes=tuple(notes),
    )
    relative = gap if logarithmic(run) or 0 <= reference <= 1 else gap / max(abs(reference), 1e-12)
    return Measured(point, group, relative, at, int(pair.run.step[i]), run.task)


def _place(pair: Match) -> int:
    """The run's checkpoint that is compared: the last, or where the reference has but one, that which lies there."""
    at = pair.run.curve.at
    lone = [m.at[0] for m in pair.members if len(m.at) == 1 and np.isfinite(m.at[0])]
    if len(lone) == len(pair.members) and np.isfinite(at).all():
        near = np.flatnonzero((at >= max(lone) / NEAR) & (at <= min(lone) * NEAR))
        if len(near):
            return int(near[-1])
    return len(at) - 1


def together(kind: Group, found: Sequence[Measured]) -> AtOnePoint:
    """All evals of a group as one; several metrics of one task have one vote."""
    tasks: dict[str, list[Measured]] = {}
    for one in found:
        tasks.setdefault(one.task, []).append(one)
    each = np.array([np.mean([m.point.sigmas for m in group]) for group in tasks.values()])
    gaps = np.array([np.mean([m.relative for m in group]) for group in tasks.values()])
    without = _joint(np.delete(each, int(np.argmax(each)))) if len(each) >= VOTERS else np.inf
    behind = _joint(each) >= SURE and without >= CLEAR
    return AtOnePoint(
        group=kind,
        points=tuple(m.point for m in sorted(found, key=lambda m: -m.point.sigmas)),
        at=max(m.at for m in found),
        step=max(m.step for m in found),
        sigmas=_joint(each),
        behind=bool(behind),
        far=bool(behind and gaps.mean() >= FAR),
    )


def _joint(sigmas: Floats) -> float:
    """Standard deviations of the mean of several evals, a part of whose chance is common to all."""
    n = len(sigmas)
    return float(sigmas.mean() * np.sqrt(n / (1 + BETWEEN_TASKS * (n - 1))))


def _last(curve: Curve, at: float) -> bool:
    """Whether a position is that of a curve's last checkpoint, of which alone the answers are kept."""
    return not np.isfinite(at) or bool(curve.at[-1] / NEAR <= at <= curve.at[-1] * NEAR)


def _worse(run: Curve, gap: float, value: float) -> float:
    """A gap on the scale of `upward` in the metric's own unit."""
    return value * (1 - float(np.exp(-gap))) if logarithmic(run) else gap


def _at(curve: Curve, value: float) -> Curve:
    return replace(curve, at=np.ones(1), value=np.array([value]), stderr=np.full(1, np.nan))


def _value_at(curve: Curve, at: float) -> float | None:
    """A curve's value at a position, by straight lines in log position; None beyond its ends."""
    if not np.isfinite(at):
        return float(curve.value[-1])
    if not np.isfinite(curve.at).all():
        return None
    if not curve.at[0] / NEAR <= at <= curve.at[-1] * NEAR:
        return None
    return float(np.interp(np.log(at), np.log(curve.at), curve.value))


def _chance(run: Curve, members: Sequence[Curve], there: Sequence[float], ups: Floats, at: float) -> tuple[float, str]:
    """Standard deviation of the gap between a healthy run and the reference, on the scale of `upward`, and its name.

    The larger of what both levels tell: a run with no item right knows nothing of its own chance.
    """
    items = run.n_items or members[0].n_items
    noise, lasting = max(
        prior(replace(run, n_items=items), run.value[-1:]),
        prior(replace(members[0], n_items=items), np.array([float(np.mean(there))])),
    )
    if len(ups) > 1:
        return seeds_differ(noise**2 + lasting**2 / 2, ups)[0], f"{len(ups)} references"
    curve = members[0]
    up = upward(curve)
    if np.isfinite(at) and len(curve.at) >= 2 and improving(up, noise) == len(up):
        differ = twins_differ(smooth(np.log(curve.at), up, noise), np.log(np.array([at])), lasting)
        lasting = float(differ[0])
    return float(np.sqrt(2 * noise**2 + lasting**2)), "healthy twins"
