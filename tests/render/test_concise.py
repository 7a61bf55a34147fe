"""concise: valid by its own rules, and nothing that matters is left out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from runlens.model import Report
from runlens.render import render
from tests.render.reports import HOSTILE, fixed, hostile

LINE = re.compile(
    r"(?P<run>[^\n]*?):(?P<code>[A-Z]+\d*) (?P<kind>[a-z]+) (?P<steps>-|\d+(?:-\d+)?) (?P<message>[^\n]*)"
)


def lines(report: Report) -> list[dict[str, str]]:
    found = [LINE.fullmatch(line) for line in render(report, "concise").splitlines()]
    assert all(found)
    return [match.groupdict() for match in found if match]


def test_concise_has_a_line_for_each_finding_that_counts_and_a_verdict_for_each_run() -> None:
    told = lines(fixed())
    for run in fixed().runs:
        mine = [line for line in told if line["run"] == run.run]
        counted = [f for f in run.findings if f.suppressed is None]
        assert sorted(line["code"] for line in mine if line["kind"] in ("info", "warning", "error")) == sorted(
            f.code for f in counted
        )
        assert [line["message"] for line in mine if line["kind"] == "failure"] == [f.message for f in run.failures]
        assert mine[-1]["code"] == run.verdict.upper()
        assert mine[-1]["kind"] == "verdict"
        assert all(skip.code in mine[-1]["message"] for skip in run.skips)
    assert [line["kind"] for line in told].count("note") == len(fixed().notes)


def test_concise_steps_are_plain_numbers() -> None:
    spike = next(line for line in lines(fixed()) if line["code"] == "LOSS001")
    finding = next(f for f in fixed().findings if f.code == "LOSS001")
    assert finding.steps
    assert spike["steps"] == f"{finding.steps[0]}-{finding.steps[1]}"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_concise_gives_one_line_each_whatever_the_names_are(text: str) -> None:
    report = hostile(text)
    counted = sum(1 for f in report.findings if f.suppressed is None)
    expected = counted + sum(len(run.failures) + 1 for run in report.runs) + len(report.notes)
    assert len(lines(report)) == expected
    assert len(lines(replace(report, runs=(), notes=()))) == 1
