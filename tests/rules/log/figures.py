"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from runlens.rules.log.bad_end import BadEnd
from runlens.rules.log.clock_jump import ClockJump
from runlens.rules.log.restart import Restart
from runlens.rules.log.stale import StaleRun
from runlens.rules.log.step_gap import StepGap
from runlens.rules.log.unreadable import UnreadableData
from tests.figures import case
from tests.rules.saying import at_random


@case
def clock_jump_at_random():
    return at_random(ClockJump())


@case
def restart_at_random():
    return at_random(Restart())


@case
def stale_at_random():
    return at_random(StaleRun())


@case
def step_gap_at_random():
    return at_random(StepGap())


@case
def unreadable_at_random():
    return at_random(UnreadableData())


@case
def bad_end_at_random():
    return at_random(BadEnd())
