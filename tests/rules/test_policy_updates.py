"""RL001 on updates, groups and rewards that came back, at the edge of each threshold; whole runs of each kind."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from benchmarks.kinds import is_near, loud
from runlens.model import Severity, Skip
from runlens.rules.rl.parts import signals
from tests.rules.test_policy_collapse import FLAT, RISES, N, Values, found, learns, noisy, run_of, said
from tests.synthetic.updates import FAULTS, HEALTHY

REWARD, SCORE = "rollout/ep_rew_mean", "critic/score/mean"
T = np.arange(N)


def signs(series: dict[str, Values], **config: object) -> list[str]:
    """The signs of the finding at warning or above, if there is one."""
    told = [one for one in found(series, **config) if one.severity is not Severity.INFO]
    return [str(sign) for one in told for sign in one.evidence["signs"]]


def after(level: float, before: float, since: int = 200) -> Values:
    return np.where(since > T, before, level)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("train/clip_fraction", "clipped"), ("actor/pg_clipfrac", "clipped"), ("critic/vf_clipfrac", None),
        ("clip_ratio/region_mean", "clipped"), ("train/clip_range", None), ("policy/clipfrac_avg", "clipped"),
        ("train/std", "spread"), ("Policy/mean_noise_std", "spread"), ("action_std", "spread"), ("std", None),
        ("policy/log_std", "log-spread"), ("param_noise_stddev", None),
        ("train/explained_variance", "explained"), ("critic/vf_explained_var", "explained"),
        ("train/value_loss", "value-loss"), ("losses/qf2_loss", "value-loss"), ("div_loss", None),
        ("train/reward_std", None),
    ],
)  # fmt: skip
def test_measures_of_updates_by_name(name: str, kind: str | None) -> None:
    told = [signal.kind for signal in signals.measures(run_of({name: RISES}))]
    assert told == ([kind] if kind else [])


def test_the_spread_of_rewards_is_one_of_groups_beside_answers_alone() -> None:
    beside = {"train/completions/mean_length": RISES}
    told = {signal.metric: signal.kind for signal in signals.measures(run_of({"train/reward_std": RISES, **beside}))}
    assert told["train/reward_std"] == "contrast"
    told = {s.metric: s.kind for s in signals.measures(run_of({"train/frac_reward_zero_std": RISES, **beside}))}
    assert told["train/frac_reward_zero_std"] == "no-contrast"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("win_rate",), "win_rate"), (("success_rate", "reward"), "reward"), (("score",), "score"),
        (("avg_score", "win_rate"), "win_rate"), (("episode_length",), None), (("f1_score",), None),
    ],
)  # fmt: skip
def test_rates_of_winning_and_scores_are_rewards_where_no_other_is_logged(
    names: tuple[str, ...], chosen: str | None
) -> None:
    told = signals.reward(run_of(dict.fromkeys(names, RISES)))
    assert (told.metric if told else None) == chosen


@pytest.mark.parametrize(
    ("reward", "level", "told"),
    [(FLAT, 0.48, 0), (FLAT, 0.52, 1), (RISES, 0.78, 0), (RISES, 0.82, 1), (None, 0.78, 0), (None, 0.82, 1)],
)
def test_samples_that_are_clipped(reward: Values | None, level: float, told: int) -> None:
    beside = {} if reward is None else {REWARD: reward}
    for series, sign in ((after(level, 0.1), "updates-clipped"), (np.full(N, level), "always-clipped")):
        assert signs({**beside, "train/clip_fraction": series}) == told * [sign]


@pytest.mark.parametrize(("since", "told"), [(310, 0), (290, 1)])
def test_they_are_clipped_for_a_quarter_of_the_log(since: int, told: int) -> None:
    assert len(signs({REWARD: FLAT, "train/clip_fraction": after(0.9, 0.1, since)})) == told


@pytest.mark.parametrize("reward", [FLAT, RISES])
@pytest.mark.parametrize(("share", "level", "told"), [(0.47, 0.9, 0), (0.53, 0.9, 1), (0.53, 0.78, 0)])
@pytest.mark.parametrize("since", [0.0, 0.2])
def test_nearly_all_are_clipped_for_half_of_the_log_and_no_longer(
    reward: Values, share: float, level: float, told: int, since: float
) -> None:
    """As where the rate decays to nothing; two stretches that make up half of the log between them are no such one."""
    clipped = np.where((since * N <= T) & ((since + share) * N > T), level, 0.1)
    series = {REWARD: reward, "train/clip_fraction": clipped}
    assert signs(series) == told * ["updates-clipped" if since else "always-clipped"]
    if told:
        first, last = found(series)[0].steps or (0, 0)
        assert abs(first - since * N) <= N / 20 and abs(last - (since + share) * N) <= N / 20
    broken = np.where(np.abs(T - (since + share / 2) * N) < N / 20, 0.1, clipped)
    assert signs({**series, "train/clip_fraction": broken}) == []


def test_a_share_beyond_one_is_none() -> None:
    assert signs({REWARD: FLAT, "train/clip_fraction": after(90.0, 10.0)}) == []


def test_updates_that_are_always_clipped_are_told_without_a_step() -> None:
    (finding,) = found({REWARD: RISES, "train/clip_fraction": np.full(N, 0.9)})
    assert finding.message == "0.9 of the samples are clipped from the start on: each update goes too far"
    assert finding.steps == (1, N) and finding.severity is Severity.WARNING


@pytest.mark.parametrize(("peak", "told"), [(0.9, 0), (1.1, 1)])
def test_a_kl_of_updates_that_leaps_and_comes_back(peak: float, told: int) -> None:
    kl = np.where((T >= 200) & (T < 240), peak, 0.02)
    assert signs({REWARD: FLAT, "train/approx_kl": kl}) == told * ["kl-jumped"]
    assert signs({REWARD: RISES, "train/approx_kl": kl}) == []
    assert signs({"train/approx_kl": kl}) == [], "what the reward does is not known"


@pytest.mark.parametrize(("before", "told"), [(0.45, 0), (0.35, 1)])
def test_it_leaps_by_ten_times(before: float, told: int) -> None:
    kl = np.where((T >= 200) & (T < 240), 4.0, before)
    assert len(signs({REWARD: FLAT, "train/approx_kl": kl})) == told


@pytest.mark.parametrize(("to", "told"), [(3.9, 0), (4.1, 1)])
def test_a_spread_of_actions_that_runs_away(to: float, told: int) -> None:
    assert signs({REWARD: FLAT, "train/std": after(to, 1.0)}) == told * ["spread-ran-away"]
    assert signs({REWARD: RISES, "train/std": after(to, 1.0)}) == []
    assert signs({REWARD: FLAT, "policy/log_std": np.log(after(to, 1.0))}) == told * ["spread-ran-away"]


@pytest.mark.parametrize(("to", "told"), [(4.9, 0), (5.1, 1)])
def test_without_a_reward_it_must_be_wide(to: float, told: int) -> None:
    assert len(signs({"train/std": after(to, 1.0)})) == told


@pytest.mark.parametrize(("to", "told"), [(0.06, 0), (0.04, 1)])
def test_a_spread_of_actions_that_dies(to: float, told: int) -> None:
    assert signs({REWARD: FLAT, "train/std": after(to, 1.0)}) == told * ["spread-died"]
    assert signs({REWARD: RISES, "train/std": after(to, 1.0)}) == []
    assert signs({"train/std": after(to, 1.0)}) == []
    assert signs({REWARD: FLAT, "train/std": after(0.0, 1.0)}) == [], "no spread at all is one that nobody works out"


@pytest.mark.parametrize(("knew", "to", "told"), [(0.28, -0.1, 0), (0.32, -0.1, 1), (0.8, 0.02, 0), (0.8, -0.02, 1)])
def test_a_value_function_that_explains_nothing_any_more(knew: float, to: float, told: int) -> None:
    explained = after(to, knew)
    assert signs({REWARD: FLAT, "train/explained_variance": explained}) == told * ["value-lost"]
    assert signs({REWARD: RISES, "train/explained_variance": explained}) == []
    assert signs({"train/explained_variance": explained}) == []


@pytest.mark.parametrize(("since", "told"), [(310, 0), (290, 1)])
def test_it_explains_nothing_for_a_quarter_of_the_log(since: int, told: int) -> None:
    assert len(signs({REWARD: FLAT, "train/explained_variance": after(-0.5, 0.8, since)})) == told


@pytest.mark.parametrize(("before", "to", "told"), [(1.0, 800.0, 0), (1.0, 1100.0, 1), (12.0, 1100.0, 0)])
def test_the_loss_of_a_value_function_runs_away_beyond_all_returns(before: float, to: float, told: int) -> None:
    """Of a reward of 0.3 a return is at most 30, and its square 900."""
    flat = np.full(N, 0.3)
    assert signs({REWARD: flat, "train/value_loss": after(to, before)}) == told * ["value-ran-away"]
    assert signs({REWARD: RISES, "train/value_loss": after(1e6, before)}) == []
    assert signs({REWARD: 0.0 * flat, "train/value_loss": after(to, before)}) == []


ANSWERS = {SCORE: FLAT, "response_length/mean": np.full(N, 300.0) + np.sin(T)}


@pytest.mark.parametrize(("since", "told"), [(310, 0), (290, 1), (0, 1)])
def test_groups_of_equal_rewards_teach_nothing(since: int, told: int) -> None:
    for name, before, level in (("reward_std", 0.3, 0.0), ("frac_reward_zero_std", 0.4, 1.0)):
        series = {**ANSWERS, name: after(level, before, since)}
        assert signs(series) == told * ["no-contrast" if since else "never-contrast"]
        for one in found(series):
            assert ("came to be all equal" in one.message) == bool(since)
            assert ("from the first value on" in one.message) == (not since)
            assert np.isfinite([*one.evidence["before"], *one.evidence["after"]]).all()
        assert signs({**series, SCORE: RISES}) == []
    assert signs({**ANSWERS, "reward_std": after(1e-4, 0.3, since)}) == []


@pytest.mark.parametrize(("at", "told"), [(0.88, 0), (0.92, 1)])
def test_responses_show_their_own_limit(at: float, told: int) -> None:
    end = np.where(np.arange(N) % 100 < 100 * at, 512.0, 490.0)
    series = {**ANSWERS, "response_length/mean": np.where(T < 200, 200.0 + T % 7, end)}
    assert signs(series) == told * ["length-at-limit"]
    assert signs({**ANSWERS, "response_length/mean": np.full(N, 512.0)}) == [], "of one length by design"


@pytest.mark.parametrize(("to", "long", "told"), [(0.36, 80, 0), (0.28, 80, 1), (0.2, 30, 0), (0.2, 50, 1)])
def test_a_reward_that_was_lost_for_long_and_came_back(to: float, long: int, told: int) -> None:
    """From 0.2 to 0.8: four fifths of that for a tenth of the log."""
    level = np.where((T >= 220) & (220 + long > T), to, learns())
    findings = found({SCORE: noisy(level)})
    assert [one.evidence["signs"] for one in findings] == told * [["reward-came-back"]]
    for one in findings:
        assert one.severity is Severity.WARNING and one.steps is not None
        assert abs(one.steps[0] - 220) <= 12 and abs(one.steps[1] - 220 - long) <= 12
        assert f"and half of its progress was back after step {one.steps[1]:,}" in one.message
    lesson = np.where(T < 215, 1.0, 2.0)
    (harder,) = found({SCORE: noisy(np.where((T >= 220) & (T < 300), 0.2, learns())), "curriculum/level": lesson})
    assert harder.severity is Severity.INFO


def test_what_is_lost_before_half_was_learnt_is_how_a_policy_begins() -> None:
    level = learns()
    level[60:130] = 0.2  # a third of all progress had been made
    assert found({SCORE: noisy(level)}) == []


@pytest.mark.parametrize(("since", "told"), [(36, 0), (48, 1)])
def test_a_reward_that_gained_nothing_stood_for_a_tenth_of_the_log_before_it_fell(since: int, told: int) -> None:
    """Such as a reward of each step, before the first of all the deaths that come ever after."""
    assert signs({SCORE: noisy(after(0.2, 0.8, since))}) == told * ["reward-fell"]
    deaths = np.where((T % 10 == 0) & (T > 15), -3.0, 0.1)
    assert signs({SCORE: deaths}) == []


@pytest.mark.parametrize(("kl", "entropy", "told"), [(48.0, 0.04, 0), (52.0, 0.06, 0), (52.0, 0.04, 1)])
def test_a_policy_that_says_one_thing_is_told_whatever_it_earns(kl: float, entropy: float, told: int) -> None:
    """The KL grows all along, so that it never explodes."""
    grown = 0.5 * (kl / 0.5) ** np.minimum(T / 300, 1.0)
    series = {"objective/kl": grown, "objective/entropy": 50.0 * entropy ** np.minimum(T / 300, 1.0)}
    assert signs({SCORE: RISES, **series}) == told * ["kl-exploded", "entropy-died"]


def test_a_kl_from_a_tenth_of_it_or_less_beside_a_dead_entropy() -> None:
    for first, told in ((5.5, 0), (4.5, 1)):
        grown = np.interp(T, [0, 150, 300, N], [first, first, 52.0, 52.0])
        assert len(signs({SCORE: RISES, "objective/kl": grown, "objective/entropy": dying()})) == 2 * told


def dying() -> Values:
    return np.asarray(50.0 * 0.01 ** np.minimum(T / 300, 1.0))


def test_an_entropy_alone_judges_nothing() -> None:
    """Without a reward it may fall by design, so that nothing was judged."""
    (skip,) = said({"actor/entropy": dying()})
    assert isinstance(skip, Skip) and skip.kind == "too-few-points"


def sliding(fell: float, n: int = 20) -> Values:
    return 0.5 * (1.0 - fell * np.arange(n) / (n - 1)) + 0.004 * np.cos(2.5 * np.arange(n))


@pytest.mark.parametrize(("fell", "told"), [(0.23, 0), (0.3, 1)])
def test_few_points_that_fall_all_along(fell: float, told: int) -> None:
    """The first and the last five lie a fifth of the way inside: of 0.3, 0.24 is lost."""
    findings = found({"win_rate": sliding(fell)})
    assert [one.evidence["signs"] for one in findings] == told * [["reward-fell"]]
    assert all(one.severity is Severity.WARNING for one in findings)


def test_few_points_that_wander_down_tell_nothing() -> None:
    wander = sliding(0.6) + 0.05 * np.sin(np.arange(20) / 3.0)
    assert len(found({"win_rate": sliding(0.6)})) == 1 and found({"win_rate": wander}) == []


@pytest.mark.parametrize(("every", "told"), [(14, "reward-fell"), (13, "eval-reward-fell")])
def test_evaluations_are_judged_alone_beside_a_reward_of_training_of_too_few_points(every: int, told: str) -> None:
    """Of 29 and of 31 points; nothing is said of what 29 cannot tell."""
    evals = noisy(np.where(T < 280, learns(), 0.1))
    (finding,) = found({REWARD: np.where(T % every == 0, RISES, np.nan), "eval/mean_reward": evals})
    assert finding.evidence["signs"] == [told] and finding.metric == "eval/mean_reward"
    assert ("that of training did not fall" in finding.message) == (told == "eval-reward-fell")


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_of_updates_are_found_where_they_begin(kind: str) -> None:
    make, codes = FAULTS[kind]
    hits = []
    for seed in range(5):
        run, onset = make(np.random.default_rng([seed, zlib.crc32(kind.encode())]))
        hits.append(any(onset is None or is_near(run, one, onset) for one in loud(run, codes)))
    assert sum(hits) >= 4


@pytest.mark.parametrize("kind", HEALTHY)
def test_what_looks_like_them_is_left_alone(kind: str) -> None:
    for seed in range(5):
        run, _ = HEALTHY[kind](np.random.default_rng([seed, zlib.crc32(kind.encode())]))
        assert loud(run, ("RL001",)) == []
