"""Whether a training loss has a level that it can depart from."""

from __future__ import annotations

import numpy as np

from runlens.model import Run
from runlens.model.words import percent
from runlens.rules.loss.parts.adversarial import need_not_fall
from runlens.rules.loss.parts.curve import train_curve
from runlens.rules.shared.frozen import frozen_tail

OFTEN = 0.05
"""Share of exact zeros, those that the log ends with left out, from which a loss is one of margins (hinge, triplets,
clipped objectives): met or not in each batch, so that neither its median nor its scatter says what is usual."""


def has_none(run: Run) -> str:
    """Why no rise of the training loss can be told from what is usual; empty if one can.

    So for adversaries (`need_not_fall`), and for a loss that is exactly zero for many batches.
    """
    return need_not_fall(run) or run.once("often zero", lambda: _often_zero(run))


def _often_zero(run: Run) -> str:
    curve = train_curve(run)
    if curve is None or curve.log:
        return ""
    tail = frozen_tail(curve.value)
    value = curve.value[: tail.first] if tail is not None and tail.value == 0.0 else curve.value
    share = np.count_nonzero(value == 0.0) / max(len(value), 1)
    if share < OFTEN:
        return ""
    return f"the loss is exactly 0 at {percent(float(share))} of its points, as margins that are met, and has no level"
