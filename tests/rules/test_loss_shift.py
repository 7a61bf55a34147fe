"""LOSS005: what moves and goes on from there is told, and is never an alarm."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Severity
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.resume.resume_break import ResumeBroken
from tests.rules.test_loss_spike import STEP, N, healthy, run_of, said
from tests.synthetic.loss import CLEAN, FAULTY, STAGES, make


def shifts(loss, step=STEP, **roles):
    return list(LossShift().check(run_of(loss, step, **roles)))


@pytest.mark.parametrize("case", STAGES)
@pytest.mark.parametrize("points", [1000, 3000])
def test_a_data_stage_is_a_shift_and_no_spike(case, points):
    for seed in range(1, 5):  # seed 0 anneals soon after the stage, which brings the loss back: a slow recovery
        made = make(seed, points, case)
        (one,) = LossShift().check(made.run)
        assert one.severity is Severity.INFO
        assert abs(one.steps[0] - made.planted[0].onset) <= 8 * made.interval
        assert one.evidence["kind"] == case.replace("stage", "shift")
        assert list(LossSpike().check(made.run)) == []


@pytest.mark.parametrize("case", FAULTY + CLEAN)
def test_spikes_and_noise_are_no_shift(case):
    assert [f.message for s in range(3) for f in LossShift().check(make(s, 1500, case).run)] == []


def test_a_dip_is_told_with_both_its_ends():
    loss = healthy()
    loss[600:660] *= 0.7
    (one,) = shifts(loss)
    assert one.evidence["kind"] == "dip"
    assert one.steps[0] == 600 and abs(one.steps[1] - 659) <= 3
    assert said(loss) == []


def test_a_drop_that_the_learning_rate_explains_is_not_told():
    loss = healthy() * np.where(STEP < 700, 1.0, 0.88)
    assert [f.evidence["kind"] for f in shifts(loss)] == ["shift-down"]
    assert shifts(loss, learning_rate=np.where(STEP < 700, 1e-3, 1e-4)) == []


def test_data_seen_before_after_a_resume_is_left_to_the_rule_on_resumes():
    loss = healthy()
    again = healthy(1)[600:] * 0.85
    step = np.concatenate([STEP[:700], STEP[600:]])
    joined = np.concatenate([loss[:700], again])
    assert shifts(joined, step) == []
    (one,) = ResumeBroken().check(run_of(joined, step))
    assert one.evidence["not_restored"] == ["data seen twice"]


def test_harder_data_that_is_learned_again_is_a_stage():
    loss = healthy()
    loss[500:] *= np.exp(0.25 * (1 + np.arange(N - 500) / 200) ** -0.2)
    (one,) = shifts(loss)
    assert one.evidence["kind"] == "shift-up" and one.steps[0] == 500
