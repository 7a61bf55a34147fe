"""What RL001 takes for a reward, a KL, an entropy and a length, by name; and the blocks that it judges them by."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Skip
from runlens.rules.rl.parts import course, signals
from tests.rules.test_policy_collapse import FALLS, FLAT, RISES, N, Values, found, run_of, said


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("critic/rewards/mean", "critic/score/mean"), "critic/score/mean"),
        (("Policy/Extrinsic Reward", "Environment/Cumulative Reward"), "Environment/Cumulative Reward"),
        (("rewards/format_reward/mean", "reward"), "reward"),
        (("eval/mean_reward", "rollout/ep_rew_mean"), "rollout/ep_rew_mean"),
        (("eval/mean_reward",), "eval/mean_reward"),
        (("critic/score/max", "reward_std"), None),
        (("rewards/chosen", "rewards/margins"), None),
    ],
)
def test_the_reward_that_tells_most(names: tuple[str, ...], chosen: str | None) -> None:
    told = signals.reward(run_of(dict.fromkeys(names, RISES)))
    assert (told.metric if told else None) == chosen


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("train/approx_kl", "update-kl"), ("losses/old_approx_kl", None), ("actor/ppo_kl", "update-kl"),
        ("objective/kl", "summed-kl"), ("train/kl", "kl"), ("actor/kl_coef", None), ("policy/policy_kl", "kl"),
        ("actor/entropy_coeff", None), ("losses/entropy", "entropy"), ("train/entropy_loss", "entropy"),
        ("response_length/mean", "length"), ("response_length/max", None), ("prompt_length/mean", None),
        ("completions/mean_length", "length"), ("completion_length", "length"), ("generate/avg_num_tokens", "length"),
        ("response_length/clip_ratio", "cut-off"), ("completions/clipped_ratio", "cut-off"), ("val/kl", None),
        ("train/weighted_entropy_loss", None), ("losses/scaled_entropy", None), ("train/alpha/entropy", None),
        ("train/unweighted/entropy", "entropy"), ("loss/weighted_kl", None), ("loss/entropy_bonus", None),
    ],
)  # fmt: skip
def test_measures_by_name(name: str, kind: str | None) -> None:
    told = [signal.kind for signal in signals.measures(run_of({name: RISES}))]
    assert told == ([kind] if kind else [])


@pytest.mark.parametrize(("episodes", "told"), [(RISES, 0), (FLAT, 1)])
def test_a_reward_of_single_steps_does_not_hide_what_an_episode_gained(episodes: Values, told: int) -> None:
    entropy = np.where(np.arange(N) < 200, 1.0, 0.01)
    logged = {"custom/reward_mean": FLAT, "custom/episode_reward_mean": episodes, "train/entropy_loss": -entropy}
    assert len(found(logged)) == told


def test_blocks_of_a_short_log_hold_three_points_and_a_long_one_has_forty() -> None:
    assert len(course.means(np.arange(30.0)).level) == 10
    assert len(course.means(np.arange(100_000.0)).level) == 40
    assert course.means(np.arange(30.0)).level == pytest.approx(np.arange(1.0, 30.0, 3.0), abs=0.3)


def test_what_is_not_finite_is_left_out() -> None:
    reward = FALLS.copy()
    reward[::7] = np.nan
    assert len(found({"critic/score/mean": reward})) == 1
    assert isinstance(said({"critic/score/mean": np.full(N, np.nan)})[0], Skip)
