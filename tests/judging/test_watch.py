from dataclasses import replace

from runlens.judging.news import Memory, ended, only
from runlens.model import Failure, Report, Severity
from tests.builders import finding, report


def told(memory, *findings):
    return [(f.code, f.severity.value) for f in memory.news(report(*findings))]


def test_an_incident_is_told_once_while_its_end_moves():
    memory = Memory()
    assert told(memory, finding(steps=(100, 110))) == [("LOSS001", "error")]
    assert told(memory, finding(steps=(100, 180))) == []
    assert told(memory, finding(steps=(100, 180)), finding(steps=(300, 301))) == [("LOSS001", "error")]


def test_it_is_told_again_when_it_gets_worse_or_turns_out_otherwise():
    memory = Memory()
    assert told(memory, finding(severity="warning", outcome="unresolved")) == [("LOSS001", "warning")]
    assert told(memory, finding(severity="error", outcome="plateaued")) == [("LOSS001", "error")]
    assert told(memory, finding(severity="info", outcome="recovered-slow")) == [("LOSS001", "info")]
    assert told(memory, finding(severity="info", outcome="recovered-slow")) == []


def test_a_severity_that_comes_and_goes_is_told_once():
    memory = Memory()
    assert len(told(memory, finding(severity="warning"))) == 1
    assert len(told(memory, finding(severity="error"))) == 1
    for severity in ("warning", "error", "warning", "error"):
        assert told(memory, finding(severity=severity)) == []


def test_an_outcome_that_comes_and_goes_is_told_once():
    memory = Memory()
    assert [len(told(memory, finding(outcome=o))) for o in ("unresolved", "plateaued", "unresolved", "plateaued")] == [
        1, 1, 0, 0
    ]  # fmt: skip


def test_what_cannot_be_read_is_said_once_until_it_works_again():
    memory = Memory()
    broken = replace(report(), failures=(Failure("read", "no answer"),))
    assert list(memory.troubles(broken)) == ["no answer"]
    assert list(memory.troubles(broken)) == []
    assert list(memory.troubles(report())) == []
    assert list(memory.troubles(broken)) == ["no answer"]
    assert list(memory.troubles(replace(broken, run="other"))) == ["no answer"]


def test_only_what_says_so_has_ended():
    states = [replace(report(), state=s) for s in ("finished", "crashed", "running", "unknown")]
    whole = Report("1", "now", "pass", 0, (), Severity.ERROR)
    assert ended(replace(whole, runs=tuple(states[:2])))
    assert not ended(replace(whole, runs=tuple(states[1:3]))) and not ended(replace(whole, runs=tuple(states[3:])))


def test_known_findings_are_no_news():
    assert told(Memory(), finding(suppressed="known")) == []


def test_an_alert_holds_the_news_and_nothing_else():
    old, new = finding(steps=(1, 2)), finding(steps=(5, 6))
    whole = Report("1", "now", "fail", 1, (report(old, new), report(old, run="other")), Severity.ERROR)
    alert = only(whole, [("r", (new,)), ("other", ())])
    assert [(r.run, r.findings) for r in alert.runs] == [("r", (new,))]
    assert replace(alert, runs=()) == replace(whole, runs=())
