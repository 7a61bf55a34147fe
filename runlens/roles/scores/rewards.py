"""What a policy earns in training, as a role of its own; what evaluations earn is a score of held-out data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runlens.model import Series
from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import parse_eval
from runlens.roles.names.rewards import earned


def reward_claims(series: Mapping[str, Series], claims: Mapping[str, Claim], sign: str) -> dict[str, Claim]:
    """The claims of the rewards of a run, the one that RL001 judges first.

    Parameters
    ----------
    series : mapping
        Logged name to series.
    claims : mapping
        Of all series; what the user gave a role keeps it.
    sign : str
        What says that this is reinforcement learning. Where nothing does, and a training loss is logged, a reward is
        none; a score is one only where something does.

    Returns
    -------
    dict
        Logged name to its claim; empty where the run earns nothing.
    """
    if not sign and any(claim.role == "train_loss" for claim in claims.values()):
        return {}
    out: dict[str, Claim] = {}
    for group in earned(_free(series, claims), held_out=False, instead=False):
        for name in sorted(group, key=lambda name: -len(series[name])):
            out.setdefault(name, _claim(claims.get(name), "what the policy earns in training"))
    for name, claim in claims.items() if sign else ():
        if (
            claim.role == "eval_score"
            and "bare" in claim.flags
            and parse_eval(claim.base or name).metric_kind == "reward"
        ):
            out.setdefault(name, _claim(claim, "of what the policy earns in training"))
    if not out and sign:
        for group in earned(_free(series, claims), held_out=False):
            names = [name for name in group if name not in claims or _may_be_earned(claims[name])]
            for name in sorted(names, key=lambda name: -len(series[name])):
                out.setdefault(name, _claim(claims.get(name), "a score where no reward is logged"))
    return out


def _free(series: Mapping[str, Series], claims: Mapping[str, Claim]) -> Iterable[str]:
    return (name for name, one in series.items() if len(one) and (name not in claims or claims[name].origin != "user"))


def _may_be_earned(claim: Claim) -> bool:
    return claim.role == "other" or (claim.role == "eval_score" and "bare" in claim.flags)


def _claim(old: Claim | None, why: str) -> Claim:
    device = old.device if old is not None else ""
    return Claim("reward", split="train", device=device, confidence=0.8, why=why, origin="pattern", by="reward")
