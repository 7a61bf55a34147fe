"""RL001 at the edge of each of its thresholds, and what it leaves alone."""

from __future__ import annotations

import re
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest

from runlens.model import Finding, Run, Series, Severity, Skip
from runlens.roles import resolve
from runlens.rules.rl.policy_collapse import PolicyCollapse
from tests.synthetic.rl import CLASSICAL, LANGUAGE, REWARD, Fault, Health, Tool, policy, shows

N = 400
Values = npt.NDArray[np.float64]


def run_of(series: dict[str, Values], **config: object) -> Run:
    """A run that logs these and, so that it is known to be reinforcement learning, a policy loss and an advantage."""
    n = len(next(iter(series.values())))
    step = np.arange(1, n + 1)
    series = {"actor/pg_loss": np.ones(n), "critic/advantages/mean": np.zeros(n), **series}
    logged = {name: Series(name, step, np.full(n, np.nan), value) for name, value in series.items()}
    return resolve(Run("r", "r", "r", config=config, series=logged))


def said(series: dict[str, Values], rule: PolicyCollapse | None = None, **config: object) -> list[Finding | Skip]:
    return list((rule or PolicyCollapse()).check(run_of(series, **config)))


def found(series: dict[str, Values], rule: PolicyCollapse | None = None, **config: object) -> list[Finding]:
    return [one for one in said(series, rule, **config) if isinstance(one, Finding)]


def noisy(level: Values, noise: float = 0.01, seed: int = 0) -> Values:
    return level + noise * np.random.default_rng(seed).standard_normal(len(level))


def learns(n: int = N, low: float = 0.2, high: float = 0.8) -> Values:
    """From one level to the other within the first half."""
    return low + (high - low) * np.clip(np.arange(n) / (n / 2), 0.0, 1.0)


def falls(to: float, since: float = 0.7, n: int = N) -> Values:
    level = learns(n)
    level[int(since * n) :] = to
    return level


RISES, FLAT, FALLS, SLIPS = noisy(learns()), noisy(np.full(N, 0.3)), noisy(falls(0.1)), noisy(falls(0.55))


def test_a_supervised_run_is_not_judged() -> None:
    step = np.arange(N)
    loss = Series("train/loss", step, np.full(N, np.nan), np.linspace(3.0, 1.0, N))
    reward = Series("reward", step, np.full(N, np.nan), FALLS)
    held_out = Series("val/loss", step, np.full(N, np.nan), np.linspace(3.2, 1.2, N))
    both = {"train/loss": loss, "val/loss": held_out, "reward": reward}
    (skip,) = PolicyCollapse().check(resolve(Run("r", "r", "r", series=both)))
    assert isinstance(skip, Skip) and skip.kind == "missing-role"
    (finding,) = PolicyCollapse().check(resolve(Run("r", "r", "r", series={"reward": reward})))
    assert isinstance(finding, Finding), "a reward beside no loss is all that there is to judge"


@pytest.mark.parametrize(("n", "kind"), [(29, Skip), (30, Finding)])
def test_few_points_tell_of_no_fall_by_less_than_half(n: int, kind: type) -> None:
    (one,) = said({"critic/score/mean": noisy(np.where(np.arange(n) < 18, 0.8, 0.45))})
    assert isinstance(one, kind)


@pytest.mark.parametrize(("to", "severity"), [(0.53, None), (0.47, "warning"), (0.35, "warning"), (0.29, "error")])
def test_half_of_the_progress_is_a_warning_and_most_of_it_an_error(to: float, severity: str | None) -> None:
    told = found({"critic/score/mean": noisy(falls(to))})
    assert [str(one.severity) for one in told] == ([severity] if severity else [])
    for one in told:
        assert one.metric == "critic/score/mean"
        assert one.steps is not None and abs(one.steps[0] - int(0.7 * N)) <= 2 and one.steps[1] == N
        assert one.evidence["progress_lost"] == pytest.approx((0.8 - to) / 0.6, abs=0.05)


@pytest.mark.parametrize(("since", "told"), [(0.92, 0), (0.88, 1)])
def test_it_must_last_a_tenth_of_the_log(since: float, told: int) -> None:
    assert len(found({"critic/score/mean": noisy(falls(0.3, since))})) == told


