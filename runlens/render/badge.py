"""A badge as JSON, in the form that shields.io reads from an address (its endpoint badge, schema 1).

What it says is the verdict and, where tonight was held against good nights, how many: a green badge that compared
nothing says so.
"""

from __future__ import annotations

import json

from runlens.model import Report
from runlens.render import words
from runlens.render.text import named, plural

COLORS = {"pass": "brightgreen", "fail": "red", "undecided": "yellow"}
SAID = {"pass": "pass", "fail": "fail", "undecided": "could not judge"}


def render(report: Report) -> str:
    """The badge of the whole report, called by the job where it is about one."""
    jobs = list(dict.fromkeys(run.job or run.run for run in report.runs))
    label = named(jobs[0]).rstrip("*-_/ ") if len(jobs) == 1 else "runlens"
    told = {
        "schemaVersion": 1,
        "label": label or "runlens",
        "message": _message(report),
        "color": COLORS[report.verdict],
        "isError": report.verdict != "pass",
    }
    return json.dumps(told) + "\n"


def _message(report: Report) -> str:
    counts = [len(run.held_against.nights) for run in report.runs if run.held_against is not None]
    if len(report.runs) != 1:
        return words.totals(report)
    beside = f", {plural(counts[0], 'good night')} before" if counts else ""
    return SAID[report.verdict] + beside
