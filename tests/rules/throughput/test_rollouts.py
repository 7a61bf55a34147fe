"""A step down of a policy's speed is not its doing where all its episodes have one length."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Run, Series
from runlens.roles import resolve
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.parts.rollouts import episodes_alike

N = 1000
T = np.arange(N)


def run_of(length: object, share: float = 0.3, name: str = "eplenmean") -> Run:
    """PPO as baselines logs it, slower by a share of its speed from 400 to 700."""
    rng = np.random.default_rng(8)
    fps = np.where((T >= 400) & (T < 700), 1.0 - share, 1.0) * 265.0 * np.exp(0.005 * rng.standard_normal(N))
    columns = {"fps": fps, "eprewmean": 100.0 + rng.standard_normal(N), "approxkl": np.full(N, 0.01)}
    if length is not None:
        columns[name] = np.broadcast_to(np.asarray(length, dtype=np.float64), N).copy()
    time = 1.76e9 + np.cumsum(2048.0 / fps)
    return resolve(Run("p", "p", "p", series={k: Series(k, T + 1, time, v) for k, v in columns.items()}))


@pytest.mark.parametrize(
    ("length", "share", "severity"),
    [
        (1000.0, 0.3, "warning"),
        (1000.0, 0.17, "warning"),
        (1000.0, 0.13, "info"),  # what a policy touches takes a simulator that much
        (np.where(T == 500, 999.0, 1000.0), 0.3, "info"),  # one other length
        (1.0, 0.3, "info"),  # an episode of one step may take as long as it likes
        (None, 0.3, "info"),
    ],
)
def test_a_step_down_beside_episodes_of_one_length(length: object, share: float, severity: str) -> None:
    found = [one for one in ThroughputDrop().check(run_of(length, share)) if hasattr(one, "severity")]
    assert [str(one.severity) for one in found] == [severity]
    assert ("what the policy does" in found[0].message) == (severity == "info")


@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("rollout/ep_len_mean", True),
        ("charts/episodic_length", True),
        ("Episode Length", True),
        ("prompt_length", False),
    ],
)
def test_names_of_lengths(name: str, alike: bool) -> None:
    assert episodes_alike(run_of(1000.0, name=name), (1, 300), (450, 600)) == alike


@pytest.mark.parametrize(("last", "alike"), [(4, False), (5, True)])
def test_points_that_are_needed(last: int, alike: bool) -> None:
    assert episodes_alike(run_of(1000.0), (1, last), (450, 600)) == alike
