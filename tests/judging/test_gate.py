from dataclasses import replace

import pytest

from runlens.judging.gate import EXIT_CODES, run_verdict, verdict
from runlens.model import Failure, Severity, Skip
from tests.builders import finding, report

CRASH = (Failure("rule", "LOSS001 crashed"),)


@pytest.mark.parametrize(
    ("made", "fail_on", "expected"),
    [
        (report(), "error", "pass"),
        (report(finding(severity="warning")), "error", "pass"),
        (report(finding(severity="warning")), "warning", "fail"),
        (report(finding(severity="error")), "error", "fail"),
        (report(finding(severity="error", suppressed="known")), "error", "pass"),
        (report(failures=CRASH), "error", "undecided"),
        (report(finding(severity="error"), failures=CRASH), "error", "fail"),
        (report(checked=()), "error", "undecided"),
        (report(checked=("LOG001", "LOG002"), skips=(Skip("LOSS001", "no loss"),)), "error", "undecided"),
        (report(checked=("LOG001", "LOSS003"), skips=(Skip("LOSS001", "1 point"),)), "error", "undecided"),
        (report(checked=("HW001", "HW003"), skips=(Skip("LOSS001", "no loss"),)), "error", "undecided"),
        (report(checked=("LOG006", "RES001", "LR001"), skips=(Skip("LOSS001", "1 point"),)), "error", "undecided"),
        (report(checked=("LOSS006", "GRAD003", "EVAL003"), skips=(Skip("LOSS001", "5 points"),)), "error", "undecided"),
        (report(checked=("HW001",), skips=()), "error", "pass"),
        (report(checked=("LOSS003",), skips=()), "error", "pass"),
        (report(checked=("LOG001", "TPUT001"), skips=(Skip("LOSS001", "no loss"),)), "error", "pass"),
        (report(checked=("LOG001",), skips=(Skip("LOG004", "not live"),)), "error", "pass"),
    ],
)
def test_verdict_of_a_run(made, fail_on, expected):
    assert run_verdict(made, Severity(fail_on)) == expected


def test_one_failed_run_beats_an_undecided_one_and_nothing_is_never_green():
    runs = {v: replace(report(), verdict=v) for v in ("pass", "fail", "undecided")}
    assert verdict([runs["pass"], runs["undecided"], runs["fail"]]) == "fail"
    assert verdict([runs["pass"], runs["undecided"]]) == "undecided"
    assert verdict([runs["pass"]]) == "pass"
    assert verdict([]) == "undecided"
    assert EXIT_CODES == {"pass": 0, "fail": 1, "undecided": 3}
