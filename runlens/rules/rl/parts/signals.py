"""What a run of reinforcement learning logs of its policy: the reward, the KL, the entropy, lengths, its updates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model import PlacedSeries, Run
from runlens.roles.names.rewards import HELD_OUT, OTHER, earned
from runlens.roles.names.take_apart import normalise
from runlens.rules.shared.answers import LENGTH
from runlens.run_config import RunConfig, Spelling
from runlens.stats.robust import Floats

Kind = Literal["reward", "kl", "update-kl", "summed-kl", "entropy", "length", "cut-off", "clipped", "spread",
               "log-spread", "explained", "value-loss", "contrast", "no-contrast"]  # fmt: skip

_PLAIN_ESTIMATE = re.compile(r"(^|[/_])old_approx_?kl")
"""CleanRL's first estimate of a KL, which is negative half of the time."""
_UPDATE_KL = re.compile(r"(^|[/_])(approx_?kl(_v\d)?|ppo_kl|mean_kl|kl_divergence)(_(avg|mean))?(/mean)?$")
_SUMMED_KL = re.compile(r"^objective/kl(_avg)?$")
_KL = re.compile(r"(^|[/_])(ref_|reference_|policy_)?kl(_(loss|div|ref|mean|avg|penalty))?(/mean)?$")
_ENTROPY = re.compile(r"(^|[/_])(policy_|mean_)?entropy(_(loss|avg|mean))?(/(mean|avg))?$")
_WEIGHTED = re.compile(r"(^|[/_])(weighted|scaled|coefs|coeffs|coefficients|alpha|beta|lambda)([/_]|$)")
"""A KL or an entropy times its coefficient: it falls with the coefficient, whatever the policy does."""
_CUT_OFF = re.compile(
    r"(^|/)(response_length/clip_ratio|completions/clipped_ratio)$"
    r"|(^|[/_])(truncat\w+|overlong|length_clip\w*)_(ratio|rate|frac\w*)$"
)
_KINDS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (_CUT_OFF, "cut-off"),
    (_UPDATE_KL, "update-kl"),
    (_SUMMED_KL, "summed-kl"),
    (_KL, "kl"),
    (_ENTROPY, "entropy"),
    (LENGTH, "length"),
)
"""The most special first."""
_UPDATES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"^(?!.*(value|vf|critic)_clip).*(^|[/_])((pg|ppo|policy|actor)_?)?(clip_?frac(tion|s)?(_(avg|mean))?"
                r"|clip_ratio/region_mean)(/mean)?$"), "clipped"),
    (re.compile(r"(^|[/_])(policy|actor|pi|action)[/_]?(mean_)?log_?std(_mean|/mean)?$|^(train/)?log_?std$"),
     "log-spread"),
    (re.compile(r"(^|[/_])(policy|actor|pi|action)s?_?(mean_)?(noise_)?std(_dev)?(_(mean|avg)|/mean)?$"
                r"|^policy/mean_(noise_)?std$|^(train|losses|policy|actor)/std$"), "spread"),
    (re.compile(r"(^|[/_])explained_?var(iance)?(_(old|new|avg|mean))?(/mean)?$"), "explained"),
    (re.compile(r"(^|[/_])(value|critic|vf|v|baseline|q|qf\d?)_?(function_)?loss(es)?(_?\d)?(_(avg|mean))?(/mean)?$"),
     "value-loss"),
    (re.compile(r"(^|/)(group_)?rewards?_std$"), "contrast"),
    (re.compile(r"(^|/)frac_reward_zero_std$"), "no-contrast"),
)  # fmt: skip
"""What the updates of policy and value did. SB3 (`train/clip_fraction`, `train/std`), CleanRL, verl, TRL, rsl_rl. A
bare `std` may be that of the reward."""
_LIMITS = tuple(map(Spelling, ("max_completion_length", "max_response_length", "data.max_response_length",
                               "generate_max_len", "response_length", "max_new_tokens")))  # fmt: skip
"""TRL GRPO, verl, OpenRLHF, TRL PPO, others."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One measure of the policy."""

    metric: str
    kind: Kind
    step: npt.NDArray[np.int64]
    """(n,) int64, strictly increasing."""
    value: Floats
    """(n,) float64, finite."""


def reward(run: Run) -> Signal | None:
    """The reward that tells most, of those the one with most points; None if none was logged.

    That of evaluations is taken where no other is logged: it is seldom measured.
    """
    return _reward(run, False) or _reward(run, True)


def evaluated(run: Run, beside: Signal) -> Signal | None:
    """The reward of evaluations beside that of training; None where `beside`, which `reward` found, is of them."""
    found = _reward(run, True)
    return None if found is None or found.metric == beside.metric else found


def every_reward(run: Run, held_out: tuple[bool, ...] = (False, True)) -> list[Signal]:
    """All that a policy earns, by every name: of training (False), of evaluations (True), or of both."""
    groups = [group for split in held_out for group in earned(run.placed, split)]
    return [_signal(run.placed[name], "reward") for name in sorted({name for group in groups for name in group})]


def _reward(run: Run, held_out: bool) -> Signal | None:
    for names in earned(run.placed, held_out):
        found = [_signal(run.placed[name], "reward") for name in names]
        if known := [signal for signal in found if len(signal.value)]:
            return max(known, key=lambda signal: len(signal.value))
    return None


def measures(run: Run) -> list[Signal]:
    """What tells of a policy, its answers and its updates beside the reward, in the order of their names."""
    kinds = {name: kind for name in sorted(run.placed) if (kind := _kind(normalise(name))) is not None}
    answers = any(kind in ("length", "cut-off") for kind in kinds.values())
    return [
        _signal(run.placed[name], kind)
        for name, kind in kinds.items()
        if answers or kind not in ("contrast", "no-contrast")  # of episodes, a spread of 0 is a world without chance
    ]


def length_limit(run: Run) -> float | None:
    """The most tokens of a response, by the config; None if it does not tell."""
    found = RunConfig(run.config).first(_LIMITS)
    return found.value if found else None


def _kind(plain: str) -> Kind | None:
    if HELD_OUT.search(plain) or _PLAIN_ESTIMATE.search(plain):
        return None
    found = next((kind for pattern, kind in _UPDATES if pattern.search(plain)), None)
    if found is not None or OTHER.search(plain):
        return found
    found = next((kind for pattern, kind in _KINDS if pattern.search(plain)), None)
    return None if found != "length" and _WEIGHTED.search(plain) else found


def _signal(series: PlacedSeries, kind: Kind) -> Signal:
    latest = series.latest()
    known = latest.where(np.isfinite(latest.value))
    return Signal(series.name, kind, known.step, known.value)
