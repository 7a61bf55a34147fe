"""A reward that few points tell of: only a fall from its best to below where it began is a collapse."""

from __future__ import annotations

import math

import numpy as np

from runlens.rules.rl.parts.course import FEW, scatter
from runlens.rules.rl.parts.signals import Signal
from runlens.rules.rl.parts.signs import OWN, SIGMAS, Sign

FEWEST_SHORT = 10
"""Points below which a reward is not judged at all."""
EDGE = 3
"""Points at the end that all lie below the first ones, and points that show where a reward began."""


def judged_short(signal: Signal) -> Sign | None:
    """The fall of a reward of `FEWEST_SHORT` points or more, each of which is a mean of many episodes, if it is sure.

    Ten points are no course: a policy that dips for three of them may be back at the fourth. So the reward must have
    gained, beyond the noise (second differences, as in `course`), and lost all of it again: its last `EDGE` points lie
    below each of the first ones, and `SIGMAS` standard deviations below the best, which was before them.
    """
    value = signal.value
    n = len(value)
    smooth = np.median(np.stack([value[:-2], value[1:-1], value[2:]]), axis=0)
    at = int(n - 3 - np.argmax(smooth[::-1])) + 1
    best = float(smooth.max())
    start, end = value[:EDGE], value[-EDGE:]
    noise = scatter(value) * math.sqrt(1.0 + FEW / n)
    gain, fall = best - float(start.min()), best - float(end.mean())
    sure = fall >= max(SIGMAS * noise, OWN * max(abs(best), best - float(value.min())))
    if not (sure and gain > SIGMAS * noise and end.max() < start.min() and n - 1 - at >= EDGE):
        return None
    high = np.flatnonzero(value >= 0.5 * (best + float(end.mean())))
    begins = min(int(high[-1]) + 1, n - EDGE)
    steps = int(signal.step[begins]), int(signal.step[-1])
    return Sign("reward-fell", signal.metric, steps, best, float(end.mean()), fall / gain, sudden=False)
