"""What a night was held against, for its report: the good nights, what was compared, what was not, what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from runlens.model.nights import Change, Compared, HeldAgainst
from runlens.model.twin import Twin
from runlens.rules.nights.parts.beside import beside
from runlens.rules.nights.parts.changed import changes
from runlens.rules.nights.parts.held import Held
from runlens.rules.nights.parts.yardstick import NEWEST


def held_against(
    own: Twin, nights: Sequence[Twin], last: int, floors: Mapping[str, float] = MappingProxyType({})
) -> HeldAgainst:
    """A night beside the good nights before it.

    Parameters
    ----------
    own : Twin
    nights : sequence of Twin
        The good nights, the oldest first; at least one.
    last : int
        How many of them say what is usual.
    floors : mapping
        As in `beside`.
    """
    came = beside(own, nights[-NEWEST:], last, floors)
    usual = nights[-last:]
    not_compared = [f"{name} {why}" for name, why in came.lacking]
    not_compared += [f"{name} is not in tonight's log" for name in (*came.no_evals, *came.no_series)]
    ended = [night.ended for night in usual if math.isfinite(night.ended)]
    return HeldAgainst(
        tuple(night.name for night in usual),
        min(ended) if ended else None,
        max(ended) if ended else None,
        len(nights),
        tuple(_compared(one) for one in came.held),
        tuple(not_compared),
        tuple(Change(*one) for one in changes(nights[-1].config, own.config)),
    )


def _compared(one: Held) -> Compared:
    spread = one.spread
    if spread is not None and one.measure.log:
        spread = abs(one.usual) * float(np.expm1(spread))
    words = one.measure.words if one.name in (one.measure.name, "train_loss", "grad_norm") else one.name
    return Compared(one.name, words, one.unit, one.tonight, one.usual, spread, one.beyond)
