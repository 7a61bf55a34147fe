"""Made collapses and healthy losses that look alike, and the edges that they moved."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.kinds import is_near, loud
from runlens.model import Finding, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.loss.dead import DeadLoss
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import mark, marks, run_of
from tests.synthetic.collapses import FAULTS, HEALTHY

N = 1000
T = np.arange(N)


@pytest.mark.parametrize("what", FAULTS)
def test_faults_are_found(what):
    make, codes = FAULTS[what]
    for seed in range(3):
        run, onset = make(np.random.default_rng(seed))
        assert any(is_near(run, one, onset) for one in loud(run, codes))


@pytest.mark.parametrize("what", HEALTHY)
def test_healthy_runs_are_quiet(what):
    for seed in range(3):
        assert loud(HEALTHY[what](np.random.default_rng(seed))[0]) == []


def noisy(level, size=0.005, seed=0):
    return level * np.exp(size * np.random.default_rng(seed).standard_normal(len(level)))


def bump(at, points=40, warm=200):
    """A bump in a run whose rate warms up for so many of 1,000 points."""
    level = 2.0 + np.exp(-T / 300.0)
    level[at : at + points] *= 1.5
    return run_of({"loss": noisy(level), "lr": 1e-3 * np.minimum((T + 1) / warm, 1.0)})


def test_a_bump_of_the_warm_up_is_info():
    rule = LossSpike(fast=10)
    assert marks(rule, bump, (100, 180, 230)) == "iiw"
    assert marks(rule, lambda points: bump(100, points), (90, 150)) == "iw", "over within a tenth of the log"
    assert marks(rule, lambda warm: bump(150, warm=warm), (140, 170, 900)) == "wii"
    late = lambda warm: bump(250, warm=warm)  # noqa: E731
    assert marks(rule, late, (900,)) == "w", "a rate that rises all along is no warm-up"


def test_a_bump_before_anything_is_known_of_the_rate():
    def made(at):
        level = 2.0 + np.exp(-T / 300.0)
        level[at : at + 40] *= 1.5
        return run_of({"loss": noisy(level)})

    assert marks(LossSpike(fast=10), made, (18, 40)) == "iw"


def at_a_guess(loss, **config):
    return run_of({"loss": noisy(np.full(N, loss), 0.006), "lr": np.full(N, 1e-3)}, config=config)


def test_a_loss_that_stands_where_a_guess_would():
    assert marks(StalledLoss(), at_a_guess, (np.log(10), np.log(100), 2.6, 5.9, 6.1, np.log(50257))) == "ww..ww"
    assert marks(StalledLoss(), lambda k: at_a_guess(np.log(37), num_classes=k), (37, 40)) == "w."
    falls = lambda by: run_of(  # noqa: E731
        {"loss": noisy(np.log(10) * (1 + by * np.exp(-T / 10.0)), 0.002), "lr": np.full(N, 1e-3)}
    )
    assert marks(StalledLoss(), falls, (0.3, 1.5)) == "wi", "not one that came from far above"


def moves_up(left, seed=0):
    """A loss that rises by a tenth and then makes this part of the progress that its trend led to."""
    level = 1.0 + 3.0 * (1 + T / 20.0) ** -0.5
    at = 400
    level[at:] = level[at] + left * (level[at:] - level[at])
    level[at:] *= 1.1
    return run_of({"loss": noisy(level, 0.003, seed)})


def test_a_rise_after_which_nothing_is_learnt_is_no_stage():
    assert marks(LossShift(), moves_up, (1.0,)) == "i"
    told = [one for rule in (LossShift(), LossSpike()) for one in rule.check(moves_up(0.0)) if isinstance(one, Finding)]
    assert max(one.severity.rank for one in told) >= Severity.WARNING.rank


@pytest.mark.parametrize("seed", (0, 27))
def test_a_new_stage_of_training_that_goes_on_from_earlier_steps_is_one_too(seed):
    run, _ = HEALTHY["a new data stage"](np.random.default_rng(seed))
    far = 10 * max(int(s.step[-1]) for s in run.series.values())
    later = {name: Series(name, s.step + far, s.time, s.value) for name, s in run.series.items()}
    assert mark(LossShift(), run) == mark(LossShift(), resolve(Run("made", "made", "made", series=later))) == "i"


@pytest.mark.parametrize(("share", "kind"), [(0.04, Finding), (0.06, Skip)])
def test_a_loss_of_margins_has_no_level(share, kind):
    loss = noisy(np.full(N, 1.0), 0.05)
    loss[np.random.default_rng(1).permutation(N)[: int(share * N)]] = 0.0
    loss[700:760] += 5.0
    told = list(LossSpike().check(run_of({"loss": loss})))
    assert isinstance(told[0], kind)
    assert (kind is Skip) == any(isinstance(one, Skip) for one in SpikeFrequency().check(run_of({"loss": loss})))


def test_one_step_of_a_rounded_log_is_no_spike_of_the_score():
    loss = np.round(np.exp(-np.arange(4000) / 100.0), 4)
    loss[1200::10] = 1e-4
    loss[1500] = 5e-4
    assert [one for one in SpikeFrequency().check(run_of({"loss": loss})) if isinstance(one, Finding)] == []


@pytest.mark.parametrize(("share", "told"), [(0.4, True), (0.6, False)])
def test_a_table_with_a_row_a_split_has_a_zero_in_the_other_rows(share, told):
    """`epoch, train, valid`: `1, 14.8, 0` and below it `1, 0, 13.5`: the last write of each step is no loss."""
    step = np.repeat(np.arange(1, 61), 2)
    value = np.zeros(120)
    value[: int(120 * share) : 2] = np.linspace(15.0, 3.0, int(np.ceil(int(120 * share) / 2)))
    run = run_of({"train_loss": value}, step)
    assert any(isinstance(f, Finding) for f in DeadLoss().check(run)) == told
