"""One rate signal from whatever a run logged about its speed, and the wall time that it took."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.model import RoleSeries, Run, Series
from runlens.stats.robust import Floats, median

Origin = Literal["rate", "step time", "wall time", "wall steps"]

RATES = ("tokens_per_second", "samples_per_second", "tflops", "mfu")
"""Logged rates, the most telling first; higher is better in all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class RateSignal:
    """The speed of a run at each logged point, in the order written; points without a positive rate are left out."""

    metric: str
    """The logged name that it comes from."""
    unit: str
    """Unit of `rate`."""
    origin: Origin
    step: npt.NDArray[np.int64]
    """(n,) int64: training step at the end of the interval that the point speaks of."""
    rate: Floats
    """(n,) float64: rate in `unit`, positive and finite."""
    time: Floats
    """(n,) float64: wall time, s since the epoch, NaN where unknown."""
    work: Floats
    """(n,) float64: tokens (or samples) in a step, NaN where unknown; shape (0,) if nothing is known."""
    resumes: npt.NDArray[np.int64]
    """Indices of the first point after each resume."""
    per_gpu: bool
    """True if the rate is that of one GPU."""

    def __len__(self) -> int:
        return len(self.rate)

    @property
    def stride(self) -> float:
        """Training steps from one point to the next (median, at least 1)."""
        return max(median(np.abs(np.diff(self.step[:4096])).astype(np.float64)), 1.0) if len(self) > 1 else 1.0


_Held = tuple[weakref.ref[npt.NDArray[np.float64]], RateSignal | None]
_memo: dict[tuple[int, str], _Held] = {}


def rate_signal(run: Run) -> RateSignal | None:
    """The run's speed: the logged rate, else step time, else tokens or steps over wall time.

    Parameters
    ----------
    run : Run
        Resolved: `run.roles` decide which series are asked.

    Returns
    -------
    RateSignal or None
        None if the run says nothing about its speed, or fewer than 2 points of it. Asked again for the same run the
        answer is the same object; it lives as long as the series it was made from.
    """
    found = _source(run)
    return None if found is None else _remembered(run, *found)


def wall_signal(run: Run) -> RateSignal | None:
    """Steps over wall time between the points of the densest training series; None where wall times tell too little.

    This sees what a logged rate leaves out: a hang between two steps, an eval, a checkpoint.
    """
    rows = [
        r
        for role in ("train_loss", "tokens_per_second", "step_time", "learning_rate", "grad_norm", "tokens")
        for r in run.every(role)[:1]
        if r.split == "train" and not r.derived and not r.device
    ]
    timed = [r for r in rows if np.count_nonzero(np.isfinite(r.series.time)) >= 8]
    if not timed:
        return None
    densest = max(timed, key=lambda r: len(r.series))
    signal = _remembered(run, densest, "wall steps")
    return signal if signal is not None and len(signal) >= 0.5 * len(densest.series) else None


def _remembered(run: Run, role: RoleSeries, origin: Origin) -> RateSignal | None:
    """The signal of a series, made once for as long as its values live: several rules ask for it."""
    key = (id(role.series.value), origin)
    held = _memo.get(key)
    if held is not None and held[0]() is role.series.value:
        return held[1]
    if origin == "rate":
        signal: RateSignal | None = _logged(run, role)
    elif origin == "step time":
        signal = _timed(run, role)
    else:
        signal = _walled(run, role, in_steps=origin == "wall steps")
    if signal is not None and len(signal) < 2:
        signal = None
    _memo[key] = (weakref.ref(role.series.value, lambda _: _memo.pop(key, None)), signal)
    return signal


def _source(run: Run) -> tuple[RoleSeries, Origin] | None:
    """The series to judge: the best logged rate with points enough, else the best there is."""
    rates = [r for role in RATES for r in run.every(role) if not r.device and r.split == "train"]
    logged: list[tuple[RoleSeries, Origin]] = [(r, "rate") for r in rates if not r.derived and _positive(r.series) >= 8]
    logged += [
        (r, "step time")
        for r in run.every("step_time")
        if not r.device and r.split == "train" and not r.derived and _positive(r.series) >= 8
    ]
    if logged:
        return logged[0]
    walls = [r for role in ("tokens", "train_loss", "samples") for r in run.every(role) if r.split == "train"]
    timed = [r for r in walls if np.isfinite(r.series.time).sum() >= 8 and not r.derived]
    return (max(timed, key=lambda r: len(r.series)), "wall time") if timed else None


