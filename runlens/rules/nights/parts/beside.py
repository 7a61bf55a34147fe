"""Tonight beside the good nights: everything that both tell is compared, and what is not there is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from runlens.model.twin import Twin
from runlens.rules.nights.parts.apart import apart, overlapping
from runlens.rules.nights.parts.held import Held
from runlens.rules.nights.parts.measures import LOSS, MEASURES, NORM, PETTY, Measure
from runlens.rules.nights.parts.order import newest_accepted
from runlens.rules.nights.parts.scores import held_scores
from runlens.rules.nights.parts.yardstick import yardstick

FEW_SERIES = 3
"""Good nights from which on a series that all of them logged is expected."""
FEW_MET = 2
"""Good nights that can tell whether nights of this job meet at the same steps at all."""
_OF_THE_END = ("duration", "length", "tokens")
"""Measures that a night has once it is over."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What came of a comparison."""

    held: tuple[Held, ...]
    lacking: tuple[tuple[str, str], ...]
    """Name and reason of what every good night tells and could not be compared tonight."""
    no_evals: tuple[str, ...]
    """Evals of every good night that are not here."""
    no_series: tuple[str, ...]
    """Other series that every good night logged and are not here."""


def beside(
    own: Twin, nights: Sequence[Twin], last: int = 7, floors: Mapping[str, float] = MappingProxyType({})
) -> Beside:
    """Compare a night with good nights before it.

    Parameters
    ----------
    own : Twin
    nights : sequence of Twin
        At least one, the oldest first: all that are known tell the spread, the newest `last` what is usual.
    last : int
    floors : mapping
        Name of a measure to its floor, where it is not the usual.

    Notes
    -----
    A night that still goes on has no length, duration and number of tokens, and its evals may come.
    """
    going = own.state == "running"
    recent = nights[-last:]
    held: list[Held] = []
    lacking: list[tuple[str, str]] = []
    for usual in MEASURES:
        measure = replace(usual, floor=floors.get(usual.name, usual.floor))
        if going and measure.name in _OF_THE_END:
            continue
        if (one := _quantity(measure, own, nights, last)) is not None:
            held.append(one)
        elif all(measure.name in night.quantities for night in recent):
            there = own.quantities.get(measure.name)
            lacking.append((measure.name, "is not in tonight's log" if there is None else f"is in {there.unit}"))
    for measure, role in ((LOSS, "train_loss"), (NORM, "grad_norm")):
        curves = [(at, night.curves[role]) for at, night in enumerate(nights) if role in night.curves]
        mine = own.curves.get(role)
        if mine is None:
            if all(role in night.curves for night in recent):
                lacking.append((role, "is not in tonight's log, or too short a time"))
            continue
        if not curves:
            continue
        accepted = newest_accepted(nights, role)
        since = sum(at < accepted for at, _ in curves)
        theirs = [curve for _, curve in curves]
        found = apart(mine, theirs, floors.get(role, measure.floor), since=since, last=last)
        if found is None:
            if overlapping(theirs):
                lacking.append((role, "has too few steps in common with the nights before"))
            continue
        held.append(
            Held(
                measure,
                role,
                mine.metric,
                "",
                found.tonight,
                found.usual,
                found.shift,
                found.spread,
                found.bar,
                found.since,
            )
        )
    always = frozenset.intersection(*(night.evals for night in recent))
    held += held_scores(own, nights, since=newest_accepted(nights, "evals"), last=last)
    told = {one.name for one in held}
    shared = sorted(name for name in (always & own.evals) - told if own.scores[name].direction is not None)
    if shared and len(nights) >= FEW_MET:
        # nights that go on with one training never meet, and then an eval that does not is none that is lacking
        meet = {one.name for one in held_scores(nights[-1], nights[:-1])}
        lacking += [(name, "has no checkpoint in common with the nights before") for name in shared if name in meet]
    no_series: frozenset[str] = frozenset()
    if len(recent) >= FEW_SERIES and not going:
        no_series = frozenset.intersection(*(night.series for night in recent)) - own.series - own.evals
    return Beside(
        tuple(held), tuple(lacking), () if going else tuple(sorted(always - own.evals)), tuple(sorted(no_series))
    )


def _quantity(measure: Measure, own: Twin, nights: Sequence[Twin], last: int) -> Held | None:
    mine = own.quantities.get(measure.name)
    if mine is None or (measure.log and mine.value <= 0):
        return None
    known = list(_known(measure, mine.unit, nights))
    if not known or not any(at >= len(nights) - last for at, _ in known):
        return None
    values = np.array([value for _, value in known])
    scale = np.log if measure.log else np.asarray
    accepted = newest_accepted(nights, measure.name)
    since = min(sum(at < accepted for at, _ in known), len(known) - 1)
    floor = measure.floor
    if measure.name == "duration":
        floor = max(floor, float(np.log1p(PETTY / np.median(values))))
    among = yardstick(scale(values), floor, since=since, last=last)
    usual = float(np.exp(among.usual)) if measure.log else among.usual
    shift = float(scale(np.array(mine.value))) - among.usual
    return Held(measure, measure.name, mine.metric, mine.unit, mine.value, usual, shift, among.spread, among.bar)


def _known(measure: Measure, unit: str, nights: Sequence[Twin]) -> Iterator[tuple[int, float]]:
    """Index and value of the nights that tell a measure in a unit."""
    for at, night in enumerate(nights):
        one = night.quantities.get(measure.name)
        if one is not None and one.unit == unit and (not measure.log or one.value > 0):
            yield at, one.value
