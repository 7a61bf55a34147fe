import datetime

import pytest

from runlens.baseline import Known, apply, dumps, known_from, loads
from runlens.errors import ConfigError
from runlens.model import Severity
from tests.builders import finding, report

TODAY = datetime.date(2026, 3, 1)


def known(code="LOSS001", run="r", metric="loss", steps=(1490, 1501), reason="bad shard 17", until=None):
    return Known(code, run, metric, steps, reason, until)


def marked(entry, *findings, run="r"):
    (judged,), notes = apply([report(*findings, run=run)], [entry], TODAY, [Severity.ERROR])
    return [f.suppressed for f in judged.findings], judged.verdict, notes


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        (known(), True),
        (known(steps=(1512, 1600)), True),
        (known(steps=(1513, 1600)), False),
        (known(steps=None), True),
        (known(code="LOSS002"), False),
        (known(metric="other"), False),
        (known(metric=""), True),
        (known(run="nightly/*"), False),
        (known(run="*"), True),
    ],
)
def test_matching_is_by_code_run_metric_and_overlapping_steps(entry, fits):
    suppressed, verdict, _ = marked(entry, finding())
    assert suppressed == (["bad shard 17"] if fits else [None])
    assert verdict == ("pass" if fits else "fail")


def test_an_expired_entry_no_longer_counts_and_is_said():
    suppressed, verdict, notes = marked(known(until="2026-02-28"), finding())
    assert (suppressed, verdict) == ([None], "fail")
    assert "expired on 2026-02-28" in notes[0]
    assert marked(known(until="2026-03-01"), finding())[1] == "pass"


def test_an_unused_entry_is_said_unless_its_run_was_not_judged():
    assert "was not found again" in marked(known(steps=(1, 2)), finding())[2][0]
    assert marked(known(run="another", steps=(1, 2)), finding())[2] == ()


def test_what_is_written_is_read_back_and_suppresses_itself():
    runs = [report(finding(), finding("TPUT001", "warning", (3, 9)), finding("LOG002", "info"))]
    entries = known_from(runs, "seen", "2026-12-31", Severity.WARNING)
    assert loads(dumps(entries), "file") == tuple(sorted(entries, key=lambda k: k.code))
    (judged,), notes = apply(runs, entries, TODAY, [Severity.WARNING])
    assert [f.suppressed for f in judged.findings] == ["seen", "seen", None]
    assert (judged.verdict, notes) == ("pass", ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "no baseline file"),
        ("[]", "no baseline file"),
        ('{"runlens_baseline": 9, "known": []}', "version 9"),
        ('{"runlens_baseline": 1, "known": [{"code": "LOSS001", "run": "r"}]}', "'reason' must be given"),
        (
            '{"runlens_baseline": 1, "known": [{"code": "LOSS001", "run": "r", "reason": " "}]}',
            "'reason' must be given",
        ),
        (
            '{"runlens_baseline": 1, "known": [{"code": "L", "run": "r", "reason": "x", "steps": [5, 2]}]}',
            "[first, last]",
        ),
        ('{"runlens_baseline": 1, "known": [{"code": "L", "run": "r", "reason": "x", "until": "soon"}]}', "YYYY-MM-DD"),
        ('{"runlens_baseline": 1, "known": ["x"]}', "no table"),
    ],
)
def test_a_broken_file_is_named_with_its_entry(text, words):
    with pytest.raises(ConfigError) as error:
        loads(text, "b.json")
    assert words in str(error.value) and "b.json" in str(error.value)
