"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from runlens.rules.evals.overdue import EvalOverdue
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.evals.regression import EvalRegression
from runlens.rules.evals.requirement import RequirementMissed
from tests.figures import case
from tests.rules.saying import at_random


@case
def overdue_at_random():
    return at_random(EvalOverdue())


@case
def overfitting_at_random():
    return at_random(Overfitting())


@case
def regression_at_random():
    return at_random(EvalRegression())


@case
def requirement_at_random():
    return at_random(RequirementMissed(requirements=("hellaswag>=0.45", "eval_loss<=3.2", "arc_easy>=0.5@5000 steps")))
