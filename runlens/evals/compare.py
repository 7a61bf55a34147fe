"""A run beside a reference: the lag of each task, of all scores and of all losses."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from runlens.evals import words
from runlens.evals.axis import on_axis
from runlens.evals.curves import run_curves
from runlens.evals.history import history
from runlens.evals.joint import Bar, carried_by, clear, joint
from runlens.evals.match import match
from runlens.evals.noise import downward, logarithmic
from runlens.evals.pair import Aligned, aligned
from runlens.model import Comparison, Group, GroupLag, Reference, Run, TaskLag
from runlens.stats.isotonic import monotone_curve
from runlens.stats.lag import GRID, Simulated, lag_of, simulate

DRAWN = 120
"""Points of the reference's monotone curve in figures."""


def compare(
    run: Run,
    reference: Reference,
    axis: Literal["tokens", "steps"] = "tokens",
    tokens_per_step: float | None = None,
    bar: Bar | None = None,
) -> Comparison:
    """Compare the evals of a run with those of a reference at the same tokens (or steps).

    Parameters
    ----------
    run : Run
        Resolved.
    reference : Reference
    axis : {'tokens', 'steps'}
    tokens_per_step : float, optional
        Of the run, where its log does not tell.
    bar : Bar, optional

    Returns
    -------
    Comparison
        With `why_not` where nothing could be compared. The same input gives the same figures to the last digit.
    """
    bar = bar or Bar()
    blank = Comparison(
        run.name, reference.name, axis, (), (), (), "", "", reference.source, reference.licence, reference.citation
    )
    own = run_curves(run, axis, tokens_per_step)
    blank = replace(blank, unmatched=own.left_out, tokens_from=own.tokens_from)
    if own.why_not:
        return replace(blank, why_not=own.why_not, sentence=own.why_not)
    theirs = on_axis(reference, axis)
    if isinstance(theirs, str):
        return replace(blank, why_not=theirs, sentence=theirs)
    matched = match(own.curves, theirs)
    unmatched = [*own.left_out, *matched.unmatched]
    parts: list[Part] = []
    for pair in matched.pairs:
        now = aligned(pair, bar.last)
        if isinstance(now, str):
            unmatched.append((pair.run.curve.name, now))
        elif len(now.paired.x) < bar.fewest:
            n = len(now.paired.x)
            unmatched.append(
                (
                    pair.run.curve.name,
                    f"{n} checkpoint{'s' * (n != 1)} within the reference's range; {bar.fewest} are needed",
                )
            )
        else:
            before = aligned(pair, bar.last, drop=1)
            parts.append(Part(now, None if isinstance(before, str) or len(before.paired.x) < bar.fewest else before))
    if not parts:
        why = "no eval of the run could be compared" + (f": {unmatched[0][0]}: {unmatched[0][1]}" if unmatched else "")
        return replace(blank, why_not=why, sentence=why, unmatched=tuple(unmatched))
    parts = shared_out(parts)
    simulated = [simulate(p.now.paired, p.seed) for p in parts]
    kinds: tuple[Group, ...] = ("scores", "losses")
    groups = [
        group_lag(kind, [(p, s) for p, s in zip(parts, simulated, strict=True) if p.group == kind], bar)
        for kind in kinds
        if any(p.group == kind for p in parts)
    ]
    tasks = [task_lag(p, s, bar) for p, s in zip(parts, simulated, strict=True)]
    found = replace(
        blank,
        tasks=tuple(sorted(tasks, key=lambda t: (not t.behind, t.group, t.run.task, t.run.metric))),
        groups=tuple(sorted(groups, key=lambda g: (not g.behind, -g.factor))),
        unmatched=tuple(unmatched),
        verdict=words.verdict(groups, bar.factor),
    )
    return replace(found, sentence=words.sentence(found, bar.factor))


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

    @property
    def seed(self) -> int:
        """Of the task's simulations: its name, so that one more task changes no other."""
        curve = self.now.run
        return zlib.crc32(f"{curve.task}/{curve.metric}/{curve.setting}".encode())


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


def group_lag(kind: Group, parts: list[tuple[Part, Simulated]], bar: Bar) -> GroupLag:
    """All tasks of a group as one."""
    lag, gap, interval = joint([(p.now, s) for p, s in parts])
    behind = clear(lag, interval, bar)
    alone = carried_by([(p.now, s) for p, s in parts], bar) if behind else ""
    behind = behind and not alone
    earlier = (
        [(p.before, simulate(p.before.paired, p.seed)) for p, _ in parts if p.before is not None] if behind else []
    )
    persists = False
    if earlier:
        past, _, past_interval = joint(earlier)
        persists = clear(past, past_interval, bar)
    since, last, at, from_start = history([p.now for p, _ in parts])
    return GroupLag(
        group=kind,
        tasks=len(parts),
        factor=lag.now,
        interval=lag.now_interval,
        gap=gap,
        gap_interval=interval,
        trend=lag.trend,
        behind=behind,
        alone=alone,
        persists=persists,
        from_start=from_start,
        since=since,
        last=last,
        at=at,
    )


def task_lag(part: Part, simulated: Simulated, bar: Bar) -> TaskLag:
    """One task by itself, in its own unit."""
    now, p = part.now, part.now.paired
    lag = lag_of([simulated], p.x)
    gap = simulated.gap.mean(axis=0)
    low, high = np.percentile(gap[1:], [2.5, 97.5])
    run_value = float(np.mean(now.run.value[np.searchsorted(now.run.at, np.exp(p.x) * (1 - 1e-9))]))
    if logarithmic(now.run):  # a relative gap g (higher is better) is a factor exp(-g) on the value
        there = run_value * float(np.exp(gap[0]))
        ends = sorted((run_value - run_value * float(np.exp(high)), run_value - run_value * float(np.exp(low))))
    elif now.run.direction == "down":
        there, ends = run_value + float(gap[0]), sorted((-float(high), -float(low)))
    else:
        there, ends = run_value - float(gap[0]), [float(low), float(high)]
    drawn = np.linspace(p.reference_x[0], p.reference_x[-1], DRAWN)
    smooth = monotone_curve(p.reference_x, p.reference)(drawn)
    spread = 1.96 * np.hypot(p.noise, p.offset)
    edges = [downward(now.run, smooth + sign * spread) for sign in (-1, 1)]
    return TaskLag(
        run=now.run,
        reference=now.reference,
        low=now.low,
        high=now.high,
        smooth_at=np.exp(drawn),
        smooth=downward(now.run, smooth),
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
        behind=clear(lag, (float(low), float(high)), bar),
        beyond=lag.now >= np.exp(GRID[-1]) * 0.99 or bool(p.value.max() < p.reference.min()),
        n_items=now.run.n_items or now.reference.n_items,
        notes=now.notes,
        label=words.label(now.run),
    )
