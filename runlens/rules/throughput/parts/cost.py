"""What a slowdown costs: hours and GPU hours, so far and by the end of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Run
from runlens.roles.rates import has_speed_of_evaluation
from runlens.rules.throughput.parts.signal import RateSignal
from runlens.rules.throughput.parts.words import amount
from runlens.stats.robust import Floats, median


class CostEvidence(TypedDict):
    """Hours that would not have been needed at the old speed (`Cost`)."""

    hours_lost: float
    gpu_hours_lost: float | None
    hours_lost_by_end: float | None
    gpu_hours_lost_by_end: float | None


SOME = 300.0
"""Seconds up to which a loss that only the clock beside the loss tells is worth no warning, whatever share it is: of 95
slower stretches in some 200 short runs of one public study 93 cost less, at speeds that swung between two levels."""
LITTLE, MINUTES = 0.02, 600.0
"""Share of the run's time and seconds below which the same holds of minutes: the machine is shared by whatever runs."""
PIECES = 0.005
"""Share of a run's time below which ten minutes that it lost in pieces are worth knowing and no more."""
RECOVERED, HOUR = 0.025, 3600.0
"""Share of a run's time and seconds below which what nobody logs a speed of may have been slower for a while. Three of
1.2 to 2 % of long public runs, 14 to 28 minutes at 4 to 9 % less, were over by themselves and held nothing to mend."""
GPU_HOURS = 8.0
"""GPU hours from which on that is worth a warning all the same: an hour of a machine of eight."""
GPU_MINUTE = 1 / 60
"""GPU hours below which nobody counts in GPUs: the time of the clock says it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Hours of wall time that would not have been needed at the old speed."""

    hours: float
    """So far."""
    gpu_hours: float | None
    """The same times the number of GPUs; None if that is not known."""
    hours_by_end: float | None
    """Until the planned end, if nothing changes; None if the end is not known, or the speed came back."""
    gpu_hours_by_end: float | None

    def evidence(self) -> CostEvidence:
        """For machines."""
        return {
            "hours_lost": round(self.hours, 6),
            "gpu_hours_lost": None if self.gpu_hours is None else round(self.gpu_hours, 6),
            "hours_lost_by_end": None if self.hours_by_end is None else round(self.hours_by_end, 6),
            "gpu_hours_lost_by_end": None if self.gpu_hours_by_end is None else round(self.gpu_hours_by_end, 6),
        }

    def words(self) -> str:
        """Such as `14.2 GPU hours lost so far, 61 by the end`; less than a GPU minute in seconds of the clock."""
        in_gpus = max(self.gpu_hours or 0.0, self.gpu_hours_by_end or 0.0) >= GPU_MINUTE
        so_far, later = (self.gpu_hours, self.gpu_hours_by_end) if in_gpus else (self.hours, self.hours_by_end)
        text = f"{amount(so_far or 0.0, 'GPU hours' if in_gpus else 'hours')} lost so far"
        return text if later is None else f"{text}, {amount(later, 'GPU hours' if in_gpus else 'hours')} by the end"


def cost_of(run: Run, signal: RateSignal, first: int, last: int, share: float | Floats, goes_on: bool) -> Cost:
    """Cost of points `first` to `last` (inclusive) of a signal, of whose time `share` was lost.

    Parameters
    ----------
    run : Run
    signal : RateSignal
    first, last : int
    share : float or ndarray of float64, shape (last - first + 1,)
        Part of the time of the points that the old speed would have saved.
    goes_on : bool
        True if the run is still slow at its end, so that the rest of it costs too.
    """
    span = point_seconds(signal, first, last)
    hours = min(float(np.sum(span * share)) / 3600.0, lasted(signal, first, last) / 3600.0)
    later = None
    total = total_steps(run)
    if goes_on and total is not None:
        left = max(total - int(signal.step[-1]), 0)
        each = median(span) / signal.stride
        later = hours + left * each * float(np.mean(share)) / 3600.0
    return _cost(run, hours, later)


def lasted(signal: RateSignal, first: int, last: int) -> float:
    """Seconds by the clock from before point `first` to point `last`; infinite where the clock does not tell."""
    low = max(first - 1, 0)
    time = signal.time[low : last + 1]
    time = time[np.isfinite(time)]
    took = float(time[-1] - time[0]) if len(time) > 1 and signal.clock_seconds > 0 else float("nan")
    return took if took > 0 else float("inf")


