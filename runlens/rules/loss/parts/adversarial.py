"""Losses that are not meant to come down: of two networks that train against each other, and of unlearning."""

from __future__ import annotations

import re

from runlens.model import Run
from runlens.rules.shared.unlearning import is_kept, unlearning_sign

_LOSS = re.compile(r"loss|(^|[^a-z])err")
_SIDES = (
    re.compile(r"(^|[^a-z])(d|disc|discr|discriminator|critic|net_?d)([^a-z]|$)"),
    re.compile(r"(^|[^a-z])(g|gen|generator|net_?g)([^a-z]|$)"),
)
_NAMED = "--metric train_loss=NAME"
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def need_not_fall(run: Run) -> str:
    """Why a rule that expects the training loss to come down cannot judge this run; empty if it can.

    So where the training loss is one of two adversaries, such as `loss/D` and `loss/G`, or a sum of both. A
    reconstruction or total loss that stands beside the two is one that comes down, and so is one that the user named.
    And so in a run that unlearns, where a loss is climbed, unless it is one of what is kept.
    """
    role = run.role("train_loss")
    if role is None or role.origin == "user":
        return ""
    if not is_kept(role.series.name) and (sign := unlearning_sign(run)):
        return f"{sign} says that this run unlearns, so its loss may rise; name one that must fall: {_NAMED}"
    pair = run.once("adversaries", lambda: _pair(run))
    own = role.derived or any(side.search(_plain(role.series.name)) for side in _SIDES)
    if not (pair and own):
        return ""
    two = " and ".join(pair)
    return f"{two} train against each other, so neither need fall; name one that must: {_NAMED}"


def _pair(run: Run) -> tuple[str, ...]:
    losses = sorted((name for name in run.placed if _LOSS.search(_plain(name))), key=lambda name: (len(name), name))
    sides = tuple(next((name for name in losses if side.search(_plain(name))), "") for side in _SIDES)
    return sides if all(sides) and sides[0] != sides[1] else ()


def _plain(name: str) -> str:
    return _HUMP.sub("_", name).lower()
