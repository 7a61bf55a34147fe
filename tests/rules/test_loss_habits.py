"""LOSS002 and LOSS004: spikes that have become a habit, and a loss that has stopped."""

import numpy as np
import pytest

from runlens.model import Severity
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import run_of
from tests.synthetic.loss import make
from tests.synthetic.training import PEAK, STEPS, cosine, healthy, spike

FLAT = np.full(STEPS, PEAK)


def counted(places, n=STEPS, width=12, **columns):
    made = healthy(1, n)
    made.update(columns)
    for at in places:
        spike(made, at, 0.6, width)
    return list(SpikeFrequency().check(made.run()))


def test_two_spikes_are_no_habit():
    assert counted([500, 1100]) == []


@pytest.mark.parametrize(
    ("places", "n", "severity", "rising"),
    [
        ([400, 800, 1200], STEPS, "info", False),
        (range(200, 1500, 200), STEPS, "warning", False),
        (range(2000, 20000, 3000), 20_000, "info", False),
        ([4000, 10000, 14000, 15200, 16000, 16600, 17000], 20_000, "warning", True),
    ],
)
def test_many_spikes_warn_where_they_are_dense_or_come_faster(places, n, severity, rising):
    (found,) = counted(places, n)
    assert (found.severity, found.evidence["rising"]) == (severity, rising)
    assert found.evidence["onsets"] == pytest.approx(list(places), abs=1)
    assert (found.evidence["score_olmo2_percent"] is None) == (n <= 1000)


def test_warm_restarts_are_no_spikes():
    cycle = np.arange(STEPS) % 200
    made = healthy(2, rate=np.tile(cosine(200, warm=1, floor=0.01), 8))
    made["loss"] *= 1 + 0.25 * np.exp(-cycle / 10) * (np.arange(STEPS) >= 200)
    assert list(SpikeFrequency().check(made.run())) == []


def test_a_short_log_has_no_score_of_olmo_2():
    (found,) = counted([200, 320, 440], 600)
    assert found.evidence["score_olmo2_percent"] is None
    assert found.evidence["score_olmo_core_percent"] > 0


def stalled(at=600, seed=3, rate=FLAT, n=STEPS, **more):
    made = healthy(seed, n, rate=rate, **more)
    made["loss"][at:] *= made.level[at] / made.level[at:]
    return made


@pytest.mark.parametrize("noise", [0.003, 0.012, 0.05])
@pytest.mark.parametrize("at", [100, 300, 900])
def test_a_loss_that_stands_at_the_full_rate_is_a_warning(at, noise):
    (found,) = StalledLoss().check(stalled(at, noise=noise).run())
    assert found.severity == "warning"
    assert abs(np.log(found.steps[0] / at)) < 0.7
    assert found.steps[1] == STEPS - 1
    assert "100 % of its peak" in found.message


def test_without_a_rate_it_is_info_and_at_a_low_rate_nothing():
    made = stalled()
    del made["lr"]
    assert [f.severity for f in StalledLoss().check(made.run())] == ["info"]
    low = np.where(np.arange(STEPS) < 600, PEAK, PEAK / 10)
    assert list(StalledLoss().check(stalled(rate=low).run())) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_a_loss_that_nears_its_floor_is_no_more_than_info(seed, noise):
    """Diffusion, distillation and small fine-tuning runs come down in the first steps, and have no further to go."""
    made = healthy(seed, rate=FLAT)
    descent = 0.07 * (1 + 4 * np.exp(-np.arange(STEPS) / 60))
    made["loss"] = descent * np.exp(noise * np.random.default_rng(seed).standard_normal(STEPS))
    found = [f for f in StalledLoss().check(made.run()) if hasattr(f, "severity")]
    assert [f.severity for f in found] in ([], ["info"])
    assert all("nears its floor" in f.message for f in found)


def test_a_model_that_never_learnt():
    made = healthy(4, rate=FLAT)
    made["loss"] = 10.8 * np.exp(0.01 * np.random.default_rng(4).standard_normal(STEPS))
    (found,) = StalledLoss().check(made.run())
    assert (found.severity, found.evidence["since_start"]) == ("warning", True)
    tuned = healthy(5, rate=FLAT)
    tuned["loss"] = 1.1 * np.exp(0.01 * np.random.default_rng(5).standard_normal(STEPS))
    assert list(StalledLoss().check(tuned.run())) == [], "a fine-tuning run begins where it is good"


@pytest.mark.parametrize("case", ["clean", "resume", "fast", "slow", "plateaued", "stage-up", "stage-down"])
@pytest.mark.parametrize("points", [120, 400, 3000])
def test_runs_that_go_on_learning_are_silent(case, points):
    assert [f for s in range(6) for f in StalledLoss().check(make(s, points, case).run) if hasattr(f, "severity")] == []


def test_a_spike_at_the_end_is_no_stall():
    made = healthy(6, rate=FLAT)
    made["loss"][900:] *= 1.2 + 0.5 * np.exp(-np.arange(700) / 300)
    assert list(StalledLoss().check(made.run())) == []


@pytest.mark.parametrize(("rule", "fewest"), [(SpikeFrequency(), 50), (StalledLoss(), 100)])
def test_too_few_points_are_said(rule, fewest):
    (skip,) = rule.check(healthy(7, 40).run())
    assert f"fewer than {fewest}" in skip.reason


@pytest.mark.parametrize(("height", "severity"), [(0.05, Severity.INFO), (1.5, Severity.WARNING)])
def test_jumps_of_a_loss_near_zero_are_no_habit(height, severity):
    """A contrastive loss at a thousandth of where it began jumps by multiples of itself, and loses nothing."""
    rng = np.random.default_rng(5)
    loss = (0.0004 + 3.0 * np.exp(-np.arange(3000) / 60.0)) * np.exp(0.05 * rng.standard_normal(3000))
    for at in (1500, 1700, 1900, 2060, 2120, 2160, 2190, 2210, 2230):
        loss[at : at + 4] += height
    (finding,) = SpikeFrequency().check(run_of({"train/loss": loss}))
    assert finding.severity is severity
