"""Scores that stay where chance has them while the training loss goes to nothing: all that was learnt is the data."""

from __future__ import annotations

from dataclasses import dataclass

from runlens.comparison.curves import RunCurve
from runlens.model import PlacedSeries
from runlens.roles.names.evals import is_benchmark
from runlens.rules.evals.parts.own import says_held_out
from runlens.stats.robust import median

KINDS = frozenset({"acc", "top1", "f1", "mcc", "token_acc"})
"""Scores from 0 to 1 or to 100 whose level without any skill lies low."""
FEWEST = 10
"""Evaluations from which a score that does not rise says so, and values of the training loss."""
GONE = 0.9
"""Part of the training loss that went."""
GAINED = 0.15
"""Part of what a score lacked at first that it gained by the end at most. A public run of 80 evaluations gained 5 % in
accuracy and 13 % in F1 while all but 0.4 % of its training loss went."""
LOW = 0.5
"""Share of the best possible score from which on it is no failure."""
WHOLE, PERCENT = 1.5, 100.0
"""Scores up to the one are shares, those up to the other percent."""


@dataclass(frozen=True, slots=True, eq=False)
class ByHeart:
    """A score that did not rise, and the training loss beside it."""

    own: RunCurve
    before: float
    """Median of its first three evaluations."""
    after: float
    """Median of its last third."""
    train_before: float
    """Median of the first values of the training loss, three or a twentieth of all."""
    train_after: float
    """Median of as many of the last."""


def learnt_by_heart(scores: list[RunCurve], train: PlacedSeries | None) -> ByHeart | None:
    """The score of most evaluations, if none of those of `KINDS` rose while `GONE` of the training loss went.

    Parameters
    ----------
    scores : list of RunCurve
        Over steps.
    train : PlacedSeries or None
        Training loss; NaN and what was logged twice do not count.
    """
    asked = [
        c
        for c in scores
        if c.curve.metric in KINDS
        and c.curve.direction == "up"
        and len(c.step) >= FEWEST
        and says_held_out(c.curve.name)
        and not is_benchmark(c.curve.task)
    ]
    if train is None or not asked:
        return None
    value = train.latest().finite().value
    some = max(len(value) // 20, 3)
    if len(value) < FEWEST or float(value.min()) < 0.0:
        return None
    before, after = median(value[:some]), median(value[-some:])
    if not after <= (1.0 - GONE) * before:
        return None
    found = [_stays(c) for c in asked]
    if any(levels is None for levels in found):
        return None
    own, levels = max(zip(asked, found, strict=True), key=lambda one: len(one[0].step))
    return None if levels is None else ByHeart(own, *levels, before, after)


def _stays(own: RunCurve) -> tuple[float, float] | None:
    """The levels of a score at first and at last, if it gained next to nothing of what it lacked and is low."""
    value = own.curve.value
    most = float(value.max())
    if most > PERCENT or (float(value.min()) < 0.0 and own.curve.metric != "mcc"):
        return None
    best = 1.0 if most <= WHOLE else PERCENT
    first, last = median(value[:3]), median(value[-(len(value) // 3) :])
    return (first, last) if last < LOW * best and last - first <= GAINED * (best - first) else None
