"""One rate signal from whatever a run logged about its speed, and the wall time that it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.growing import blocks, chosen, differences, mapped
from runlens.model import PlacedSeries, RoleSeries, Run
from runlens.roles.derive import advances
from runlens.roles.rl import rl_sign
from runlens.rules.throughput.parts.no_role import clock_without_role
from runlens.rules.throughput.parts.telling import even, positive
from runlens.rules.throughput.parts.work import varying_work, work_per_step
from runlens.stats.blocks import midmeans
from runlens.stats.robust import Floats, median, quantile
from runlens.stats.spans import AT_ONCE, spans

Origin = Literal["rate", "step time", "wall time", "wall steps"]

RATES = ("tokens_per_second", "samples_per_second", "tflops", "mfu")
"""Logged rates, the most telling first; higher is better in all of them."""


TOGETHER = 0.2
"""Seconds below which points may have been stamped in one burst: a flush takes milliseconds a point."""
FEWEST = 24
"""Logged points below which a speed has no level to speak of."""
TOO_FAST = 3.0
"""A clock that runs this many times as fast as the trainer's own timer is not that of the run."""
FINE = 32
"""Points in a fine block."""


@dataclass(frozen=True, eq=False)
class RateSignal:
    """The speed of a run at each logged point, in the order written.

    Points without a positive rate are left out, and of points much denser than the rest (the first hundred steps of a
    log of every thousandth) all but one a stride.
    """

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
    resumes: npt.NDArray[np.int64]
    """Indices of the first point after each resume."""
    per_gpu: bool
    """True if the rate is that of one GPU."""
    step_seconds: float = float("nan")
    """Time of a step by what the trainer logged, not by the clock: step time, or the tokens of a step over the rate."""
    judged: dict[object, object] = field(default_factory=dict, repr=False)
    """What rules have worked out on it, kept for the next."""

    def __len__(self) -> int:
        return len(self.rate)

    @cached_property
    def stride(self) -> float:
        """Training steps from one point to the next (median, at least 1)."""
        return max(median(np.abs(np.diff(self.step[:4096])).astype(np.float64)), 1.0) if len(self) > 1 else 1.0

    @cached_property
    def clock_seconds(self) -> float:
        """Seconds between two points by the clock (median of the first 130,000 gaps).

        NaN without wall times, and where the clock ran far faster than the trainer says: a history that was copied, or
        synchronised later, holds the times of the copying.
        """
        gaps = np.diff(self.time[: 1 << 17])
        usual = median(gaps[np.isfinite(gaps) & (gaps > 0)])
        return usual if not usual < self.step_seconds * self.stride / TOO_FAST else float("nan")

    @cached_property
    def normal_seconds(self) -> float:
        """Seconds between two points of a run that does not stand still, by whatever tells; NaN if nothing does."""
        if self.clock_seconds > 0:
            return self.clock_seconds
        if self.step_seconds > 0:
            return self.step_seconds * self.stride
        return self.stride / median(self.rate) if self.unit == "steps/s" else float("nan")

    @property
    def untold(self) -> bool:
        """Whether nothing but the step and the clock tells the speed: no rate, no timer, no tokens."""
        return self.origin == "wall time" and self.unit == "steps/s"

    @property
    def log(self) -> Floats:
        """(n,) float64: natural logarithm of the rate, in which a loss of 5 % is 0.05 at any speed.

        Made anew for each who asks, where the log is read once: of 10 million points it takes 0.1 s, and would hold
        80 MB.
        """
        return mapped("log", (self.rate,), np.log)

    @cached_property
    def fine(self) -> Floats:
        """(n // FINE,) float64: midmeans of the logarithm over blocks of `FINE` points."""
        return blocks("midmean of the log", self.rate, FINE, _midmeans_of_log)


