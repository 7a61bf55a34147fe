"""Where a run was resumed, by its learning rate, and what RES001 says of the rate there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.model import PlacedSeries, Run
from runlens.rules.resume.parts.breaks import explained, resume_breaks
from runlens.rules.shared.points import returns
from runlens.stats.changes.breaks import Break
from runlens.stats.distinct import distinct


def resumed_at(run: Run, series: PlacedSeries) -> npt.NDArray[np.int64]:
    """Steps at which the run was resumed, by steps that go back or by starts that the log records."""
    back = [r.first for r in returns(series)]
    later = sorted(run.starts)[1:]
    known = np.flatnonzero(np.isfinite(series.time)) if later else np.empty(0, dtype=np.int64)
    for start in later:
        after = known[series.time[known] >= start]
        if len(after):
            back.append(int(series.step[after[0]]))
    return distinct(np.asarray(back, dtype=np.int64))


def at_resume(line: PlacedSeries, one: Break, resumed: npt.NDArray[np.int64]) -> bool:
    """Whether a break sets in with a resume, give or take two logged points."""
    low, high = _around(line, one)
    return bool(np.any((resumed > low) & (resumed <= high)))


def _around(line: PlacedSeries, one: Break) -> tuple[int, int]:
    return int(line.step[max(one.first - 2, 0)]), int(line.step[min(one.first + 1, len(line) - 1)])


def told_by_resume(run: Run, line: PlacedSeries, one: Break) -> bool:
    """Whether RES001 says what the rate did: by the points of the rate, since a policy has no loss to count by."""
    low, high = _around(line, one)
    broken = explained(run, int(line.step[one.first]))
    told = [broken] if broken is not None else []
    told += [other for other in resume_breaks(run) if low < other.resume.step <= high]
    return any(other.rate is not None for other in told)
