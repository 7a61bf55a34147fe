"""The lag of each task, and of all scores or all losses together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from runlens.comparison import words
from runlens.comparison.history import history
from runlens.comparison.joint import Bar, Joint, carried_by, clear, joint, sure
from runlens.comparison.noise import downward, logarithmic
from runlens.comparison.pair import Aligned
from runlens.model import Curve, Group, GroupLag, TaskLag
from runlens.stats.gap import course_of, gap_of
from runlens.stats.lag import GRID, Explained, Lag, explain, lag_of

DRAWN = 120
"""Points of the reference's monotone curve in figures."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One task as it stands now, and as it stood one checkpoint earlier."""

    now: Aligned
    before: Aligned | None

    @property
    def group(self) -> Group:
        """Whether it counts among the scores or the losses."""
        return group_of(self.now.run)


def group_of(curve: Curve) -> Group:
    """Validation losses stand apart: they are so exact that they would drown the scores, and it was scores alone that
    showed SmolLM3's fault. A loss of a benchmark counts among the scores.
    """
    return "losses" if logarithmic(curve) and curve.task.split("_")[0] not in _BENCHMARKS else "scores"


_BENCHMARKS = frozenset(("lambada", "hellaswag", "arc", "piqa", "winogrande", "mmlu", "boolq", "sciq", "gsm8k", "wsc"))


def shared_out(parts: list[Part]) -> list[Part]:
    """Several metrics of one task and group see the same items: each gets its share of one vote."""
    votes: dict[tuple[str, str], int] = {}
    for part in parts:
        key = (part.now.run.task, part.group)
        votes[key] = votes.get(key, 0) + 1

    def weigh(side: Aligned | None, share: float) -> Aligned | None:
        return side and replace(side, paired=replace(side.paired, weight=share))

    shares = [1 / votes[p.now.run.task, p.group] for p in parts]
    return [
        Part(replace(p.now, paired=replace(p.now.paired, weight=w)), weigh(p.before, w))
        for p, w in zip(parts, shares, strict=True)
    ]


def explained(sides: list[Aligned], known: list[Explained] | None = None) -> list[tuple[Aligned, Explained]]:
    """Each task with what each shift explains of it, a growing shift told at the last checkpoint of all.

    `known` holds the same for each task's own last checkpoint, to be used where that is the last of all.
    """
    ends = [float(side.paired.x[-1]) for side in sides]
    last = max(ends)
    return [
        (side, known[i] if known and ends[i] == last else explain(side.paired, last)) for i, side in enumerate(sides)
    ]


def group_lag(kind: Group, parts: list[tuple[Part, Explained]], bar: Bar) -> GroupLag:
    """All tasks of a group as one."""
    now = explained([p.now for p, _ in parts], [e for _, e in parts])
    found = joint(now)
    alone = carried_by(now, found, bar)
    behind = clear(found, bar) and not alone
    earlier = [p.before for p, _ in parts if p.before is not None] if behind else []
    since, last, at, from_start = history([p.now for p, _ in parts])
    factor, interval = _stands(found.lag, behind)
    trend, growth = _trend([p.now for p, _ in parts], found.lag) if behind else (found.lag.trend, 0.0)
    persists = bool(earlier) and clear(joint(explained(earlier)), bar)
    return GroupLag(
        group=kind,
        tasks=len(parts),
        factor=factor,
        interval=interval,
        gap=found.gap.mean,
        gap_interval=found.gap.interval,
        sigmas=-found.gap.sigmas,
        course=-found.course,
        growth=growth,
        trend=trend,
        behind=behind,
        alone=alone,
        # by the figure that is shown
        far=behind and round(factor, 2) >= bar.factor and (persists or sure([a for a, _ in now], found)),
        persists=persists,
        from_start=from_start,
        since=since,
        last=last,
        at=at,
    )


def _stands(lag: Lag, behind: bool) -> tuple[float, tuple[float, float]]:
    """The lag that is told: of a run that is behind the one at its end, a trend allowed for, if that is clear of 1."""
    return (lag.end, lag.end_interval) if behind and lag.end_interval[0] > 1 else (lag.now, lag.now_interval)


def _trend(sides: list[Aligned], lag: Lag) -> tuple[str, float]:
    """`widening`, `closing` or `steady`, and the growth of a widening lag.

    The growth is the mean of what the last checkpoints and the whole course say: five checkpoints alone lead too far
    where the end is far off.
    """
    if lag.trend == "closing":
        return lag.trend, lag.growth
    last = max(float(side.course.x[-1]) for side in sides)
    longest = max((side.course.x for side in sides), key=len)
    whole = lag_of([explain(side.course, last) for side in sides], longest)
    grows = [lag.growth, max(whole.growth, 0.0)]
    if lag.trend == "steady":
        return ("widening", grows[1]) if grows[1] > 0 else ("steady", 0.0)
    return "widening", sum(grows) / 2


def task_lag(part: Part, own_end: Explained, bar: Bar) -> TaskLag:
    """One task by itself, in its own unit."""
    now, p = part.now, part.now.paired
    lag = lag_of([own_end], p.x)
    found = Joint(lag, gap_of([own_end], np.ones(1), lag.discord), course_of([now.course], np.ones(1), lag.discord))
    gap, (low, high) = found.gap.mean, found.gap.interval
    behind = clear(found, bar)
    factor, interval = _stands(lag, behind)
    run_value = float(np.mean(now.run.value[np.searchsorted(now.run.at, np.exp(p.x) * (1 - 1e-9))]))
    if logarithmic(now.run):  # a relative gap g (higher is better) is a factor exp(-g) on the value
        there = run_value * float(np.exp(gap))
        ends = sorted((run_value - run_value * float(np.exp(high)), run_value - run_value * float(np.exp(low))))
    elif now.run.direction == "down":
        there, ends = run_value + gap, sorted((-float(high), -float(low)))
    else:
        there, ends = run_value - gap, [float(low), float(high)]
    drawn = np.linspace(p.reference_x[0], p.reference_x[-1], DRAWN)
    curve = p.curve(drawn)
    spread = 1.96 * np.hypot(p.noise, np.interp(drawn, now.course.x, now.course.offset))
    edges = [downward(now.run, curve + sign * spread) for sign in (-1, 1)]
    return TaskLag(
        run=now.run,
        reference=now.reference,
        low=now.low,
        high=now.high,
        smooth_at=np.exp(drawn),
        smooth=downward(now.run, curve),
        healthy_low=np.minimum(*edges),
        healthy_high=np.maximum(*edges),
        group=part.group,
        at=float(np.exp(p.x[-1])),
        checkpoints=len(p.x),
        run_value=run_value,
        reference_value=there,
        gap=run_value - there,
        gap_interval=(ends[0], ends[1]),
        factor=factor,
        interval=interval,
        trend=lag.trend,
        behind=behind,
        sigmas=-found.gap.sigmas,
        seeds=now.seeds,
        seed_sd=now.seed_sd * (abs(run_value) if logarithmic(now.run) else 1.0),
        beyond=factor >= np.exp(GRID[-1]) * 0.99 or bool(p.value.max() < p.reference.min()),
        n_items=now.run.n_items or now.reference.n_items,
        notes=now.notes,
        label=words.label(now.run),
    )
