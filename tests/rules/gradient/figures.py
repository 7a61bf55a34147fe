"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from runlens.rules.gradient.dead import DeadGradient
from runlens.rules.gradient.loss_scale import LossScaleCollapse
from runlens.rules.gradient.non_finite import NonFiniteGradient
from runlens.rules.gradient.surge import GradientSurge
from tests.figures import case
from tests.rules.saying import at_random


@case
def dead_at_random():
    return at_random(DeadGradient())


@case
def loss_scale_at_random():
    return at_random(LossScaleCollapse())


@case
def non_finite_at_random():
    return at_random(NonFiniteGradient())


@case
def surge_at_random():
    return at_random(GradientSurge())
