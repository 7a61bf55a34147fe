"""Runs of reinforcement learning that log their updates: what goes wrong in these, and what looks alike and is healthy.

Each is a healthy or failing run of `tests/synthetic/rl.py` with further series, so that reward and updates disagree or
agree as they do in the world. Seeded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]
Made = tuple[Run, int | None]
CODES = ("RL001",)


class Steps:
    """A run that is being made: a reward that learns or does not, and the point at which something happens."""

    def __init__(self, rng: Rng, learns: bool) -> None:
        self.rng = rng
        self.n = int(rng.choice([80, 240, 1000 if learns else 480]))  # 500 points without a gain are a finding alone
        self.share = np.arange(self.n) / self.n
        self.at = int(self.n * rng.uniform(0.35, 0.6))
        self.since = np.clip((np.arange(self.n) - self.at) / self.n, 0.0, None)
        low, high = ((20.0, 500.0), (-21.0, 20.0), (0.05, 0.8), (-250.0, 240.0))[int(rng.integers(4))]
        curve = 1.0 - np.exp(-self.share / rng.uniform(0.15, 0.3)) if learns else np.full(self.n, rng.uniform(0, 0.1))
        self.span = high - low
        self.reward = low + self.span * (curve + rng.uniform(0.01, 0.05) * rng.standard_normal(self.n))

    def about(self, level: float | Floats, noise: float = 0.1) -> Floats:
        """A positive measure about a level."""
        return np.asarray(level * np.exp(noise * self.rng.standard_normal(self.n)))

    def grown(self, times: float, within: float = 0.08) -> Floats:
        """1 until something happens, and so many times that soon after."""
        return np.asarray(times ** np.clip(self.since / within, 0.0, 1.0))

    def made(self, fault: bool, /, **series: Floats) -> Made:
        """The run as Stable-Baselines3 logs it, and the step of what happened, if that is a fault."""
        columns = {name.replace("__", "/"): value for name, value in series.items()}
        columns.setdefault("rollout/ep_rew_mean", self.reward)
        columns.setdefault("train/policy_gradient_loss", 0.01 * self.rng.standard_normal(self.n))
        step = 2048 * np.arange(1, self.n + 1)
        time = 1.76e9 + 5.0 * np.arange(self.n)
        run = Run("u", "u", "u", series={name: Series(name, step, time, value) for name, value in columns.items()})
        return resolve(run), int(step[self.at]) if fault else None


def clipped(rng: Rng) -> Made:
    """Updates that come to be clipped for most samples, while nothing is learnt."""
    run = Steps(rng, False)
    return run.made(True, train__clip_fraction=np.clip(run.about(0.1 * run.grown(rng.uniform(6.5, 9.0))), 0.0, 1.0))


def always_clipped(rng: Rng) -> Made:
    """The same from the start, whatever is learnt."""
    run = Steps(rng, bool(rng.integers(2)))
    run.at = 0
    return run.made(True, train__clip_fraction=np.clip(run.about(rng.uniform(0.87, 0.95), 0.02), 0.0, 1.0))


def clips_and_learns(rng: Rng) -> Made:
    """A third to two thirds of the samples of a policy that learns are clipped; or a third of one that does not."""
    learns = bool(rng.integers(2))
    run = Steps(rng, learns)
    level = rng.uniform(0.3, 0.65) if learns else rng.uniform(0.1, 0.36)
    return run.made(False, train__clip_fraction=np.clip(run.about(level), 0.0, 1.0))


def kl_leaps(rng: Rng) -> Made:
    """A KL of updates that leaps by two orders and wears off, while nothing is learnt."""
    run = Steps(rng, False)
    leap = np.where(run.since > 0, rng.uniform(2.0, 20.0) * np.exp(-run.since / rng.uniform(0.08, 0.15)), 0.0)
    return run.made(True, train__approx_kl=run.about(0.01 * rng.uniform(0.5, 3.0) + leap, 0.3))


def kl_spikes(rng: Rng) -> Made:
    """Single updates of a wide KL, or a leap to no more than 0.5; also while nothing is learnt."""
    run = Steps(rng, bool(rng.integers(2)))
    kl = run.about(0.01 * rng.uniform(0.5, 3.0), 0.3)
    kl[rng.random(run.n) < 0.02] = 3.0
    if rng.integers(2):
        kl += np.where(run.since > 0, rng.uniform(0.2, 0.5) * np.exp(-run.since / 0.05), 0.0)
    return run.made(False, train__approx_kl=kl)


def spread_runs_away(rng: Rng) -> Made:
    """The spread of actions grows to a multiple, at once or all along; the reward learns nothing or is not logged."""
    run, times = Steps(rng, False), rng.uniform(7.0, 15.0)
    at_once = bool(rng.integers(2))
    spread = run.about(run.grown(times, 0.1) if at_once else times ** np.minimum(run.share / 0.7, 1.0), 0.01)
    hidden = {"rollout__ep_rew_mean": np.full(run.n, np.nan)} if rng.integers(2) else {}
    return run.made(at_once, train__std=spread, **hidden)


def spread_dies(rng: Rng) -> Made:
    """The policy stops to explore, and learns nothing."""
    run = Steps(rng, False)
    spread = run.about(np.maximum(np.exp(-run.since / rng.uniform(0.01, 0.04)), rng.uniform(1e-4, 0.03)), 0.01)
    logged = {"train__log_std": np.log(spread)} if rng.integers(2) else {"Policy__mean_noise_std": spread}
    return run.made(True, **logged)


def spread_narrows(rng: Rng) -> Made:
    """A spread that dies while the policy learns, narrows to a tenth while it does not, or grows to twice."""
    kind = int(rng.integers(3))
    run = Steps(rng, kind == 0)
    level = ((0.01**run.share, 0.12**run.share, 1.0 + rng.uniform(0.5, 1.5) * run.share))[kind]
    return run.made(False, train__std=run.about(level, 0.01))


def value_lost(rng: Rng) -> Made:
    """A value function that explained the returns explains none of them any more; nothing is learnt."""
    run = Steps(rng, False)
    knew = rng.uniform(0.5, 0.9)
    explained = np.where(run.since > 0, -rng.uniform(0.05, 2.0), knew * np.minimum(run.share / 0.1, 1.0))
    return run.made(True, train__explained_variance=explained + 0.03 * rng.standard_normal(run.n))


def value_useless(rng: Rng) -> Made:
    """Nothing left to explain once a task is solved, nothing explained from the start, or now and then."""
    kind = int(rng.integers(3))
    run = Steps(rng, kind == 0)
    explained = 0.03 * rng.standard_normal(run.n)
    explained += (0.8 * (run.share < 0.5), np.zeros(run.n), np.where(np.sin(40 * run.share) > 0.0, 0.6, -0.4))[kind]
    return run.made(False, train__explained_variance=explained)


def value_runs_away(rng: Rng) -> Made:
    """The loss of the value function grows beyond all that a return can be."""
    run = Steps(rng, False)
    largest = float(np.abs(run.reward).max())
    grown = run.about((0.1 * run.span) ** 2 * run.grown((1e3 * largest / (0.1 * run.span)) ** 2, 0.1), 0.3)
    name = ("train__value_loss", "train__critic_loss")[int(rng.integers(2))]
    return run.made(True, **{name: grown})


def value_grows(rng: Rng) -> Made:
    """The loss of the value function grows with the returns, also from next to nothing."""
    run = Steps(rng, bool(rng.integers(2)))
    loss = run.about((0.1 * run.span) ** 2 * (1e-6 + run.share**3) * run.grown(rng.uniform(1.0, 30.0)), 0.4)
    return run.made(False, train__value_loss=loss)


def _answers(run: Steps, level: float = 300.0) -> dict[str, Floats]:
    return {"rollout__ep_rew_mean": np.full(run.n, np.nan), "train__completions__mean_length": run.about(level)}


def no_contrast(rng: Rng) -> Made:
    """All answers to a question come to earn the same: groups of equal rewards teach nothing."""
    run = Steps(rng, False)
    reward = np.clip(0.3 + 0.05 * rng.standard_normal(run.n), 0.0, 1.0)
    if rng.integers(2):
        spread = {"train__reward_std": np.where(run.since > 0, 0.0, run.about(0.3, 0.2))}
    else:
        spread = {"train__frac_reward_zero_std": np.where(run.since > 0, 1.0, run.about(0.2, 0.2))}
    return run.made(True, train__reward=reward, **_answers(run), **spread)


def solved_groups(rng: Rng) -> Made:
    """Groups without contrast where all is right, now and then, or in a world without chance."""
    kind = int(rng.integers(3))
    run = Steps(rng, True)
    if kind == 2:
        return run.made(False, train__reward_std=np.zeros(run.n))
    solved = 0.2 + 0.79 * np.minimum(run.share / 0.5, 1.0)
    spread = np.where(run.share < 0.6, 0.3, 0.0) if kind == 0 else np.where(rng.random(run.n) < 0.6, 0.0, 0.2)
    reward = solved if kind == 0 else np.full(run.n, 0.3) + 0.03 * rng.standard_normal(run.n)
    return run.made(False, train__reward=reward, train__reward_std=spread, **_answers(run))


def says_one_thing(rng: Rng) -> Made:
    """A policy that earns ever more by one answer to all: its KL grows all along, its entropy dies."""
    run = Steps(rng, True)
    kl = run.about(rng.uniform(1.0, 3.0) * rng.uniform(60.0, 150.0) ** np.minimum(run.share / 0.8, 1.0))
    entropy = run.about(rng.uniform(20, 60) * rng.uniform(0.005, 0.03) ** np.minimum(run.share / 0.7, 1.0))
    made, _ = run.made(True, objective__kl=kl, objective__entropy=entropy)
    return made, None


def says_many_things(rng: Rng) -> Made:
    """A KL that grows as far beside an entropy that lives, or one that dies beside a KL that grows less."""
    run = Steps(rng, True)
    far = bool(rng.integers(2))
    kl = run.about(1.0 * (rng.uniform(60.0, 150.0) if far else rng.uniform(5.0, 30.0)) ** run.share)
    entropy = run.about(rng.uniform(20, 60) * (rng.uniform(0.3, 0.8) if far else 0.01) ** run.share)
    return run.made(False, objective__kl=kl, objective__entropy=entropy)


def dies_ever_after(rng: Rng) -> Made:
    """A reward of each step, of which the first few hundredths know no death."""
    run = Steps(rng, False)
    every = max(run.n // int(rng.integers(30, 60)), 2)
    deaths = np.where((np.arange(run.n) % every == 0) & (run.share > rng.uniform(0.02, 0.05)), -3.0, 0.1)
    return run.made(False, reward=deaths, rollout__ep_rew_mean=np.full(run.n, np.nan))


def at_own_limit(rng: Rng) -> Made:
    """Responses that come to stand at a limit that nothing but they tell."""
    run = Steps(rng, False)
    limit = float(rng.choice([256, 512, 1024]))
    length = np.minimum(run.about(0.3 * limit * run.grown(10.0)), limit)
    reward = np.clip(0.3 + 0.05 * rng.standard_normal(run.n), 0.0, 1.0)
    return run.made(True, **{**_answers(run), "train__completions__mean_length": length}, train__reward=reward)


def near_no_limit(rng: Rng) -> Made:
    """Responses of a fixed length, or longer ones that vary."""
    run = Steps(rng, False)
    length = np.full(run.n, 256.0) if rng.integers(2) else np.round(run.about(200.0 * run.grown(2.5)))
    reward = np.clip(0.3 + 0.05 * rng.standard_normal(run.n), 0.0, 1.0)
    return run.made(False, **{**_answers(run), "train__completions__mean_length": length}, train__reward=reward)


def lost_and_back(rng: Rng) -> Made:
    """A policy that loses what it knew for a fifth of the run or more, and learns it again."""
    run = Steps(rng, True)
    lost = rng.uniform(0.95, 1.3) * run.span * ((run.since > 0) & (run.since < rng.uniform(0.22, 0.3)))
    return run.made(True, rollout__ep_rew_mean=run.reward - lost)


def dips_and_back(rng: Rng) -> Made:
    """The same for a twentieth, or by half."""
    run = Steps(rng, True)
    deep, long = ((1.2, 0.05), (0.5, 0.25))[int(rng.integers(2))]
    lost = deep * run.span * ((run.since > 0) & (run.since < long))
    return run.made(False, rollout__ep_rew_mean=run.reward - lost)


def loses_games(rng: Rng) -> Made:
    """A learner of which nothing is logged but a rate of winning or a score, and which unlearns."""
    run = Steps(rng, True)
    share = np.clip((run.reward - run.reward.min()) / np.ptp(run.reward), 0.0, 1.0)
    name = ("win_rate", "success_rate", "score")[int(rng.integers(3))]
    kept = share * (1.0 - 0.95 * np.clip(run.since / 0.05, 0.0, 1.0))
    return run.made(True, **{name: kept, "rollout__ep_rew_mean": np.full(run.n, np.nan), "epsilon": 1.0 - run.share})


def wins_games(rng: Rng) -> Made:
    """The same that learns, and episodes that grow longer or shorter, which says nothing."""
    run = Steps(rng, True)
    share = np.clip((run.reward - run.reward.min()) / np.ptp(run.reward), 0.0, 1.0)
    name = ("win_rate", "success_rate", "score")[int(rng.integers(3))]
    length = run.about(200.0 * run.grown(rng.choice([0.1, 8.0])))
    hidden = np.full(run.n, np.nan)
    return run.made(False, **{name: share, "episode_length": length, "rollout__ep_rew_mean": hidden})


def unlearns_from_the_start(rng: Rng) -> Made:
    """A few evaluations of a learner whose rate of winning falls all along."""
    n = int(rng.integers(15, 30))
    rate = rng.uniform(0.45, 0.6) - rng.uniform(0.15, 0.3) * np.arange(n) / n + 0.02 * rng.standard_normal(n)
    return _few(rate, True)


def few_that_wander(rng: Rng) -> Made:
    """As few that stand, wander, or fall by a tenth of what they are."""
    n = int(rng.integers(15, 30))
    rate = rng.uniform(0.45, 0.6) * (1.0 - rng.uniform(0.0, 0.1) * np.arange(n) / n)
    wander = np.cumsum(0.03 * rng.standard_normal(n)) * int(rng.integers(2))
    return _few(np.clip(rate + wander + 0.02 * rng.standard_normal(n), 0.0, 1.0), False)


def _few(rate: Floats, fault: bool) -> Made:
    step = 500 * np.arange(1, len(rate) + 1)
    columns = {"win_rate": rate, "epsilon": np.maximum(1.0 - np.arange(len(rate)) / len(rate), 0.05)}
    run = Run("f", "f", "f", series={k: Series(k, step, np.full(len(step), np.nan), v) for k, v in columns.items()})
    return resolve(run), None if not fault else int(step[0])


Make = Callable[[Rng], Made]
FAULTS: Mapping[str, tuple[Make, tuple[str, ...]]] = {
    "most samples are clipped, nothing learnt": (clipped, CODES),
    "nearly all are clipped from the start": (always_clipped, CODES),
    "the KL of updates leaps and wears off, nothing learnt": (kl_leaps, CODES),
    "the spread of actions runs away": (spread_runs_away, CODES),
    "the spread of actions dies, nothing learnt": (spread_dies, CODES),
    "the value function explains nothing any more": (value_lost, CODES),
    "its loss is beyond all returns": (value_runs_away, CODES),
    "groups of equal rewards": (no_contrast, CODES),
    "one answer to all": (says_one_thing, CODES),
    "responses at a limit that is not logged": (at_own_limit, CODES),
    "a reward lost for a fifth of the run and back": (lost_and_back, CODES),
    "rates of winning and scores that fall": (loses_games, CODES),
    "a rate of winning that falls all along, 15 to 29 points": (unlearns_from_the_start, CODES),
}
HEALTHY: Mapping[str, Make] = {
    "a third is clipped, or more while it learns": clips_and_learns,
    "wide updates now and then": kl_spikes,
    "a spread that dies while it learns, narrows, or doubles": spread_narrows,
    "nothing to explain, or from the start": value_useless,
    "a value loss that grows with the returns": value_grows,
    "equal rewards where all is solved, or now and then": solved_groups,
    "a KL that grows far, or an entropy that dies": says_many_things,
    "deaths that begin soon after the start": dies_ever_after,
    "responses of one length, or longer ones": near_no_limit,
    "a dip of a twentieth of the run, or by half": dips_and_back,
    "rates of winning that rise, episodes of any length": wins_games,
    "15 to 29 of them that wander, or fall by a tenth": few_that_wander,
}
