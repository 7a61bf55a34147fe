"""JUnit XML: a suite for each run, a case for each rule, with passes and skips, so that every CI shows the whole."""

from __future__ import annotations

from typing import Any

from runlens.model import Finding, Report, RunReport
from runlens.render import words
from runlens.render.links import explained, page
from runlens.render.text import named, visible


def render(report: Report) -> str:
    """The report as JUnit XML.

    A rule with a finding at or above `report.fail_on` is a failure; one with lesser or known findings passes and says
    them in `system-out`; one that did not judge is skipped with its reason. What could not be read, a rule that
    crashed and a run that no rule could judge are errors, so that "could not judge" is never green. Suites and classes
    are called by the run's job, the same every night, so that a CI system shows their history; by the run where
    several of one job stand in the report.
    """
    from junitparser import JUnitXml

    xml = JUnitXml("RunLens")
    jobs = [run.job for run in report.runs]
    for run in report.runs:
        xml.add_testsuite(_suite(run, report, run.job if run.job and jobs.count(run.job) == 1 else run.run))
    xml.update_statistics()
    text: bytes = xml.tostring()
    return text.decode("utf-8").rstrip("\n") + "\n"


def _suite(run: RunReport, report: Report, name: str) -> Any:
    from junitparser import Error, TestSuite

    suite = TestSuite(named(name))
    suite.timestamp = visible(report.created).removesuffix("Z")
    suite.hostname = "localhost"
    for key, value in (
        ("run", named(run.run)),
        ("name", named(run.name or run.run)),
        ("source", visible(run.source)),
        *((("page", page(run)),) if page(run) else ()),
        ("verdict", run.verdict),
        ("action", words.headline(run.action) if run.action else ""),
        ("facts", words.facts(run)),
    ):
        suite.add_property(key, value)
    skipped = {skip.code: skip.reason for skip in run.skips}
    found = {finding.code for finding in run.findings}
    for code in sorted({*run.checked, *found, *skipped}):
        findings = [f for f in run.findings if f.code == code]
        suite.add_testcase(_case(name, code, findings, None if findings else skipped.get(code), report))
    for failure in run.failures:
        suite.add_testcase(
            _broken(name, failure.stage, Error(visible(failure.message) or "no message", f"{failure.stage} failure"))
        )
    if run.verdict == "undecided" and not run.failures:
        suite.add_testcase(_broken(name, "judgement", Error("no rule could judge this run", "not judged")))
    return suite


def _case(suite: str, code: str, findings: list[Finding], skipped: str | None, report: Report) -> Any:
    from junitparser import Failure, Skipped, TestCase

    case = TestCase(visible(code), named(suite), 0.0)
    bad = [f for f in findings if f.suppressed is None and f.severity.rank >= report.fail_on.rank]
    if bad:
        failure = Failure(visible(bad[0].message) or bad[0].code, visible(bad[0].name))
        failure.text = "\n\n".join(_told(f) for f in findings)
        case.result = [failure]
    elif findings:
        case.system_out = "\n\n".join(_told(f) for f in findings)
    elif skipped is not None:
        case.result = [Skipped(visible(skipped) or "no reason was given")]
    return case


def _broken(suite: str, name: str, error: Any) -> Any:
    from junitparser import TestCase

    case = TestCase(name, named(suite), 0.0)
    case.result = [error]
    return case


def _told(finding: Finding) -> str:
    lines = [f"{finding.severity.value}: {visible(finding.message)}", ", ".join(words.where(finding))]
    if finding.suppressed is not None:
        lines.append(f"Known: {visible(finding.suppressed)}")
    elif finding.help:
        lines.append(visible(finding.help))
    lines.append(explained(finding))
    return "\n".join(line for line in lines if line)
