"""The factors of units are those of the units' own definitions."""

import math

import pytest

from runlens.roles.units import FACTORS

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
