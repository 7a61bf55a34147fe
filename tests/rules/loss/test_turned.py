"""LOSS004 on short logs whose loss turned."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Run, Series, Severity
from runlens.roles import resolve
from runlens.rules.loss.parts.curve import LossCurve, train_curve
from runlens.rules.loss.parts.rising import AFTER, MOSTLY, SHORT, turned_worse
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import run_of
from tests.synthetic.few import falling_epochs, turned_epochs


def said(value, *rules):
    step = np.arange(1, len(value) + 1)
    series = {"loss": Series("loss", step, np.full(len(step), np.nan), np.asarray(value, dtype=np.float64))}
    run = resolve(Run("r", "r", "r", series=series))
    return [
        f
        for rule in rules or [StalledLoss()]
        for f in rule.check(run)
        if isinstance(f, Finding) and f.severity is not Severity.INFO
    ]


@pytest.mark.parametrize("n", [12, 20, 40])
def test_what_turned_is_found_and_what_falls_is_not(n):
    both = (StalledLoss(), LossSpike())
    found = [bool(said(turned_epochs(np.random.default_rng(seed), n), *both)) for seed in range(100)]
    false = [bool(said(falling_epochs(np.random.default_rng(seed), n), *both)) for seed in range(100)]
    assert np.mean(found) >= 0.95 and not any(false)


@pytest.mark.parametrize("n", [10, 15, 20])
def test_a_level_loss_that_scatters_has_not_turned(n):
    told = [said(np.exp(0.15 * np.random.default_rng([seed, n]).standard_normal(n))) for seed in range(200)]
    assert sum(map(bool, told)) <= 2


@pytest.mark.parametrize(("noise", "turns"), [(0.02, True), (0.3, False)])
def test_a_rise_stands_out_of_what_the_loss_scatters(noise, turns):
    y = np.r_[np.linspace(0.5, 0.0, 5), np.linspace(0.05, 0.5, 10)] + noise * np.cos(np.arange(15) * 2.0)
    assert (turned_worse(train_curve(run_of({"loss": np.exp(y)}))) is not None) is turns


def test_the_best_checkpoint_is_named():
    (finding,) = said([0.70, 0.60, 0.52, 0.53, 0.54, 0.61, 0.64, 0.68, 0.76, 0.83, 0.85, 0.88])
    assert finding.severity is Severity.WARNING and finding.steps == (3, 12)
    assert "lowest at step 3 (0.53) and has risen since, to 0.85 at step 12" in finding.message


def turns(value):
    value = np.asarray(value, dtype=np.float64)
    step = np.arange(len(value))
    return turned_worse(LossCurve("loss", step, value, np.log(value), True, 1.0, False, 0.0)) is not None


@pytest.mark.parametrize(("rise", "told"), [(1.24, False), (1.26, True)])
def test_it_must_rise_by_a_quarter(rise, told):
    assert turns([1.5, 1.2, 1.0, 1.0, *np.linspace(1.0, rise, 12), rise, rise]) == told


@pytest.mark.parametrize(("since", "told"), [(AFTER - 2, False), (AFTER - 1, True)])
def test_it_must_have_risen_for_a_while(since, told):
    assert turns([1.3, 1.15, 1.05, *np.linspace(1.0, 2.0, since)]) == told


@pytest.mark.parametrize(("n", "told"), [(SHORT - 1, True), (SHORT, False)])
def test_others_speak_of_longer_logs(n, told):
    assert turns(np.concatenate([np.linspace(1.5, 1.0, 10), np.linspace(1.0, 1.4, n - 10)])) == told


@pytest.mark.parametrize(("swaps", "told"), [(1, True), (3, False)])
def test_most_later_points_are_higher(swaps, told):
    value = np.linspace(1.0, 2.0, 20)
    for i in range(swaps):  # each takes the order from a row of pairs
        value[4 + 2 * i], value[18 - i] = value[18 - i], value[4 + 2 * i]
    later = np.triu_indices(20, 1)
    assert (np.mean(value[later[1]] > value[later[0]]) >= MOSTLY) == told
    assert turns([1.3, 1.1, *value, 2.0, 2.0]) == told


@pytest.mark.parametrize(("end", "told"), [(0.0325, False), (0.0335, True)])
def test_a_loss_near_zero_must_give_back_a_hundredth_of_its_progress(end, told):
    """It came from 2.3 to 0.01, so a hundredth is 0.0229; both ends are three times the lowest loss."""
    fall = np.geomspace(2.3, 0.01, 8)
    assert turns([2.3, 2.3, *fall, *np.linspace(0.01, end, 14), end, end]) == told
