"""A learning rate that is zero, in a log of a few points that hold no schedule."""

from __future__ import annotations

import numpy as np

from runlens.model import PlacedSeries, Run
from runlens.rules.loss.parts.curve import train_loss
from runlens.stats.changes.breaks import Break
from runlens.stats.robust import median

FEWEST, SCHEDULE = 4, 8
"""Points from which a rate of zero can last, and from which there is a schedule to compare with."""
ZEROS, HALF = 3, 0.5
"""Points of zero at the end, and the share of the steps that they cover: a linear decay ends in one, and where the log
rounds, in two."""
LOSSES = 4
"""Points of the training loss that must tell whether anything is learnt: a log that prints four digits shows a rate of
2e-5 as zero."""
FELL = 0.02
"""Share of itself by which a loss that is learnt falls meanwhile, at least (as `schedule_break.LEARNS`)."""


def zero_of_few(line: PlacedSeries) -> Break | None:
    """The zeros at the end of a rate of 4 to 7 points, if they last; None for more and for fewer points.

    Parameters
    ----------
    line : PlacedSeries
        Finite, steps rising.
    """
    n = len(line)
    if not FEWEST <= n < SCHEDULE or float(line.value[-1]) > 0.0:
        return None
    above = np.flatnonzero(line.value > 0.0)
    first = int(above[-1]) + 1 if len(above) else 0
    covered = float(line.step[-1] - line.step[first]) / max(float(line.step[-1] - line.step[0]), 1.0)
    if n - first < ZEROS or covered < HALF:
        return None
    return Break("zero", first, n - 1, float(line.value[first - 1]) if first else 0.0, 0.0)


def not_lowered(run: Run, one: Break, line: PlacedSeries) -> bool:
    """Whether a training loss of enough points did not come down over a stretch: without one nothing is known."""
    series = train_loss(run)
    if series is None:
        return False
    part = series.latest().finite().between(int(line.step[one.first]), int(line.step[one.last])).value
    half = len(part) // 2
    return len(part) >= LOSSES and median(part[-half:]) >= (1.0 - FELL) * median(part[:half])
