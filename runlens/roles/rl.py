"""Whether a run is reinforcement learning, where a loss means something else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from runlens.roles.names.rewards import earned
from runlens.roles.names.take_apart import normalise

_SURE = re.compile(
    r"(^|[/_])(ep_rew_mean|episodic_return|ep_return|episode[_/](reward|return)s?(_mean)?|cumulative_reward|ep_len_mean|eprewmean"
    r"|avg_raw_reward|avg_final_rewards|policy_gradient_loss|pg_(loss|clipfrac)|ppo_(kl|clip\w*)|ppo_\w*loss|qf\d?_loss"
    r"|td_(loss|error)|(test_)?(battle_won|return)_mean|ent_coef_loss|approx_?kl|clip_?frac\w*|group_reward|average_return|((average|std|max|min)_)?(test_)?ep_ret|mean_episode_\w+"
    r"|explained_var_(old|new)|total_rewards?)$"
    r"|(^|[/_])(episodic|episode|cumulative|average|avg|mean|total)_([a-z]+_)?rewards?/(t|info|episodes?|steps?)$"
    r"|(^|[/_])(total|average|avg|mean)_(predator|prey|agent|team|player|episodic?)_rewards?$"
    r"|^objective/|^rewards/(step|iter|time)$|^critic/(score|scores|rewards|returns|advantages)/(mean|avg)$|^rollout_scores/|^env_runners/"
    r"|(^|[/_])loss_(dqn|ddqn|ppo|a[23]_?c|sac|td3|ddpg|trpo)$|^train/completions/|^(train/)?rewards/(?!chosen|rejected|margins|accuracies)\w+/(mean|std)$"
)
"""A name that only reinforcement learning logs."""
_SIGNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(^|[/_])(reward|rewards|return|returns|rew)(_?(mean|avg|std|\d))?$|(^|[/_])win(ning)?_?rate$",
        r"(^|[/_])(policy|actor|pi|pg)_?loss(_?\d)?$|(^|[/_])loss_?(policy|actor|pi)(_?\d)?$",
        r"(^|[/_])(value|critic|q|vf|v|baseline)_?(function_)?loss(_?\d)?$|(^|[/_])loss_?(value|critic|q|vf|v)(_?\d)?$",
        r"^episodes?$|(^|[/_])episode(_?(length|len|number|count))?$|(^|[/_])ep_?len$"
        r"|^(ep(isode)?_)?len(gth)?s?_?(mean|avg)$",
        r"(^|/)(policy_)?entropy(_loss)?$",
        r"(^|[/_])(advantages?|value_estimate|explained_variance|exploration_rate|replay_buffer\w*|ent_coef|eps(ilon)?)(_mean)?$",
        r"(^|[/_])(response|completions?)_?(length|len)(/?_?mean|/avg)?$",
        r"(^|/)(mean_)?kl(_(div\w*|loss|penalty|mean|coef))?$",
        r"^((avg|average|mean|episode|game)_)?scores?$",
    )
)
"""Names each of which others log as well: two of different kinds give it away, one of them among the first `_OWN`."""
_VALUE = 2
_HELD_OUT = re.compile(r"(val|valid|validation|test|dev)[/_]")
"""A `v_loss` below these words is a loss of held-out data, whatever the letter stands for, and of no value function."""
_OWN = 3
_GAME = frozenset({3, 5, 8})
"""Of these two are enough, too: episodes, exploration, and a score."""
_AXIS = re.compile(
    r"episodes?(_(num|number|count|idx|id))?|num_episodes|(total_|num_)?timesteps?(_total)?|timesteps_total"
    r"|total_?env_?steps|env(ironment)?_steps?|num_env_steps(_sampled)?"
)
"""What only a training in an environment counts; few-shot learning counts episodes, too, and logs an accuracy."""
_ACCURACY = re.compile(r"(^|[/_])acc(uracy)?([/_]|$)")
_BARE_REWARD = re.compile(
    r"(train(ing)?[/_])?((total|mean|avg|average|sum|cumulative|batch|step|game)_)*rewards?(_(mean|avg|average|total|sum))?"
)
"""A reward of training by no other word: with a loss beside it, a policy is what is trained."""
_SUPERVISED = re.compile(
    r"(?<![a-z])(val|valid|validation|test|eval|dev)[/_].*loss|(?<![a-z])acc(uracy)?(?![a-z])|chosen|rejected|margin"
    r"|(?<![a-z])(ppl|perplexity)(?![a-z])"
)
"""What only a model has that learns from labels; preferences and reward models are of this kind."""
_LETTERS = ({"a", "p", "pi"}, {"v"}, {"e", "h", "ent"})
"""What trainers with short lines call the losses of actor and critic and the entropy: `Loss, A, V, E`."""
_SHORTEST = 3
"""Letters of the longest of them."""


def rl_sign(names: Iterable[str], axis: str = "") -> str:
    """The logged names that give reinforcement learning away, in words, or empty.

    One name that nobody else logs is enough (`rollout/ep_rew_mean`), or two of different kinds (`policy_loss` and
    `value_loss`, `reward` and `kl`), or the letters of all three of its losses: a KL and an entropy are none (VAE,
    distillation). A reward of training is enough where nothing is of a model that learns from labels (a held-out loss,
    an accuracy). Preference tuning (DPO, reward models: `rewards/chosen`, `rewards/margins`) is none either: its loss
    is an ordinary one. An x axis of episodes or of an environment's steps is enough, too, where no accuracy is logged.

    Parameters
    ----------
    names : iterable of str
        Of the series.
    axis : str
        What the log calls its x axis.
    """
    return _sign(tuple(names), axis)


@lru_cache(maxsize=8)  # several ask of one run, and the runs of a fleet log the same names
def _sign(names: tuple[str, ...], axis: str) -> str:
    normal = [normalise(name) for name in names]
    if _AXIS.fullmatch(normalise(axis)) and not any(map(_ACCURACY.search, normal)):
        return axis
    found: dict[int, str] = {}
    letters: dict[str, str] = {}
    for name, plain in zip(names, normal, strict=True):
        if len(plain) <= _SHORTEST:
            letters[plain] = name
        if _SURE.search(plain):
            return name
        for i, sign in enumerate(_SIGNS):
            if i not in found and sign.search(plain) and not (i == _VALUE and _HELD_OUT.match(plain)):
                found[i] = name
    if all(letters.keys() & one for one in _LETTERS):
        return ", ".join(letters[min(letters.keys() & one)] for one in _LETTERS)
    if not any(map(_SUPERVISED.search, normal)):
        if bare := next((name for name, plain in zip(names, normal, strict=True) if _BARE_REWARD.fullmatch(plain)), ""):
            return bare
        trained, evaluated = (earned(names, split, instead=False) for split in (False, True))
        if trained and evaluated:
            return f"{trained[0][0]} and {evaluated[0][0]}"
    two = [found[i] for i in sorted(found)][:2]
    games = [found[i] for i in sorted(found) if i in _GAME]
    if len(two) > 1 and min(found) < _OWN:
        return " and ".join(two)
    return " and ".join(games[:2]) if len(games) > 1 else ""
