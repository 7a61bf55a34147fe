"""Likely causes of each incident, ranked by what the run itself says for and against them."""

from __future__ import annotations

from dataclasses import replace

from runlens.advice.causes.case import cases
from runlens.advice.causes.table import suspects
from runlens.model import Incident, RunReport


def explained(report: RunReport) -> tuple[Incident, ...]:
    """The incidents of a report with their suspects, from the report alone."""
    return tuple(replace(case.incident, suspects=tuple(suspects(case))) for case in cases(report))
