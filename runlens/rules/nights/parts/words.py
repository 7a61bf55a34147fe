"""Sentences on a night beside the nights before it."""

from __future__ import annotations

from collections.abc import Sequence

from runlens.model.twin import Twin
from runlens.model.words import number, percent, plus_minus, some
from runlens.rules.nights.parts.held import Held
from runlens.rules.nights.parts.measures import Measure

MOST = 4
"""Names that one sentence lists; the rest is counted."""


def counted(nights: Sequence[Twin]) -> str:
    """The name of the only night, or how many there are."""
    return nights[0].name if len(nights) == 1 else f"the {len(nights)} runs before"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more."""
    return some(names, MOST)


def difference(measure: Measure, shift: float, unit: str) -> str:
    """How far a shift is, without its sign: `2.1 %`, `3.1 points`, `4.2 C`."""
    much = abs(measure.plain(shift))
    if measure.log:
        return percent(much)
    return f"{100 * much:.2g} points" if not unit else f"{number(much, 2)} {unit}"


def among(one: Held) -> str:
    """What twins differ by among themselves, as part of a sentence; empty if nothing is known."""
    if one.spread is None:
        return ""
    return f"; they differ by {difference(one.measure, one.spread, one.unit)} among themselves"


def sentence(one: Held, nights: Sequence[Twin]) -> str:
    """What is unlike, in one sentence."""
    higher = "higher" if one.shift > 0 else "lower"
    by = f"{difference(one.measure, one.shift, one.unit)} {higher}"
    if one.name == "length":
        return (
            f"the run ended at step {one.tonight:,.0f}, where {counted(nights)} went on to {one.usual:,.0f}: the rest "
            "was not compared"
        )
    if one.since is None:
        spread = one.usual * one.spread if one.spread is not None and one.measure.log else one.spread
        return (
            f"the {one.measure.words} is {by} than in {counted(nights)}: {number(one.tonight)} where "
            f"{plus_minus(one.usual, spread, one.unit)} is usual"
        )
    what = f"the {one.measure.words if one.name in ('train_loss', 'grad_norm') else one.name}"
    if one.metric and one.name == one.metric:
        what = f"the eval {one.name}"
    return (
        f"{what} is {by} than in {counted(nights)} at the same steps, from step {one.since:,} on: "
        f"{one.tonight:.4g} at the end, where {one.usual:.4g} is usual{among(one)}"
    )
