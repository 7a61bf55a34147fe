"""Runs of reinforcement learning as several tools log them, seeded: healthy ones of many kinds, and collapses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]
Tool = Literal["sb3", "cleanrl", "ml-agents", "rllib", "trl-grpo", "verl", "openrlhf", "skyrl"]
Health = Literal["learns", "noisy", "plateaus", "flat", "dips", "wanders", "swings", "slides", "by-epoch",
                 "explores-first", "curriculum", "solved", "sparse", "thinks-longer", "evaluates"]  # fmt: skip
Fault = Literal["sudden", "gradual", "unlearns", "kl", "hacked", "entropy-dies", "garbled", "runs-to-limit", "early",
                "half-back", "dead-at-once", "evaluations", "stands"]  # fmt: skip

CLASSICAL: tuple[Tool, ...] = ("sb3", "cleanrl", "ml-agents", "rllib")
LANGUAGE: tuple[Tool, ...] = ("trl-grpo", "verl", "openrlhf", "skyrl")
REWARD = {
    "sb3": "rollout/ep_rew_mean", "cleanrl": "charts/episodic_return", "ml-agents": "Environment/Cumulative Reward",
    "rllib": "env_runners/episode_return_mean", "trl-grpo": "train/reward", "verl": "critic/score/mean",
    "openrlhf": "train/reward", "skyrl": "reward/avg_raw_reward",
}  # fmt: skip
KL = {
    "sb3": "train/approx_kl", "cleanrl": "losses/approx_kl", "ml-agents": "Losses/KL",
    "rllib": "learners/default_policy/mean_kl", "trl-grpo": "train/kl", "verl": "actor/kl_loss",
    "openrlhf": "train/kl", "skyrl": "policy/policy_kl",
}  # fmt: skip
ENTROPY = {
    "sb3": "train/entropy_loss", "cleanrl": "losses/entropy", "ml-agents": "Policy/Entropy",
    "rllib": "learners/default_policy/entropy", "trl-grpo": "train/entropy", "verl": "actor/entropy",
    "openrlhf": "train/entropy", "skyrl": "policy/policy_entropy",
}  # fmt: skip
LENGTH = {
    "trl-grpo": "train/completions/mean_length", "verl": "response_length/mean", "openrlhf": "train/response_length",
    "skyrl": "generate/avg_num_tokens",
}  # fmt: skip
EVALUATED = {"sb3": "eval/mean_reward", "cleanrl": "eval/episodic_return",
             "rllib": "evaluation/env_runners/episode_return_mean"}  # fmt: skip
EVERY = 5
"""Logged points from one evaluation to the next."""
CUT_OFF = {"trl-grpo": "train/completions/clipped_ratio", "verl": "response_length/clip_ratio"}
BESIDE = {"sb3": "rollout/ep_len_mean", "cleanrl": "losses/value_loss", "ml-agents": "Losses/Value Loss",
          "rllib": "learners/default_policy/vf_loss", "trl-grpo": "train/rewards/accuracy/mean",
          "verl": "actor/pg_loss", "openrlhf": "train/policy_loss", "skyrl": "policy/policy_loss"}  # fmt: skip
LIMIT = 4096.0


def shows(tool: Tool, kind: Health | Fault) -> bool:
    """Whether what that tool logs can show a run of that kind."""
    if kind in ("thinks-longer", "runs-to-limit"):
        return tool in LENGTH
    if kind == "stands":
        return tool in CLASSICAL
    return tool in EVALUATED if kind in ("evaluates", "evaluations") else True


@dataclass
class Policy:
    """What a run logs, and the truth about it."""

    run: Run
    onset: int | None
    """Step at which the fault begins; None for a healthy run."""
    series: dict[str, Floats] = field(repr=False)


def steps_of(tool: Tool, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Environment steps in classical control, updates in language models."""
    return np.arange(1, n + 1) * (int(rng.choice([1000, 2048, 10_000])) if tool in CLASSICAL else 1)


