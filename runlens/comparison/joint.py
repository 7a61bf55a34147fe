"""Several tasks as one: their common lag, their mean gap, and when that is proof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.comparison.pair import Aligned
from runlens.stats.gap import Gap, course_of, gap_of
from runlens.stats.lag import GRID, Explained, Lag, lag_of

VOTERS = 4
"""From so many tasks on, a lag must be there whichever of them is left out."""
ALONE = 3.0
"""Standard deviations of healthy twins by which the last checkpoints prove a lag by themselves."""
FEW = 3
"""So many checkpoints are no single accident."""
WITH = 1.96
"""The same where the whole course must be behind by as much. With both, 0 to 0.4 % of 480 healthy runs beside three
other seeds are flagged at a quarter, half, three quarters and the end of their course, and parallel seed faults are
found in 60, 95, 98 and 100 % (docs/quality.md)."""
COURSE = 4.0
"""Standard deviations by which the whole course proves a lag by itself, where the last checkpoints still lean so by
`STILL`: one healthy run in 30,000 is so far off. Of 576 healthy pairs of Pythia models none is flagged for it."""
STILL = 1.645
"""One in twenty healthy runs is as far behind at its last checkpoints."""
STEP = float(np.exp(GRID[1] - GRID[0]))
"""A lag of one step of the grid is none."""
NOMINAL = np.log(1.5)
"""The lag by which tasks are weighed in the mean gap: each counts by the gap that such a lag would make."""


@dataclass(frozen=True, slots=True)
class Bar:
    """When a lag counts."""

    least: float = 1.05
    """Smallest lag that is said."""
    factor: float = 1.25
    """Lag from which on it is an error."""
    last: int = 5
    """How many of the run's last checkpoints are judged."""
    fewest: int = 3
    """Fewest checkpoints of a task that can be judged."""


@dataclass(frozen=True, slots=True)
class Joint:
    """What several tasks say together."""

    lag: Lag
    gap: Gap
    """Mean gap in score over the last checkpoints, each task weighed by what it can tell; negative is behind."""
    course: float
    """The gap over all checkpoints, in standard deviations of healthy twins."""


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
    weights = np.array([weight(a) for a, _ in parts])
    course = course_of([a.course for a, _ in parts], np.array([a.paired.weight for a, _ in parts]), lag.discord)
    return Joint(lag, gap_of(explained, weights, lag.discord), course)


def weight(part: Aligned) -> float:
    """What a task can tell of a lag: the gap that a nominal lag would make, over the variance of the mean gap."""
    p = part.paired
    made = float(np.mean(p.curve(p.x) - p.curve(p.x - NOMINAL)))
    return p.weight * max(made, 1e-6) / (p.noise**2 / len(p.x) + float(np.mean(p.offset**2)))


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
        floor = bar.least if _by_gap(found) or -found.course >= COURSE else bar.factor
        lost = [name for name in without if joint(without[name]).lag.now < floor]
        return lost[0] if lost and len(names) >= VOTERS else ""
    if without and clear(joint(parts, agreed=True), bar):
        return min(names, key=lambda name: joint(without[name]).lag.discord)
    return ""


def sure(parts: list[Aligned], found: Joint) -> bool:
    """Whether the last checkpoints (three or more) prove it alone, so that nobody need wait for one more."""
    return max(len(a.paired.x) for a in parts) >= FEW and -found.gap.sigmas >= ALONE


def clear(found: Joint, bar: Bar) -> bool:
    """No chance, and large enough to be said.

    A small lag is proven by the gap: the last checkpoints prove it by themselves, or they lean clearly, and so does the
    whole course; a difference between healthy models wanders, and at one stretch of many a healthy one may lie two
    standard deviations off. A lag as large as healthy twins never showed needs less: the gap has only to lean the same
    way, clearly where the lag is read off the end of a trend, for five scores say little of a slope. In both cases the
    interval of the lag lies above 1: it knows the level of the scores and the shape of their curve, and what is
    expected of healthy twins, or of the reference's own seeds, is part of its width. It is read off the last
    checkpoints, so a course that is behind all along by more than any healthy one proves it though they alone do not.
    """
    lag, gap = found.lag, found.gap
    if -found.course >= COURSE and -gap.sigmas >= STILL:
        return max(lag.now, lag.end) >= bar.least
    if max(lag.now_interval[0], lag.end_interval[0]) <= 1:
        return False
    if _by_gap(found):
        return max(lag.now, lag.end) >= bar.least
    leans = gap.mean < 0 if lag.trend == "steady" else gap.interval[1] < 0
    return lag.now >= bar.factor and lag.now_interval[0] > STEP and leans


def _by_gap(found: Joint) -> bool:
    """Whether the gap, now or over the course, is more than healthy twins differ by."""
    last = -found.gap.sigmas
    return last >= ALONE or (last >= WITH and -found.course >= WITH)
