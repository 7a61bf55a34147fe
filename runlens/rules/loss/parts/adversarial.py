"""Losses that are not meant to come down: of two networks that train against each other, and of unlearning."""

from __future__ import annotations

from runlens.model import Run
from runlens.roles.names.adversaries import adversaries, is_of_a_side
from runlens.rules.shared.unlearning import is_kept, unlearning_sign

_NAMED = "--metric train_loss=NAME"


def need_not_fall(run: Run) -> str:
    """Why a rule that expects the training loss to come down cannot judge this run; empty if it can.

    So where the training loss is one of two adversaries, such as `loss/D` and `loss/G`, or nothing but these two is a
    loss. A reconstruction or total loss that stands beside the two is one that comes down, and so is one that the user
    named.
    And so in a run that unlearns, where a loss is climbed, unless it is one of what is kept.
    """
    role = run.role("train_loss")
    if role is not None and role.origin == "user":
        return ""
    if role is not None and not is_kept(role.series.name) and (sign := unlearning_sign(run)):
        return f"{sign} says that this run unlearns, so its loss may rise; name one that must fall: {_NAMED}"
    pair = run.once("adversaries", lambda: adversaries(run.placed))
    if not pair or (role is not None and not is_of_a_side(role.series.name)):
        return ""
    two = " and ".join(pair)
    return f"{two} train against each other, so neither need fall; name one that must: {_NAMED}"
