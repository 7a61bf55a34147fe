"""How far a run's curve stands from those of its twins, with their own spread as the yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from runlens.model.twin import TwinCurve
from runlens.rules.nights.parts.yardstick import yardstick
from runlens.stats.robust import Floats, median

SETTLING = 0.25
"""Share of the blocks at the start that is left out: there curves are steep, and seeds differ most."""
ENDING = 0.75
"""The end is looked at by itself as well: what went wrong late is no typical difference."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A curve beside those of its twins."""

    shift: float
    """Typical difference in log value, after the settling or at the end, whichever is further beyond its bar."""
    bar: float
    """Difference that twins stay below."""
    spread: float | None
    """Standard deviation among the twins, in log value; None for one."""
    since: int
    """Step from which the difference stays above half of the bar."""
    tonight: float
    """Last level of the run."""
    usual: float
    """That of its twins there."""


def apart(own: TwinCurve, twins: Sequence[TwinCurve], floor: float, *, since: int = 0, last: int = 7) -> Apart | None:
    """How far a curve stands from its twins, None where they have too few steps in common.

    Parameters
    ----------
    own : TwinCurve
    twins : sequence of TwinCurve
        At least one, the oldest first.
    floor : float
        Least difference in log value that counts.
    since, last : int
        As in `yardstick`.
    """
    gaps = [(at, gap) for at, twin in enumerate(twins) if (gap := _gap(own, twin)) is not None]
    if not gaps:
        return None
    since = sum(at < since for at, _ in gaps) if gaps[-1][0] >= since else 0
    curves = np.stack([gap for _, gap in gaps])
    middle = np.median(curves[since:][-last:], axis=0)
    found = []
    for part in (SETTLING, ENDING):
        among = yardstick(np.array([_level(middle - gap, part) for gap in curves]), floor, since=since, last=last)
        found.append((_level(middle, part) - among.usual, among.bar, among.spread))
    shift, bar, spread = max(found, key=lambda one: abs(one[0]) / one[1])
    near = np.flatnonzero(~(np.sign(shift) * middle > 0.5 * bar))
    first = int(near[-1]) + 1 if len(near) else 0
    level = median(own.value[-max(len(own.value) // 8, 1) :])
    step = own.step[min(first, len(own.step) - 1)]
    return Apart(float(shift), float(bar), spread, int(step), level, float(level / np.exp(middle[-1])))


def overlapping(curves: Sequence[TwinCurve]) -> bool:
    """Whether neighbours among these curves have steps enough in common to be compared."""
    return any(_gap(later, earlier) is not None for earlier, later in pairwise(curves))


def _gap(one: TwinCurve, other: TwinCurve) -> Floats | None:
    """Log difference at the steps of one, held beyond the other's ends; None where half of them lie there."""
    log = np.log(other.value)
    at = np.interp(np.log1p(one.step), np.log1p(other.step), log, left=np.nan, right=np.nan)
    gap = np.log(one.value) - at
    ends = np.flatnonzero(np.isfinite(gap))
    if len(ends) < max(4, len(gap) // 2):
        return None
    gap[: ends[0]], gap[ends[-1] :] = gap[ends[0]], gap[ends[-1]]
    return np.asarray(gap)


def _level(gap: Floats, part: float) -> float:
    """Typical difference after a part of the run."""
    return median(gap[int(part * len(gap)) :])
