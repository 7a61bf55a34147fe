"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from runlens.rules.schedule.schedule_break import ScheduleBreak
from tests.figures import case
from tests.rules.saying import at_random


@case
def schedule_break_at_random():
    return at_random(ScheduleBreak())
