"""In language models a step of reinforcement learning that takes longer is the policy's doing where answers grew."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding, Run, Series
from runlens.roles import resolve
from runlens.rules.shared.answers import answers_grew
from runlens.rules.throughput.drift import ThroughputDrift

N = 240


def run_of(grew: float | None, loss: float = 0.4) -> Run:
    """verl's update takes longer, over most of the run; its answers grow by so many times with it."""
    rng = np.random.default_rng(5)

    def about(level: float | np.ndarray) -> np.ndarray:
        return np.asarray(level * np.exp(0.01 * rng.standard_normal(N)))

    share = np.clip((np.arange(N) - 60) / 100, 0.0, 1.0)
    seconds = about(100.0 * (1.0 + (1.0 / (1.0 - loss) - 1.0) * share))
    columns = {"timing_s/step": seconds, "perf/throughput": 2.4e5 / seconds, "critic/score/mean": about(0.5)}
    columns["actor/pg_loss"] = 0.01 * rng.standard_normal(N)
    if grew is not None:
        columns["response_length/mean"] = about(400.0 * (1.0 + (grew - 1.0) * share))
    step, time = np.arange(1, N + 1), 1.76e9 + np.cumsum(seconds)
    logged = {name: Series(name, step, time, value) for name, value in columns.items()}
    return resolve(Run("v", "v", "v", series=logged))


def drifts(run: Run) -> list[Finding]:
    return [one for one in ThroughputDrift().check(run) if isinstance(one, Finding)]


@pytest.mark.parametrize(("grew", "info"), [(None, True), (1.0, False), (1.1, False), (1.3, True), (1.7, True)])
def test_a_slope_is_the_policy_s_where_its_answers_grew_by_a_quarter_of_it(grew: float | None, info: bool) -> None:
    """Steps take 67 % longer: answers longer by 17 % and more explain it."""
    (finding,) = drifts(run_of(grew))
    assert (str(finding.severity) == "info") == info
    assert ("what the policy does" in finding.message) == info


def test_how_much_answers_grew() -> None:
    run = run_of(1.5)
    assert answers_grew(run, (1, 60), (165, N)) == pytest.approx(1.5, abs=0.02)
    assert answers_grew(run, (1, 4), (165, N)) is None, "four points tell nothing"
    assert answers_grew(run_of(None), (1, 60), (165, N)) is None
