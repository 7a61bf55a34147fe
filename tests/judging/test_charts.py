"""What of a run travels in the report: decimated series with their spikes, and references as curves and bands."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from runlens.judging.charts import charts_of
from runlens.model import Curve, Reference, RoleSeries, Series
from tests import builders


@dataclass(frozen=True)
class Compared:
    """Stands for a rule that has references."""

    references: tuple[Reference, ...]


def evaluated(length=2600):
    """A run with an accuracy on a checkpoint every 200 steps."""
    run = builders.run(length)
    step = np.arange(200, length, 200)
    score = RoleSeries(
        "eval_score", Series("eval/arc/acc", step, step + 1.7e9, step / 5000), "1", task="arc", metric_kind="acc",
        direction="up",
    )  # fmt: skip
    return replace(run, roles={**run.roles, "eval_score": (score,)})


def curve(value, n_items=0, name="arc", axis_end=4e7):
    value = np.asarray(value, float)
    at = np.linspace(4e6, axis_end, len(value))
    return Curve("arc", "acc", "", "up", at, value, np.full(len(value), np.nan), n_items, name)


def reference_charts(*curves):
    rules = (Compared((Reference("ref", "tokens", curves),)),)
    return [c for c in charts_of(evaluated(), rules, 400) if c.reference]


def test_a_spike_of_one_step_in_a_million_is_kept():
    loss = np.full(1_000_000, 2.0)
    loss[654_321] = 9.5
    loss[123_456] = np.nan
    (chart,) = charts_of(builders.run(1_000_000, train_loss=loss, tokens=None), (), 400)
    assert len(chart.steps) <= 600
    assert 654_321 in chart.steps and max(v for v in chart.values if v == v) == 9.5
    assert 123_456 in chart.steps, "the NaN is evidence"
    assert (chart.steps[0], chart.steps[-1]) == (0, 999_999)


def test_no_points_asked_for_means_no_charts():
    assert charts_of(evaluated(), (), 0) == ()


def test_a_reference_lies_on_the_steps_of_the_run_by_its_tokens():
    (chart,) = reference_charts(curve([0.2, 0.3, 0.4]))
    assert chart.steps == (243, 1342, 2440)  # 4 M, 22 M and 40 M tokens of 16,384 a step
    assert chart.low == chart.high == ()


def test_the_interval_of_an_accuracy_on_known_items_is_its_band():
    (chart,) = reference_charts(curve([0.2, 0.3, 0.5], n_items=600))
    error = 1.96 * np.sqrt(0.25 / 600)
    assert chart.low[-1] == pytest.approx(0.5 - error) and chart.high[-1] == pytest.approx(0.5 + error)


def test_several_members_are_one_band():
    (chart,) = reference_charts(curve([0.2, 0.3, 0.4], name="a"), curve([0.3, 0.4, 0.6], name="b"))
    assert chart.values == pytest.approx((0.25, 0.35, 0.5))
    assert chart.low == pytest.approx((0.2, 0.3, 0.4)) and chart.high == pytest.approx((0.3, 0.4, 0.6))
