"""Where a run stands now, for gauges."""

from dataclasses import replace

import numpy as np
import pytest

from runlens import roles, sources
from runlens.judging.latest import lags_of, latest_of
from runlens.model import PlacedSeries, RoleSeries, Run
from runlens.references import load
from runlens.rules.evals.behind_reference import BehindReference
from tests.builders import run


@pytest.fixture(scope="module")
def shipped_pair():
    (ref,) = sources.discover("fixtures/runs/ref_small_s0")
    return roles.resolve(sources.read(ref), {}), load("fixtures/runs/ref_small_s0")


def part(role, value, device="", kind="", unit="C", task="", setting="", name=""):
    value = np.asarray(value, float)
    at = np.arange(len(value))
    series = PlacedSeries(name or f"{role}/{device}/{kind}", at, at + 1.7e9, value)
    return RoleSeries(role, series, unit, device=device, metric_kind=kind, task=task, setting=setting)


def with_roles(**roles):
    return Run("r", "r", "logs/r", roles={k: tuple(v) for k, v in roles.items()})


def test_the_gpu_that_burns_is_told_beside_the_cool_one():
    hot = with_roles(
        gpu_temperature=[part("gpu_temperature", [60, 61], "gpu 0"), part("gpu_temperature", [70, 97], "gpu 5"),
                         part("gpu_temperature", [70, 88], "gpu 5", "hbm"), part("gpu_temperature", [65, 70])],
    )  # fmt: skip
    assert [(one.device, one.kind, one.value) for one in latest_of(hot)] == [
        ("gpu 0", "", 61), ("gpu 5", "", 97), ("gpu 5", "hbm", 88),
    ], "the mean over them is left out"  # fmt: skip


def test_a_sensor_that_fails_keeps_its_last_sample_with_its_time():
    (one,) = latest_of(with_roles(gpu_power=[part("gpu_power", [300, 310, np.nan, np.nan], "gpu 0", unit="W")]))
    assert (one.value, one.step, one.time) == (310, 1, 1.7e9 + 1)
    assert latest_of(with_roles(gpu_power=[part("gpu_power", [np.nan], "gpu 0")])) == ()


def test_a_loss_that_is_nan_is_told_as_nan():
    (one,) = latest_of(with_roles(train_loss=[part("train_loss", [2.0, np.nan])]))
    assert np.isnan(one.value) and one.step == 1


def test_a_series_without_points_and_times_that_are_not_known():
    empty, timeless = part("train_loss", []), part("grad_norm", [1.0])
    timeless = replace(timeless, series=PlacedSeries("n", np.array([7]), np.array([np.nan]), np.array([1.0])))
    (one,) = latest_of(with_roles(train_loss=[empty], grad_norm=[timeless]))
    assert (one.metric, one.step, one.time) == ("n", 7, None)


def test_every_task_is_told_once_in_each_of_its_settings():
    scores = [
        part("eval_score", [0.1, 0.3], kind="acc", task="arc", setting=setting, name=name)
        for setting, name in (("", "arc"), ("5-shot", "arc5"), ("", "arc again"))
    ]
    assert [(one.metric, one.value) for one in latest_of(with_roles(eval_score=scores))] == [
        ("arc", 0.3),
        ("arc5", 0.3),
    ]


def test_devices_of_others_are_left_out():
    util = [part("gpu_utilization", [90], f"gpu {n}", unit="%", name=f"system.gpu.{n}.gpu") for n in range(2)]
    own = part("gpu_memory", [50], "gpu 1", unit="%", name="system.gpu.process.1.memory")
    assert {one.device for one in latest_of(with_roles(gpu_utilization=util, gpu_memory=[own]))} == {"gpu 1"}


def test_the_lag_is_told_though_it_is_no_finding(shipped_pair):
    healthy, reference = shipped_pair
    rule = BehindReference(references=(reference,))
    assert not [f for f in rule.check(healthy) if hasattr(f, "severity")]
    (lag, *_) = lags_of(healthy, [rule])
    assert lag.reference == reference.name and 0.5 < lag.factor < 1.25
    assert lag.behind == pytest.approx(lag.at - lag.at / lag.factor)
    assert lag.interval[0] <= lag.factor <= lag.interval[1]


def test_without_a_reference_there_is_no_lag():
    assert lags_of(run(), [BehindReference()]) == ()
    assert lags_of(run(), []) == ()


def test_the_comparison_is_worked_out_once(shipped_pair, monkeypatch):
    from runlens.rules.evals import behind_reference

    calls = []
    real = behind_reference.compare
    monkeypatch.setattr(behind_reference, "compare", lambda *a: calls.append(a) or real(*a))
    healthy, reference = shipped_pair
    healthy = replace(healthy)  # one that has worked out nothing yet
    rule = BehindReference(references=(reference,))
    list(rule.check(healthy))
    lags_of(healthy, [rule])
    assert len(calls) == 1
    other = BehindReference(references=(reference,), last=3)
    list(other.check(healthy))
    assert len(calls) == 2, "other settings are another comparison"
