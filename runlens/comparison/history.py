"""Since when a run has been behind, over all its checkpoints."""

from __future__ import annotations

import numpy as np

from runlens.comparison.joint import weight
from runlens.comparison.noise import Floats
from runlens.comparison.pair import Aligned


def history(parts: list[Aligned]) -> tuple[int, int, float, bool]:
    """Over all checkpoints: since which step it has been behind, the last step and its position, and whether it has
    trailed from the start.

    Returns
    -------
    (since, last, at, from_start)
        `from_start` is true if it was behind at four checkpoints of five and, over its first third (two checkpoints at
        least), by more than one standard deviation of two healthy models.
    """
    rows = [(a.all_step, a.course.x, _z(a), weight(a) * a.paired.noise) for a in parts]
    steps = np.unique(np.concatenate([r[0] for r in rows]))
    total, votes, where = np.zeros(len(steps)), np.zeros(len(steps)), np.zeros(len(steps))
    for step, x, z, w in rows:
        i = np.searchsorted(steps, step)
        total[i] += w * z
        votes[i] += w
        where[i] = np.maximum(where[i], x)
    z = total / votes
    level = np.flatnonzero(z >= 0)
    since = steps[level[-1] + 1] if len(level) and level[-1] + 1 < len(steps) else steps[-1] if len(level) else steps[0]
    early = z[: max(2, len(z) // 3)]
    from_start = bool(np.mean(z < 0) >= 0.8 and early.mean() < -1)
    return int(since), int(steps[-1]), float(np.exp(where[-1])), from_start


def _z(part: Aligned) -> Floats:
    """Gap at every checkpoint of the run in standard deviations of two healthy models."""
    p = part.course
    deviation: Floats = (p.value - p.curve(p.x)) / np.hypot(p.noise, p.offset)
    return deviation
