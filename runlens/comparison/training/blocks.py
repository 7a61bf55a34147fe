"""Two training curves in blocks over the steps (or tokens) that both have: how far they stand apart in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runlens.comparison.training.curves import FEWEST
from runlens.model.training import TrainingCurve
from runlens.stats.robust import Floats, difference_sigma, median

MOST = 64
"""Blocks: enough to see from where on two curves part."""
EACH = 4
"""Points of the sparser curve in a block, as far as it has so many."""
SAME_STEP = 0.01
"""Tokens of a step may differ by this share and be the same: logs round."""
TOGETHER = 0.8
"""Correlation of the changes from step to step from which on both saw the same batches: 0.99 between runs of a small
GPT on the same batches whose arithmetic or seed differs, 0.0 on other batches."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """A run beside some others."""

    first: Floats
    """(k,) the run's first step in each block."""
    last: Floats
    """(k,) its last step."""
    own: Floats
    """(k,) its level, as a logarithm."""
    gap: Floats
    """(m, k) how much higher it is than each of the others, as logarithms."""
    noise: float
    """Standard deviation of a block's mean gap that batches alone make."""
    axis: str
    """`steps` or `tokens`."""
    same_batches: bool
    ends: bool
    """The run's curve ends clearly before theirs."""
    equal_to: int | None
    """The run's step up to which each value is the very same as in the one other; None if the first ones are not."""


def blocks(own: TrainingCurve, members: Sequence[TrainingCurve]) -> Blocks | str:
    """Cut what all have in common into blocks, or say why there is nothing to compare.

    Parameters
    ----------
    own : TrainingCurve
    members : sequence of TrainingCurve
        At least one.

    Returns
    -------
    Blocks or str
        Over steps; over tokens where both sides know them and a step is not as many on both.
    """
    axis = "tokens" if any(_unlike_steps(own, member) for member in members) else "steps"
    places = [curve.tokens if axis == "tokens" else curve.step for curve in (own, *members)]
    shift = _shift(own, members[0]) if axis == "steps" else 0
    places[0] = places[0] + shift
    start, end = max(float(p[0]) for p in places), min(float(p[-1]) for p in places)
    counts = [int(np.sum((p >= start) & (p <= end))) for p in places]
    if min(counts) < FEWEST:
        return f"the two have fewer than {FEWEST} points at the same {axis}"
    k = int(np.clip(min(counts) // EACH, EACH, MOST))
    edges = np.linspace(start, end, k + 1)
    rows = [_in_blocks(p, np.log(curve.value), edges) for p, curve in zip(places, (own, *members), strict=True)]
    matched = [axis == "steps" and _together(own, member, shift) >= TOGETHER for member in members]
    for i, member in enumerate(members):
        if matched[i]:
            rows[i + 1] = rows[0] - _matched(own, member, shift, edges)
    known = np.isfinite(np.stack(rows)).all(axis=0)
    if known.sum() < EACH:
        return f"the two have too few points at the same {axis}"
    levels = np.stack(rows)[:, known]
    gap = levels[0] - levels[1:]
    inside = np.clip(np.searchsorted(edges, places[0], side="right") - 1, -1, k)
    first = np.array([own.step[inside == b].min(initial=np.inf) for b in np.flatnonzero(known)])
    last = np.array([own.step[inside == b].max(initial=-np.inf) for b in np.flatnonzero(known)])
    last[-1] = own.step[places[0] <= end].max()
    scatter = difference_sigma(gap.mean(axis=0))
    noise = float(np.nan_to_num(scatter))
    short = bool(places[0][-1] < 0.9 * max(float(p[-1]) for p in places[1:]))
    equal = _equal_to(own, members[0], shift) if matched == [True] else None
    return Blocks(first, last, levels[0], gap, noise, axis, all(matched), short, equal)


def _unlike_steps(own: TrainingCurve, member: TrainingCurve) -> bool:
    """Whether both know their tokens and a step is not as many on both."""
    rates = []
    for curve in (own, member):
        span = curve.step[-1] - curve.step[0]
        rates.append((curve.tokens[-1] - curve.tokens[0]) / span if span > 0 else np.nan)
    one, other = rates
    return bool(np.isfinite(rates).all() and min(rates) > 0 and abs(one / other - 1) > SAME_STEP)


def _in_blocks(place: Floats, value: Floats, edges: Floats) -> Floats:
    """Median of the values in each block, NaN for an empty one."""
    inside = np.searchsorted(edges, place, side="right") - 1
    inside[place == edges[-1]] = len(edges) - 2
    return np.array([median(value[inside == b]) for b in range(len(edges) - 1)])


def _common(own: TrainingCurve, member: TrainingCurve, shift: int) -> tuple[Floats, Floats, Floats]:
    """Steps of the run that both logged, and the logarithms of both there."""
    both, a, b = np.intersect1d(own.step + shift, member.step, assume_unique=True, return_indices=True)
    return both, np.log(own.value[a]), np.log(member.value[b])


def _together(own: TrainingCurve, member: TrainingCurve, shift: int) -> float:
    """How much both change alike from one common step to the next; 0 where they have few."""
    _, one, other = _common(own, member, shift)
    if len(one) < 4 * FEWEST:
        return 0.0
    one, other = np.diff(one[len(one) // 10 :]), np.diff(other[len(other) // 10 :])
    if not (one.std() > 0 and other.std() > 0):
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _shift(own: TrainingCurve, member: TrainingCurve) -> int:
    """1 or -1 where one side counts its steps from 0 and the other from 1, and they see the same batches; else 0."""
    tried = {shift: _together(own, member, shift) for shift in (0, 1, -1)}
    best = max(tried, key=lambda shift: tried[shift])
    return best if tried[best] >= TOGETHER else 0


def _equal_to(own: TrainingCurve, member: TrainingCurve, shift: int) -> int | None:
    """The run's step up to which both hold the very same values."""
    both, one, other = _common(own, member, shift)
    differ = np.flatnonzero(one != other)
    count = int(differ[0]) if len(differ) else len(both)
    return int(both[count - 1]) - shift if count >= FEWEST else None


def _matched(own: TrainingCurve, member: TrainingCurve, shift: int, edges: Floats) -> Floats:
    """Median difference at common steps in each block: what the same batches did to both falls out."""
    both, one, other = _common(own, member, shift)
    return _in_blocks(both, one - other, edges)
