"""How far a curve trails a reference curve, as a factor in tokens, with intervals that know the noise.

Everything here is "higher is better" over the logarithm of tokens (or steps): a run that needs twice the tokens for
every score is the reference's curve moved to the right by log 2, so the lag is one number, the most likely shift.
A shift's deviance knows the scatter of the checkpoints of both sides and how far two healthy models differ for long;
an interval holds the shifts whose deviance is not clearly larger than the smallest (profile likelihood: Venzon &
Moolgavkar 1988, Applied Statistics 37:87).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from runlens.stats.smooth import Smooth, smooth

Floats = npt.NDArray[np.float64]

GRID = np.linspace(np.log(1 / 8), np.log(64), 313)
"""Shifts that are tried: factors from 1/8 to 64 in steps of 2 %."""
SLOPES = np.linspace(-1, 1, 21)
"""Growths of the shift with log tokens that are tried: at 1 a run learns nothing more, at -1 it learns at twice the
reference's pace."""
STEADY = len(SLOPES) // 2
GROWS = 0.5
"""Standard deviation of the slopes to expect: a lag of 1.1 that grows so is 1.4 after half as many tokens again."""
CLEAR = 3.841
"""95 % point of chi squared with one degree of freedom: by so much the deviance of what is ruled out is larger."""
SURE = 6.635
"""The same at 99 %, for a trend: a lag is taken to be steady unless the data say otherwise."""
BETWEEN_TASKS = 0.25
"""Correlation of two models' lasting differences over tasks: a seed that is lucky on one task is a little lucky on
the others."""
REACH = float(np.log(2))
"""How far a task's own part of a lasting difference reaches, in log tokens: its correlation falls as exp(-h / REACH).
Variogram of the differences between plain and deduplicated Pythia models: 0.4 to 0.8, LAMBADA 1.3 to 1.8. Validation
losses of eight healthy seeds of a 12M-parameter model: about 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """One task of a run and of its reference, ready to compare; higher is better in all values."""

    reference_x: Floats
    """(n,) strictly increasing, log of tokens or steps; n >= 2."""
    reference: Floats
    """(n,) scores."""
    x: Floats
    """(k,) the run's checkpoints to be judged, within the reference's range."""
    value: Floats
    """(k,) scores."""
    noise: float
    """Standard deviation of one checkpoint about the smooth curve, of either side."""
    offset: Floats
    """(k,) standard deviation, at each of the run's checkpoints, of the lasting difference between two healthy models,
    which wanders slowly with tokens."""
    curve: Smooth
    """The reference without its scatter."""
    weight: float = 1.0
    """Share of this curve in sums over tasks: two metrics of one task count half each."""

    def lasting(self) -> Floats:
        """(k, k) covariance of the lasting difference over the run's checkpoints."""
        covariance: Floats = np.outer(self.offset, self.offset) * np.exp(-np.abs(self.x[:, None] - self.x) / REACH)
        return covariance

    def last(self, count: int) -> Paired:
        """The same for the run's last checkpoints alone."""
        return replace(self, x=self.x[-count:], value=self.value[-count:], offset=self.offset[-count:])


def paired(
    reference_x: Floats,
    reference: Floats,
    x: Floats,
    value: Floats,
    noise: float,
    offset: Floats | float,
    weight: float = 1.0,
) -> Paired:
    """A `Paired` with its smooth curve; one `offset` stands for all checkpoints."""
    each = np.broadcast_to(np.asarray(offset, dtype=np.float64), x.shape)
    return Paired(reference_x, reference, x, value, noise, each, smooth(reference_x, reference, noise), weight)


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """What each shift (axis g) and slope (axis s) explains of one task."""

    own: Floats
    """(g, s) deviance with the task's own part of the lasting difference."""
    pull: Floats
    """(g, s) how the residuals pull at the part that all tasks share."""
    hold: Floats
    """(g, 1) how strongly they would hold it."""
    misfit: Floats
    """(k, g) squared distance of each checkpoint from the shifted reference, in units of its variance."""
    gap: float
    """Mean score of the run less the reference's at the same tokens; negative is behind."""
    gap_noise: float
    """Its standard deviation by scatter, without the lasting difference."""
    offset: float
    """Its standard deviation by the lasting difference alone."""
    weight: float


