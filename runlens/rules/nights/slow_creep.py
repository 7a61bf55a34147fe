"""TREND001: a drift over nights that no single night shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Severity, Skip, Symptom
from runlens.model.twin import Twin
from runlens.model.words import number
from runlens.rules.meaning import Advice, Part
from runlens.rules.nights.parts.changed import changes
from runlens.rules.nights.parts.courses import Course, courses
from runlens.rules.nights.parts.creep import FEWEST, Creep, creep, onset
from runlens.rules.nights.parts.rule import NightRule
from runlens.rules.nights.parts.words import difference
from runlens.rules.shared.panels import LOSSES, MACHINES


class SlowCreepEvidence(TypedDict):
    """What drifts, since when, and what changed then."""

    what: str
    """Name of the measure or of the eval."""
    tonight: float
    """Level of the newest three nights, in `unit`."""
    start: float
    """Level of the oldest nights."""
    unit: str
    share: float
    """Difference as a share of the start; in its own unit for scores and temperatures."""
    bar: float
    spread: float
    """Standard deviation from one night to the next, as `share` is measured."""
    nights: list[str]
    """The nights looked at, the oldest first."""
    began: str
    """The first night of the drift."""
    sudden: bool
    """Whether it came within one night."""
    changed: list[list[str]]
    """Setting, value of the night before, value of the night on which it began."""


@dataclass(frozen=True)
class SlowCreep(NightRule[SlowCreepEvidence]):
    """A drift over nights that no single night shows.

    What it does
    ------------
    Lays the good nights and this one in a row and holds the newest three against the oldest: speed, time of a step,
    duration, memory, temperature, the end of the training loss, each eval. The yardstick is what one night differs by
    from the next, the drift itself left out; a shift counts where healthy nights would show it once in ten thousand,
    and never below the floors of TREND002. `error`: slower, a higher loss, worse evals. `warning`: duration, memory and
    temperature. It names the night on which the drift began, and the settings that changed in it.

    Why it matters
    --------------
    One per cent slower every night is within the noise of any night, and after two weeks an eighth of the cluster is
    gone. A baseline that moves along with the last nights never sees it.

    What to do
    ----------
    Look at the night on which it began: its commit, versions and settings against those of the night before. What is
    meant to stay is accepted with `runlens nights accept`; the oldest nights then count from there on.

    Settings
    --------
    twins : good nights, given by `--baseline-runs`.
    nights : nights that must be known, this one counted.
    last : of no use here, since the oldest nights are what counts.
    max_age : days; good nights that are older do not count. None for no limit.

    References
    ----------
    Page's cumulative sums find the same with a delay of a night or two and name no oldest nights to look at
    (Montgomery, Introduction to Statistical Quality Control, 9.1); the spread from successive differences is von
    Neumann's (1941).
    """

    code = "TREND001"
    name = "slow-creep"
    needs = ()
    symptom = Symptom.WORSE
    part = Part()
    figure = Figure(panels=LOSSES, beside=MACHINES)
    advice = Advice(measures=("Look at what changed on the night on which the drift began.",))

    nights: int = FEWEST

    def beside(self, own: Twin, nights: Sequence[Twin]) -> Iterator[Finding | Skip]:
        """Yield one finding for each measure that drifts for the worse."""
        row = [*nights, own]
        if len(row) < self.nights:
            yield self.skip(
                f"{len(row)} nights are no trend: {self.nights} are needed, this one counted", kind="too-few-points"
            )
            return
        loud: set[str] = set()
        for course in courses(row):
            if not course.nights or course.nights[-1] is not own or (course.name == "step_time" and "speed" in loud):
                continue
            found = creep(course.values, course.measure.floor, course.chance)
            if found is None or abs(found.shift) <= found.bar or not course.measure.is_worse(found.shift):
                continue
            loud.add(course.name)
            yield self._finding(course, found)

    def _finding(self, course: Course, found: Creep) -> Finding:
        end = found.start + found.shift
        start, level = (float(np.exp(x)) if course.measure.log else x for x in (found.start, end))
        began, sudden = onset(course.values)
        first, before = course.nights[began], course.nights[began - 1]
        changed = changes(before.config, first.config)
        by = difference(course.measure, found.shift, course.unit)
        higher = "higher" if found.shift > 0 else "lower"
        how = "since" if sudden else "and drifting, since"
        unit = f" {course.unit}" if course.unit else ""
        told = "; ".join(f"{key} {was} -> {now}" for key, was, now in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        what = f"the eval {course.words}" if course.name == course.metric else f"the {course.words}"
        return self.finding(
            Severity.ERROR if course.measure.error <= 1.0 else Severity.WARNING,
            course.metric,
            None,
            f"{what} is {by} {higher} than in the oldest of {len(course.nights)} nights, {how} {first.name}: "
            f"{number(level)}{unit} over the last three, {number(start)}{unit} at first"
            + (f"; changed that night: {told}{more}" if told else ""),
            {
                "what": course.name,
                "tonight": level,
                "start": start,
                "unit": course.unit,
                "share": course.measure.plain(found.shift),
                "bar": course.measure.plain(found.bar),
                "spread": found.spread,
                "nights": [night.name for night in course.nights],
                "began": first.name,
                "sudden": sudden,
                "changed": [list(one) for one in changed],
            },
            f"Look at what changed between {before.name} and {first.name}: commit, versions, config, data.",
        )
