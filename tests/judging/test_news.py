from runlens.judging.news import Memory
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


def test_known_findings_are_no_news():
    assert told(Memory(), finding(suppressed="known")) == []
