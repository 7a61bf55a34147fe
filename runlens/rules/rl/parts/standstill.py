"""A policy that learns nothing: its reward never leaves the level at which it began, over a long log."""

from __future__ import annotations

import math
import re

import numpy as np

from runlens.model import Run
from runlens.roles.names.take_apart import normalise
from runlens.rules.rl.parts.course import WILD, Blocks, course, means
from runlens.rules.rl.parts.curriculum import has_lessons
from runlens.rules.rl.parts.signals import Signal, every_reward
from runlens.rules.rl.parts.signs import FEWEST, Limits, Sign, judged
from runlens.stats.robust import Floats, quantile

LONG = 500
"""Points from which a log is long enough to say that nothing was learnt in it. Of 251 public logs of single episodes as
long as that (Stable-Baselines3's zoo, 13 algorithms) three never leave their level, and all three learnt nothing."""
SAME, SAME_STEPS = 100, 1_000_000
"""Points and steps from which it is long enough where a reward below 0 is one value all along. No noise can hide a rise
then, and each point is itself the mean of many episodes; but a sparse reward may first be earned late, so that a young
log, or one that counts updates, says nothing. A public run of a robot's arm stood so for 141 points and 3.9 million
steps, its rate of success at 0."""
ROSE = 2.5
"""Standard deviations of a block by which no level may lie above the first ones."""
TREND = 2.0
"""Standard deviations of Kendall's S by which the levels may rise, and those by which the last third may lie above the
first."""
LEAST = 0.1
"""Part of the spread of single rewards that the last third may lie above the first in any case."""
NO_TREND = 0.5
"""The same where the loss of the value function grew all along: a mean of the last hundred episodes wanders by that."""
BEGAN = 3.0
"""Standard deviations of the mean of the first points by which it may lie below all: a policy may learn what it learns
before a fortieth of the log is over. Of 300 series of noise each, of 500 to 5,000 points, 96 in 100 pass all four."""
AT_TOP = 0.1
"""Part of the range of rewards that must lie above the level: one that stands near its highest value may be solved."""
SOLVED = 0.5
"""A rate, from which on it is no failure, or that of a game against itself."""
ONE_LEVEL = 0.02
"""Part of a reward below 0 within which all of it is one level, whatever rose: of an episode of 50 steps, each of which
costs 1, one in a hundred episodes ended early."""
NIL = 4.0
"""Standard errors of the mean within which a reward is that of a game against itself, which is 0 by design."""
_AGAINST_ITSELF = re.compile(r"(^|[/_])(elo|opponents?|self_?play|league|win_?rate\w*|zero_?sum)([/_]|$)")
_RATED = re.compile(r"(^|[/_])self_?play([/_]\w+)*[/_]elo$")
_SCALED = re.compile(r"norm|scaled|advantage|per_step|clipped")
"""A reward that is divided by its own spread says nothing of how much it is."""


def rated_by_itself(run: Run) -> str:
    """The logged name of the rating of a policy that plays against itself, or empty."""
    return next((name for name in sorted(run.placed) if _RATED.search(normalise(name))), "")


def learns_nothing(run: Run, rewards: Signal, others: list[Signal], limits: Limits, grew: bool = False) -> Sign | None:
    """The standstill of a policy, unless anything else that it earns rose, or its task was made harder.

    Parameters
    ----------
    run : Run
    rewards : Signal
        The reward that is judged.
    others : list of Signal
        The other measures: one that writes answers begins with what it was taught, and may have nothing to gain.
    limits : Limits
    grew : bool
        The loss of the value function grew all along, which says that it is no policy that is at its best: then less
        is asked of the reward.
    """
    if any(one.kind in ("length", "cut-off", "summed-kl") for one in others) or has_lessons(run):
        return None
    if _SCALED.search(normalise(rewards.metric)) or any(_AGAINST_ITSELF.search(normalise(name)) for name in run.placed):
        return None
    found = stands_still(rewards) or (_no_trend(rewards) if grew else None)
    if found is None:
        return None
    beside = [one for one in every_reward(run) if one.metric != rewards.metric and len(one.value) >= FEWEST]
    return None if any(judged(one, limits).gained for one in beside) else found


def stands_still(signal: Signal) -> Sign | None:
    """A reward of `LONG` points or more that never rose above its first level; None where it did, or may be solved.

    Of one value below 0 all along `SAME` points are enough.

    A constant reward above 0 may be all that can be earned, and is none. One of a game of two is 0, or a half of all
    games, whatever both learn.
    """
    value = signal.value
    if len(value) < LONG and not _one_value(signal):
        return None
    level, low, high = float(value.mean()), quantile(value, WILD), quantile(value, 1.0 - WILD)
    if level < 0.0 and high - low <= ONE_LEVEL * abs(level):
        return _sign(signal)
    if high - level < AT_TOP * (high - low) or (low == high and high > 0.0):
        return None
    if low >= 0.0 and high <= 1.0 and level >= 0.9 * SOLVED:
        return None
    if low < high and low < 0.0 < high and abs(level) <= NIL * float(value.std()) / math.sqrt(len(value)):
        return None
    if _rose(value):
        return None
    return _sign(signal)


def _no_trend(signal: Signal) -> Sign | None:
    """A reward of `LONG` points or more of which neither the levels nor the thirds rise, wherever it began."""
    value = signal.value
    level, low, high = float(value.mean()), quantile(value, WILD), quantile(value, 1.0 - WILD)
    solved = low >= 0.0 and high <= 1.0 and level >= 0.9 * SOLVED
    if len(value) < LONG or solved or high - level < AT_TOP * (high - low) or _s(means(value)) > TREND:
        return None
    third = len(value) // 3
    more, before = float(value[-third:].mean() - value[:third].mean()), float(value.std())
    return None if more > NO_TREND * before else _sign(signal)


def _one_value(signal: Signal) -> bool:
    """Whether a reward is one value below 0 for `SAME` points and `SAME_STEPS` steps or more."""
    value, step = signal.value, signal.step
    if len(value) < SAME or int(step[-1]) - int(step[0]) < SAME_STEPS:
        return False
    return float(value[0]) < 0.0 and bool((value == value[0]).all())


def _sign(signal: Signal) -> Sign:
    steps, tenth = (int(signal.step[0]), int(signal.step[-1])), max(len(signal.value) // 10, 1)
    first, last = float(signal.value[:tenth].mean()), float(signal.value[-tenth:].mean())
    return Sign("reward-stood", signal.metric, steps, first, last, math.inf)


def _rose(value: Floats) -> bool:
    """Whether anything says that a reward is better than it was, or was so before."""
    blocks = means(value)
    found, smooth = course(blocks, 0.5), blocks.smooth
    if float(smooth.max()) - found.start > ROSE * found.noise + 1e-12 or _s(blocks) > TREND:
        return True
    third, spread = len(value) // 3, float(value.std())
    more = float(value[-third:].mean() - value[:third].mean())
    if more > max(LEAST, TREND * math.sqrt(2.0 / third)) * spread:
        return True
    sizes = [k for k in (3, 5, 10, 20, 50, 100, 200) if k <= len(value) // 10]
    return any(float(value.mean() - value[:k].mean()) > BEGAN * spread / math.sqrt(k) for k in sizes)


def _s(blocks: Blocks) -> float:
    """Kendall's S of the levels in its standard deviations (Mann 1945, Kendall 1975)."""
    level, n = blocks.level, len(blocks.level)
    s = float(np.triu(np.sign(level[None, :] - level[:, None]), 1).sum())
    return s / math.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
