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


def falls_with_epoch(run: Run, incident: LossIncident) -> bool:
    """Whether a rise that came back fell at once where an epoch ended.

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
    if len(known) < 2 or one.end < 1 or one.end >= len(curve.y):
        return False
    near = curve.step[max(one.end - 1 - NEAR, 0) : one.end + 1 + NEAR]
    epoch = np.floor(np.interp(near, known.step, known.value) + 1e-9)
    height = float(curve.y[one.peak]) - one.level
    fall = float(np.max(-np.diff(curve.y[max(one.end - 1 - NEAR, 0) : one.end + 1 + NEAR])))
    return bool(epoch[-1] > epoch[0]) and epoch[-1] >= BEFORE and fall >= AT_ONCE * height
