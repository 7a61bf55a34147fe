"""The signs of a policy that collapses, each found in one measure: reward, KL, entropy, length of responses."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from runlens.rules.rl.parts.course import Blocks, Climb, Course, climb, course, means, medians, stays
from runlens.rules.rl.parts.signals import Kind, Signal
from runlens.stats.changes.changepoint import refine
from runlens.stats.robust import median

Name = Literal["reward-fell", "eval-reward-fell", "kl-exploded", "entropy-died", "entropy-dead", "entropy-exploded",
               "length-ran-away", "length-at-limit", "length-died", "updates-clipped", "always-clipped", "kl-jumped",
               "spread-ran-away", "spread-died", "value-lost", "value-ran-away", "no-contrast", "never-contrast",
               "reward-came-back", "reward-stood", "value-grew"]  # fmt: skip
FELL: frozenset[Name] = frozenset({"reward-fell", "eval-reward-fell"})

TINY = 1e-12
FEWEST = 30
"""Points below which no measure is judged."""
SIGMAS = 4.0
"""A fall is so many standard deviations of a block deep."""
LONG, LONG_SIGMAS = 0.25, 3.0
"""A fall from progress that is beyond the noise is so many of them deep where it lasts for this share of the log: a
mean of many blocks is that much surer."""
ALL_LOST = 1.0
"""Part of its progress that a reward lost where half as long a stretch at the end is enough."""
HELD_OUT_LOST = 0.8
"""Part of its progress that a reward of evaluations loses beside one of training that does not fall: few episodes each,
of a policy without its noise, so that it swings more."""
OWN = 0.15
"""Part of its own best level, and of all that it ever went through, that a reward falls by at least: where it gained
next to nothing, half of that is nothing too."""
HELD = 0.25
"""A reward that lost less of its progress than this has not lost it."""
HELD_FIRST = 0.1
"""Share of the log for which a reward that had gained nothing must have stood before it falls: the first episodes are
of another kind, such as those before anybody dies, or with an expert at the wheel."""
DEEPER = 1.5
"""A fall is deeper than those that were made up again, by this."""
LEVEL: dict[Kind, float] = {"kl": 1.0, "update-kl": 0.2, "summed-kl": 50.0}
"""Least KL that is an explosion. Per token in nats, where healthy runs stay below 0.5; of one update, where targets are
0.01 to 0.05 (Spinning Up, Stable-Baselines3); summed over a response, where TRL's guide asks for less than 10."""
EARLY = 10.0
"""Times that where less than a tenth of the log stood before: a policy that begins to move."""
SOLVED = 0.9
"""A reward that is at most 1 and stands here is at its best, also where it stood there from the start."""
ALL_THE_WAY = 0.9
"""Part of the way from one level to another that is told as all of it."""
VARIED = 5
"""Lengths from which on responses are not of one length, or two, by design."""
FULL = 0.9
"""Share of responses that are cut off from which they stand at their limit."""
FLAT = 2.0
"""Times its bar to which an entropy has died where the reward never rose: a policy that tries a tenth of what it tried,
and has learnt nothing by it, will learn nothing more."""


