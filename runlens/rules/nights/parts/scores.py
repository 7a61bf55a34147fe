"""Evals of a night beside those of the nights before, at the same steps, with the spread of the nights as yardstick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from runlens.model.twin import Score, Twin
from runlens.rules.nights.parts.held import Held
from runlens.rules.nights.parts.measures import measure_of_eval
from runlens.rules.nights.parts.yardstick import CHANCE, yardstick
from runlens.stats.robust import Floats

LATE = 0.5
"""Share of the checkpoints, the earliest, that is left out: a model that knows little yet scores by luck."""
UNTOLD = 0.005
"""Scatter of a score that neither nights nor checkpoints tell: half a point, as of some 10,000 items."""
MEAN = "mean of all scores"
FEWEST_TOGETHER = 3
"""Evals from which their mean is compared as well: it is surer than any of them."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """One eval at tonight's checkpoints: the run's values, and those of each night (n, k)."""

    name: str
    own: Floats
    nights: Floats
    at: Floats
    sign: float
    """1 where higher is better, -1 where lower is."""
    fraction: bool
    since: int
    """Row of `nights` from which on what is usual was accepted as new."""


def held_scores(own: Twin, nights: Sequence[Twin], *, since: int = 0, last: int = 7) -> Iterator[Held]:
    """Every eval that tonight and the good nights share, and the mean of all scores.

    Parameters
    ----------
    own : Twin
    nights : sequence of Twin
        The good nights, the oldest first.
    since, last : int
        As in `yardstick`; of all nights, whether they logged an eval or not.

    Notes
    -----
    Each is compared by its mean over the later half of its checkpoints. What a checkpoint scatters by itself, estimated
    from what is left of the nights when their common course is taken away, is a spread that is believed in beforehand.
    The chance of a false alarm is shared among the evals.
    """
    found = [b for name in sorted(own.scores) if (b := _beside(name, own, nights, since)) is not None]
    for one in found:
        yield _held(one, last, CHANCE / len(found))
    scores = [b for b in found if b.fraction]
    if len(scores) >= FEWEST_TOGETHER and len({b.nights.shape for b in scores}) == 1:
        yield _held(
            _Beside(
                MEAN,
                np.mean([b.sign * b.own for b in scores], axis=0),
                np.mean([b.sign * b.nights for b in scores], axis=0),
                scores[0].at,
                1.0,
                True,
                scores[0].since,
            ),
            last,
            CHANCE,
        )


def _beside(name: str, own: Twin, nights: Sequence[Twin], since: int) -> _Beside | None:
    """One eval, None where tonight's later checkpoints are not among those of the nights, or better is not known."""
    mine = own.scores[name]
    theirs = [(i, night.scores[name]) for i, night in enumerate(nights) if name in night.scores]
    if mine.direction is None or not theirs or any(one.fraction != mine.fraction for _, one in theirs):
        return None
    if not mine.fraction and not all((one.value > 0).all() for one in (mine, *(one for _, one in theirs))):
        return None
    late = slice(int(LATE * len(mine.step)), None)
    at = mine.step[late]
    kept = [(i, curve) for i, one in theirs if (curve := _at(one, at)) is not None]
    if not kept:
        return None
    scale = (lambda x: x) if mine.fraction else np.log
    sign = 1.0 if mine.direction == "up" else -1.0
    curves = np.stack([curve for _, curve in kept])
    since = min(sum(i < since for i, _ in kept), len(kept) - 1)
    return _Beside(name, scale(mine.value[late]), scale(curves), at, sign, mine.fraction, since)


def _at(score: Score, at: Floats) -> Floats | None:
    """The eval at these steps, None where they lie beyond its own by more than a stride: nights end a little apart."""
    slack = float(np.median(np.diff(score.step))) if len(score.step) > 1 else 0.1 * float(abs(score.step[0]))
    if at[0] < score.step[0] - slack or at[-1] > score.step[-1] + slack:
        return None
    return np.asarray(np.interp(at, score.step, score.value))


def _held(one: _Beside, last: int, chance: float) -> Held:
    measure = measure_of_eval(one.fraction, "up" if one.sign > 0 else "down")
    levels = one.nights.mean(axis=1)
    among = yardstick(levels, measure.floor, since=one.since, last=last, noise=_noise(one), chance=chance)
    level = float(one.own.mean())
    unit = "" if one.fraction else "ratio"
    back = (lambda x: x) if one.fraction else np.exp
    usual_end = float(np.median(one.nights[-last:, -1]))
    return Held(
        measure,
        one.name,
        "" if one.name == MEAN else one.name,
        unit,
        float(back(one.own[-1])),
        float(back(usual_end)),
        level - among.usual,
        among.spread,
        among.bar,
        int(one.at[0]),
    )


def _noise(one: _Beside) -> float:
    """Standard deviation of the mean over the checkpoints, by what they scatter about the nights' common course."""
    together = np.vstack([one.nights, one.own[None, :]]) if len(one.nights) < 2 else one.nights
    left = together - np.median(together, axis=0)
    left = left - left.mean(axis=1, keepdims=True)
    n, k = left.shape
    free = (n - 1) * (k - 1)
    if free < 1:
        return UNTOLD if one.fraction else 0.0
    return float(np.sqrt((left**2).sum() / free / k))


def level_of(score: Score) -> float:
    """What stands for an eval over many nights: the mean of its later half, as a logarithm where it is no fraction."""
    late = score.value[int(LATE * len(score.value)) :]
    if score.fraction:
        return float(late.mean())
    return float(np.log(late).mean()) if bool((late > 0).all()) else float("nan")