def is_petty(cost: Cost, signal: RateSignal, share: float, seconds: float) -> bool:
    """Whether a loss is not worth a warning: less than `share` of the run and less than `seconds`.

    What it will have cost by the end counts where that is known. False where the cost is not known.

    Parameters
    ----------
    cost : Cost
    signal : RateSignal
        Of the whole run.
    share : float
        Of the run's time so far.
    seconds : float
    """
    lost = 3600.0 * max(cost.hours, cost.hours_by_end or 0.0)
    return lost < seconds and lost < share * len(signal) * signal.normal_seconds


def is_untold(run: Run, signal: RateSignal | None) -> bool:
    """Whether nobody logs a speed, not even that of an evaluation: nothing but the clock tells it."""
    return (signal is None or signal.untold) and not has_speed_of_evaluation(run.placed)


def is_petty_loss(run: Run, cost: Cost, signal: RateSignal, share: float, seconds: float) -> bool:
    """Whether lost speed is not worth a warning: as `is_petty`, and more where nobody logs a speed.

    Whoever logs a rate, a timer or tokens, be it the rate of evaluation alone, is asked to hold the speed. Of 7 public
    runs whose speed only the clock beside the loss told and that lost less than a minute, 1 to 12 % of their time, none
    had more to tell than that the machine was shared; nor had two of 3.7 and 5.3 % that cost some minutes, 1 % of the
    run (`SOME`, `LITTLE`).
    """
    untold = is_untold(run, signal)
    if untold and is_petty(cost, signal, LITTLE, MINUTES):
        return True
    if untold and not _is_costly(cost) and is_petty(cost, signal, 1.0, SOME):
        return True
    return is_petty(cost, signal, share, seconds)


def is_petty_in_pieces(run: Run, cost: Cost, signal: RateSignal, share: float, seconds: float) -> bool:
    """As `is_petty_loss`, of what is lost in pieces: minutes that are a small part of a long run are petty as well."""
    return is_petty_loss(run, cost, signal, share, seconds) or is_petty(cost, signal, PIECES, MINUTES)


def is_petty_once_over(run: Run, cost: Cost, signal: RateSignal, share: float, seconds: float) -> bool:
    """As `is_petty_in_pieces`, of a slower stretch that is over, and of one that nobody logs a speed of with more."""
    if is_petty_in_pieces(run, cost, signal, share, seconds):
        return True
    return not _is_costly(cost) and is_untold(run, signal) and is_petty(cost, signal, RECOVERED, HOUR)


def _is_costly(cost: Cost) -> bool:
    return cost.gpu_hours is not None and cost.gpu_hours >= GPU_HOURS


def cost_of_time(run: Run, seconds: float) -> Cost:
    """Cost of time that is lost and over: pauses, slow stretches, a hang. NaN seconds cost NaN hours."""
    return _cost(run, seconds / 3600.0, None)


def _cost(run: Run, hours: float, later: float | None) -> Cost:
    gpus = run.hardware_count or None
    return Cost(
        hours,
        None if gpus is None else hours * gpus,
        later,
        None if gpus is None or later is None else later * gpus,
    )


def point_seconds(signal: RateSignal, first: int, last: int) -> Floats:
    """Seconds that each point from `first` to `last` stands for, pauses left out: shape (last - first + 1,).

    From wall time, each gap cut at three times the usual one at that speed, so that evals, checkpoints and nights
    between two starts are no part of it; where the clock does not tell, from what the trainer says of a step; else NaN.
    """
    rate = signal.rate[first : last + 1]
    low = max(first - 1, 0)
    gaps = np.diff(signal.time[low : last + 1], prepend=np.full(1 - (first - low), np.nan))
    good = (gaps > 0) & np.isfinite(gaps)
    if signal.clock_seconds > 0 and np.count_nonzero(good) >= 0.5 * len(gaps):
        # a rate that holds the pause itself does not make the pause a usual gap
        usual = median(gaps[good]) * np.clip(median(rate) / rate, 0.5, 2.0)
        return np.where(good & (gaps < 3.0 * usual), gaps, usual)
    return np.asarray(signal.normal_seconds * median(signal.rate) / rate)


def total_steps(run: Run) -> int | None:
    """The planned number of optimizer steps by the run's config, or None; a plan that the run has outlived is none."""
    span = run.step_range()
    told = run.configured.planned_steps(at_least=span[1] if span else 1)
    return int(told.value) if told else None
