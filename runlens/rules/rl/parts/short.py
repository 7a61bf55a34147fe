"""A reward that few points tell of: one that falls below where it began is lost, from its best, bit by bit, at once."""

from __future__ import annotations

import math

import numpy as np

from runlens.rules.rl.parts.course import FEW, scatter
from runlens.rules.rl.parts.signals import Signal
from runlens.rules.rl.parts.signs import LEVEL, OWN, SIGMAS, Limits, Name, Sign
from runlens.stats.robust import Floats

FEWEST_SHORT = 10
"""Points below which a reward is not judged at all."""
EDGE = 3
"""Points at the end that all lie below the first ones, and points that show where a reward began."""
TREND = 4.0
"""Standard deviations of Kendall's S by which a reward falls all along: 1 of 30,000 rows of noise do."""
WANDERS = 0.2
"""Correlation of neighbours about a line from which a reward wanders: then it falls all along by chance as well."""
SLID = 0.2
"""Part of its first level that it lost."""
BREAK, LEAP = 6.0, 5.0
"""Times the median move of the reward until then that one update makes, and times its own median that the KL has there:
of a public log of 25 points the one was 40 times and the other 17."""
BEFORE, AFTER = 4, 6
"""Points before and after a step down, at least."""
APART, HALF = 4.0, 0.5
"""All before it lie above all after it by so many standard deviations of either side, and the step is this part of the
level before: of 20,000 rows of 10 to 29 points each none of noise has such a step, and 6 of random walks."""


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
        return _steps_down(signal) or _slides(signal)
    high = np.flatnonzero(value >= 0.5 * (best + float(end.mean())))
    begins = min(int(high[-1]) + 1, n - EDGE)
    steps = int(signal.step[begins]), int(signal.step[-1])
    return Sign("reward-fell", signal.metric, steps, best, float(end.mean()), fall / gain, sudden=False)


def breaks(signal: Signal, others: list[Signal], limits: Limits) -> list[Sign]:
    """One update that broke a policy: the reward loses half of its progress there, and the KL leaps at the same step.

    Either alone is chance in a log of few points: the two at one step are not. It counts also where the reward comes
    back, since the next such update may not.

    Parameters
    ----------
    signal : Signal
        A reward of `FEWEST_SHORT` points or more.
    others : list of Signal
        Measures of the policy, of any length.
    limits : Limits
    """
    value, step = signal.value, signal.step
    if len(value) < FEWEST_SHORT:
        return []
    down = value[:-1] - value[1:]
    at = int(np.argmax(down)) + 1
    before, after = float(value[at - 1]), float(value[at])
    gained = before - float(value[:EDGE].mean())
    moves = np.abs(np.diff(value[:at]))
    if len(moves) < EDGE or gained <= 0 or before - after < max(limits.fall * gained, OWN * abs(before)):
        return []
    if before - after < BREAK * float(np.median(moves)):
        return []
    for other in others:
        if other.kind not in ("kl", "update-kl") or len(other.value) <= EDGE:
            continue
        leap = int(np.argmax(other.value))
        near = step[at - 1] <= other.step[leap] <= step[min(at + 1, len(step) - 1)]
        least = max(LEVEL[other.kind], LEAP * float(np.median(other.value)))
        if near and leap and float(other.value[leap]) >= least:
            ends, worst = float(value[-1]), float(value[at:].min())
            lost = before - ends >= 0.5 * (before - worst)
            back = np.flatnonzero(value[at:] >= 0.5 * (before + worst))
            until = int(step[at + back[0]]) if len(back) else int(step[-1])
            share = (before - worst) / gained
            name: Name = "reward-came-back" if len(back) and not lost else "reward-fell"
            fell = Sign(name, signal.metric, (int(step[at]), until), before, worst, share, lost and bool(len(back)),
                        ends=ends)  # fmt: skip
            return [fell, Sign("kl-jumped", other.metric, (int(other.step[leap]), int(step[-1])),
                               float(np.median(other.value[:leap])), float(other.value[leap]))]  # fmt: skip
    return []


def _steps_down(signal: Signal) -> Sign | None:
    """A reward that stood at one level and then, at once and for good, at a far lower one."""
    value = signal.value
    low, high = np.minimum.accumulate(value), np.maximum.accumulate(value[::-1])[::-1]
    for at in range(BEFORE, len(value) - AFTER + 1):
        before, after = value[:at], value[at:]
        start, end = float(np.median(before)), float(np.median(after))
        apart = float(low[at - 1] - high[at]) >= APART * float(max(before.std(), after.std()))
        if apart and start - end >= HALF * abs(start) > 0.0:
            steps = int(signal.step[at]), int(signal.step[-1])
            return Sign("reward-fell", signal.metric, steps, start, end)
    return None


def _slides(signal: Signal) -> Sign | None:
    """A reward that falls all along, so that it never was better than at the start.

    Mann 1945, Kendall 1975: S is the number of pairs that rise less those that fall; of n exchangeable values it has
    the variance n (n - 1) (2 n + 5) / 18.
    """
    value = signal.value
    n = len(value)
    s = float(np.triu(np.sign(value[None, :] - value[:, None]), 1).sum())
    start, end = float(np.median(value[: 2 * EDGE - 1])), float(np.median(value[1 - 2 * EDGE :]))
    fell = start - end
    if s > -TREND * math.sqrt(n * (n - 1) * (2 * n + 5) / 18.0):
        return None
    if _wanders(value) or fell < SLID * abs(start):
        return None
    steps = int(signal.step[0]), int(signal.step[-1])
    return Sign("reward-fell", signal.metric, steps, start, end, math.inf, sudden=False)


def _wanders(value: Floats) -> bool:
    """Whether neighbours lie on the same side of a line through all points."""
    at = np.arange(len(value), dtype=float)
    rest = value - np.polyval(np.polyfit(at, value, 1), at)
    return bool((rest[1:] * rest[:-1]).sum() > WANDERS * (rest * rest).sum())
