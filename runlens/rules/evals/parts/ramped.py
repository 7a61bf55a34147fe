"""Held-out losses that rose with the weight of one of their terms: their sum is not what it was before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runlens.comparison.curves import RunCurve
from runlens.model import Run
from runlens.rules.evals.parts.decline import Decline
from runlens.rules.evals.parts.overfit import held_out_loss, part_of_loss
from runlens.rules.shared.ramps import Ramp, ramp_of, ramps


def ramp_under(run: Run, own: RunCurve, best_step: int, level: float) -> Ramp | None:
    """The weight of a term with which a held-out loss rose from a checkpoint on, and no longer than that rose itself.

    Parameters
    ----------
    run : Run
    own : RunCurve
        None for a score, whatever its weight.
    best_step : int
        Step of the checkpoint at which it was best.
    level : float
        What it was then.
    """
    if not ramps(run) or not (held_out_loss(own) or part_of_loss(own)):
        return None
    return ramp_of(run, own.step, own.curve.value, int(np.searchsorted(own.step, best_step)), level)


def without_ramped(run: Run, lasting: Sequence[Decline]) -> tuple[list[Decline], list[Decline], str]:
    """The declines that no weight explains, those that one does, and its words."""
    rest, explained, words = [], [], ""
    for one in lasting:
        ramp = ramp_under(run, one.eval, one.best_step, one.level)
        if ramp is None:
            rest.append(one)
        else:
            explained.append(one)
            words = words or f"while {ramp.setting.words()}, which weighs one of its terms"
    return rest, explained, words
