"""Whether a run is reinforcement learning, where a loss means something else."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SIGN = re.compile(
    r"(^|[/_.])(ep_rew_mean|episodic_return|ep_return|episode_reward)$|^(train/)?reward$|^actor/(pg_loss|ppo_\w+)$"
    r"|^objective/|^critic/(score|rewards)/mean$|^rollout_scores/|^policy/(approx_kl|clipfrac)|^train/(ppo_kl|ppo_clip_ratio|policy_loss)$"
    r"|^train/completions/|^episode$|^train/policy_gradient_loss$"
)


def rl_sign(names: Iterable[str]) -> str:
    """The logged name that gives reinforcement learning away, or empty.

    Preference tuning (DPO, reward models: `rewards/chosen`, `rewards/margins`) is none: its loss is an ordinary one.
    """
    return next((name for name in names if _SIGN.search(name)), "")