class Limits(NamedTuple):
    """The settings of the rule that the signs depend on."""

    fall: float
    kl: float
    entropy: float
    length: float
    lasting: float


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign, with what it went from and to."""

    name: Name
    metric: str
    steps: tuple[int, int]
    before: float
    after: float
    share: float = math.nan
    """Of a reward: the part of its progress that was lost."""
    over: bool = False
    """It is coming back at the end of the log; of one that came back: it was lost again."""
    sudden: bool = True
    reached: int | None = None
    """The step at which it had gone all the way; None where that is not known."""
    ends: float | None = None
    """Of a reward that came back: its level at the end of the log."""


@dataclass(frozen=True, slots=True)
class Reward:
    """How a reward went."""

    fell: Sign | None
    gained: bool
    """It stands at its best, which lies above where it began, or at the most that it can be."""
    size: float = 0.0
    """The largest level that it had, without its sign."""
    flat: bool = False
    """It never rose above where it began by more than the noise, and is not at the most that it can be."""


BEGINNING = 5
"""Points that show where an entropy began."""
ALIVE = 1e-3
"""Nats below which an entropy was dead from the beginning: what is lost of it is rounding."""


def judged(signal: Signal, limits: Limits) -> Reward:
    """How the reward of a run went; of `FEWEST` points or more."""
    blocks = means(signal.value)
    found = course(blocks, 0.5 * limits.fall)
    span, size = found.best - found.low, max(abs(found.best), abs(found.low))
    lasts = len(blocks.level) - found.since >= LONG * len(blocks.level)
    sigmas = LONG_SIGMAS if lasts and found.gain > SIGMAS * found.noise else SIGMAS
    deep = (
        found.fall >= limits.fall * found.gain
        and found.fall >= OWN * max(abs(found.best), span)
        and found.fall >= max(sigmas * found.noise, DEEPER * found.recovered)
    )
    if deep and 0 < found.since < len(blocks.level):
        at = _begins(signal, blocks, found)
        learnt = found.best - float(blocks.smooth[: found.since].min())
        if at < HELD_FIRST * len(signal.value) and learnt <= SIGMAS * found.noise:
            return Reward(None, False, size)
        half = 0.5 if found.fall >= ALL_LOST * found.gain > 0 else 1.0
        if len(signal.value) - at >= half * max(limits.lasting * len(signal.value), 10):
            return Reward(_fell(signal, at, found), False, size)
    rose = found.gain > SIGMAS * found.noise
    solved = float(signal.value.max()) <= 1.0 and found.end >= SOLVED
    return Reward(None, solved or (rose and found.fall <= HELD * found.gain), size, not (rose or solved))


def of_evaluations(signal: Signal, limits: Limits) -> Sign | None:
    """The fall of a reward of evaluations beside one of training that does not fall; of `FEWEST` points or more."""
    fell = judged(signal, limits._replace(fall=max(limits.fall, HELD_OUT_LOST))).fell
    return None if fell is None else replace(fell, name="eval-reward-fell")


def _begins(signal: Signal, blocks: Blocks, found: Course) -> int:
    """Position of the first point of the stretch at the end that is lower."""
    low, high = max(found.since - 2, 0), min(found.since + 1, len(blocks.level))
    at = refine(signal.value, int(blocks.first[low]), int(blocks.first[high]), found.best, found.end)
    return min(at, len(signal.value) - 1)


def _fell(signal: Signal, at: int, found: Course) -> Sign:
    lost = found.fall / found.gain if found.gain > found.noise else math.inf
    steps = int(signal.step[at]), int(signal.step[-1])
    reached = arrives(signal, means(signal.value), at, found.best, found.end)
    return Sign("reward-fell", signal.metric, steps, found.best, found.end, lost, found.coming_back,
                found.sudden, reached)  # fmt: skip


def arrives(signal: Signal, blocks: Blocks, at: int, before: float, after: float) -> int | None:
    """Step of the first block from position `at` on whose level has gone `ALL_THE_WAY` from one level to the other."""
    way = (blocks.smooth - before) / (after - before) if after != before else np.zeros(len(blocks.level))
    there = np.flatnonzero((way >= ALL_THE_WAY) & (blocks.first[:-1] >= at))
    return int(signal.step[blocks.first[there[0]]]) if len(there) else None


def of_measure(signal: Signal, limits: Limits, reward: Reward | None, most: float | None) -> Sign | None:
    """The sign that a KL, an entropy or a length shows, if any.

    Parameters
    ----------
    signal : Signal
        Of `FEWEST` points or more.
    limits : Limits
    reward : Reward or None
        None where none is known: then only what can be no design counts.
    most : float or None
        The most tokens of a response, if known.
    """
    kind = signal.kind
    blocks = medians(signal.value)
    if kind in LEVEL:
        times = EARLY * LEVEL[kind]
        return sign_of("kl-exploded", signal, blocks, climb(blocks, limits.kl, LEVEL[kind], times))
    if reward is None or reward.gained:  # an entropy falls and a response grows by design while the reward does
        return None
    if kind == "entropy":
        return _of_entropy(signal, blocks, limits, reward)
    if kind == "length":
        return _of_length(signal, blocks, limits, reward, most)
    if kind == "cut-off" and signal.value.min() >= 0 and signal.value.max() <= 1:
        return _at_limit(signal, blocks, FULL)
    return None


def _of_entropy(signal: Signal, blocks: Blocks, limits: Limits, reward: Reward) -> Sign | None:
    """Of one sign only: a differential entropy goes through zero, which then means nothing.

    A policy that explores more, or thinks longer, may do so before its reward shows it: to run away is a sign beside a
    reward that fell, and no other.
    """
    if signal.value.min() < -ALIVE and signal.value.max() > ALIVE:
        return None
    size = Blocks(np.abs(blocks.level), blocks.first)
    first = float(np.median(size.level[: size.share(0.1)]))
    first = max(first, float(np.median(np.abs(signal.value[:BEGINNING]))))  # it may be dead before a tenth is over
    if first < ALIVE:  # a series of zeros is one that nobody worked out
        largest = float(np.abs(signal.value).max())
        if not 0.0 < largest < ALIVE:
            return None
        steps = int(signal.step[0]), int(signal.step[-1])
        return Sign("entropy-dead", signal.metric, steps, first, median(np.abs(signal.value)))
    low = (FLAT if reward.flat else 1.0) * limits.entropy * first
    dead = stays(size, first, low)
    if dead is None and bool((size.smooth <= low).all()):
        dead = Climb(first, float(np.median(size.smooth)), 0, 0)
    if dead is not None:
        return sign_of("entropy-died", signal, size, dead)
    return sign_of("entropy-exploded", signal, size, climb(size, limits.length, 0.0)) if reward.fell else None


def _of_length(signal: Signal, blocks: Blocks, limits: Limits, reward: Reward, most: float | None) -> Sign | None:
    most = _own_limit(signal) if most is None else most
    if most is not None and (found := _at_limit(signal, blocks, 0.95 * most)) is not None:
        return found
    if reward.fell and (up := climb(blocks, limits.length, 0.0)) is not None:
        return sign_of("length-ran-away", signal, blocks, up)
    shortness = Blocks(1.0 / np.maximum(blocks.level, 1e-9), blocks.first)
    down = climb(shortness, limits.kl, 0.0)
    if down is None:
        return None
    return sign_of("length-died", signal, blocks, Climb(1.0 / down.before, 1.0 / down.after, down.begins, down.since))


def _own_limit(signal: Signal) -> float | None:
    """The limit that responses show themselves: a whole number at which nearly all of those stand at the end that
    varied before.
    """
    most = float(signal.value.max())
    end = signal.value[-max(len(signal.value) // 4, 1) :]
    varied = len(np.unique(signal.value)) > VARIED
    return most if varied and most.is_integer() and float(np.mean(end == most)) >= FULL else None


def _at_limit(signal: Signal, blocks: Blocks, limit: float) -> Sign | None:
    """A stretch at the end at the limit, from half of it."""
    first = float(np.median(blocks.level[: blocks.share(0.1)]))
    if first > 0.5 * limit:
        return None
    return sign_of("length-at-limit", signal, blocks, stays(blocks, first, limit))


def sign_of(name: Name, signal: Signal, blocks: Blocks, found: Climb | None) -> Sign | None:
    """The sign that a climb, or a fall, of a measure shows, from its first step on; None if there is none."""
    if found is None:
        return None
    low, high = max(found.begins - 1, 0), min(found.since + 1, len(blocks.level))
    size, before, after = np.abs(signal.value), found.before, found.after
    if after > before:  # what grows by multiples is half way up where it has the geometric mean
        size, before, after = np.log(np.maximum(size, TINY)), math.log(max(before, TINY)), math.log(after)
    at = refine(size, int(blocks.first[low]), int(blocks.first[high]), before, after)
    at = min(at, len(signal.step) - 1)
    steps = int(signal.step[at]), int(signal.step[-1])
    reached = arrives(signal, blocks, at, found.before, found.after)
    return Sign(name, signal.metric, steps, found.before, found.after, reached=reached)