def _midmeans_of_log(rates: Floats) -> Floats:
    """Midmeans of the logarithm of each row, some rows at a time: of 10 million points the logarithms take 80 MB."""
    out = np.empty(len(rates))
    for first, last in spans(len(rates), AT_ONCE // FINE):
        out[first:last] = midmeans(np.log(rates[first:last]))
    return out


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
        answer is the same object.
    """
    return run.once("rate signal", lambda: _of_source(run))


def wall_signal(run: Run) -> RateSignal | None:
    """Steps over wall time between the points of the densest training series; None where wall times tell too little.

    This sees what a logged rate leaves out: a hang between two steps, an eval, a checkpoint.
    """
    return run.once("wall signal", lambda: _of_wall(run))


def own_timer(run: Run) -> RoleSeries | None:
    """The step time that the run itself logged for all its devices; None if it logged none."""
    timer = run.role("step_time")
    return timer if timer is not None and not timer.derived and not timer.device else None


def _of_source(run: Run) -> RateSignal | None:
    found = _source(run)
    if found is None:
        return None
    role, origin = found
    if origin == "rate":
        return _as_logged(_logged(run, role))
    if origin == "step time":
        return _as_logged(_timed(run, role))
    # what a policy does sets how many steps its episodes take
    episodes = role.role == "samples" and bool(rl_sign(run.placed, run.axis_name))
    return _as_logged(_walled(role, in_steps=episodes))


def _of_wall(run: Run) -> RateSignal | None:
    rows = [
        r
        for role in ("train_loss", "tokens_per_second", "step_time", "learning_rate", "grad_norm", "tokens", "samples")
        for r in run.every(role)[:1]
        if r.split == "train" and not r.derived and not r.device
    ] or clock_without_role(run)
    timed = [r for r in rows if _count(r.series.time) >= FEWEST]
    if not timed:
        return None
    densest = max(timed, key=lambda r: len(r.series))
    signal = _as_logged(_walled(densest, in_steps=True))
    return signal if signal is not None and len(signal) >= 0.5 * len(even(densest.series)) else None


def _as_logged(signal: RateSignal | None) -> RateSignal | None:
    """The signal if it has two points and more."""
    return signal if signal is not None and len(signal) >= 2 else None


def _source(run: Run) -> tuple[RoleSeries, Origin] | None:
    """The series to judge: the best logged rate or step time with points enough, else wall times."""
    timed: list[tuple[RoleSeries, Origin]] = [(r, "rate") for role in RATES for r in run.every(role)]
    timed += [(r, "step time") for r in run.every("step_time")]
    logged = [(r, o) for r, o in timed if r.origin == "user" or (not r.device and not r.derived and r.split == "train")]
    walls = [r for role in ("tokens", "train_loss", "samples") for r in run.every(role)[:1]] or clock_without_role(run)
    walls = [r for r in walls if r.split == "train" and not r.derived and _count(r.series.time) >= FEWEST]
    for fewest in (FEWEST, 2):
        for role, origin in logged:
            if _count(role.series.value) >= (2 if role.origin == "user" else fewest):
                return role, origin
        if walls:
            return max(walls, key=lambda r: len(r.series)), "wall time"
    return None


def _count(x: Floats) -> int:
    """Positive, finite numbers among the first few thousand: enough to know whether there are enough."""
    first = x[:4096]
    return int(np.count_nonzero(np.isfinite(first) & (first > 0)))


def _logged(run: Run, role: RoleSeries) -> RateSignal:
    s = even(positive(role.series))
    per_gpu = role.scope == "per_gpu"
    seconds = _step_seconds(run, s, role.unit, per_gpu)
    return RateSignal(s.name, role.unit, "rate", s.step, s.value, s.time, s.falls(), per_gpu, seconds)


def _step_seconds(run: Run, rate: PlacedSeries, unit: str, per_gpu: bool) -> float:
    """Seconds of a step by the logged step time, else by the tokens of a step; NaN if neither tells.

    A rate that is not named for one GPU tells no seconds where steps come several times as fast by a clock whose points
    lie too far apart to be the times of a copy: it is of one GPU all the same, of how many nobody knows.
    """
    timer = own_timer(run)
    if timer is not None:
        return median(timer.series.value[:: max(len(timer.series) // 4096, 1)])
    gpus = run.hardware_count if per_gpu else 1
    if unit != "tokens/s" or not run.roles.get("tokens") or not gpus:
        return float("nan")
    few = slice(None, None, max(len(rate) // 2000, 1))
    work = median(work_per_step(run, rate.step[few], 4000))
    seconds = work / (gpus * median(rate.value[few])) if work > 0 else float("nan")
    if per_gpu:
        return seconds
    gaps = np.diff(rate.time[: 1 << 16])
    usual = median(gaps[np.isfinite(gaps)]) / max(median(np.abs(np.diff(rate.step[: 1 << 16])).astype(np.float64)), 1.0)
    return float("nan") if usual >= TOGETHER and seconds > TOO_FAST * usual else seconds


def _timed(run: Run, role: RoleSeries) -> RateSignal:
    """From step time: tokens a second where the tokens of a step change, else steps a second."""
    s = even(positive(role.series))
    work = varying_work(run, s.step)
    if work is None:
        rate, unit = 1.0 / s.value, "steps/s"
    else:
        rate, unit = work / s.value, "tokens/s" if run.roles.get("tokens") else "samples/s"
    seconds = median(s.value[-4096:])
    return RateSignal(s.name, unit, "step time", s.step, rate, s.time, s.falls(), False, seconds)


def _walled(role: RoleSeries, in_steps: bool) -> RateSignal | None:
    """From wall time: progress between groups of points, wide enough that buffered writing does not matter."""
    s = even(role.series.timed())
    in_tokens = role.role in ("tokens", "samples") and not in_steps
    s = s.take(slice(None, None, flush_group(s.time)))
    if len(s) < 3:
        return None
    back = s.falls() - 1
    every = differences(s.value if in_tokens else s.step), differences(s.time), s.step[1:], s.time[1:]
    done, seconds, step, time = chosen("advance", every, advances)
    if len(done) < len(every[0]):
        back = np.searchsorted(np.flatnonzero(advances(*every)), back)
    # in place of the gaps where nobody keeps them: of 10 million points a column takes 80 MB
    kept = not seconds.flags.writeable
    rate = mapped("rate", (done, seconds), np.divide) if kept else np.divide(done, seconds, out=seconds)
    unit = f"{role.role}/s" if in_tokens else "steps/s"
    origin: Origin = "wall steps" if in_steps else "wall time"
    return RateSignal(s.name, unit, origin, step, rate, time, back, False)


def flush_group(time: Floats) -> int:
    """Points between which wall time may be trusted: 1, or twice the burst in which a buffering writer stamps them.

    A writer that stamps its points when it flushes leaves many points with (almost) the same time and one long gap;
    one that keeps whole seconds does the same. Both show as steps of time far below the mean step, and short in
    themselves: a night's pause raises the mean far above every step that was really trained.

    Parameters
    ----------
    time : ndarray of float64, shape (n,), finite
    """
    gaps = np.diff(time[: 1 << 16])
    if len(gaps) < 8:
        return 1
    mean = float(gaps.mean())
    together = gaps < min(0.1 * mean, TOGETHER)
    if mean <= 0 or float(np.mean(together)) < 0.3:
        return 1
    bursts = np.flatnonzero(~together)
    return (
        int(2 * np.ceil(quantile(np.diff(bursts).astype(np.float64), 0.9)))
        if len(bursts) > 2
        else max(len(time) // 8, 1)
    )
