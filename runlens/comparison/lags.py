"""The lag of each task, and of all scores or all losses together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from runlens.comparison import words
from runlens.comparison.history import history
from runlens.comparison.joint import Bar, Joint, carried_by, clear, joint
from runlens.comparison.noise import downward, logarithmic
from runlens.comparison.pair import Aligned
from runlens.model import Group, GroupLag, TaskLag
from runlens.stats.lag import GRID, Explained, explain, gap_of, lag_of

DRAWN = 120
"""Points of the reference's monotone curve in figures."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One task as it stands now, and as it stood one checkpoint earlier."""

    now: Aligned
    before: Aligned | None

    @property
    def group(self) -> Group:
        """Validation losses stand apart: they are so exact that they would drown the scores, and it was scores alone
        that showed SmolLM3's fault. A loss of a benchmark counts among the scores.
        """
        return (
            "losses" if logarithmic(self.now.run) and self.now.run.task.split("_")[0] not in _BENCHMARKS else "scores"
        )


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
    return GroupLag(
        group=kind,
        tasks=len(parts),
        factor=found.lag.now,
        interval=found.lag.now_interval,
        gap=found.gap,
        gap_interval=found.gap_interval,
        trend=found.lag.trend,
        behind=behind,
        alone=alone,
        persists=bool(earlier) and clear(joint(explained(earlier)), bar),
        from_start=from_start,
        since=since,
        last=last,
        at=at,
    )


def task_lag(part: Part, own_end: Explained, bar: Bar) -> TaskLag:
    """One task by itself, in its own unit."""
    now, p = part.now, part.now.paired
    lag = lag_of([own_end], p.x)
    gap, (low, high) = gap_of([own_end], np.ones(1))
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
    spread = 1.96 * np.hypot(p.noise, p.offset)
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
        factor=lag.now,
        interval=lag.now_interval,
        trend=lag.trend,
        behind=clear(Joint(lag, gap, (low, high)), bar),
        beyond=lag.now >= np.exp(GRID[-1]) * 0.99 or bool(p.value.max() < p.reference.min()),
        n_items=now.run.n_items or now.reference.n_items,
        notes=now.notes,
        label=words.label(now.run),
    )
