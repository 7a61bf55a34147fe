"""Several tasks as one: their common lag, their mean gap, and when that is proof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.evals.pair import Aligned
from runlens.stats.isotonic import monotone_curve
from runlens.stats.lag import Lag, Simulated, lag_of

VOTERS = 4
"""From so many tasks on, a lag must be there whichever of them is left out."""
NOMINAL = np.log(1.5)
"""The lag by which tasks are weighed in the mean gap: each counts by the gap that such a lag would make."""


@dataclass(frozen=True, slots=True)
class Bar:
    """When a lag counts."""

    factor: float = 1.25
    """Smallest lag that counts."""
    last: int = 5
    """How many of the run's last checkpoints are judged."""
    fewest: int = 3
    """Fewest checkpoints of a task that can be judged."""


def joint(parts: list[tuple[Aligned, Simulated]]) -> tuple[Lag, float, tuple[float, float]]:
    """Lag of several tasks together, and their mean gap (each weighed by what it can tell) with its interval."""
    longest = max((a.paired.x for a, _ in parts), key=lambda x: (len(x), float(x[-1])))
    lag = lag_of([s for _, s in parts], longest)
    weights = np.array([weight(a) for a, _ in parts])
    gap = np.sum([w * s.gap.mean(axis=0) for w, (_, s) in zip(weights, parts, strict=True)], axis=0) / weights.sum()
    low, high = np.percentile(gap[1:], [2.5, 97.5])
    return lag, float(gap[0]), (float(low), float(high))


def weight(part: Aligned) -> float:
    """What a task can tell of a lag: the gap that a nominal lag would make, over the variance of the mean gap."""
    p = part.paired
    curve = monotone_curve(p.reference_x, p.reference)
    lo, hi = p.reference_x[0], p.reference_x[-1]
    made = float(np.mean(curve(np.clip(p.x, lo, hi)) - curve(np.clip(p.x - NOMINAL, lo, hi))))
    return p.weight * max(made, 1e-6) / (p.noise**2 / len(p.x) + p.offset**2)


def carried_by(parts: list[tuple[Aligned, Simulated]], bar: Bar) -> str:
    """The task without which the others show no lag; empty if there is none, or if there are too few tasks to ask.

    A fault in the set-up shows in most tasks. One benchmark alone may differ between healthy models by more than its
    items explain (SciQ's acc_norm by six binomial errors between Pythia 1B and its deduplicated twin), so from
    `VOTERS` tasks on no single one decides.
    """
    names = sorted({a.run.task for a, _ in parts})
    if len(names) < VOTERS:
        return ""
    for name in names:
        if joint([(a, s) for a, s in parts if a.run.task != name])[0].now < bar.factor:
            return name
    return ""


def clear(lag: Lag, gap: tuple[float, float], bar: Bar) -> bool:
    """Large enough to matter, and neither the lag nor the gap can be chance."""
    return lag.now >= bar.factor and lag.now_interval[0] > 1 and gap[1] < 0
