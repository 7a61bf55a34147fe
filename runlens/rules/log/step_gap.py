"""LOG003: steps that are missing from the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypedDict

import numpy as np
import numpy.typing as npt

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.meaning import Part, Story
from runlens.rules.shared.panels import BESIDE_LOG
from runlens.rules.shared.points import TRAINING, all_steps
from runlens.stats.robust import Floats, median, quantile
from runlens.stats.strides import gap_range

TRAINED = (0.5, 3.0)
"""Time of a gap over what its steps take at the usual pace, from which and up to which they were trained in it."""


class GapEvidence(TypedDict):
    """What is missing."""

    missing_points: int
    interval_steps: float
    share: float
    time_share: float | None
    """Time that the gap lasted over what its steps take at the usual pace; None where no clock tells."""


@dataclass(frozen=True)
class StepGap(Rule[GapEvidence]):
    """Steps are missing from the log.

    What it does
    ------------
    Takes every step at which any training metric was logged, and looks for jumps from one to the next that are at least
    `points` times as long as the intervals just before and just after, and `spread` times as long as 95 % of all
    intervals of the run. It is a `warning` where the clock says that they were trained: the gap lasted about as long as
    they take. Where no time is logged, or it lasted far longer or shorter, it is `info`: scripts that are tried for a
    few steps and then take up an older checkpoint leave such gaps, and consoles that forget lines. A change of the
    logging interval is no gap, nor are the irregular ones of a sampled history.

    Why it matters
    --------------
    Missing steps come from lost files, killed writers that buffered (W&B's local files hold back some 90 rows), or a
    resume from a checkpoint that is newer than the log. Whatever happened there was not judged.

    What to do
    ----------
    Look for another log of these steps (a second folder of a resumed job), sync the run again, or flush more often.

    Settings
    --------
    points : float
        Least number of logged points missing, as multiples of the interval around the gap.
    spread : float
        Least length as a multiple of the 95th percentile of all intervals: steps sampled at random (exponential
        intervals) reach 4 times with a chance of 6e-6 a point.
    warning_points, warning_share : float
        More logged points than W&B holds back, or a larger share of the run, make a warning; less is `info`.

    References
    ----------
    wandb issues 5014 and 12067 (missing rows); the 32 KiB buffer of W&B's transaction log.
    """

    code: ClassVar[str] = "LOG003"
    name: ClassVar[str] = "step-gap"
    needs: ClassVar[tuple[str, ...]] = TRAINING
    symptom = Symptom.OTHER
    headline = "steps missing from the log"
    part = Part((Story.SPEED,))
    figure = Figure(beside=BESIDE_LOG, sudden=True)
    settles = False

    points: float = 10.0
    spread: float = 4.0
    warning_points: float = 100.0
    warning_share: float = 0.05

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each gap."""
        step = all_steps(run)
        if len(step) < 10:
            yield self.skip(f"{len(step)} logged steps are too few to know the logging interval", kind="too-few-points")
            return
        shortest, longest = gap_range(step)
        if longest < self.spread * shortest:
            return  # no interval can be that long beside any others
        interval = np.diff(step)
        candidates = np.flatnonzero(interval >= self.spread * quantile(interval.astype(np.float64), 0.95))
        metric = next(r.series.name for name in TRAINING[0].split("|") if (r := run.role(name)) is not None)
        clock = _clock(run) if len(candidates) else None
        for i in candidates.tolist():
            around = [np.median(part) for part in (interval[max(i - 8, 0) : i], interval[i + 1 : i + 9]) if len(part)]
            usual = float(max(around))
            missing = interval[i] / usual - 1
            if missing < self.points:
                continue
            first, last = int(step[i]), int(step[i + 1])
            share = (last - first) / (int(step[-1]) - int(step[0]))
            large = missing >= self.warning_points or share >= self.warning_share
            lasted = clock.share(first, last) if clock is not None else None
            trained = lasted is not None and TRAINED[0] <= lasted <= TRAINED[1]
            said = "" if trained or not large else _untrained(lasted)
            yield self.finding(
                Severity.WARNING if large and trained else Severity.INFO,
                metric,
                (first, last),
                f"nothing was logged between steps {first:,} and {last:,}: about {missing:,.0f} points at the interval "
                f"of {usual:,.0f} steps around it, {percent(share)} of the run{said}",
                {"missing_points": round(missing), "interval_steps": usual, "share": share, "time_share": lasted},
                "Look for another log of these steps; what happened in them was not judged.",
            )


def _untrained(lasted: float | None) -> str:
    if lasted is None:
        return "; no clock says that they were trained"
    return f"; by the clock they were not trained there: it took {lasted:.2g} times as long as they do"


@dataclass(frozen=True, slots=True, eq=False)
class _Clock:
    """The steps of a training series whose time is known, in order, shape (n,)."""

    step: npt.NDArray[np.int64]
    time: Floats
    pace: float
    """Usual seconds of a step."""

    def share(self, first: int, last: int) -> float | None:
        """How long a gap lasted over what its steps take at the usual pace; None where its ends have no time."""
        before, after = np.searchsorted(self.step, first, side="right") - 1, np.searchsorted(self.step, last)
        if before < 0 or after >= len(self.step):
            return None
        steps, seconds = self.step[after] - self.step[before], self.time[after] - self.time[before]
        return round(float(seconds / (self.pace * steps)), 4)


def _clock(run: Run) -> _Clock | None:
    """The clock of the training series with most points; None where none tells a pace."""
    series = [r.series for name in TRAINING[0].split("|") if (r := run.role(name)) is not None]
    timed = max((s for s in series if np.isfinite(s.time).any()), key=len, default=None)
    if timed is None:
        return None
    order = np.argsort(timed.step, kind="stable")
    known = order[np.isfinite(timed.time[order])]
    step, time = timed.step[known], timed.time[known]
    steps, seconds = np.diff(step), np.diff(time)
    forward = (steps > 0) & (seconds > 0)
    return _Clock(step, time, median(seconds[forward] / steps[forward])) if bool(forward.any()) else None
