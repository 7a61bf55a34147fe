import datetime
from dataclasses import replace

import pytest

from runlens.errors import ConfigError
from runlens.judging.baseline import Known, dumps, known_from, loads, mark, notes, renewed
from runlens.judging.gate import run_verdict
from runlens.model import Severity
from tests.builders import finding, report

TODAY = datetime.date(2026, 3, 1)


def known(code="LOSS001", run="r", metric="loss", steps=(1490, 1501), reason="bad shard 17", until=None):
    return Known(code, run, metric, steps, reason, until)


def judged(entries, *findings, run="r", fail_on=Severity.ERROR, checked=("LOSS001",)):
    """What the known findings leave of a run: marks, verdict, and what is said of the entries."""
    live = [k for k in entries if not k.expired(TODAY)]
    made = report(*mark(findings, run, live), run=run, checked=checked)
    return [f.suppressed for f in made.findings], run_verdict(made, fail_on), notes([made], entries, TODAY)


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
    suppressed, verdict, _ = judged([entry], finding())
    assert suppressed == (["bad shard 17"] if fits else [None])
    assert verdict == ("pass" if fits else "fail")


def test_an_id_that_reads_like_a_pattern_fits_itself():
    assert judged([known(run="lr[1e-3]")], finding(), run="lr[1e-3]")[1] == "pass"
    assert judged([known(run="lr[1e-3]")], finding(), run="lr1")[1] == "pass"  # it is a pattern as well
    assert judged([known(run="lr[1e-3]")], finding(), run="lr2")[1] == "fail"


def test_an_expired_entry_no_longer_counts_and_is_said():
    suppressed, verdict, said = judged([known(until="2026-02-28")], finding())
    assert (suppressed, verdict) == ([None], "fail")
    assert "expired on 2026-02-28" in said[0]
    assert judged([known(until="2026-03-01")], finding())[1] == "pass"


def test_an_unused_entry_is_said_unless_its_run_or_rule_was_not_judged():
    (said,) = judged([known(steps=(1, 2))], finding())[2]
    assert "was not found again" in said
    (said,) = judged([known(steps=(1, 2), until="2026-02-28")], finding())[2]
    assert "was not found again" in said
    assert judged([known(run="another", steps=(1, 2))], finding())[2] == ()
    assert judged([known(steps=(1, 2))], finding(), checked=("LOG001",))[2] == ()


def test_what_is_written_is_read_back_and_suppresses_itself():
    findings = (finding(), finding("TPUT001", "warning", (3, 9)), finding("LOG002", "info"))
    entries = known_from([report(*findings)], "seen", "2026-12-31", Severity.WARNING)
    assert loads(dumps(entries), "file") == tuple(sorted(entries, key=lambda k: k.code))
    assert judged(entries, *findings, fail_on=Severity.WARNING) == (["seen", "seen", None], "pass", ())


def test_a_new_entry_takes_the_place_of_the_expired_one_of_the_same_finding():
    old, other = known(until="2026-02-28"), known(code="LOSS002", until="2026-02-28")
    new = known(reason="again", until="2026-06-01")
    assert renewed([old, other], [new], TODAY) == (other, new)
    assert renewed([known(until="2026-03-01")], [new], TODAY) == (known(until="2026-03-01"), new)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "no JSON"),
        ("[]", "no baseline file"),
        ('{"runlens_baseline": 1, "known": {}}', "no baseline file"),
        ('{"runlens_baseline": 1, "known": [{"code": "L", "run": "r", "reason": "x", "untill": "y"}]}', "mean until?"),
        ('{"runlens_baseline": 1, "known": [{"code": "L", "run": "r", "reason": "x", "metric": 3}]}', "'metric' is 3"),
        (
            '{"runlens_baseline": 1, "known": [{"code": "L", "run": "r", "reason": "x", "steps": [true, 2]}]}',
            "[first, last]",
        ),
        (
            '{"runlens_baseline": 1, "known": [{"code": "L", "run": "r", "reason": "x", "until": "20260301"}]}',
            "YYYY-MM-DD",
        ),
        (
            '{"runlens_baseline": 1, "known": [{"code": "L", "run": "r", "reason": "x", "until": "2026-3-1"}]}',
            "2026-03-01",
        ),
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


def test_a_finding_that_is_known_of_a_job_is_known_of_its_other_nights_near_the_same_steps():
    night = replace(report(finding(steps=(1500, 1511))), run="night-05", job="night-*", steps=(0, 3000))
    (entry,) = known_from([night], "bad shard 17", None, Severity.WARNING, by_job=True)
    assert entry.run == "night-*" and entry.steps == (1440, 1571)
    for run, steps, known in (
        ("night-06", (1530, 1541), True), ("night-06", (1580, 1590), False), ("other-06", (1500, 1511), False)
    ):  # fmt: skip
        assert (judged([entry], finding(steps=steps), run=run)[0] == ["bad shard 17"]) == known


def test_a_run_whose_name_tells_no_job_is_known_by_itself():
    one = replace(report(finding(steps=(1500, 1511))), run="tonight", job="tonight", steps=(0, 3000))
    (entry,) = known_from([one], "seen", None, Severity.WARNING, by_job=True)
    assert (entry.run, entry.steps) == ("tonight", (1500, 1511))