def policy(tool: Tool, kind: Health | Fault, seed: int, n: int) -> Policy:
    """A run of `n` logged points of each series.

    Parameters
    ----------
    tool : Tool
        Whose names and scales it has.
    kind : Health or Fault
        What happens.
    seed : int
    n : int
        Points, 50 or more.
    """
    rng = np.random.default_rng((seed, n, hash_of(tool + kind)))
    inner, at = course(tool, kind, n, rng)
    series = _logged(tool, kind, inner, rng)
    step = steps_of(tool, n, rng)
    time = 1.76e9 + 12.0 * np.arange(n)
    logged = {
        name: Series(name, step[kept], time[kept], value[kept])
        for name, value in series.items()
        for kept in [np.isfinite(value)]
    }
    return Policy(resolve(Run("rl", "rl", "rl", series=logged)), None if at is None else int(step[at]), series)


@dataclass
class Inner:
    """What happens in a policy, before a tool logs it; each of shape (n,)."""

    skill: Floats
    """0 for a policy that knows nothing, 1 for one that knows all."""
    kl: Floats
    update: Floats
    entropy: Floats
    length: Floats
    lessons: Floats
    noise: float
    """Of the reward, as a part of its range."""
    tested: Floats | None = None
    """The skill that evaluations find, where there are any."""


def course(tool: Tool, kind: Health | Fault, n: int, rng: np.random.Generator) -> tuple[Inner, int | None]:
    """What happens, and the point at which a fault begins."""
    share = np.arange(n) / n
    skill = _learning(share, rng)
    update = 0.012 * rng.uniform(0.5, 2.0) * np.exp(0.35 * rng.standard_normal(n))
    kl = _own_kl(share, rng) * np.exp(0.2 * rng.standard_normal(n)) if tool in LANGUAGE else update
    entropy = rng.uniform(0.3, 2.5) * (1.0 - rng.uniform(0.4, 0.8) * skill)
    length = rng.uniform(200, 900) * (1.0 + rng.uniform(-0.2, 0.8) * skill)
    inner = Inner(skill, kl, update, entropy, length, np.zeros(n), rng.uniform(0.02, 0.08))
    if kind not in get_args(Fault):
        _healthy(kind, inner, share, rng)
        return inner, None
    at = int(n * (rng.uniform(0.15, 0.3) if kind == "early" else rng.uniform(0.35, 0.8)))
    if kind in ("early", "half-back"):
        inner.skill = 1.0 / (1.0 + np.exp(-(share - 0.06) / 0.02))
    elif kind == "evaluations":
        inner.tested = inner.skill.copy()
    if kind in ("dead-at-once", "stands"):
        at = 0
    else:
        at = max(at, int(np.argmax(inner.skill >= 0.6)))  # what collapses had learnt something, and learns no more
    if kind not in ("dead-at-once", "evaluations", "stands"):
        inner.skill = np.minimum(inner.skill, inner.skill[at])
    _faulty(kind, inner, np.clip((np.arange(n) - at) / n, 0.0, None), at, rng)
    return inner, at


def _healthy(kind: Health | Fault, inner: Inner, share: Floats, rng: np.random.Generator) -> None:
    """What a healthy run of that kind does."""
    n, skill = len(share), inner.skill
    if kind == "noisy":
        inner.noise = rng.uniform(0.2, 0.4)
    elif kind == "plateaus":
        inner.skill = np.minimum(skill, rng.uniform(0.5, 0.8)) + 0.05 * share
    elif kind == "flat":
        inner.skill = np.full(n, rng.uniform(0.0, 0.1))
        inner.entropy = np.full(n, inner.entropy[0]) * (1 - 0.2 * share)
    elif kind == "dips":
        for _ in range(int(rng.integers(1, 4))):
            middle, width = rng.uniform(0.2, 0.8), rng.uniform(0.01, 0.03)
            inner.skill = inner.skill * (1.0 - rng.uniform(0.4, 0.9) * _bell(share, middle, width))
    elif kind == "wanders":
        inner.skill = skill * (1.0 + _wander(n, rng, rng.uniform(0.05, 0.12)))
    elif kind == "swings":  # as off-policy learners do: up and down by a third all along
        inner.skill = skill * np.clip(1.0 + _wander(n, rng, rng.uniform(0.12, 0.2)), 0.3, None)
    elif kind == "slides":  # trained too long: a fifth of the progress is lost slowly
        inner.skill = skill * (1.0 - rng.uniform(0.1, 0.25) * np.clip((share - 0.5) / 0.5, 0.0, 1.0))
    elif kind == "by-epoch":  # prompts in one order, epoch after epoch
        turn = 2 * np.pi * share * rng.integers(2, 6) + rng.uniform(0, 6)
        inner.skill = skill + rng.uniform(0.05, 0.15) * np.sin(turn)
    elif kind == "explores-first":
        inner.skill = skill - rng.uniform(0.2, 0.6) * _bell(share, rng.uniform(0.04, 0.12), 0.04)
    elif kind == "curriculum":
        inner.skill, inner.lessons = _curriculum(share, rng)
    elif kind == "solved":
        inner.skill = np.clip(1.3 * skill, 0.0, 1.0)
        inner.entropy = inner.entropy[0] * np.maximum((1.0 - inner.skill) ** 1.5, 0.002)
        inner.noise = 0.01
    elif kind == "evaluates":  # few episodes each
        inner.tested = skill * (1.0 + 0.15 * rng.standard_normal(n))
    elif kind == "thinks-longer":
        inner.length = inner.length[0] * (1.0 + rng.uniform(3.0, 6.0) * share**1.2)


