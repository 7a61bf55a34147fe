"""Spells of one device: stretches of its samples, parted where the sampler paused, and what of several is one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from runlens.growing import all_finite
from runlens.model import PlacedSeries
from runlens.rules.hardware.parts.devices import Stretch, minutes, steps_of
from runlens.stats.robust import Floats, median

PAUSE, LEAST_PAUSE = 10.0, 120.0
"""Times its own cadence, and seconds, from which a gap between two samples is a pause of the sampler: between two
sessions of one run nobody looked, and what stands on either side is not one stretch. Samplers take one each 2 to 30 s
and miss a few while a checkpoint is written."""


@dataclass(frozen=True, slots=True, eq=False)
class Spell:
    """Neighbouring samples of one device."""

    device: str
    series: PlacedSeries
    stretch: Stretch

    @property
    def value(self) -> Floats:
        """Its samples, and no others of the same steps."""
        return self.series.value[self.stretch.first : self.stretch.last + 1]

    @property
    def steps(self) -> tuple[int, int]:
        """First and last training step."""
        return steps_of(self.series, self.stretch)

    @property
    def time(self) -> tuple[float, float]:
        """First and last wall time; NaN where it is not known."""
        return float(self.series.time[self.stretch.first]), float(self.series.time[self.stretch.last])

    @property
    def minutes(self) -> float:
        """How long it lasted; NaN without wall times."""
        return minutes(self.series, self.stretch)


def parted(series: PlacedSeries, found: Iterable[Stretch]) -> list[Stretch]:
    """Stretches cut where the sampler paused for `PAUSE` times its cadence and for `LEAST_PAUSE` seconds.

    Parameters
    ----------
    series : PlacedSeries
        In the order of time; without wall times nothing is cut.
    found : iterable of Stretch
    """
    found = list(found)
    if len(series) < 2 or not found:
        return found
    gaps = np.diff(series.time)
    usual = median(gaps[gaps > 0])
    pauses = np.flatnonzero(gaps > max(PAUSE * usual, LEAST_PAUSE)) if math.isfinite(usual) else np.empty(0, np.int64)
    if not len(pauses):
        return found
    out = []
    for stretch in found:
        inside = pauses[(pauses >= stretch.first) & (pauses < stretch.last)].tolist()
        starts, ends = [stretch.first, *(at + 1 for at in inside)], [*inside, stretch.last]
        out += [Stretch(a, b) for a, b in zip(starts, ends, strict=True)]
    return out


def together(spells: Iterable[Spell]) -> list[list[Spell]]:
    """Spells of several devices that overlap are one: in time where all know theirs, else in steps.

    Returns
    -------
    list of lists of Spell
        In the order of their first step.
    """
    known = list(spells)
    timed = all(all_finite(s.series.time) for s in known)
    spans = [(s.time if timed else s.steps, s) for s in known]
    out: list[list[Spell]] = []
    until = -math.inf
    for (first, last), spell in sorted(spans, key=lambda item: item[0]):
        if first <= until:
            out[-1].append(spell)
        else:
            out.append([spell])
        until = max(until, float(last))
    return sorted(out, key=span_of)


def devices_of(spells: Sequence[Spell]) -> list[str]:
    """Each device once, in the order of the spells."""
    return list(dict.fromkeys(s.device for s in spells))


def span_of(spells: Sequence[Spell]) -> tuple[int, int]:
    """First and last training step of spells."""
    return min(s.steps[0] for s in spells), max(s.steps[1] for s in spells)


def time_of(spells: Sequence[Spell]) -> tuple[float, float]:
    """First and last wall time of spells; NaN where one is not known."""
    return float(np.min([s.time[0] for s in spells])), float(np.max([s.time[1] for s in spells]))


def values_of(spells: Sequence[Spell], device: str) -> Floats:
    """The samples of one device in its spells."""
    return np.concatenate([s.value for s in spells if s.device == device])
