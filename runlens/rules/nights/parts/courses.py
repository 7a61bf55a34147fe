"""Each measure over the nights, the oldest first: what a trend is looked for in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from runlens.model.twin import Twin, TwinCurve
from runlens.rules.nights.parts.measures import LOSS, MEASURES, SCORE, Measure, measure_of_eval
from runlens.rules.nights.parts.order import newest_accepted
from runlens.rules.nights.parts.scores import FEWEST_TOGETHER, MEAN, level_of
from runlens.rules.nights.parts.yardstick import CHANCE
from runlens.stats.robust import Floats

_STEADY = ("speed", "step_time", "duration", "memory", "host_memory", "temperature")
"""Measures that may creep: how far a run went is its plan's to say."""
LATE = 0.75
"""Share of a curve after which its level is that of its end."""


@dataclass(frozen=True, slots=True)
class Course:
    """A measure over nights."""

    measure: Measure
    name: str
    words: str
    metric: str
    unit: str
    nights: tuple[Twin, ...]
    """Those that tell it, from the one on that was accepted as the new normal."""
    values: Floats
    """(n,) float64: of each of them; the logarithm where the measure is logarithmic."""
    chance: float = CHANCE


def courses(nights: Sequence[Twin]) -> Iterator[Course]:
    """Every measure that the nights tell, in the unit of the newest."""
    for measure in MEASURES:
        if measure.name in _STEADY:
            yield from _quantity(measure, nights)
    yield from _loss(nights)
    yield from _scores(nights)


def _from(nights: Sequence[Twin], name: str) -> Sequence[Twin]:
    """The nights from the newest one on that was accepted in a measure."""
    return nights[newest_accepted(nights, name) :]


def _quantity(measure: Measure, nights: Sequence[Twin]) -> Iterator[Course]:
    newest = nights[-1].quantities.get(measure.name)
    if newest is None or (measure.name == "duration" and nights[-1].state == "running"):
        return
    kept, values = [], []
    for night in _from(nights, measure.name):
        one = night.quantities.get(measure.name)
        if one is not None and one.unit == newest.unit and (one.value > 0 or not measure.log):
            kept.append(night)
            values.append(one.value)
    scale = np.log if measure.log else np.asarray
    yield Course(
        measure,
        measure.name,
        measure.words,
        newest.metric,
        newest.unit,
        tuple(kept),
        scale(np.array(values, dtype=np.float64)),
    )


def _loss(nights: Sequence[Twin]) -> Iterator[Course]:
    """The end of the training loss, of nights that end within a twentieth of each other."""
    newest = nights[-1].curves.get("train_loss")
    if newest is None:
        return
    known = [
        (night, curve)
        for night in _from(nights, "train_loss")
        if (curve := night.curves.get("train_loss")) is not None
        and abs(curve.step[-1] - newest.step[-1]) <= 0.05 * abs(newest.step[-1])
    ]
    values = np.array([_end(curve) for _, curve in known])
    yield Course(LOSS, LOSS.name, "end of the training loss", newest.metric, "", tuple(n for n, _ in known), values)


def _end(curve: TwinCurve) -> float:
    return float(np.log(curve.value[int(LATE * len(curve.value)) :]).mean())


def _scores(nights: Sequence[Twin]) -> Iterator[Course]:
    kept = _from(nights, "evals")
    told = [(name, score, way) for name, score in sorted(nights[-1].scores.items()) if (way := score.direction)]
    fractions = []
    for name, newest, direction in told:
        known = [night for night in kept if name in night.scores and _alike(night.scores[name].step, newest.step)]
        levels = np.array([level_of(night.scores[name]) for night in known])
        if not np.isfinite(levels).all():
            continue
        measure = measure_of_eval(newest.fraction, direction)
        yield Course(measure, name, name, name, "", tuple(known), levels, CHANCE / len(told))
        if newest.fraction and len(known) == len(kept):
            fractions.append(levels if direction == "up" else -levels)
    if len(fractions) >= FEWEST_TOGETHER:
        yield Course(SCORE, MEAN, MEAN, "", "", tuple(kept), np.mean(fractions, axis=0))


def _alike(one: Floats, other: Floats) -> bool:
    """Whether two evals end at about the same step: nights that go on with one training have no course in common."""
    return bool(abs(one[-1] - other[-1]) <= 0.05 * abs(other[-1]))
