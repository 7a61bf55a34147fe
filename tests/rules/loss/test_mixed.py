"""Losses of which single batches are high, while the loss itself stands where it stood."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Run, Series, Severity
from runlens.roles import resolve
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.spike import LossSpike
from tests.synthetic.few import learnt_but_a_few


def findings(rule, value):
    step = np.arange(len(value))
    series = {"loss": Series("loss", step, np.full(len(step), np.nan), value)}
    return [f for f in rule.check(resolve(Run("r", "r", "r", series=series))) if isinstance(f, Finding)]


@pytest.mark.parametrize("rule", [LossSpike(), SpikeFrequency()])
def test_a_classifier_that_has_fitted_all_but_a_few_samples_is_no_warning(rule):
    every = [findings(rule, learnt_but_a_few(np.random.default_rng(seed))) for seed in range(40)]
    assert sum(any(f.severity is not Severity.INFO for f in found) for found in every) <= 1


@pytest.mark.parametrize("seed", range(10))
def test_one_that_leaves_its_level_is(seed):
    rng = np.random.default_rng(seed)
    value = 0.01 * np.exp(rng.normal(0.0, 0.3, 600))
    value[300:380] = 0.4 * np.exp(rng.normal(0.0, 0.3, 80))
    (found,) = (f for f in findings(LossSpike(), value) if f.evidence["points"] > 8)
    assert found.severity is Severity.WARNING and "in between" not in found.message


@pytest.mark.parametrize(("times", "severity"), [(1, Severity.WARNING), (2, Severity.INFO)])
def test_each_side_of_the_edge(times, severity):
    rng = np.random.default_rng(0)
    value = 0.01 * np.exp(rng.normal(0.0, 0.1, 600))
    value[300:380] *= 40.0
    value[310 : 310 + 6 * times : 6] = 0.01
    (found,) = (f for f in findings(LossSpike(), value) if f.evidence["points"] > 8)
    assert found.severity is severity and ("in between" in found.message) == (severity is Severity.INFO)


@pytest.mark.parametrize(("before", "severity"), [(2, Severity.WARNING), (3, Severity.INFO)])
def test_the_last_point_is_like_those_before_it(before, severity):
    rng = np.random.default_rng(0)
    value = np.exp(rng.normal(0.0, 0.02, 400))
    value[[100, 170, 290][:before]] = 3.0
    value[-2:] = 3.0
    found = findings(LossSpike(), value)[-1]
    assert found.steps[1] == 399 and found.severity is severity