def _faulty(kind: Health | Fault, inner: Inner, since: Floats, at: int, rng: np.random.Generator) -> None:
    """What goes wrong `since` the point `at`, a share of the run after it."""
    skill = inner.skill
    if kind in ("sudden", "garbled"):
        inner.skill = skill * (1.0 - rng.uniform(0.7, 1.0) * (1.0 - np.exp(-since / rng.uniform(0.003, 0.02))))
    elif kind in ("gradual", "runs-to-limit"):
        inner.skill = skill * (1.0 - rng.uniform(0.75, 1.0) * np.clip(since / rng.uniform(0.08, 0.15), 0.0, 1.0))
    elif kind == "unlearns":  # back to below where it began
        inner.skill = skill - (skill + rng.uniform(0.1, 0.4)) * (1.0 - np.exp(-since / rng.uniform(0.01, 0.04)))
    elif kind == "early":
        inner.skill = skill * np.exp(-since / 0.02)
    elif kind in ("kl", "hacked"):
        grows = np.clip(since / rng.uniform(0.02, 0.1), 0.0, 1.0)
        inner.kl = inner.kl * (rng.uniform(3.0, 100.0) / float(np.median(inner.kl[at:]))) ** grows
        lost = -0.3 * np.clip(since / 0.3, 0.0, 1.0)
        if kind == "kl":
            lost = rng.uniform(0.6, 1.0) * np.clip(since / 0.12, 0.0, 1.0)
        inner.skill = skill * (1.0 - lost)
    elif kind == "entropy-dies":
        inner.skill = np.full(len(skill), rng.uniform(0.0, 0.1))
        lost = np.maximum(np.exp(-since / rng.uniform(0.01, 0.04)), rng.uniform(0.001, 0.02))
        inner.entropy = inner.entropy[0] * lost
    elif kind == "half-back":  # and it never learns again what it knew
        lost = rng.uniform(0.75, 0.9) * (1.0 - np.exp(-since / 0.01)) - 0.2 * np.clip(since / 0.5, 0.0, 1.0)
        inner.skill = skill * (1.0 - lost)
    elif kind == "dead-at-once":
        inner.skill = np.full(len(skill), rng.uniform(0.0, 0.1))
        inner.entropy = 1e-6 * rng.random(len(skill))
    elif kind == "stands":  # as "flat", for so long that it is a fault
        inner.skill = np.full(len(skill), rng.uniform(0.0, 0.1))
        inner.noise = rng.uniform(0.02, 0.4)
    elif kind == "evaluations" and inner.tested is not None:
        lost = rng.uniform(1.0, 1.2) * (1.0 - np.exp(-since / rng.uniform(0.005, 0.04)))
        inner.tested = inner.tested * (1.0 - lost) + 0.03 * rng.standard_normal(len(skill))
    if kind == "garbled":
        inner.entropy = inner.entropy * (1.0 + rng.uniform(3.0, 9.0) * (1.0 - np.exp(-since / 0.03)))
    if kind == "runs-to-limit":
        inner.length = inner.length + (0.99 * LIMIT - inner.length) * np.clip(since / 0.1, 0.0, 1.0)


