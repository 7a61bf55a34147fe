"""RL001 on policies that learn nothing, or lose all at once in few points, at the edge of each threshold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from runlens.model import Finding, Run, Series, Severity
from runlens.roles import resolve
from runlens.rules.rl.parts.signals import Signal
from runlens.rules.rl.parts.standstill import LONG, SAME, SAME_STEPS, stands_still
from runlens.rules.rl.parts.updates import GREW
from runlens.rules.rl.policy_collapse import PolicyCollapse

N = 600
Values = npt.NDArray[np.float64]
NAME = "rollout/ep_rew_mean"


def noise(n: int = N, seed: int = 0) -> Values:
    return np.random.default_rng(seed).standard_normal(n)


def stood(value: Values) -> bool:
    return stands_still(Signal(NAME, "reward", np.arange(len(value)), value)) is not None


def told(reward: Values, name: str = NAME, **beside: Values) -> list[Finding]:
    step = np.arange(len(reward))
    logged = {name: reward, "train/approx_kl": np.full(len(reward), 0.01)}
    logged |= {key.replace("__", "/"): value for key, value in beside.items()}
    series = {key: Series(key, step, np.full(len(step), np.nan), value) for key, value in logged.items()}
    run = resolve(Run("r", "r", "r", series=series))
    return [one for one in PolicyCollapse().check(run) if isinstance(one, Finding)]


FLAT = -200.0 + 10.0 * noise()


def test_a_reward_that_never_rises_is_a_policy_that_learns_nothing() -> None:
    (finding,) = told(FLAT)
    assert finding.severity is Severity.WARNING and finding.evidence["signs"] == ["reward-stood"]
    assert PolicyCollapse.words(finding) == "policy that learns nothing"
    assert "checkpoint" not in finding.help


@pytest.mark.parametrize(("n", "says"), [(LONG - 1, 0), (LONG, 1)])
def test_a_short_log_may_be_too_young(n: int, says: int) -> None:
    assert len(told(FLAT[:n])) == says


@pytest.mark.parametrize(
    ("n", "steps", "value", "says"),
    [
        (SAME, SAME_STEPS, -350.0, True),
        (SAME - 1, SAME_STEPS, -350.0, False),
        (SAME, SAME_STEPS - 1, -350.0, False),  # a sparse reward may be earned later
        (SAME, SAME_STEPS, 0.0, False),  # what was never filled in
        (SAME, SAME_STEPS, 350.0, False),  # all that can be earned
    ],
)
def test_one_value_all_along_needs_fewer_points_but_many_steps(n: int, steps: int, value: float, says: bool) -> None:
    step = np.linspace(0, steps, n).astype(np.int64)
    assert (stands_still(Signal(NAME, "reward", step, np.full(n, value))) is not None) is says


def test_one_episode_that_earned_more_is_not_one_value_all_along() -> None:
    value, step = np.full(SAME, -350.0), np.arange(SAME) * SAME_STEPS
    value[40] = -349.0
    assert stands_still(Signal(NAME, "reward", step, value)) is None


@pytest.mark.parametrize(("by", "says"), [(0.5, True), (10.0, False)])
def test_it_may_rise_by_less_than_noise_would(by: float, says: bool) -> None:
    assert stood(FLAT + np.linspace(0.0, by, N)) is says


@pytest.mark.parametrize(("short", "says"), [(4.0, True), (40.0, False)])
def test_what_was_learnt_in_the_first_points_counts(short: float, says: bool) -> None:
    value = FLAT.copy()
    value[:5] -= short
    assert stood(value) is says


def test_a_burst_above_the_first_level_is_learning() -> None:
    value = FLAT.copy()
    value[300:400] += 30.0
    assert not stood(value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.full(N, -200.0), True),  # a car that never climbs
        (np.where(np.arange(N) % 50 == 30, -49.1, -50.0), True),  # a hand that hardly ever reaches
        (np.where(np.arange(N) > 300, -48.5, -50.0), False),
        (np.full(N, 500.0), False),  # a pole that never falls
        (np.where(np.arange(N) % 20 == 0, 300.0, 500.0), False),  # or hardly ever
        (np.clip(0.3 + 0.1 * noise(), 0, 1), True),
        (np.clip(0.5 + 0.1 * noise(), 0, 1), False),  # half of all games
        (np.where(np.abs(noise()) < 0.67, 1.0, -1.0), False),  # a game that is won as often as lost
        (np.where(noise(seed=3) > 1.0, 1.0, -1.0), True),
    ],
)
def test_what_is_at_its_best_or_a_game_of_two_stands_by_design(value: Values, says: bool) -> None:
    assert stood(value) is says


@pytest.mark.parametrize(
    "beside",
    [
        {"rollout__success_rate": np.linspace(0.0, 0.8, N)},
        {"eval__mean_reward": np.linspace(-200.0, 0.0, N)},
        {"curriculum__level": np.floor(np.linspace(0.0, 5.0, N))},
        {"self_play__elo": np.full(N, 1200.0)},
        {"train__completions__mean_length": np.full(N, 300.0) + noise()},
    ],
)
def test_what_else_says_that_it_learns_or_is_no_beginner(beside: dict[str, Values]) -> None:
    assert told(FLAT, **beside) == []


def test_a_scaled_reward_says_nothing_of_its_size() -> None:
    assert told(FLAT, name="rollout/normalized_reward") == []


def test_noise_of_any_kind_is_told_and_learning_of_any_kind_is_not() -> None:
    learns = [stood(2.0 * noise(seed=seed) + np.linspace(0, 2.0, N)) for seed in range(200)]
    assert np.mean([stood(3.0 + noise(seed=seed)) for seed in range(200)]) > 0.9
    assert np.mean(learns) < 0.005


@pytest.mark.parametrize(("rating", "says"), [("Self-play/ELO", 0), ("arena/elo", 1), ("Self-play/games", 1)])
def test_a_game_against_itself_that_is_rated_earns_nothing_to_be_judged(rating: str, says: int) -> None:
    beside = {rating: np.linspace(1200.0, 1400.0, N)}  # a lesson that ends: what it paid is gone
    reward = np.where(np.arange(N) < 400, np.minimum(np.arange(N) / 200.0, 1.0), 0.0) + 0.05 * noise()
    assert len(told(reward, name="Environment/Cumulative Reward", **beside)) == says


HIGH, LOW = [785.0, 793.0, 789.0, 790.0], [157.0, 104.0, 98.0, 79.0, 183.0, 99.0, 136.0, 169.0]


@pytest.mark.parametrize(
    ("reward", "says"),
    [
        (HIGH + LOW, 1),
        (HIGH[1:] + LOW, 0),  # three before
        (HIGH + LOW[:6], 1),
        (HIGH + HIGH + LOW[:5], 0),  # five after
        ([*HIGH, *(one + 240.0 for one in LOW)], 1),
        ([*HIGH, *(one + 290.0 for one in LOW)], 0),  # by less than half
        ([500.0, 900.0, 600.0, 790.0, *LOW], 0),  # it swings as far
        ([*HIGH, *LOW[:7], 780.0], 0),  # and is back
    ],
)
def test_a_reward_of_few_points_that_falls_at_once_and_stays(reward: list[float], says: int) -> None:
    findings = told(np.array(reward))
    assert [one.evidence["signs"] for one in findings] == says * [["reward-fell"]]
    assert all(one.severity is Severity.WARNING and one.steps == (4, len(reward) - 1) for one in findings)


def test_both_levels_of_a_reward_that_stood_are_told_and_no_checkpoint_is_advised() -> None:
    (finding,) = told(FLAT)
    first, last = FLAT[: N // 10].mean(), FLAT[-N // 10 :].mean()
    assert f"{first:.4g} in the first tenth of the log, {last:.4g} in the last" in finding.message
    advice = PolicyCollapse.advised(finding)
    assert advice is not None and not any("checkpoint" in measure for measure in advice.measures)
    assert any("environment" in measure for measure in advice.measures)


def test_one_value_all_along_is_told_as_that_value() -> None:
    (finding,) = told(np.full(LONG, -350.0))
    assert "stood at -350 from the first tenth" in finding.message and "rose" not in finding.message


EARLY_BEST = FLAT + np.where(np.arange(N) < 5, -18.0, 0.0)
"""Learnt in its first points, or a chance of them: by itself no standstill."""


@pytest.mark.parametrize(("times", "says"), [(0.9 * GREW, 0), (1.2 * GREW, 1)])
def test_a_loss_of_the_value_function_that_grows_beside_a_flat_reward(times: float, says: int) -> None:
    grows = np.linspace(1.0, 1.5 * times, N).clip(1.0, times)
    grows[: N // 10] = 1.0
    found = told(EARLY_BEST, train__critic_loss=grows)
    assert len(found) == says
    for one in found:
        assert one.evidence["signs"] == ["reward-stood", "value-grew"]
        assert PolicyCollapse.words(one) == "policy that learns nothing"


def test_a_loss_of_the_value_function_grows_while_a_reward_rises_by_design() -> None:
    grows = np.linspace(1.0, 50.0, N)
    assert not told(np.linspace(-200.0, -20.0, N) + 10.0 * noise(), train__critic_loss=grows)
    assert not told(EARLY_BEST[: LONG - 1], train__critic_loss=grows[: LONG - 1])


def test_a_loss_of_the_value_function_that_came_down_again_says_nothing() -> None:
    there = np.where(np.arange(N) < N // 2, np.linspace(1.0, 100.0, N), 12.0)
    there[: N // 10] = 1.0
    assert not told(EARLY_BEST, train__critic_loss=there)


SETTLED = -12.0 - 8.0 * np.exp(-np.arange(25) / 4.0) - 0.02 * noise(25)
"""Means of a hundred episodes each that have settled."""


def broken(depth: float, leap: float, at: int = 20, kl_at: int = 20) -> list[Finding]:
    """A reward that loses so much at one update, is back within three, and a KL that leaps at one."""
    reward, kl = SETTLED.copy(), np.full(25, 0.02)
    reward[at : at + 3] -= depth * np.array([1.0, 0.5, 0.2])
    kl[kl_at] = leap
    step = np.arange(1, 26) * 2048
    logged = {NAME: reward, "train/approx_kl": kl}
    series = {key: Series(key, step, np.full(25, np.nan), value) for key, value in logged.items()}
    return [f for f in PolicyCollapse().check(resolve(Run("r", "r", "r", series=series))) if isinstance(f, Finding)]


@pytest.mark.parametrize(
    ("depth", "leap", "kl_at", "says"),
    [
        (5.0, 0.4, 20, 1),
        (2.0, 0.4, 20, 0),  # less than half of its progress
        (5.0, 0.19, 20, 0),  # a KL that healthy updates have
        (5.0, 0.21, 20, 1),
        (5.0, 0.4, 10, 0),  # at another update
        (0.0, 0.4, 20, 0),
    ],
)
def test_one_update_breaks_a_policy_of_few_points(depth: float, leap: float, kl_at: int, says: int) -> None:
    found = broken(depth, leap, kl_at=kl_at)
    assert len(found) == says
    for one in found:
        assert one.severity is Severity.WARNING
        assert one.evidence["signs"] == ["reward-came-back", "kl-jumped"]
        assert one.steps is not None and one.steps[0] == 21 * 2048
        assert "the run ends at -12" in one.message


def test_what_was_learnt_in_the_first_points_is_no_standstill_by_itself() -> None:
    assert not told(EARLY_BEST)