@pytest.mark.parametrize(("to", "since", "told"), [(0.05, 0.96, 0), (0.05, 0.94, 1), (0.3, 0.94, 0)])
def test_where_all_is_lost_half_as_long_is_enough(to: float, since: float, told: int) -> None:
    assert len(found({"critic/score/mean": noisy(falls(to, since))})) == told


@pytest.mark.parametrize(("lasts", "told"), [(0.2, 0), (0.3, 1)])
def test_a_long_fall_need_not_be_as_deep(lasts: float, told: int) -> None:
    """3.4 to 3.6 standard deviations of a block, of progress that is beyond the noise."""
    assert len(found({"critic/score/mean": noisy(falls(0.42, 1.0 - lasts), 0.28, 3)})) == told


@pytest.mark.parametrize(("noise", "told"), [(0.25, 1), (0.8, 0)])
def test_the_fall_is_deeper_than_the_noise(noise: float, told: int) -> None:
    assert len(found({"critic/score/mean": noisy(falls(0.1), noise, 3)})) == told


@pytest.mark.parametrize(("dip", "told"), [(0.45, 1), (0.3, 0)])
def test_a_fall_is_deeper_than_one_that_was_made_up_again(dip: float, told: int) -> None:
    level = falls(0.2)
    level[200:230] = dip  # 0.35 deep, or 0.5: the fall is 0.6
    assert len(found({"critic/score/mean": noisy(level)})) == told


@pytest.mark.parametrize(("over", "severity"), [(90, "error"), (140, "warning")])
def test_what_wears_off_is_no_collapse(over: int, severity: str) -> None:
    level = learns() - 0.7 * np.clip((np.arange(N) - 220) / over, 0.0, 1.0)
    (finding,) = found({"critic/score/mean": noisy(level)})
    assert str(finding.severity) == severity
    assert ("bit by bit" in finding.message) == (severity == "warning")


def test_a_fall_that_is_half_made_up_is_info() -> None:
    level = falls(0.0)
    for back, severity in ((0.35, Severity.ERROR), (0.45, Severity.INFO)):
        level[-40:] = back
        (finding,) = found({"critic/score/mean": noisy(level)})
        assert finding.severity is severity
        assert ("coming back" in finding.message) == (severity is Severity.INFO)


@pytest.mark.parametrize(("by", "told"), [(0.13, 0), (0.17, 1)])
def test_a_reward_that_gained_nothing_falls_by_a_part_of_itself(by: float, told: int) -> None:
    level = np.where(np.arange(N) < 250, 0.6, 0.6 * (1.0 - by))
    assert len(found({"critic/score/mean": noisy(level, 0.002)})) == told


def test_one_wild_episode_is_no_best() -> None:
    level = noisy(np.full(N, 10.0), 0.1)
    level[20] = 1e6
    assert found({"rollout/ep_rew_mean": level}) == []


@pytest.mark.parametrize("name", ["curriculum/level", "Environment/Lesson Number/walk", "train/terrain_levels"])
def test_a_task_that_was_made_harder_explains_a_fall(name: str) -> None:
    lesson = np.where(np.arange(N) < int(0.7 * N), 1.0, 2.0)
    (finding,) = found({"critic/score/mean": FALLS, name: lesson})
    assert finding.severity is Severity.INFO and name in finding.message
    (finding,) = found({"critic/score/mean": FALLS, name: np.where(np.arange(N) < 80, 1.0, 2.0)})
    assert finding.severity is Severity.ERROR, "long before"
    (finding,) = found({"critic/score/mean": FALLS, name: 3.0 - lesson})
    assert finding.severity is Severity.ERROR, "easier"


@pytest.mark.parametrize(
    ("name", "before", "below", "above"),
    [
        ("actor/kl_loss", 0.05, 0.9, 1.1),
        ("actor/kl_loss", 0.2, 1.9, 2.1),
        ("train/approx_kl", 0.01, 0.19, 0.21),
        ("objective/kl", 2.0, 48.0, 52.0),
    ],
)
def test_a_kl_explodes_at_ten_times_and_at_a_level_that_no_healthy_run_has(
    name: str, before: float, below: float, above: float
) -> None:
    for after, told in ((below, 0), (above, 1)):
        kl = np.where(np.arange(N) < 240, before, after)
        findings = found({"critic/score/mean": RISES, name: kl})
        assert len(findings) == told, "also where the reward goes on rising"
        for one in findings:
            assert one.severity is Severity.WARNING and one.evidence["signs"] == ["kl-exploded"]
            assert one.steps == (241, N)


