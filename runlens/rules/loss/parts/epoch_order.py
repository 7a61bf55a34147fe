"""Rises of the loss that end where an epoch does: its batches come in an order, and the hard ones stand last."""

from __future__ import annotations

import numpy as np

from runlens.model import Run
from runlens.rules.loss.parts.incidents import RECOVERED, LossIncident

NEAR = 1
"""Logged points between the end of an epoch and the fall."""
AT_ONCE = 0.5
"""Share of the height of a rise that is gone from one logged point to the next: what heals comes back bit by bit."""
BEFORE = 2
"""Epochs that must have ended by then: the one that a spike ends with by chance is often the first."""
LEAST = 8
"""Logged points that the epoch must have had before the fall: where epochs are over sooner, one ends near any fall."""


def falls_with_epoch(run: Run, incident: LossIncident) -> bool:
    """Whether a rise that came back began in an epoch, and fell at once where that epoch ended.

    One that began in an epoch before is none of the order of batches: it lived through the easy ones, too.

    Parameters
    ----------
    run : Run
        With the epoch logged as a number; False without.
    incident : LossIncident
    """
    role = run.role("epoch")
    one, curve = incident.excursion, incident.curve
    if role is None or one.sign < 0 or not one.back or incident.ending.outcome not in RECOVERED:
        return False
    known = role.series.latest().finite()
    if len(known) < 2 or not LEAST < one.end < len(curve.y):
        return False
    near = slice(one.end - 1 - NEAR, one.end + 1 + NEAR)
    fall = -np.diff(curve.y[near])
    if float(fall.max()) < AT_ONCE * (float(curve.y[one.peak]) - one.level):
        return False
    last = one.end - 1 - NEAR + int(np.argmax(fall))
    onset = min(one.first + NEAR, last)  # it may have been placed a point too early
    at = (last - LEAST, onset, max(last - NEAR, 0), min(last + 1 + NEAR, len(curve.y) - 1))
    enough, began, before, after = np.floor(np.interp(curve.step[list(at)], known.step, known.value) + 1e-9)
    return bool(after == before + 1 and after >= BEFORE and began >= before and enough >= before)
