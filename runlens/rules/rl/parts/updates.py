"""The signs that updates of a policy or of its value function show: clipped, wild, or without anything to learn from.

All but two count beside a reward alone that gained nothing or fell: what looks odd while a policy learns is how it
learns.
"""

from __future__ import annotations

import numpy as np

from runlens.rules.rl.parts.course import Blocks, Climb, climb, medians, stays
from runlens.rules.rl.parts.signals import Kind, Signal
from runlens.rules.rl.parts.signs import LEVEL, Limits, Name, Reward, Sign, sign_of

KINDS: frozenset[Kind] = frozenset(
    {"clipped", "spread", "log-spread", "explained", "value-loss", "contrast", "no-contrast"}
)
ALONE: frozenset[Kind] = frozenset({*LEVEL, "clipped", "spread", "log-spread"})
"""Those that tell something where no reward is known."""
LONG = 0.25
"""Share of the log at its end for which most samples are clipped, nothing is explained, or all rewards are equal."""
MOST_CLIPPED = 0.5
"""Share of clipped samples of a policy that learns nothing. Healthy runs of public logs stay below 0.36, and PPO's
first update of a batch clips none."""
ALL_CLIPPED = 0.8
"""The same whatever the reward does."""
FOR_MOST = 0.5
"""Share of the log for which nearly all were clipped that is told although they no longer are: a rate that decays to
nothing at the end of a schedule clips nothing, which mends no update before."""
WIDER, WIDEST = 4.0, 5.0
"""Times its first level, and the level where no reward is known, from which the spread of actions runs away: actions
are scaled to -1 to 1, where most of such a spread is cut off. The widest of a healthy public run was 1.7 times."""
KNEW = 0.3
"""Explained variance of a value function that knew something."""
GREW = 10.0
"""Times its first level to which the loss of a value function grew beside a reward that is flat: the targets grow and
nothing is earned by it. A public run of a robot's arm went from 0.5 to 28 in 100,000 steps, its rate of success at a
quarter from the first episode to the last."""
WORSE = 100.0
"""Times its highest level before from which the loss of a value function runs away."""
RETURN = 100.0
"""Steps over which a return sums rewards, for a discount of 0.99: a value function that is off by more than that
multiple of the largest reward is wrong by more than all that there is to tell."""
JUMP = 5.0
"""Times the least KL of an update that is an explosion (`LEVEL`) to which one leaps that comes back."""
EQUAL = 1e-6
"""Part of its largest spread below which the rewards of a group are equal, and share of groups that are not."""


def of_update(signal: Signal, limits: Limits, reward: Reward | None) -> Sign | None:
    """The sign that the updates of a policy show in one measure, if any.

    Parameters
    ----------
    signal : Signal
        Of `signs.FEWEST` points or more, of one of `KINDS`.
    limits : Limits
    reward : Reward or None
        None where none is known.
    """
    blocks = medians(signal.value)
    if signal.kind == "clipped":
        return _clipped(signal, blocks, reward)
    if reward is not None and reward.gained:
        return None
    if signal.kind in ("spread", "log-spread"):
        return _spread(signal, limits, reward)
    if reward is None:
        return None
    if signal.kind == "explained":
        return _explained(signal, blocks)
    if signal.kind == "value-loss":
        return _value(signal, blocks, reward)
    return _contrast(signal)


def jumped(signal: Signal, limits: Limits, reward: Reward | None) -> Sign | None:
    """A KL of one update that leapt and came back, while the reward gained nothing."""
    if reward is None or reward.gained or signal.kind != "update-kl":
        return None
    blocks = medians(signal.value)
    smooth = blocks.smooth
    before = np.maximum.accumulate(smooth)
    least = JUMP * LEVEL["update-kl"]
    for i in range(blocks.share(0.1), len(smooth)):
        if smooth[i] >= max(limits.kl * before[i - 2], least):
            return sign_of("kl-jumped", signal, blocks, Climb(float(before[i - 2]), float(smooth[i:].max()), i - 1, i))
    return None


def grows_beside(rewards: Signal, updates: list[Signal], known: Reward | None) -> list[Sign]:
    """A loss of the value function that grew to `GREW` times its first level all along, beside a reward that is flat.

    Parameters
    ----------
    rewards : Signal
    updates : list of Signal
        Each of `signs.FEWEST` points or more.
    known : Reward or None
        How that reward went.
    """
    if known is None or not known.flat:
        return []
    found = []
    for signal in updates:
        if signal.kind != "value-loss" or signal.value.min() < 0:
            continue
        blocks = medians(signal.value)
        first, quarter = float(np.median(blocks.level[: blocks.share(0.1)])), blocks.share(LONG)
        last, before = blocks.smooth[-quarter:], blocks.smooth[:-quarter]
        if first > 0 and float(last.min()) >= max(GREW * first, 0.5 * float(before.max())):
            steps = int(signal.step[0]), int(signal.step[-1])
            found.append(Sign("value-grew", signal.metric, steps, first, float(np.median(last))))
    return found[:1]


