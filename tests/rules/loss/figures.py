"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from runlens.rules.loss.dead import DeadLoss
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from tests.figures import case
from tests.rules.saying import at_random


@case
def dead_at_random():
    return at_random(DeadLoss())


@case
def frequency_at_random():
    return at_random(SpikeFrequency())


@case
def non_finite_at_random():
    return at_random(NonFiniteLoss())


@case
def shift_at_random():
    return at_random(LossShift())


@case
def spike_at_random():
    return at_random(LossSpike())


@case
def stalled_at_random():
    return at_random(StalledLoss())
