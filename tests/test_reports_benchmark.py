"""The rebuilt reports: every record can be made, is written and read as its tool has it, and is judged rightly."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality_reports import FAMILIES
from benchmarks.reports.judged import everything, judge
from benchmarks.reports.make import Trouble, made, troubles
from benchmarks.reports.shapes import STEPS, Curve, curve
from benchmarks.reports.writers import FORMS, write
from runlens.rules import RULES

RECORDS = {trouble.name: trouble for trouble in troubles()}
CODES = {rule.code for rule in RULES}


def empty(n: int = 100) -> Curve:
    return Curve(np.arange(n) / (n - 1), np.arange(n, dtype=float), np.full(n, 2.0), np.random.default_rng(0))


def test_names_and_sources_are_said_once_each_and_families_are_known():
    assert len(RECORDS) == len(list(troubles())) > 100
    assert all(trouble.source.startswith("https://") and trouble.says for trouble in RECORDS.values())
    assert {t.family for t in RECORDS.values() if t.expect} == set(FAMILIES)


@pytest.mark.parametrize("trouble", RECORDS.values(), ids=RECORDS)
def test_a_record_says_what_can_be_made_and_what_a_rule_can_say(trouble: Trouble):
    assert trouble.form in FORMS and bool(trouble.line) == (trouble.form == "text")
    assert {*trouble.fault, *trouble.twin} <= {*trouble.base, "seconds"}
    for words in (*trouble.base.values(), *trouble.fault.values(), *trouble.twin.values(), trouble.seconds):
        assert {part.split()[0] for part in words.split(";")} <= set(STEPS)
    for begins in (*trouble.expect, *trouble.also):
        assert any(code.startswith(begins) for code in CODES)
    assert trouble.least in ("warning", "error") and 0.0 <= trouble.onset < 1.0
    assert bool(trouble.expect) == bool(trouble.fault)


def test_the_same_record_makes_the_same_run_and_its_fault_leaves_what_was_before_alone():
    trouble = RECORDS["zero_loss_norm_at_the_clip"]
    one, again, well = made(trouble, trouble.fault), made(trouble, trouble.fault), made(trouble, {})
    at = round(trouble.onset * trouble.rows)
    assert np.array_equal(one.series["loss"].y, again.series["loss"].y)
    assert np.array_equal(one.series["loss"].y[:at], well.series["loss"].y[:at])
    assert np.all(one.series["loss"].y[at:] == 0.0) and np.all(well.series["loss"].y[at:] > 0.0)


def test_a_resume_goes_back_by_the_rows_that_are_said():
    log = made(RECORDS["warmup_again_after_resume"], {})
    assert log.resumed == 270 and log.step[270] == log.step[270 - 12]
    assert log.clock[270] - log.clock[269] > 10 * (log.clock[269] - log.clock[268])


@pytest.mark.parametrize(
    ("words", "at", "value"),
    [
        ("level 3; times 0.5 2", (49, 50), (3, 6)),
        ("level 3; plus 0.5 1 0.6", (49, 50, 60), (3, 4, 3)),
        ("level 3; spike 0.5 1 0.1", (49, 50, 99), (3, 6, 3.02)),
        ("level 8; halve 0.5 10 1", (49, 50, 60, 99), (8, 4, 2, 1)),
        ("level 1; every 10 5 0.5", (40, 51), (1, 1)),
        ("level 1; grow 0.5 16", (49, 75, 99), (1, 4, 15.13)),
        ("timer 1000", (0,), (2000,)),
        ("rate 8", (0,), (4,)),
        ("count 3", (10,), (30,)),
    ],
)
def test_steps_do_what_they_are_called(words, at, value):
    assert curve(words, empty()).y[list(at)] == pytest.approx(value, rel=0.01)


def test_what_is_gone_is_no_value_and_what_is_nan_is_one():
    one = curve("level 1; gone 0.9; nan 0.5 0.6", empty())
    assert one.none.sum() == 10 and np.isnan(one.y).sum() == 10
    with pytest.raises(KeyError):
        curve("lovel 1", empty())


FIRST_OF_A_FORM = {trouble.form: trouble for trouble in reversed(RECORDS.values()) if trouble.expect}


@pytest.mark.parametrize("trouble", FIRST_OF_A_FORM.values(), ids=FIRST_OF_A_FORM)
def test_every_form_is_read_as_one_run_with_the_trouble_told_and_the_twin_silent(tmp_path, trouble):
    for one in everything(tmp_path, (trouble.name,)):
        assert one.right and (one.told is True) == (one.kind == "fault")
    assert {*FIRST_OF_A_FORM, "hf_stdout"} == set(FORMS)


def test_a_finding_of_another_kind_is_false_and_one_elsewhere_does_not_tell(tmp_path):
    right = RECORDS["language_model_jumps_and_stays"]
    for k, (changes, told, false) in enumerate(
        [
            ({}, True, False),
            ({"expect": ("TPUT001",), "also": ()}, False, True),
            ({"onset": 0.3}, False, False),
            ({"onset": 0.3, "slow": True}, True, False),
        ]
    ):
        record = Trouble(**{**vars(right), **changes})
        log = made(record, right.fault)
        one = judge(log, "fault", write(log, tmp_path / str(k)))
        assert (one.told, bool(one.false)) == (told, false)
