"""What happened to the loss: spikes, shifts and dips, found once for all loss rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.growing import mapped
from runlens.model import Run, SkipKind
from runlens.rules.loss.parts.curve import LossCurve, loss_curve, overwritten, train_curve, train_loss
from runlens.rules.loss.parts.level import has_none
from runlens.rules.loss.parts.sensitivity import LossSensitivity
from runlens.stats.excursions.contrast import stands_above
from runlens.stats.excursions.early import blow_up
from runlens.stats.excursions.kept import AllKept
from runlens.stats.excursions.level import from_start
from runlens.stats.excursions.outcome import Ending, ending, limits
from runlens.stats.excursions.pyramid import all_excursions
from runlens.stats.excursions.search import FEWEST, SHORT, Excursion
from runlens.stats.excursions.shift import Kind, kind_of

RECOVERED = ("recovered-fast", "recovered-slow")


@dataclass(frozen=True, slots=True, eq=False)
class LossIncident:
    """One excursion of the loss with all that the rules say of it."""

    kind: Kind
    curve: LossCurve
    excursion: Excursion
    ending: Ending
    until: int
    """Position of the next excursion, or n: what came after belongs to that."""
    rewound: bool
    """True if a resume wrote over it: the run as it stands never had it."""
    early: bool = False
    """Whether it set in before there was a level to depart from."""

    @property
    def steps(self) -> tuple[int, int]:
        """First and last step, inclusive."""
        one, step = self.excursion, self.curve.step
        last = max(one.first, (one.end if one.back else self.until) - 1)
        return int(step[one.first]), int(step[last])

    @property
    def points(self) -> int:
        """Logged points that it covers."""
        return max(1, self.excursion.end - self.excursion.first)


SWINGS = 2
"""Times that a loss goes from the lower third of a rise to the upper one, from which on single batches are high."""
BETWEEN = 0.2
"""Share of its points in the middle third up to which a rise is of two kinds of batches: noise fills the middle."""
LONE = 3
"""Points up to which a rise at the end of the log is like others that were over soon."""
LIKE, ALIKE = 0.75, 3
"""Share of its height that they reach, and how many must."""


def is_mixed(incident: LossIncident) -> bool:
    """Whether single batches are high, and not the loss: it kept coming back while a rise lasted.

    A classifier that has fitted all but a few samples has such a loss: 0.0005 on most batches, 0.7 on those with one
    of the few. Told of what recovered, or is still open as the log ends.
    """
    one, outcome = incident.excursion, incident.ending.outcome
    if one.sign < 0 or outcome not in (*RECOVERED, "unresolved"):
        return False
    place = _thirds(incident)
    told = place[place != 0]
    return len(told) >= (1.0 - BETWEEN) * len(place) and int(np.count_nonzero(np.diff(told) > 0)) >= SWINGS


def is_like_others(incident: LossIncident, among: tuple[LossIncident, ...]) -> bool:
    """Whether a few points at the end of the log are no higher than `ALIKE` others, which came back fast."""
    if incident.ending.outcome != "unresolved" or int(np.count_nonzero(_thirds(incident) >= 0)) > LONE:
        return False
    least = LIKE * _height(incident)
    fast = (i for i in among if i.steps[1] < incident.steps[0] and i.ending.outcome == "recovered-fast")
    return sum(_height(i) >= least for i in fast) >= ALIKE


def _thirds(incident: LossIncident) -> npt.NDArray[np.int64]:
    """1 for each point of a rise in the upper third of its height, -1 in the lower one, 0 between."""
    one, low = incident.excursion, incident.excursion.level
    y = incident.curve.y[one.first : one.end if one.back else incident.until]
    height = _height(incident)
    return np.where(y > low + height * 2 / 3, 1, np.where(y < low + height / 3, -1, 0))


def _height(incident: LossIncident) -> float:
    """How far a rise went, in the unit of the curve's `y`."""
    return float(incident.curve.y[incident.excursion.peak]) - incident.excursion.level


def _searched(run: Run, want: LossSensitivity) -> tuple[LossIncident, ...]:
    """Incidents of the training loss, superseded ones included."""
    series, whole = train_loss(run), train_curve(run)
    if series is None or whole is None or has_none(run):
        return ()
    found = _of_curve(whole, want, kept=run.kept(("loss incidents", want), AllKept))
    for part, first in overwritten(series):
        curve = loss_curve(part)
        found += [i for i in _of_curve(curve, want, rewound=True) if i.steps[0] >= first]
    return tuple(sorted(found, key=lambda i: i.steps))


def _of_curve(
    curve: LossCurve, want: LossSensitivity, rewound: bool = False, kept: AllKept | None = None
) -> list[LossIncident]:
    origin = from_start(curve.step)
    y, step = curve.y, curve.step
    if origin:  # of 10 million points a copy is 80 MB
        step = mapped(("from", origin), (step,), lambda steps: steps - origin)
    every = all_excursions(y, step, want.of_curve(curve.grain), kept)
    found = [one for one in every if one.sign < 0 or stands_above(y, step, one)]
    early = blow_up(y) if curve.log and not rewound else None
    if early is not None and not any(one.sign > 0 and one.first <= early.known_by for one in found):
        found = sorted([*found, early.excursion], key=lambda one: one.first)
    fast, slow = limits(step, want.fast, want.slow)
    n = len(y)
    starts = [one.first for one in found] + [n]
    incidents = []
    for one, until in zip(found, starts[1:], strict=True):
        # what had been back for a while before the loss was no number is another incident
        nan = curve.ends_non_finite and until == n and (not one.back or n - one.end <= max(SHORT, one.end - one.first))
        end = ending(y, step, one, until, fast, slow, nan)
        at_once = early is not None and one is early.excursion
        kind = "spike" if at_once else kind_of(y, step, one, end, until)
        incidents.append(LossIncident(kind, curve, one, end, until, rewound, at_once))
    return incidents


def loss_incidents(run: Run, want: LossSensitivity) -> tuple[LossIncident, ...]:
    """All incidents of the training loss of a run, in order of onset; empty if it has no loss.

    Searched for once with the same sensitivity, because several rules ask.
    """
    return run.once(("loss incidents", want), lambda: _searched(run, want))


def why_none(run: Run) -> tuple[str, SkipKind] | None:
    """Why a run can have no incident: its loss need not fall, or has too few points to hold a level; else None."""
    if why := has_none(run):
        return why, "not-applicable"
    curve = train_curve(run)
    count = 0 if curve is None else len(curve.y)
    points = "point" if count == 1 else "points"
    few = f"{count} finite {points} of training loss: fewer than {FEWEST} hold no level"
    return (few, "too-few-points") if count < FEWEST else None
