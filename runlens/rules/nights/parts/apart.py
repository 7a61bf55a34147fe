"""How far a run's curve stands from those of its twins, with their own spread as the yardstick."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runlens.model.twin import TwinCurve
from runlens.stats.robust import Floats, median

SETTLING = 0.25
"""Share of the blocks at the start that is left out: there curves are steep, and seeds differ most."""
SPREADS = 4.0
"""Deviations among the twins beyond which a run is none of them: of Gaussian nights one in ten thousand."""
ALONE = 2.0
"""With a single twin nothing is known of their spread: the floor is so many times as high."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A curve beside those of its twins."""

    shift: float
    """Typical difference in log value, after the settling."""
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


def apart(own: TwinCurve, twins: Sequence[TwinCurve], floor: float) -> Apart | None:
    """How far a curve stands from its twins, None where they have too few steps in common.

    Parameters
    ----------
    own : TwinCurve
    twins : sequence of TwinCurve
        At least one.
    floor : float
        Least difference in log value that counts.
    """
    gaps = [gap for twin in twins if (gap := _gap(own, twin)) is not None]
    if not gaps:
        return None
    levels = [_level(gap) for gap in gaps]
    shift = median(np.array(levels))
    pairs = [gap for one, other in itertools.combinations(twins, 2) if (gap := _gap(one, other)) is not None]
    spread = 1.4826 * median(np.abs([_level(gap) for gap in pairs])) / np.sqrt(2.0) if pairs else None
    bar = floor * ALONE if spread is None else max(floor, SPREADS * spread * np.sqrt(1.0 + 1.0 / len(twins)))
    middle = np.median(np.stack(gaps), axis=0)
    near = np.flatnonzero(~(np.sign(shift) * middle > 0.5 * bar))
    first = int(near[-1]) + 1 if len(near) else 0
    last = own.value[-max(len(own.value) // 8, 1) :]
    level = median(last)
    step = own.step[min(first, len(own.step) - 1)]
    return Apart(float(shift), float(bar), spread, int(step), level, float(level / np.exp(middle[-1])))


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


def _level(gap: Floats) -> float:
    """Typical difference after the settling."""
    late = gap[int(SETTLING * len(gap)) :]
    return median(late)
