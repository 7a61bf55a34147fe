"""The factors of units are those of the units' own definitions."""

import math

import numpy as np
import pytest

from runlens.roles.units import FACTORS, steps_in_one_time
from tests.rules.saying import run_of

OF_ONE = {
    "s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "tokens": 1.0, "ktokens": 1e3, "Mtokens": 1e6, "Gtokens": 1e9,
    "tokens/s": 1.0, "ktokens/s": 1e3, "Mtokens/s": 1e6, "TFLOP/s": 1.0, "GFLOP/s": 1e-3, "FLOP/s": 1e-12,
    "PFLOP/s": 1e3, "1": 1.0, "1e-3": 1e-3, "W": 1.0, "mW": 1e-3, "MHz": 1.0, "GHz": 1e3, "Hz": 1e-6, "bytes": 1.0,
    "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "KB": 1e3, "MB": 1e6, "GB": 1e9, "nats": 1.0, "bits": math.log(2),
}  # fmt: skip
SHARES = {"mfu": {"fraction": 1.0, "%": 0.01}, "clip_fraction": {"fraction": 1.0, "%": 0.01}}
SHARES["gpu_utilization"] = {"%": 1.0, "fraction": 100.0}
PAIRS = [(role, unit) for role, units in FACTORS.items() for unit in units]


@pytest.mark.parametrize(("role", "unit"), PAIRS)
def test_a_factor_is_that_of_its_unit(role, unit):
    assert FACTORS[role][unit] == pytest.approx(SHARES.get(role, OF_ONE)[unit])


def timed(value, steps=1330, took=0.29, n=15):
    """Times of an epoch's line, at points so many steps apart, a step takes 0.29 s."""
    at = steps * np.arange(1, n + 1)
    return run_of({"loss": np.linspace(3, 2, n), "time": [value] * n}, step=at, time=1.7e9 + took * at)


@pytest.mark.parametrize(
    ("value", "steps", "of"),
    [
        (0.29 * 1330, 1330, 1330),
        (0.29 * 1330 / 1.15, 1330, 1330),  # the rest is an evaluation
        (0.29 * 1330 / 1.17, 1330, 1),
        (0.29, 1330, 1),
        (290.0, 1330, 1),  # milliseconds
        (290.0, 1000, 1),  # of one step in ms or of all in s: it is the same number
        (0.29, 1, 1),
    ],
)
def test_a_time_as_long_as_from_point_to_point_is_of_all_steps_between(value, steps, of):
    run = timed(value, steps)
    assert steps_in_one_time(run.role("step_time").series if of == 1 else run.placed["time"]) == of
    if of > 1:
        assert run.role("step_time").series.value[-1] == pytest.approx(value / of)


def test_few_points_or_no_clock_tell_nothing():
    assert steps_in_one_time(timed(386.0, n=9).placed["time"]) == 1
    without = run_of({"time": [386.0] * 15}, step=1330 * np.arange(15), time=np.full(15, np.nan))
    assert steps_in_one_time(without.placed["time"]) == 1