def _logged(tool: Tool, kind: Health | Fault, inner: Inner, rng: np.random.Generator) -> dict[str, Floats]:
    """The columns as that tool names them."""
    n = len(inner.skill)
    low, high = _scale(tool, rng)
    spread = inner.noise
    if kind == "sparse" or (tool == "cleanrl" and kind not in ("solved", "flat", "entropy-dies")):  # an episode each
        spread = 0.25 * np.clip(inner.skill, 0.1, 1.0)
    reward = low + (high - low) * (inner.skill + spread * rng.standard_normal(n))
    if kind == "sparse":
        reward = (rng.random(n) < np.clip(inner.skill, 0.02, 0.98)).astype(float)
    elif tool in LANGUAGE and low >= 0:
        reward = np.clip(reward, 0.0, 1.0)
    if tool == "sb3":  # a mean of the last episodes
        reward = np.convolve(np.concatenate([np.full(4, reward[0]), reward]), np.full(5, 0.2), mode="valid")
    series = {
        REWARD[tool]: reward,
        KL[tool]: inner.kl,
        ENTROPY[tool]: (-1.0 if tool == "sb3" else 1.0) * inner.entropy * np.exp(0.05 * rng.standard_normal(n)),
        BESIDE[tool]: np.exp(0.3 * rng.standard_normal(n)),
    }
    if tool == "verl":
        series["actor/ppo_kl"] = inner.update * 0.02
    if tool in LENGTH:
        series[LENGTH[tool]] = np.minimum(inner.length * np.exp(0.06 * rng.standard_normal(n)), LIMIT)
        if tool in CUT_OFF:
            series[CUT_OFF[tool]] = np.clip((series[LENGTH[tool]] / LIMIT) ** 4 + 0.01 * rng.random(n), 0.0, 1.0)
    if inner.tested is not None and tool in EVALUATED:
        every = np.arange(n) % EVERY == EVERY - 1
        series[EVALUATED[tool]] = np.where(every, low + (high - low) * inner.tested, np.nan)
    if kind == "curriculum" and rng.random() < 0.5:  # half of them do not log it
        series["Environment/Lesson Number/task" if tool == "ml-agents" else "curriculum/level"] = inner.lessons
    return series


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    return sum(ord(c) * 31**i for i, c in enumerate(text)) % 2**31


def _scale(tool: Tool, rng: np.random.Generator) -> tuple[float, float]:
    """Reward of a policy that knows nothing, and of one that knows all."""
    if tool in LANGUAGE:
        low = rng.uniform(0.05, 0.45)
        scales = [
            (low, low + rng.uniform(0.2, 0.5)),
            (0.0, rng.uniform(0.4, 1.0)),
            (rng.uniform(-3, 0), rng.uniform(1, 4)),
        ]
    else:
        scales = [(20.0, 500.0), (-200.0, -110.0), (-250.0, 240.0), (0.0, 3000.0), (-1.0, 0.9), (-21.0, 20.0)]
    return scales[int(rng.integers(len(scales)))]


def _learning(share: Floats, rng: np.random.Generator) -> Floats:
    """From 0 to 1: a sigmoid or a saturating curve."""
    if rng.random() < 0.5:
        middle, width = rng.uniform(0.1, 0.45), rng.uniform(0.03, 0.12)
        curve = 1.0 / (1.0 + np.exp(-(share - middle) / width))
        return (curve - curve[0]) / (1.0 - curve[0])
    return 1.0 - np.exp(-share / rng.uniform(0.08, 0.3))


def _bell(share: Floats, middle: float, width: float) -> Floats:
    return np.exp(-0.5 * ((share - middle) / width) ** 2)


def _own_kl(share: Floats, rng: np.random.Generator) -> Floats:
    """The KL against the reference policy, which grows by design."""
    top = rng.choice([0.002, 0.02, 0.1, 0.4])
    grown = share ** rng.choice([0.5, 1.0, 2.0])
    return top * (0.003 + grown)


def _wander(n: int, rng: np.random.Generator, size: float) -> Floats:
    """A slow wander of that standard deviation, correlated over a fiftieth of the log."""
    keep = np.exp(-1.0 / max(n / 50, 1.0))
    out, state = np.empty(n), 0.0
    for i, x in enumerate(rng.standard_normal(n)):
        state = keep * state + np.sqrt(1 - keep * keep) * x
        out[i] = state
    return size * out


def _curriculum(share: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A saw-tooth: each time the task is learnt it is made harder."""
    lessons = int(rng.integers(3, 6))
    within = share * lessons % 1.0
    level = np.floor(share * lessons)
    tooth = 0.25 + 0.75 * (1.0 - np.exp(-within / 0.3))
    tooth[level == 0] = (1.0 - np.exp(-within / 0.3))[level == 0]
    return tooth, level
