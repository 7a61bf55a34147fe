"""LOG005: a wall clock that does not run on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, TypedDict

import numpy as np
import numpy.typing as npt

from runlens.growing import greatest, places
from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.meaning import Part, Story
from runlens.rules.shared.panels import BESIDE_LOG
from runlens.rules.shared.points import TRAINING, spine
from runlens.stats.robust import Floats

_YEAR = 365.25 * 86400
_SET = 1e9
"""Unix time (September 2001) before which a clock was not set; a leap of a year from a later one is a log taken up
again."""


Direction = Literal["back", "ahead"]


class ClockEvidence(TypedDict):
    """The jumps of the wall clock."""

    jumps: int
    largest_s: float
    direction: Direction


@dataclass(frozen=True)
class ClockJump(Rule[ClockEvidence]):
    """The wall clock went backwards, or leapt.

    What it does
    ------------
    Looks, within each attempt, for points that were written after others and yet have an earlier time, by more than
    `tolerance`; and for leaps of a year and more from a clock that was not set (before September 2001), or beyond
    the time at which the log was read. A long pause, such as of a log that is taken up years later, is no leap:
    that is TPUT005. Jumps of `warning_jump` and more are a warning, smaller ones `info`.

    Why it matters
    --------------
    Throughput and step times that are derived from the wall clock are wrong around a jump, and a join by time (system
    metrics) puts points on the wrong step.

    What to do
    ----------
    Look at the time service of the node (chrony, NTP) and at whether the log was written in local time.

    Settings
    --------
    tolerance : float
        Seconds. Writers with several threads hand over points out of order by less; NTP slews offsets below 0.128 s and
        steps larger ones.
    warning_jump : float
        Seconds, as long as many steps: rates derived from the clock are wrong by it.

    References
    ----------
    RFC 5905, section 11.3 (step threshold of 0.128 s).
    """

    code: ClassVar[str] = "LOG005"
    name: ClassVar[str] = "clock-jump"
    needs: ClassVar[tuple[str, ...]] = TRAINING
    symptom = Symptom.OTHER
    part = Part((Story.SPEED,))
    figure = Figure(beside=BESIDE_LOG, sudden=True)
    settles = False

    tolerance: float = 1.0
    warning_jump: float = 60.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for all jumps back, and one for all leaps."""
        series = spine(run)
        known = series.series.timed() if series is not None else None
        if series is None or known is None or len(known) < 2:
            yield self.skip("the log holds no wall times", kind="too-few-points")
            return
        latest = run.read_at + 86400 if math.isfinite(run.read_at) else math.inf
        back, ahead = _jumps(known, self.tolerance, latest)
        told: tuple[tuple[npt.NDArray[np.int64], Direction], ...] = ((back, "back"), (ahead, "ahead"))
        for at, direction in told:
            if len(at):
                size = float(np.abs(known.time[at + 1] - known.time[at]).max())
                yield self._finding(series.series.name, known.step, at, size, direction)

    def _finding(self, metric: str, step: np.ndarray, at: np.ndarray, size: float, direction: Direction) -> Finding:
        first, last = int(step[at[0]]), int(step[at[-1] + 1])
        what = f"{'went' if direction == 'back' else 'leapt'} {direction}"
        most = "up to " if len(at) > 1 else ""
        where = f"at step {last:,}" if len(at) == 1 else f"{len(at)} times between steps {first:,} and {last:,}"
        return self.finding(
            Severity.WARNING if size >= self.warning_jump else Severity.INFO,
            metric,
            (first, last),
            f"the wall clock {what} {where}, by {most}{size:,.1f} s: rates derived from it are wrong there",
            {"jumps": len(at), "largest_s": size, "direction": direction},
            "Look at the time service of the node (chrony, NTP), and at whether the log was written in local time.",
        )


def _jumps(known: PlacedSeries, tolerance: float, latest: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Positions after which the clock went back within an attempt, and after which it leapt a year or past `latest`."""
    columns = known.time, known.step

    def fell(time: Floats, step: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        return np.asarray((np.diff(time) < -tolerance) & (step[1:] >= step[:-1]))

    back = places(("clock back", tolerance), columns, fell, back=1) - 1

    def leapt(time: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray((np.diff(time) >= _YEAR) & (time[:-1] < _SET))

    ahead = places("a year ahead", (known.time,), leapt, back=1) - 1
    if not float(greatest(known.time)) <= latest:
        time = known.time
        past = np.flatnonzero((time[1:] > latest) & (time[1:] > time[:-1]) & (time[:-1] <= latest))
        ahead = np.sort(np.concatenate([ahead, past[~np.isin(past, ahead)]]))
    return back, ahead
