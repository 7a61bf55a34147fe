"""Several tasks as one: their common lag, their mean gap, and when that is proof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.comparison.pair import Aligned
from runlens.stats.lag import Explained, Lag, gap_of, lag_of

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


@dataclass(frozen=True, slots=True)
class Joint:
    """What several tasks say together."""

    lag: Lag
    gap: float
    """Mean gap in score, each task weighed by what it can tell; negative is behind."""
    gap_interval: tuple[float, float]


def joint(parts: list[tuple[Aligned, Explained]], agreed: bool = False) -> Joint:
    """Lag of several tasks together, and their mean gap with its interval.

    Parameters
    ----------
    parts : list of (Aligned, Explained)
    agreed : bool
        Take the tasks to agree, whatever they say.
    """
    longest = max((a.paired.x for a, _ in parts), key=lambda x: (len(x), float(x[-1])))
    explained = [e for _, e in parts]
    lag = lag_of(explained, longest, agreed)
    gap, interval = gap_of(explained, np.array([weight(a) for a, _ in parts]), lag.discord)
    return Joint(lag, gap, interval)


def weight(part: Aligned) -> float:
    """What a task can tell of a lag: the gap that a nominal lag would make, over the variance of the mean gap."""
    p = part.paired
    made = float(np.mean(p.curve(p.x) - p.curve(p.x - NOMINAL)))
    return p.weight * max(made, 1e-6) / (p.noise**2 / len(p.x) + p.offset**2)


def carried_by(parts: list[tuple[Aligned, Explained]], found: Joint, bar: Bar) -> str:
    """The task that a lag hangs on, if that is why it does not count; else empty. `found` is what all say together.

    A fault in the set-up shows in most tasks. One benchmark alone may differ between healthy models by more than its
    items explain (SciQ's acc_norm by six binomial errors between Pythia 1B and its deduplicated twin), so from
    `VOTERS` tasks on no single one decides; and where the tasks' disagreement is what hides a lag, the one that
    disagrees most is named.
    """
    names = sorted({a.run.task for a, _ in parts})
    without = {name: [(a, e) for a, e in parts if a.run.task != name] for name in names if len(names) > 1}
    if clear(found, bar):
        lost = [name for name in without if joint(without[name]).lag.now < bar.factor]
        return lost[0] if lost and len(names) >= VOTERS else ""
    if without and clear(joint(parts, agreed=True), bar):
        return min(names, key=lambda name: joint(without[name]).lag.discord)
    return ""


def clear(found: Joint, bar: Bar) -> bool:
    """Large enough to matter, and no chance.

    The lag's interval is the proof: it knows the level of the scores and the shape of their curve. The mean gap has
    only to lean the same way; but where the lag is read off the end of a trend, the gap must be clear too, for five
    scores say little of a slope.
    """
    lag = found.lag
    over = lag.now >= bar.factor and lag.now_interval[0] > 1
    return over and (found.gap < 0 if lag.trend == "steady" else found.gap_interval[1] < 0)