@pytest.mark.parametrize(("within", "told"), [(70, 1), (200, 0)])
def test_a_kl_that_grows_all_along_does_not_explode(within: int, told: int) -> None:
    kl = 0.1 * 20.0 ** np.clip((np.arange(N) - 150) / within, 0.0, 1.0)
    assert len(found({"critic/score/mean": RISES, "actor/kl_loss": kl})) == told


@pytest.mark.parametrize(("after", "severity"), [(4.8, Severity.WARNING), (5.2, Severity.ERROR)])
def test_a_kl_a_hundred_times_as_high_is_an_error(after: float, severity: Severity) -> None:
    (finding,) = found({"critic/score/mean": RISES, "actor/kl_loss": np.where(np.arange(N) < 240, 0.05, after)})
    assert finding.severity is severity


def test_a_policy_that_begins_to_move_does_not_explode() -> None:
    kl = np.where(np.arange(N) < 30, 0.001, 3.0)
    assert found({"critic/score/mean": RISES, "actor/kl_loss": kl}) == []
    kl[30:] = 12.0
    assert len(found({"critic/score/mean": RISES, "actor/kl_loss": kl})) == 1


def test_a_spike_of_a_kl_is_no_explosion() -> None:
    kl = np.full(N, 0.05)
    kl[200:215] = 50.0
    assert found({"critic/score/mean": RISES, "actor/kl_loss": kl}) == []


def dies(part: float, since: int = 200) -> Values:
    return np.where(np.arange(N) < since, 1.0, part)


@pytest.mark.parametrize(
    ("reward", "part", "told"), [(FLAT, 0.11, 0), (FLAT, 0.09, 1), (SLIPS, 0.06, 0), (SLIPS, 0.04, 1)]
)
def test_an_entropy_dies_at_a_twentieth_and_at_a_tenth_where_the_reward_never_rose(
    reward: Values, part: float, told: int
) -> None:
    for name, sign in (("actor/entropy", 1.0), ("train/entropy_loss", -1.0)):
        findings = found({"critic/score/mean": reward, name: sign * dies(part)})
        assert len(findings) == told
        for one in findings:
            assert one.severity is Severity.WARNING and one.evidence["signs"] == ["entropy-died"]
            assert one.steps == (201, N)