def _positive(series: Series) -> int:
    return int(np.count_nonzero(np.isfinite(series.value) & (series.value > 0)))


def _resumes(step: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.diff(step) < 0) + 1


def _kept(series: Series) -> Series:
    """The points with a positive, finite value."""
    keep = np.isfinite(series.value) & (series.value > 0)
    return series if bool(keep.all()) else series.take(keep)


def _logged(run: Run, role: RoleSeries) -> RateSignal:
    s = _kept(role.series)
    return RateSignal(
        s.name, role.unit, "rate", s.step, s.value, s.time, work_per_step(run, s.step), _resumes(s.step),
        role.scope == "per_gpu",
    )  # fmt: skip


def _timed(run: Run, role: RoleSeries) -> RateSignal:
    """From step time: tokens a second where the tokens of a step are known and change, else steps a second."""
    s = _kept(role.series)
    work = work_per_step(run, s.step)
    rate, unit = 1.0 / s.value, "steps/s"
    if len(work) and bool(np.isfinite(work).all()):
        rate, unit = work / s.value, "tokens/s" if run.roles.get("tokens") else "samples/s"
    return RateSignal(s.name, unit, "step time", s.step, rate, s.time, work, _resumes(s.step), False)


def _walled(run: Run, role: RoleSeries, in_steps: bool) -> RateSignal | None:
    """From wall time: progress between groups of points, wide enough that buffered writing does not matter."""
    s = role.series.take(np.isfinite(role.series.time))
    unit, progress = "steps/s", s.step.astype(np.float64)
    if role.role in ("tokens", "samples") and not in_steps:
        unit, progress = f"{role.role}/s", s.value
    group = flush_group(s.time)
    at = np.arange(0, len(s), group)
    if len(at) < 3:
        return None
    seconds, done = np.diff(s.time[at]), np.diff(progress[at])
    keep = np.flatnonzero((seconds > 0) & (done > 0))
    end = at[1:][keep]
    work = work_per_step(run, s.step[end])
    back = np.flatnonzero(np.diff(s.step[at]) < 0)
    return RateSignal(
        s.name, unit, "wall time", s.step[end], done[keep] / seconds[keep], s.time[end], work,
        np.searchsorted(keep, back), False,
    )  # fmt: skip


def flush_group(time: Floats) -> int:
    """Points between which wall time may be trusted: 1, or twice the burst in which a buffering writer stamps them.

    A writer that stamps its points when it flushes leaves many points with (almost) the same time and one long gap;
    one that keeps whole seconds does the same. Both show as steps of time far below the mean step.

    Parameters
    ----------
    time : ndarray of float64, shape (n,), finite
    """
    gaps = np.diff(time[: 1 << 16])
    if len(gaps) < 8:
        return 1
    mean = float(gaps.mean())
    if mean <= 0 or float(np.mean(gaps < 0.1 * mean)) < 0.3:
        return 1
    bursts = np.flatnonzero(gaps >= 0.1 * mean)
    return int(2 * np.ceil(float(np.percentile(np.diff(bursts), 90)))) if len(bursts) > 2 else max(len(time) // 8, 1)


def work_per_step(run: Run, step: npt.NDArray[np.int64]) -> Floats:
    """Tokens (else samples) in a step at the given steps, from the counters or the logged batch size.

    Returns
    -------
    ndarray of float64, shape (n,), or (0,) if the run does not say
    """
    for role in ("tokens", "samples"):
        counter = run.role(role)
        if counter is None or counter.derived or len(counter.series) < 8:
            continue
        known = counter.series.latest()
        known = known.take(np.isfinite(known.value))
        gaps = np.diff(known.step)
        if len(gaps) < 4:
            continue
        each = np.diff(known.value) / np.maximum(gaps, 1)
        smooth = bn.move_median(each, window=min(9, len(each)), min_count=1)
        smooth[: len(smooth) - 4] = smooth[4:]
        return np.asarray(smooth[np.clip(np.searchsorted(known.step[1:], step), 0, len(smooth) - 1)])
    size = run.role("batch_size")
    if size is not None and len(size.series) > 1:
        known = size.series.latest()
        return np.asarray(known.value[np.clip(np.searchsorted(known.step, step, side="right") - 1, 0, len(known) - 1)])
    return np.empty(0)


def stretches(cuts: npt.NDArray[np.int64], n: int) -> list[tuple[int, int]]:
    """Pieces of `range(n)` between the cuts, as half-open bounds."""
    return list(pairwise([0, *cuts.tolist(), n]))
