"""Whether GPUs worked on in a gap of the log: the log paused, and not the run."""

from __future__ import annotations

import numpy as np

from runlens.model import PlacedSeries, Run
from runlens.rules.throughput.parts.signal import RateSignal
from runlens.stats.robust import median

BUSY, AT_WORK, _SAMPLES = 50.0, 0.8, 5
"""Mean percent of use, power as a share of what the device draws else, and samples within a gap, by which GPUs worked
on. Use alone tells nothing: a collective that hangs spins at 100 %, at a third of the power."""


def busy_meanwhile(run: Run, signal: RateSignal, first: int, last: int) -> float | None:
    """Share of the time that the GPUs of a run worked in the gap before points `first` to `last`.

    None where they did not, or nothing tells: neither of a run that logs no power.
    """
    began, ended = float(signal.time[max(first - 1, 0)]), float(signal.time[last])
    powers: dict[str, PlacedSeries] = {}
    for r in run.every("gpu_power"):
        powers.setdefault(r.device, r.series)
    told = []
    for r in run.every("gpu_utilization"):
        use = r.series.value[(r.series.time > began) & (r.series.time < ended)]
        drawn = powers.get(r.device)
        if r.metric_kind or drawn is None or len(use) < _SAMPLES:
            continue
        inside = (drawn.time > began) & (drawn.time < ended)
        level, usual = median(drawn.value[inside]), median(drawn.value[~inside])
        told.append(float(np.mean(use)) if level >= AT_WORK * usual else 0.0)
    return min(told) / 100.0 if told and min(told) >= BUSY else None
