"""GRAD003: a gradient norm of exactly zero."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.gradient.parts.loss import FALLS, fall_of_loss
from runlens.rules.meaning import Advice, Part, Stage, Story
from runlens.rules.shared.frozen import frozen_tail
from runlens.rules.shared.panels import TRAINING


class DeadGradientEvidence(TypedDict):
    """What GRAD003 says for machines."""

    points: int
    whole_run: bool
    loss_fell: float | None
    """Share by which the loss came down meanwhile; None if none is logged."""


@dataclass(frozen=True)
class DeadGradient(Rule[DeadGradientEvidence]):
    """The gradient norm is exactly zero to the end of the log.

    What it does
    ------------
    Looks at the zeros that the gradient norm ends with, `points` of them or more. `error` if the loss does not come
    down meanwhile, by 2 % and by more than its noise; `info` if it does, since then the norm is not measured (a
    trainer that clips nothing may log 0). Nothing where the learning rate is zero as well, or where a loss of zero
    says that all examples are learnt.

    Why it matters
    --------------
    Without a gradient nothing is learnt: frozen or detached parameters, an optimizer that was given none, a NaN that
    became zero, half precision in which gradients underflow. The job burns hours with a quiet loss curve.

    What to do
    ----------
    Look whether any parameter changes from one checkpoint to the next, at `requires_grad`, at the parameters that the
    optimizer holds, at the loss scale and the precision of gradients.

    Settings
    --------
    points : logged points in a row of exactly zero.

    References
    ----------
    Micikevicius et al., Mixed Precision Training (arXiv 1710.03740), section 3.2: in fp16 gradients below 2^-24 are
    zero.
    """

    code = "GRAD003"
    name = "dead-gradient"
    needs = ("grad_norm",)
    symptom = Symptom.OTHER
    part = Part((Story.OPTIMISATION,), stage=Stage.INSIDE, place=1)
    figure = Figure(panels=("grad_norm",), beside=TRAINING)
    settles = False
    advice = Advice(measures=("Stop the run: check that any parameter changes, and what the optimizer holds.",))
    headline = "dead gradient"

    points: int = 10

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if the norm ends with zeros."""
        role = run.role("grad_norm")
        series = role.series.latest() if role is not None else None
        if series is None or len(series) < self.points:
            yield self.skip(f"fewer than {self.points} points of the gradient norm", kind="too-few-points")
            return
        tail = frozen_tail(series.value)
        if tail is None or tail.value != 0.0 or tail.points < self.points:
            return
        first, last = int(series.step[tail.first]), int(series.step[-1])
        if _all_zero(run, "learning_rate", first):
            return
        fell = fall_of_loss(run, first)
        learns = fell is not None and fell >= FALLS
        where = f"at all {tail.points:,} logged points" if not tail.first else f"from step {first:,} to the end"
        how = (
            f"; the loss fell by {percent(fell)} meanwhile, so the norm is not measured"
            if learns and fell is not None
            else "; the loss does not come down"
            if fell is not None
            else ""
        )
        yield self.finding(
            Severity.INFO if learns else Severity.ERROR,
            series.name,
            (first, last),
            f"the gradient norm is exactly 0 {where}{how}",
            {"points": tail.points, "whole_run": not tail.first, "loss_fell": fell},
            "Log the norm before clipping."
            if learns
            else "Check that any parameter changes, and what the optimizer holds.",
        )


def _all_zero(run: Run, role: str, since: int) -> bool:
    """Whether a role is logged from a step on, and is zero all the while."""
    found = run.role(role)
    if found is None:
        return False
    value = found.series.value[found.series.step >= since]
    return len(value) > 0 and not bool(np.any(value != 0.0))