@pytest.mark.parametrize(("began", "sign"), [(1.9, "entropy-died"), (1.1e-3, "entropy-died"), (9e-4, "entropy-dead")])
def test_an_entropy_that_is_dead_before_a_tenth_of_the_log_is_over_died_all_the_same(began: float, sign: str) -> None:
    """From less than a thousandth nothing is lost but rounding: it was dead."""
    entropy = np.where(np.arange(N) < 8, began, began * 1e-4)
    entropy[N // 2 :] = 0.0
    (one,) = found({"rollout/ep_rew_mean": FLAT, "train/entropy_loss": -entropy})
    assert one.evidence["signs"] == [sign] and one.steps is not None and one.steps[0] <= 30


def test_an_entropy_that_is_dead_from_the_first_value_on_is_none_that_nobody_works_out() -> None:
    dead = {"Environment/Cumulative Reward": FLAT, "Policy/Entropy": 2e-7 * np.sign(np.sin(np.arange(N)))}
    (one,) = found(dead)
    assert one.severity is Severity.WARNING and "from its first value on" in one.message
    assert found({**dead, "Policy/Entropy": np.zeros(N)}) == []
    assert found({**dead, "Environment/Cumulative Reward": RISES}) == [], "it learns all the same"


def test_an_entropy_that_dies_while_the_reward_gains_is_a_policy_that_knows() -> None:
    assert found({"critic/score/mean": RISES, "actor/entropy": dies(0.001)}) == []
    solved = noisy(np.full(N, 0.95), 0.01)
    assert found({"critic/score/mean": solved, "actor/entropy": dies(0.001)}) == [], "solved from the start"
    assert found({"actor/entropy": dies(0.001)}) == [], "and nothing is known without a reward"


def test_a_differential_entropy_goes_through_zero() -> None:
    entropy = np.concatenate([np.linspace(2.0, -0.5, 200), np.full(200, 0.01)])
    assert found({"critic/score/mean": FLAT, "actor/entropy": entropy}) == []


@pytest.mark.parametrize(("times", "told"), [(2.9, 0), (3.1, 1)])
def test_entropies_and_responses_run_away_at_three_times(times: float, told: int) -> None:
    up = np.where(np.arange(N) < 260, 1.0, times)
    for name, size in (("actor/entropy", 1.0), ("response_length/mean", 500.0)):
        both = found({"critic/score/mean": FALLS, name: size * up})
        assert len(both[0].evidence["signs"]) == 1 + told
        for reward in (RISES, FLAT):  # by design, or soon to be
            assert found({"critic/score/mean": reward, name: size * up}) == []


@pytest.mark.parametrize(("share", "told"), [(0.88, 1), (0.92, 2)])
def test_responses_that_are_cut_off_stand_at_their_limit(share: float, told: int) -> None:
    cut = np.where(np.arange(N) < 260, 0.1, share)
    (finding,) = found({"critic/score/mean": FALLS, "response_length/clip_ratio": cut})
    assert len(finding.evidence["signs"]) == told


@pytest.mark.parametrize(("length", "told"), [(960.0, 1), (980.0, 2)])
def test_the_config_tells_the_limit(length: float, told: int) -> None:
    lengths = np.where(np.arange(N) < 260, 450.0, length)
    (finding,) = found(
        {"critic/score/mean": FALLS, "response_length/mean": lengths}, data={"max_response_length": 1024}
    )
    assert len(finding.evidence["signs"]) == told


@pytest.mark.parametrize(
    ("rule", "name", "below", "above"),
    [
        (PolicyCollapse(fall=0.3), "critic/score/mean", falls(0.65), falls(0.59)),
        (PolicyCollapse(lasting=0.2), "critic/score/mean", falls(0.3, 0.82), falls(0.3, 0.78)),
        (
            PolicyCollapse(kl=20.0),
            "actor/kl_loss",
            np.where(np.arange(N) < 200, 1.0, 19.0),
            np.where(np.arange(N) < 200, 1.0, 21.0),
        ),
        (PolicyCollapse(entropy=0.2), "actor/entropy", dies(0.42), dies(0.38)),
    ],
)
def test_a_setting_moves_its_edge(rule: PolicyCollapse, name: str, below: Values, above: Values) -> None:
    beside = {} if name.startswith("critic") else {"critic/score/mean": FLAT}
    assert found({**beside, name: noisy(below, 0.001)}, rule) == []
    assert len(found({**beside, name: noisy(above, 0.001)}, rule)) == 1


def test_the_length_setting_moves_its_edge() -> None:
    for times, told in ((4.8, 1), (5.2, 2)):
        length = np.where(np.arange(N) < 260, 100.0, 100.0 * times)
        (finding,) = found({"critic/score/mean": FALLS, "response_length/mean": length}, PolicyCollapse(length=5.0))
        assert len(finding.evidence["signs"]) == told


def test_all_signs_are_one_error_that_begins_with_the_first() -> None:
    series = {
        "critic/score/mean": noisy(falls(0.45)),
        "actor/kl_loss": np.where(np.arange(N) < 230, 0.1, 4.0),
        "response_length/mean": np.where(np.arange(N) < 250, 400.0, 4000.0),
    }
    (finding,) = found(series)
    assert finding.severity is Severity.ERROR
    assert finding.evidence["signs"] == ["reward-fell", "kl-exploded", "length-ran-away"]
    assert finding.steps == (231, N)
    assert finding.evidence["series"] == ["critic/score/mean", "actor/kl_loss", "response_length/mean"]


@pytest.mark.parametrize(("to", "told"), [(0.38, 0), (0.28, 1)])
def test_a_reward_of_evaluations_that_lost_four_fifths_beside_one_that_holds(to: float, told: int) -> None:
    """In evaluations 0.2 to 0.8, as in training: half of it is a finding there alone."""
    every = np.arange(N) % 5 == 4
    evals = np.where(every, noisy(falls(to)), np.nan)
    findings = found({"rollout/ep_rew_mean": RISES, "eval/mean_reward": evals})
    assert [one.evidence["signs"] for one in findings] == told * [["eval-reward-fell"]]
    assert all(one.severity is Severity.WARNING for one in findings)
    (alone,) = found({"eval/mean_reward": evals})
    assert alone.evidence["signs"] == ["reward-fell"]


def short(end: float, n: int = 12) -> Values:
    """Up from -1 to 3 within a third, and down to `end` within the next."""
    return np.interp(np.arange(n), [0, n / 3, 2 * n / 3, n - 1], [-1.0, 3.0, end, end]) + 0.1 * np.cos(np.arange(n))


@pytest.mark.parametrize(("end", "n", "told"), [(-1.3, 12, 1), (-0.7, 12, 0), (-1.3, 10, 1), (-1.3, 9, 0)])
def test_of_few_points_only_a_fall_to_below_the_first_is_told(end: float, n: int, told: int) -> None:
    findings = found({"Environment/Cumulative Reward": short(end, n)})
    assert len(findings) == told
    assert all(one.severity is Severity.WARNING for one in findings)


def test_few_points_that_swing_tell_nothing() -> None:
    wild = noisy(short(-1.3), 2.0, 5)
    assert found({"Environment/Cumulative Reward": wild}) == []
    assert any(isinstance(one, Skip) for one in said({"Environment/Cumulative Reward": wild}))


@pytest.mark.parametrize("kind", get_args(Health))
@pytest.mark.parametrize("tool", [*CLASSICAL, *LANGUAGE])
def test_healthy_runs_are_silent(tool: Tool, kind: Health) -> None:
    for seed in range(700, 702):
        run = policy(tool, kind, seed, 300).run
        told = [one for one in PolicyCollapse().check(run) if isinstance(one, Finding)]
        assert [one for one in told if one.severity is not Severity.INFO] == []


@pytest.mark.parametrize("kind", get_args(Fault))
@pytest.mark.parametrize("tool", [*CLASSICAL, *LANGUAGE])
def test_collapses_are_found_where_they_begin(tool: Tool, kind: Fault) -> None:
    if not shows(tool, kind):
        pytest.skip("logs nothing that could show it")
    made = policy(tool, kind, 702 if kind == "stands" else 700, 600)
    (finding,) = (one for one in PolicyCollapse().check(made.run) if isinstance(one, Finding))
    assert finding.severity is not Severity.INFO
    step = made.run.series[REWARD[tool]].step
    assert finding.steps is not None and made.onset is not None
    assert abs(finding.steps[0] - made.onset) <= 0.1 * (step[-1] - step[0])


def test_both_ends_of_a_slow_change_are_told() -> None:
    wide = np.exp(np.linspace(0.0, 4.0, N))
    (finding,) = found({"critic/score/mean": FLAT, "train/std": wide})
    assert finding.evidence["signs"] == ["spread-ran-away"]
    halfway, there = (int(text.replace(",", "")) for text in re.findall(r"by (?:step )?([\d,]+)", finding.message))
    after = finding.evidence["after"][0]
    assert wide[halfway] == pytest.approx(np.sqrt(wide[: N // 10].mean() * after), rel=0.2)
    assert wide[there] == pytest.approx(after, rel=0.2)
    (at_once,) = found({"critic/score/mean": FLAT, "train/std": np.where(np.arange(N) < 200, 1.0, 9.0)})
    assert "half of the way" not in at_once.message and "at step 201" in at_once.message


@pytest.mark.parametrize("again", [False, True])
def test_a_reward_that_came_back_says_how_the_run_ends(again: bool) -> None:
    level = learns(2 * N)
    level[N : N + 120] = 0.2
    level[-70:] = 0.2 if again else 0.8
    told = found({"critic/score/mean": noisy(level)})
    (finding,) = told
    if finding.evidence["signs"] == ["reward-came-back"]:
        assert ("it was lost again, and the run ends at" in finding.message) is again
    else:
        assert again and finding.evidence["signs"] == ["reward-fell"]