@dataclass(frozen=True, slots=True)
class Lag:
    """A lag with its 95 % interval. A factor of 1 is level with the reference, above 1 is behind."""

    factor: float
    interval: tuple[float, float]
    now: float
    """The factor at the last checkpoint: that of the trend if there is a clear one, else `factor`."""
    now_interval: tuple[float, float]
    trend: str
    """`widening`, `closing` or `steady` over the checkpoints that were judged."""
    each: tuple[float, ...]
    """The factor at each checkpoint by itself (noisier)."""
    discord: float
    """How much more the tasks disagree than their noise explains, as a factor on the variance; at least 1."""
    end: float
    """The factor at the last checkpoint if some trend is allowed for, whether it is clear or not."""
    end_interval: tuple[float, float]
    growth: float = 0.0
    """By how much the logarithm of the lag grows with log tokens; 0 if the lag is taken to be steady."""


def explain(pair: Paired, end: float) -> Explained:
    """Deviance of every shift of `GRID` with every slope of `SLOPES`.

    Parameters
    ----------
    pair : Paired
    end : float
        Log tokens at which a sloping shift is told: the run's last checkpoint.
    """
    k, lo, hi = len(pair.x), pair.reference_x[0], pair.reference_x[-1]
    curve = pair.curve
    table = np.linspace(lo, hi, int((hi - lo) / (GRID[1] - GRID[0])) + 2)
    weights = curve.weights(table)
    shared, drawn = weights @ weights.T, weights @ curve.fit
    s2, d, lasting = pair.noise**2, pair.offset, pair.lasting()
    shift = GRID[:, None, None] + SLOPES[:, None] * (pair.x - end)
    looked_up = np.clip(pair.x - shift, lo, hi)  # (g, s, k)
    residual = pair.value - np.interp(looked_up, table, drawn)
    near = np.rint((looked_up[:, STEADY] - lo) / (table[1] - table[0])).astype(np.intp)  # slopes change errors little
    own_part = (1 - BETWEEN_TASKS) * lasting
    sure = np.linalg.inv(s2 * (np.eye(k) + shared[near[:, :, None], near[:, None, :]]) + own_part)  # (g, k, k)
    own = np.sum((residual @ sure) * residual, axis=2)
    held = np.sqrt(BETWEEN_TASKS) * (sure @ d)  # (g, k)
    pull = np.sum(residual * held[:, None], axis=2)
    hold = np.sqrt(BETWEEN_TASKS) * (held @ d)[:, None]
    misfit = residual[:, STEADY].T ** 2 / (s2 + d[:, None] ** 2)
    mean = curve.weights(pair.x).mean(axis=0)
    return Explained(
        own=pair.weight * own,
        pull=pair.weight * pull,
        hold=pair.weight * hold,
        misfit=pair.weight * misfit,
        gap=float(np.mean(pair.value) - mean @ curve.fit),
        gap_noise=float(np.sqrt(s2 * (1 / k + mean @ mean))),
        offset=float(np.sqrt(lasting.mean())),
        weight=pair.weight,
    )


