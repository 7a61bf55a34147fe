"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from runlens.rules.resume.resume_break import ResumeBroken
from tests.figures import case
from tests.rules.saying import at_random


@case
def resume_break_at_random():
    return at_random(ResumeBroken())
