"""How often a policy succeeds in its own rollouts is RL001's, where it says what a policy earns."""

import numpy as np
import pytest

from runlens.rules.evals.regression import EvalRegression
from tests.rules.saying import mark, run_of


@pytest.mark.parametrize(
    ("name", "reward", "says"),
    [
        ("rollout/success_rate", "rollout/ep_rew_mean", "-"),
        ("rollout/success_rate", "", "e"),
        ("eval/success_rate", "rollout/ep_rew_mean", "e"),
    ],
)
def test_success_in_rollouts_is_set_aside_beside_a_reward(name, reward, says):
    rng = np.random.default_rng(0)
    score = 0.3 + 0.3 * (1 - np.exp(-np.arange(30) / 6))
    score[-6:] -= 0.2
    columns = {name: score, "train/approx_kl": np.full(30, 0.01), "time/fps": 100 + rng.standard_normal(30)}
    if reward:
        columns[reward] = 5.0 + rng.standard_normal(30)
    assert mark(EvalRegression(), run_of(columns)) == says