def lag_of(tasks: list[Explained], x: Floats, agreed: bool = False) -> Lag:
    """The lag that explains all the given tasks best.

    Parameters
    ----------
    tasks : list of Explained
        At least one, explained to the same `end`. The factor of each checkpoint by itself comes from those tasks that
        were judged at all of the checkpoints `x`.
    x : ndarray of float64, shape (k,)
        Log tokens of the checkpoints.
    agreed : bool
        Take the tasks to agree, whatever they say.

    Notes
    -----
    Where tasks disagree by more than their noise, all variances grow by that factor: the tasks' own best deviances
    against the common one, over their number less one (the ratio of Birge 1932, Physical Review 40:207; Cochran's Q in
    meta-analysis). So one benchmark that stands out for good proves nothing by itself. Intervals grow, too, where even
    the best shift misses by more than noise (`_misfit`).
    """
    deviance = _together(tasks)
    steady = deviance[:, STEADY]
    own = [_together([task]) for task in tasks]
    discord = 1.0
    if not agreed:
        apart = sum(float(each[:, STEADY].min()) for each in own)
        others = sum(task.weight for task in tasks) - 1
        if len(tasks) > 1:
            discord = max(1.0, float(steady.min() - apart) / max(others, 1))
    points = sum(task.weight * len(task.misfit) for task in tasks)
    flat = max(discord, _misfit(sum(float(each[:, STEADY].min()) for each in own), points - 1))
    factor, interval = _best(steady, flat)
    full = [task for task in tasks if len(task.misfit) == len(x)]
    if len(x) < 3 or not full:
        return Lag(factor, interval, factor, interval, "steady", (), discord, factor, interval)
    each_one = tuple(np.exp(GRID[np.argmin(sum(task.misfit for task in full), axis=1)]).tolist())
    bent = max(discord, _misfit(sum(float(each.min()) for each in own), points - 2))
    likely = deviance + bent * (SLOPES / GROWS) ** 2
    ending = _best(likely.min(axis=1), bent)
    if steady.min() - deviance.min() <= SURE * discord:
        return Lag(factor, interval, factor, interval, "steady", each_one, discord, *ending)
    by_slope = likely.min(axis=0) / bent
    chance = np.exp(-0.5 * (by_slope - by_slope.min()))
    growth = float(chance @ SLOPES / chance.sum())
    now, now_interval = _best(deviance.min(axis=1), bent)
    trend = "widening" if growth > 0 else "closing"
    return Lag(factor, interval, now, now_interval, trend, each_one, discord, *ending, growth)


def _misfit(deviance: float, free: float) -> float:
    """How much more the best shift misses than noise explains: the deviance over what chi squared reaches at most.

    A curve of another shape is no shifted reference. Its points then lie far off the best shift, which alone would look
    all the more certain; "at most" is two standard deviations above the mean of chi squared.
    """
    free = max(free, 1.0)
    return max(1.0, deviance / (free + 2 * math.sqrt(2 * free)))


def _together(tasks: list[Explained]) -> Floats:
    """(g, s) deviance of all tasks, their common part of the lasting difference taken into account."""
    own, pull, hold = (np.sum([getattr(t, part) for t in tasks], axis=0) for part in ("own", "pull", "hold"))
    deviance: Floats = own - pull**2 / (1 + hold)
    return deviance


def _best(deviance: Floats, scale: float) -> tuple[float, tuple[float, float]]:
    """The factor of least deviance, and where to either side the last one lies that is not ruled out.

    The ends are read off between the grid's points, so an interval has a width though it be finer than the grid; where
    no shift is ruled out up to the end of the grid, that end stands.
    """
    best = int(np.argmin(deviance))
    over = deviance - (deviance[best] + CLEAR * scale)
    kept = np.flatnonzero(over <= 0)
    low, high = float(GRID[kept[0]]), float(GRID[kept[-1]])
    step = float(GRID[1] - GRID[0])
    if kept[0] > 0:
        low -= step * float(-over[kept[0]] / (over[kept[0] - 1] - over[kept[0]]))
    if kept[-1] < len(GRID) - 1:
        high += step * float(-over[kept[-1]] / (over[kept[-1] + 1] - over[kept[-1]]))
    return float(np.exp(GRID[best])), (float(np.exp(low)), float(np.exp(high)))
