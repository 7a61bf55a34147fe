from dataclasses import replace

from runlens.model import Report, Severity
from runlens.watch import Memory, only
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


def test_known_findings_are_no_news():
    assert told(Memory(), finding(suppressed="known")) == []


def test_an_alert_holds_the_news_and_nothing_else():
    old, new = finding(steps=(1, 2)), finding(steps=(5, 6))
    whole = Report("1", "now", "fail", 1, (report(old, new), report(old, run="other")), Severity.ERROR)
    alert = only(whole, [("r", (new,)), ("other", ())])
    assert [(r.run, r.findings) for r in alert.runs] == [("r", (new,))]
    assert replace(alert, runs=()) == replace(whole, runs=())
