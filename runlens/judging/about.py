"""What a report says of its findings beyond the findings: how their rules mean them, and their likely causes."""

from __future__ import annotations

from dataclasses import replace

from runlens.advice.causes import explained
from runlens.model import About, RunReport
from runlens.rules import rule_of


def described(report: RunReport) -> RunReport:
    """The report with `about` and the suspects of its incidents, from its findings alone.

    A report that was saved by a version without them is brought up to date by it.
    """
    rules = {code: rule_of(code) for code in dict.fromkeys(f.code for f in report.findings)}
    about = {code: About(rule.symptom, rule.figure) for code, rule in rules.items()}
    return replace(report, about=about, incidents=explained(report))
