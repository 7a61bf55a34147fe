"""The numbers of a whole run that are compared between nights, and how far each may differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from runlens.model import Direction, Run
from runlens.model.twin import Quantity
from runlens.rules.hardware.parts.devices import per_device
from runlens.rules.throughput.parts.levels import settle_in
from runlens.rules.throughput.parts.signal import FEWEST, rate_signal
from runlens.rules.throughput.parts.words import unit_of
from runlens.stats.robust import median, quantile

PEAK = 0.99
"""Quantile that stands for the peak of a temperature: one sample of a sensor may be anything."""
PETTY = 60.0
"""Seconds that nobody misses: no shorter run has a duration to speak of, and no difference counts that is shorter."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared, and how far it may differ between nights."""

    name: str
    words: str
    worse: Literal["up", "down"]
    """Which way is bad news."""
    floor: float
    """Least difference that counts: of the logarithm, or in its own unit where not `log`."""
    log: bool = True
    error: float = 1.0
    """So many times its bar is an error; less is a warning."""
    better: bool = False
    """Whether a change for the better is worth a note."""
    other: bool = False
    """Whether a change to the good side is a warning too: it means something else was run."""

    def is_worse(self, shift: float) -> bool:
        """Whether a shift is bad news."""
        return shift > 0 if self.worse == "up" else shift < 0

    def plain(self, shift: float) -> float:
        """A shift as a share, or in its own unit where not `log`."""
        return float(np.expm1(shift)) if self.log else shift


MEASURES = (
    Measure("speed", "speed", "down", 0.015, better=True),
    Measure("step_time", "time of a step", "up", 0.015),
    Measure("duration", "duration", "up", 0.05, error=1.5),
    Measure("length", "last step", "down", 0.05),
    Measure("tokens", "tokens at the end", "down", 0.05),
    Measure("tokens_per_step", "tokens of a step", "down", 0.02, other=True),
    Measure("memory", "peak GPU memory", "up", 0.03, error=1.5),
    Measure("host_memory", "peak host memory", "up", 0.10, error=1.5),
    Measure("temperature", "peak GPU temperature", "up", 3.0, log=False, error=1.5),
)
"""Floors: 1.5 % of speed is five times the 0.3 % by which nights of one job on one machine differ; memory is allocated
in blocks of 2 MiB to 1 GiB (PyTorch's caching allocator), so that equal jobs differ by some per cent; nvidia-smi reads
whole degrees and machine rooms differ by one or two."""
LOSS = Measure("train_loss", "training loss", "up", 0.015, better=True)
NORM = Measure("grad_norm", "gradient norm", "up", 0.26, error=1.2, other=True)
"""Four seeds of a 12M model differ by 0.5 to 1.4 % in loss and by 2 to 4 % in gradient norm."""
SCORE = Measure("score", "score", "down", 0.01, log=False, better=True)
"""One point: the better half of what plain and deduplicated models of one size differ by."""
HELD_OUT = Measure("held-out", "held-out loss", "up", 0.02, better=True)


def measure_of_eval(fraction: bool, direction: Direction) -> Measure:
    """What an eval is compared by, if higher or lower is better."""
    usual = SCORE if fraction else HELD_OUT
    worse: Literal["up", "down"] = "down" if direction == "up" else "up"
    return usual if usual.worse == worse else replace(usual, name="score", words="score", worse=worse)


def quantities(run: Run) -> dict[str, Quantity]:
    """The measures that a resolved run tells, by name."""
    found: dict[str, Quantity] = {}
    signal = rate_signal(run)
    if signal is not None and len(signal) >= FEWEST:
        found["speed"] = Quantity(median(signal.rate[settle_in(len(signal)) :]), unit_of(signal), signal.metric)
    timer = run.role("step_time")
    if timer is not None and not timer.derived and len(timer.series) >= FEWEST:
        found["step_time"] = Quantity(median(timer.series.value), timer.unit, timer.series.name)
    if (span := run.step_range()) is not None:
        found["length"] = Quantity(float(span[1]), "steps")
        times = run.time_at(np.array(span))
        if np.isfinite(times).all() and times[1] - times[0] >= PETTY:
            found["duration"] = Quantity(float(times[1] - times[0]), "s")
    counter = run.role("tokens")
    if counter is not None and np.isfinite(counter.series.value).any():
        tokens = float(np.nanmax(counter.series.value))
        found["tokens"] = Quantity(tokens, "tokens", counter.series.name)
        if span is not None and span[1] > 0:
            found["tokens_per_step"] = Quantity(tokens / span[1], "tokens", counter.series.name)
    for name, role, at in (
        ("memory", "gpu_memory", 1.0),
        ("host_memory", "host_memory", 1.0),
        ("temperature", "gpu_temperature", PEAK),
    ):
        peaks = [
            (quantile(r.series.value, at), r.unit, r.series.name)
            for r in per_device(run, role).values()
            if np.isfinite(r.series.value).any()
        ]
        if peaks:
            value, unit, metric = max(peaks)
            found[name] = Quantity(value / 1e9, "GB", metric) if unit == "bytes" else Quantity(value, unit, metric)
    return {name: one for name, one in found.items() if np.isfinite(one.value)}
