"""Whether the x of a series is that of the training, or another that only looks like it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.model import AnySeries, Series
from runlens.roles.names.claim import Claim
from runlens.roles.numbers import middle

Ints = npt.NDArray[np.int64]

_TOGETHER = 0.9
"""Share of the reference's points that a series must share to be one of the same rows."""


def agrees(steps: Ints, placed: Ints, reference: Series) -> bool:
    """Whether raw x values are the steps that wall time gives, to 2 % of the run or three logging intervals."""
    span = float(np.ptp(reference.step)) or 1.0
    gap = span / max(len(reference) - 1, 1)
    return middle(np.abs(steps - placed)) <= max(3.0 * gap, 0.02 * span, 1.0)


def foreign(series: Series, reference: Series, claim: Claim) -> bool:
    """Whether a series' x axis is not the reference's: epochs, seconds, or a range that training never reached.

    A series that lies within the run's steps is believed even if it was written late: evals of
    checkpoints are often made by another job, hours later, and carry the right step.
    """
    if claim.axis in ("epochs", "samples", "tokens", "flops"):
        return True
    first, last = int(series.step.min()), int(series.step.max())
    top, low = int(reference.step.max()), int(reference.step.min())
    if last > 1.5 * top + 10:
        return not goes_on(series, reference)
    different = 1 + int(np.count_nonzero(np.diff(np.sort(series.step))))
    if different >= 3 and last <= 1000 and top >= 5 * max(last, 1) and last - first == different - 1:
        return len(series) < 0.2 * len(reference) or top - low > 5 * (last - first)
    wall = float(series.time[-1] - series.time[0])
    seconds = float(last - first)
    same_rate = wall > 30 and abs(seconds / wall - 1.0) < 0.02
    span = float(reference.time[-1] - reference.time[0])
    return same_rate and span > 0 and abs((top - low) / span - 1.0) > 0.1


def goes_on(series: AnySeries, reference: AnySeries) -> bool:
    """Whether a series was written together with the reference, to the same x and times, and on after its end."""
    rows = np.searchsorted(series.step, reference.step)
    rows = np.minimum(rows, len(series) - 1)
    together = (series.step[rows] == reference.step) & (series.time[rows] == reference.time)
    return float(np.mean(together)) >= _TOGETHER
