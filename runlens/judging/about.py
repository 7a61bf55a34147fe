"""What a report says of its findings beyond the findings: how their rules mean them, and their likely causes."""

from __future__ import annotations

from dataclasses import replace

from runlens.advice.causes import explained
from runlens.model import About, RunReport
from runlens.rules import RULES, rule_of
from runlens.rules.page import docs_url, summary


def described(report: RunReport) -> RunReport:
    """The report with `about`, the suspects of its incidents and the page of each rule, from its findings alone.

    A report that was saved by a version without them is brought up to date by it.
    """
    if not report.findings and not report.incidents and not report.about:
        return report
    rules = {code: rule_of(code) for code in dict.fromkeys(f.code for f in report.findings)}
    known = {code: rule for code, rule in rules.items() if rule in RULES}
    about = {
        code: About(rule.symptom, rule.figure, summary(rule) if code in known else "") for code, rule in rules.items()
    }
    pages = {code: docs_url(rule) for code, rule in known.items()}
    findings = tuple(replace(f, docs_url=pages.get(f.code, "")) for f in report.findings)
    return replace(report, about=about, findings=findings, incidents=explained(report))