def _clipped(signal: Signal, blocks: Blocks, reward: Reward | None) -> Sign | None:
    if signal.value.min() < 0 or signal.value.max() > 1:
        return None
    limit = ALL_CLIPPED if reward is None or reward.gained else MOST_CLIPPED
    below = np.flatnonzero(blocks.smooth < limit)
    since, k = int(below[-1]) + 1 if len(below) else 0, len(blocks.level)
    first = float(np.median(blocks.level[: blocks.share(0.1)]))
    if k - since < blocks.share(LONG):
        return _clipped_before(signal, blocks, first)
    if since < blocks.share(0.1):
        steps = int(signal.step[0]), int(signal.step[-1])
        return Sign("always-clipped", signal.metric, steps, first, float(np.median(signal.value)))
    return sign_of("updates-clipped", signal, blocks, stays(blocks, first, limit))


def _clipped_before(signal: Signal, blocks: Blocks, first: float) -> Sign | None:
    """The longest stretch in which nearly all samples were clipped, of `FOR_MOST` of the log or more."""
    over = np.concatenate([[False], blocks.smooth >= ALL_CLIPPED, [False]])
    since, until = max(np.flatnonzero(np.diff(over)).reshape(-1, 2), key=np.ptp, default=(0, 0))
    if until - since < blocks.share(FOR_MOST):
        return None
    begins, ends = int(blocks.first[since]), int(blocks.first[until])
    steps = int(signal.step[begins]), int(signal.step[ends - 1])
    name: Name = "updates-clipped" if since else "always-clipped"
    return Sign(name, signal.metric, steps, first, float(np.median(signal.value[begins:ends])))


def _spread(signal: Signal, limits: Limits, reward: Reward | None) -> Sign | None:
    value = np.exp(np.clip(signal.value, -700.0, 700.0)) if signal.kind == "log-spread" else signal.value
    if value.min() <= 0:
        return None
    own = Signal(signal.metric, signal.kind, signal.step, value)
    blocks = medians(value)
    first = float(np.median(blocks.level[: blocks.share(0.1)]))
    wide = WIDER * first if reward is not None else max(WIDER * first, WIDEST)
    if (up := stays(blocks, first, wide)) is not None:
        return sign_of("spread-ran-away", own, blocks, up)
    return sign_of("spread-died", own, blocks, stays(blocks, first, limits.entropy * first)) if reward else None


def _explained(signal: Signal, blocks: Blocks) -> Sign | None:
    knew = float(blocks.smooth[: len(blocks.level) // 2].max())
    lost = _long(blocks, stays(blocks, knew, 0.0)) if knew >= KNEW else None
    if lost is None:
        return None
    at = int(signal.step[blocks.first[lost.since]])
    return Sign("value-lost", signal.metric, (at, int(signal.step[-1])), lost.before, lost.after)


def _value(signal: Signal, blocks: Blocks, reward: Reward) -> Sign | None:
    if signal.value.min() < 0 or not reward.size > 0:
        return None
    return sign_of("value-ran-away", signal, blocks, climb(blocks, WORSE, (RETURN * reward.size) ** 2))


def _contrast(signal: Signal) -> Sign | None:
    """All rewards of a group are equal to the end: their advantages are zero, and so is the gradient."""
    spread = signal.value if signal.kind == "contrast" else 1.0 - signal.value
    if spread.min() < 0:
        return None
    some = np.flatnonzero(spread > EQUAL * max(float(spread.max()), 1.0 if signal.kind == "no-contrast" else 0.0))
    at = int(some[-1]) + 1 if len(some) else 0
    if len(spread) - at < max(LONG * len(spread), 10):
        return None
    steps = int(signal.step[at]), int(signal.step[-1])
    if not at:
        return Sign("never-contrast", signal.metric, steps, 0.0, 0.0)
    return Sign("no-contrast", signal.metric, steps, float(np.median(spread[:at])), 0.0)


def _long(blocks: Blocks, found: Climb | None) -> Climb | None:
    """A stretch at the end that lasts `LONG` of the log."""
    return found if found is not None and len(blocks.level) - found.since >= blocks.share(LONG) else None
