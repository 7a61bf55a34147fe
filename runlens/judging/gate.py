"""From judgements to a verdict and an exit code: 1 beats 3 beats 0; a run that was not judged is never green."""

from __future__ import annotations

from collections.abc import Sequence

from runlens.model import RunReport, Severity, Verdict
from runlens.rules import rule_of


def run_verdict(report: RunReport, fail_on: Severity) -> Verdict:
    """Verdict of one run.

    `fail` if a finding that counts is at or above `fail_on`; else `undecided` if the run could not be read, a rule
    crashed, what the user asked to compare could not be compared, or no rule could judge anything; else `pass`. That
    the log itself is in order, and its first values finite, says nothing of a training that no rule could see: rules
    that were asked for must have judged more than that.
    """
    worst = report.worst()
    if worst is not None and worst.rank >= fail_on.rank:
        return "fail"
    about_training = any(rule_of(code).settles for code in report.checked)
    no_more_asked = report.checked and not any(rule_of(skip.code).settles for skip in report.skips)
    not_compared = any(skip.kind == "not-comparable" for skip in report.skips)
    if report.failures or not_compared or not (about_training or no_more_asked):
        return "undecided"
    return "pass"


def verdict(runs: Sequence[RunReport]) -> Verdict:
    """Verdict over all runs: one failed run fails all; one undecided run leaves the rest undecided."""
    verdicts = {run.verdict for run in runs}
    if "fail" in verdicts:
        return "fail"
    if "undecided" in verdicts or not runs:
        return "undecided"
    return "pass"


EXIT_CODES: dict[Verdict, int] = {"pass": 0, "fail": 1, "undecided": 3}
