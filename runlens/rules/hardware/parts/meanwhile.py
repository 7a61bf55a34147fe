"""What the training did meanwhile: whether any was logged, and how fast it went."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runlens.model import PlacedSeries, Run
from runlens.model.words import percent
from runlens.rules.hardware.parts.devices import at_steps, clean, per_device
from runlens.rules.hardware.parts.spells import Spell, devices_of, span_of
from runlens.rules.shared.points import spine
from runlens.rules.throughput.parts.signal import rate_signal
from runlens.stats.robust import Floats, median, medians_of_parts, quantile, sigma, standard_error_of_median

GOING = 5.0
"""Times the usual time between two logged points of the training within which it was still going: an evaluation or a
checkpoint falls between, a night between two sessions does not."""
FEWEST = 10
"""Points of a speed within a stretch, and without, below which nothing is told of it."""
REST = 0.1
"""Share of a run that must lie outside of a stretch: the start of a run is nothing to hold the whole of it against."""
CLEAR = 3.0
"""Standard errors by which a speed must differ."""
_OTHERS = (
    *("samples", "samples_per_second", "epoch", "eval_loss", "eval_score", "train_score", "reward"),
    *("discriminator_loss", "generator_loss", "other"),
)
"""Roles that tell of a training where no loss, rate or norm is known."""
_SYSTEM = re.compile(r"system[./]|ray/")
"""Prefixes under which monitors log a machine."""
SAID = 0.02
"""Share by which training must have been slower, or faster, to be told: below it is the noise of a step's time."""
_BLOCKS = 4
"""Stretches of the same length in the rest of the run from which their scatter tells how the speed wanders."""


def trained(run: Run, time: tuple[float, float]) -> float:
    """Share of a stretch of wall time in which a training was logged: 0 to 1, NaN where no times are known.

    Between two logged points it went on, if these lie no more than `GOING` times the usual time apart.

    Parameters
    ----------
    run : Run
    time : (float, float)
        First and last wall time, s since the epoch.
    """
    line = _line(run)
    if line is None:
        return 0.0
    known = np.sort(line.time[np.isfinite(line.time)])
    first, last = time
    if not len(known) or not last > first:
        return math.nan
    if len(known) < 2:
        return 0.0
    gaps = np.diff(known)
    usual = median(gaps[gaps > 0])
    going = gaps <= GOING * usual
    inside = np.minimum(known[1:], last) - np.maximum(known[:-1], first)
    return float(np.sum(np.maximum(inside[going], 0.0))) / (last - first)


def _line(run: Run) -> PlacedSeries | None:
    """The series that shows best when a training went on; else the longest that is of no machine."""
    if (training := spine(run)) is not None:
        return training.series
    rest = (r.series for role in _OTHERS for r in run.every(role) if not r.device)
    return max((s for s in rest if not _SYSTEM.match(s.name)), key=len, default=None)


def slower_by(run: Run, steps: tuple[int, int]) -> float | None:
    """Share by which training was slower in `steps` than in the rest of the run; None if that is not known.

    Medians of the run's speed (logged or by the clock) within and without, each of at least ten points after the first
    5 % of the run, and without of a tenth of the run. Negative if it was faster, and 0 where that is less than three
    times what such a median moves by chance: by the scatter of the points, and by that of other stretches as long where
    the rest holds four of them.
    """
    signal = rate_signal(run)
    if signal is None or len(signal) < 3 * FEWEST:
        return None
    settled = signal.step >= np.quantile(signal.step, 0.05)
    inside = settled & (signal.step >= steps[0]) & (signal.step <= steps[1])
    outside = settled & ~inside
    if int(inside.sum()) < FEWEST or int(outside.sum()) < max(FEWEST, REST * len(signal)):
        return None
    within, rest = median(signal.rate[inside]), median(signal.rate[outside])
    if not (within > 0.0 and rest > 0.0):
        return None
    lost = 1.0 - within / rest
    return lost if abs(lost) > CLEAR * _chance(signal.rate[inside], signal.rate[outside]) / rest else 0.0


BESIDE = 0.1
"""Share by which a clock must be lower than the highest of the node: of boards with other work it differs by less."""


@dataclass(frozen=True, slots=True)
class ClockFall:
    """By how much the clock of a device was lower in its spells, and than what."""

    device: str
    share: float
    beside: bool
    """Held against the other devices of the node, since nothing else of its own was logged."""

    @property
    def than(self) -> str:
        """What it was held against, in words."""
        return "than the highest of the node" if self.beside else "than in the rest of the run"

    @property
    def counts(self) -> bool:
        """Whether it is a loss: beside other devices, which may have other work, it must be larger."""
        return self.share >= (BESIDE if self.beside else SAID)


def clock_fell(run: Run, spells: Sequence[Spell]) -> ClockFall | None:
    """By how much the clocks of devices were lower in their spells than else: of the one that fell most.

    Medians of the SM clock within and without, where the device drew half of its power and more (a clock at rest tells
    nothing). Of a device that has no more than `FEWEST` samples without, beside the highest clock of all devices of the
    run; None if no clock tells.
    """
    clocks = {d: clean(r.series) for d, r in per_device(run, "gpu_clock").items()}
    powers = per_device(run, "gpu_power")
    told = []
    for device in devices_of(spells):
        if device not in clocks:
            continue
        clock = clocks[device]
        busy = np.ones(len(clock), dtype=np.bool_)
        if device in powers:
            drawn = at_steps(powers[device].series, clock.step)
            busy = ~(drawn < 0.5 * quantile(drawn, 0.9))
        low, high = span_of([s for s in spells if s.device == device])
        inside = busy & (clock.step >= low) & (clock.step <= high)
        outside = busy & ~inside
        if int(inside.sum()) < FEWEST:
            continue
        within = median(clock.value[inside])
        beside = int(outside.sum()) < FEWEST
        if beside and len(clocks) < 2:
            continue
        rest = max(quantile(c.value, 0.95) for c in clocks.values()) if beside else median(clock.value[outside])
        told += [ClockFall(device, 1.0 - within / rest, beside)] if rest > 0 else []
    return max(told, key=lambda fall: fall.share, default=None)


def _chance(within: Floats, rest: Floats) -> float:
    """By how much the median of a stretch differs from that of the rest by chance."""
    scatter = math.hypot(*(standard_error_of_median(sigma(part), len(part)) for part in (within, rest)))
    count = len(rest) // len(within)
    return max(scatter, sigma(medians_of_parts(rest, count))) if count >= _BLOCKS else scatter


def tie(lost: float | None) -> str:
    """The clause that says what throughput did meanwhile; empty if it is not known or moved by less than `SAID`."""
    if lost is None or abs(lost) < SAID:
        return ""
    return f"; training ran {percent(abs(lost))} {'slower' if lost > 0 else 'faster'} in these steps"
