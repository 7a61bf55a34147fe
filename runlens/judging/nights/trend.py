"""The measures of recorded nights as rows to draw: every night that could be read, good or not, and what drifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runlens.judging.nights.record import NightRecord
from runlens.model.words import number, percent
from runlens.rules.nights.parts.courses import Course, courses
from runlens.rules.nights.parts.creep import creep, onset
from runlens.rules.nights.parts.order import in_order
from runlens.stats.robust import Floats


@dataclass(frozen=True, slots=True)
class Row:
    """One measure over the nights."""

    what: str
    words: str
    unit: str
    nights: tuple[str, ...]
    """Those that tell it, the oldest first."""
    good: tuple[bool, ...]
    values: Floats
    """(n,) float64, in `unit`."""
    drift: str
    """What drifts over the good nights and since when, in words; empty if nothing does."""


def rows(records: Sequence[NightRecord]) -> list[Row]:
    """Every measure of the nights of one job.

    Parameters
    ----------
    records : sequence of NightRecord
        Of one job; those that could not be read are passed over.
    """
    kept = {id(twin): (twin, record) for record in records if (twin := record.as_twin) is not None}
    row = in_order([twin for twin, _ in kept.values()])
    if not row:
        return []
    good = [twin for twin in row if kept[id(twin)][1].good]
    drifting = {course.name: course for course in courses(good)} if good else {}
    drawn = []
    for course in courses([*row]):
        values = np.exp(course.values) if course.measure.log else course.values
        marks = tuple(kept[id(night)][1].good for night in course.nights)
        names = tuple(night.name for night in course.nights)
        drift = _drift(drifting[course.name]) if course.name in drifting else ""
        drawn.append(Row(course.name, course.words, course.unit, names, marks, values, drift))
    return drawn


def _drift(course: Course) -> str:
    found = creep(course.values, course.measure.floor, course.chance) if course.nights else None
    if found is None or abs(found.shift) <= found.bar:
        return ""
    began, _ = onset(course.values)
    shift = course.measure.plain(found.shift)
    by = percent(shift, signed=True) if course.measure.log else f"{number(shift, 2)} {course.unit}"
    worse = "" if course.measure.is_worse(found.shift) else " (for the better)"
    return f"{by.strip()} since {course.nights[began].name}{worse}"
