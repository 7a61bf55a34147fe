"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from runlens.rules.throughput.dips import RecurringDips
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.outside_band import OutsideBand
from runlens.rules.throughput.stall import Stall
from runlens.rules.throughput.straggler import Straggler
from tests.figures import case
from tests.rules.saying import at_random


@case
def dips_at_random():
    return at_random(RecurringDips())


@case
def drift_at_random():
    return at_random(ThroughputDrift())


@case
def drop_at_random():
    return at_random(ThroughputDrop())


@case
def outside_band_at_random():
    return at_random(OutsideBand(band=(12_800.0, 14_000.0), per_gpu=True))


@case
def stall_at_random():
    return at_random(Stall())


@case
def straggler_at_random():
    return at_random(Straggler())
