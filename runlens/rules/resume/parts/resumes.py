"""The resumes of a run, and a series cut at one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.model import PlacedSeries, Run
from runlens.rules.loss.parts.curve import train_loss
from runlens.rules.shared.points import Return, returns, spine

TWO_WRITERS = 0.1
"""Share of time that two attempts have in common from which they are two processes, as LOG002 has it."""


@dataclass(frozen=True, slots=True)
class Resume:
    """A place where the run was taken up again."""

    step: int
    """First step that was logged after it."""
    reached: int
    """Last step that was logged before it."""

    @property
    def redone(self) -> bool:
        """Whether steps were done twice."""
        return self.step <= self.reached


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """A series before and after a resume, finite points, each step once, sorted."""

    before: PlacedSeries
    """The attempt that ended there, with what came before its own start where that stands."""
    after: PlacedSeries
    """The attempt that began there, up to the next resume."""


def resumes(run: Run) -> tuple[Resume, ...]:
    """The resumes that the training loss shows, or the main series where there is none, in the order written."""
    return run.once("resumes", lambda: _found(run))


def _found(run: Run) -> tuple[Resume, ...]:
    series = train_loss(run)
    if series is None:
        main = spine(run)
        series = main.series if main is not None else None
    if series is None or len(series) < 2:
        return ()
    back = [r for r in returns(series) if r.overlap <= TWO_WRITERS]
    cuts = {r.at: Resume(r.first, r.last) for r in back}
    for start in sorted(run.starts)[1:]:  # a start that went on with the next step
        at = int(np.searchsorted(series.time, start)) if bool(np.all(np.diff(series.time) >= 0)) else 0
        if 0 < at < len(series) and at not in cuts and series.step[at] > series.step[at - 1]:
            cuts[at] = Resume(int(series.step[at]), int(series.step[at - 1]))
    return tuple(cuts[at] for at in sorted(cuts))


def sides(run: Run, series: PlacedSeries, one: Resume) -> Sides | None:
    """A series before and after a resume, None where it has no point on one side.

    Parameters
    ----------
    run : Run
    series : PlacedSeries
        Of the run, in the order written.
    one : Resume
        Of `resumes(run)`.
    """
    back = run.once(("returns", id(series)), lambda: returns(series))
    every = resumes(run)
    at = _cut(series, one, back)
    following = (_cut(series, r, back) for r in every[every.index(one) + 1 :])
    end = next((cut for cut in following if cut > at), None)
    before, after = series.take(slice(0, at)).latest(), series.take(slice(at, end)).latest()
    before = before.where(np.isfinite(before.value) & (before.step <= one.reached))
    after = after.where(np.isfinite(after.value))
    return Sides(before, after) if len(before) and len(after) else None


def _cut(series: PlacedSeries, one: Resume, every: list[Return]) -> int:
    """Position of the first point after a resume."""
    if not one.redone:
        return int(np.searchsorted(np.maximum.accumulate(series.step), one.step)) if len(series) else 0
    back = [r for r in every if r.first <= one.reached + 1 and r.last >= one.step - 1]
    if back:
        return min(back, key=lambda r: abs(r.first - one.step) + abs(r.last - one.reached)).at
    # logged too seldom to go back: cut where the run had got to
    return int(np.searchsorted(np.maximum.accumulate(series.step), one.reached, side="right"))
