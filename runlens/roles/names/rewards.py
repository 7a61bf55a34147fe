"""What a policy earns, by its names: the most telling first."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runlens.roles.names.take_apart import normalise

OTHER = re.compile(
    r"(^|[/_])(std|min|max|var|variance|median|p\d+|coef|coeff|coefficient|scale"
    r"|target|weight|bonus|chosen|rejected|margins?|accuracies|lr|learning_rate|time|count|per_second|intrinsic|curiosity"
    r"|gail|rnd|format|penalty|early_stop|prompt\w*)([/_]|$)"
)
"""Parts, spreads and settings of a measure."""
HELD_OUT = re.compile(r"(^|[/_])(eval|evaluation|val|valid|validation|test)([/_]|$)")
_EARNED = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(critic|objective)/scores?(/(mean|avg))?$",
        r"(^|[/_])(ep_rew_mean|ep_?rew_?mean|episodic_return|episode_(reward|return)s?(_mean)?|ep_(ret|return|reward)"
        r"|cumulative_reward|average_(ep_ret|return)|return_average|mean_(episode_)?(reward|return)|avg_raw_reward"
        r"|rollout_scores(/mean)?|reward_mean|mean_scores)$",
        r"^critic/(rewards|returns)/(mean|avg)$|^objective/rlhf_reward$",
        r"(^|[/_])(total_)?(reward|rewards|return|returns|ep_?rew)(_?(mean|avg)|/mean|/avg|/iter|/t|/info|/episode)?$",
        r"^((avg|average|mean|best|max|top)_)?fitness(_(avg|mean|best|max))?$",
    )
)
_INSTEAD = tuple(
    re.compile(pattern)
    for pattern in (
        r"(^|[/_])(win(ning)?|success)_?rate(_?(mean|avg)|/mean)?$",
        r"^((train|rollout|charts|env|episode)[/_])?((mean|avg|average|game|episode|ep)_)?scores?(_?(mean|avg)|/mean)?$",
    )
)
"""Rates of winning, and scores, where no reward is logged. The length of an episode is none: nobody knows which way is
better."""
_AVERAGED = re.compile(r"(?<![a-z])(avg|average|running|smooth\w*|moving|last_\d+)(?![a-z])")
"""Of episodes before, where the reward of the episode stands beside it."""


def earned(names: Iterable[str], held_out: bool, instead: bool = True) -> list[list[str]]:
    """The names of what a policy earns, grouped from the most to the least telling, those of one group in
    order of their names, running means last.

    The most telling is what the environment or the judge gave, before a penalty for the KL is taken off.

    Parameters
    ----------
    names : iterable of str
        As logged.
    held_out : bool
        Those of evaluations, or else those of training.
    instead : bool
        With rates of winning and scores, which stand for a reward where none is logged.
    """
    plain = {
        name: normal
        for name in names
        if not OTHER.search(normal := normalise(name)) and held_out == bool(HELD_OUT.search(normal))
    }
    patterns = (*_EARNED, *_INSTEAD) if instead else _EARNED
    order = sorted(plain, key=lambda name: (bool(_AVERAGED.search(plain[name])), name))
    found = ([name for name in order if pattern.search(plain[name])] for pattern in patterns)
    return [group for group in found if group]
