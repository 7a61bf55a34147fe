"""Losses as the world logs them: smoothed, short and heavy-tailed, exploding early, only rising, cut in recovery."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Severity
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import run_of, said
from tests.stats.test_sawtooth import losses, teeth
from tests.synthetic.loss import make
from tests.synthetic.wild import exponential, logged, preference, running, since_reset

RULES = (LossSpike(), SpikeFrequency(), LossShift(), StalledLoss())


def alarms(run, rules=RULES):
    return [f for rule in rules for f in rule.check(run) if getattr(f, "severity", Severity.INFO) is not Severity.INFO]


def loss_of(made):
    return made.run.role("train_loss").series.value


SMOOTHINGS = [
    lambda x: running(x, 5),
    lambda x: running(x, 20),
    lambda x: exponential(x, 0.9),
    lambda x: exponential(x, 0.98),
]


@pytest.mark.parametrize("smooth", SMOOTHINGS, ids=("mean 5", "mean 20", "ema 0.9", "ema 0.98"))
@pytest.mark.parametrize("n", [400, 4000])
def test_a_smoothed_loss_gives_no_more_alarms_than_the_raw_one(smooth, n):
    for seed in range(4):
        assert alarms(logged(smooth(loss_of(make(seed, n, "clean"))))) == []


@pytest.mark.parametrize("smooth", SMOOTHINGS, ids=("mean 5", "mean 20", "ema 0.9", "ema 0.98"))
@pytest.mark.parametrize("case", ["plateaued", "diverged"])
def test_what_happens_to_a_smoothed_loss_is_seen(smooth, case):
    seen = 0
    for seed in range(5):
        made = make(seed, 2000, case)
        onset = int(np.searchsorted(made.step, made.planted[0].onset))
        seen += any(abs(f.steps[0] - onset) < 120 for f in alarms(logged(smooth(loss_of(made))), RULES[:1]))
    assert seen >= 3


@pytest.mark.parametrize("seed", range(4))
def test_means_since_an_epoch_began_are_healthy(seed):
    assert alarms(logged(since_reset(losses(6000, seed), 500))) == []


def uneven(seed, spike=None):
    """Means since each of 30 epochs began, of 1,281 batches of which every tenth is told, with the epoch logged."""
    lengths = [128 + (k % 2) for k in range(30)]
    raw = losses(sum(lengths), seed)
    if spike is not None:
        raw[spike : spike + 60] *= 4.0
    value, starts = teeth(raw, lengths)
    epoch = np.zeros(len(raw))
    epoch[starts] = 1.0
    return run_of({"train/loss": value, "epoch": np.cumsum(epoch)}, step=10 * np.arange(len(raw)))


def short(seed, rows=7, epochs=98, at_end=False, batches=200, spike=None):
    """Means since each epoch began, of batches 1, 201, 401 …; the epoch is told once, where it begins or ends."""
    rng = np.random.default_rng(seed)
    level = 0.05 + 0.6 * np.exp(-np.arange(epochs) / 15.0)
    value = []
    for e in range(epochs):
        raw = level[e] * np.exp(0.4 * rng.standard_normal(rows)) / np.sqrt(np.where(np.arange(rows) == 0, 1, batches))
        mean = level[e] + np.cumsum(raw - raw.mean()) / np.arange(1, rows + 1)
        mean[0] = level[e] * np.exp(0.4 * rng.standard_normal())
        value.append(mean * (4.0 if spike == e else 1.0))
    value = np.concatenate(value)
    epoch = np.full(len(value), np.nan)
    epoch[rows - 1 if at_end else 0 :: rows] = np.arange(epochs)
    return run_of({"train/loss": value, "epoch": epoch})


@pytest.mark.parametrize("at_end", [False, True])
def test_rows_of_one_batch_among_means_of_hundreds_are_no_spikes(at_end):
    for seed in range(5):
        assert [f.message for f in said(LossSpike(), short(seed, at_end=at_end))] == []
        assert alarms(short(seed, at_end=at_end)) == []
    assert [f.steps[0] for f in said(LossSpike(), short(0, at_end=at_end, spike=60))] == [421]


def test_means_of_epochs_that_differ_by_a_row_are_judged_by_what_was_averaged():
    for seed in range(5):
        assert alarms(uneven(seed)) == []
    (one,) = alarms(uneven(0, 2000), RULES[:1])
    assert one.code == "LOSS001" and abs(one.steps[0] - 20_000) <= 20


def test_a_divergence_in_means_since_an_epoch_began_is_found():
    loss = losses(6000, 1, noise=0.03)
    loss[4200:] *= 2.0
    (one,) = alarms(logged(since_reset(loss, 500)), RULES[:1])
    assert abs(one.steps[0] - 4201) <= 2


def test_a_short_loss_with_heavy_tails_is_silent():
    assert sum(bool(alarms(logged(preference(seed, 48 + seed % 50), 10), RULES[:1])) for seed in range(60)) <= 1


@pytest.mark.parametrize("times", [1.6, 2.4])
def test_a_blow_up_within_the_first_points_doubles_the_loss(times):
    rng = np.random.default_rng(3)
    loss = np.concatenate(
        [[9.0, 5.0, 5.5], times * 5.0 * np.exp(0.2 * np.abs(rng.standard_normal(25))), np.linspace(4.9, 3.0, 22)]
    )
    found = [f for f in LossSpike().check(logged(loss)) if getattr(f, "severity", None) is Severity.ERROR]
    assert bool(found) == (times > 2.0)
    if found:
        assert found[0].steps[0] == 4


def test_a_loss_that_blows_up_at_its_second_point_is_held_against_its_first():
    """And has not returned to the initial loss, which it never left before."""
    rest = 16.0 * np.exp(0.2 * np.random.default_rng(5).standard_normal(18))
    (found,) = LossSpike().check(logged(np.concatenate([[1.8, 18.3, 31.0], rest])))
    assert found.severity is Severity.ERROR and found.steps[0] == 2
    assert found.message.startswith("Loss spike at step 2: from 1.8 to 31")


@pytest.mark.parametrize(("share", "severity"), [(0.2, Severity.WARNING), (0.4, Severity.ERROR)])
def test_a_blow_up_that_stays_for_a_large_share_is_an_error(share, severity):
    n = 100
    loss = 5.0 * np.exp(-np.arange(n) / 60.0) * np.exp(0.02 * np.random.default_rng(4).standard_normal(n))
    loss[3 : 3 + int(share * n)] *= 6.0
    found = [f for f in LossSpike().check(logged(loss)) if getattr(f, "steps", None)]
    assert [f.severity for f in found] == [severity]


@pytest.mark.parametrize(("rise", "severity"), [(0.015, None), (0.1, Severity.WARNING), (1.4, Severity.ERROR)])
@pytest.mark.parametrize("n", [10, 40, 400])
def test_a_loss_that_only_rises(n, rise, severity):
    loss = (1.0 + rise * np.arange(n) / n) * np.exp(0.001 * np.random.default_rng(n).standard_normal(n))
    found = alarms(logged(loss))
    assert bool(found) == (severity is not None)
    if severity is not None:
        assert max(f.severity.rank for f in found) >= (severity.rank if n > 10 else 1)


def test_nine_points_are_too_few_to_do_nothing_but_rise():
    assert alarms(logged(np.linspace(1.0, 1.3, 9)), (StalledLoss(),)) == []


@pytest.mark.parametrize(("fade", "outcome"), [(900.0, "unresolved"), (1e6, "plateaued")])
def test_a_spike_on_its_way_back_when_the_log_ends_is_unresolved(fade, outcome):
    n, at = 2600, 2000
    loss = losses(n, 5, noise=0.05)
    loss[at:] *= 1.0 + 0.3 * np.exp(-np.arange(n - at) / (fade / 2.0))
    (one,) = [f for f in LossSpike().check(logged(loss, 50)) if getattr(f, "steps", None)]
    assert one.evidence["outcome"] == outcome


@pytest.mark.parametrize(("later", "related"), [(5, True), (60, False)])
def test_a_nan_is_not_pinned_on_a_spike_that_had_been_back(later, related):
    loss = losses(600, 6, noise=0.03)
    loss[400] *= 5.0
    loss[401 + later :] = np.nan
    (one,) = [f for f in LossSpike().check(logged(loss)) if getattr(f, "steps", None)]
    assert (one.evidence["outcome"] == "diverged") == related
