"""How far a curve trails a reference curve, as a factor in tokens, with intervals that know the noise.

Everything here is "higher is better" over the logarithm of tokens (or steps): a run that needs twice the tokens for
every score is the reference's curve moved to the right by log 2, so the lag is one number, the most likely shift.
A shift's deviance knows the scatter of the checkpoints of both sides and how far two healthy models differ for long;
an interval holds the shifts whose deviance is not clearly larger than the smallest (profile likelihood: Venzon &
Moolgavkar 1988, Applied Statistics 37:87).
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
    offset: float
    """Standard deviation of the lasting difference between two healthy models, which wanders slowly with tokens."""
    weight: float = 1.0
    """Share of this curve in sums over tasks: two metrics of one task count half each."""
    curve: Smooth = field(init=False)
    """The reference without its scatter."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "curve", smooth(self.reference_x, self.reference, self.noise))


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
    s2, d2 = pair.noise**2, pair.offset**2
    shift = GRID[:, None, None] + SLOPES[:, None] * (pair.x - end)
    looked_up = np.clip(pair.x - shift, lo, hi)  # (g, s, k)
    residual = pair.value - np.interp(looked_up, table, drawn)
    near = np.rint((looked_up[:, STEADY] - lo) / (table[1] - table[0])).astype(np.intp)  # slopes change errors little
    lasting = (1 - BETWEEN_TASKS) * d2 * np.exp(-np.abs(pair.x[:, None] - pair.x) / REACH)
    variance = s2 * (np.eye(k) + shared[near[:, :, None], near[:, None, :]]) + lasting
    sure = np.linalg.inv(variance)  # (g, k, k)
    own = np.sum((residual @ sure) * residual, axis=2)
    pull = np.sqrt(BETWEEN_TASKS * d2) * (residual @ sure.sum(axis=2)[:, :, None])[:, :, 0]
    hold = BETWEEN_TASKS * d2 * sure.sum(axis=(1, 2))[:, None]
    misfit = residual[:, STEADY].T ** 2 / (s2 + d2)
    mean = curve.weights(pair.x).mean(axis=0)
    return Explained(
        own=pair.weight * own,
        pull=pair.weight * pull,
        hold=pair.weight * hold,
        misfit=pair.weight * misfit,
        gap=float(np.mean(pair.value) - mean @ curve.fit),
        gap_noise=float(np.sqrt(s2 * (1 / k + mean @ mean))),
        offset=pair.offset,
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
    meta-analysis). So one benchmark that stands out for good proves nothing by itself.
    """
    deviance = _together(tasks)
    discord = 1.0
    if len(tasks) > 1 and not agreed:
        apart = sum(float(_together([task])[:, STEADY].min()) for task in tasks)
        others = sum(task.weight for task in tasks) - 1
        discord = max(1.0, float(deviance[:, STEADY].min() - apart) / max(others, 1))
    steady = deviance[:, STEADY]
    factor, interval = _best(steady, discord)
    full = [task for task in tasks if len(task.misfit) == len(x)]
    if len(x) < 3 or not full:
        return Lag(factor, interval, factor, interval, "steady", (), discord)
    each = tuple(np.exp(GRID[np.argmin(sum(task.misfit for task in full), axis=1)]).tolist())
    if steady.min() - deviance.min() <= SURE * discord:
        return Lag(factor, interval, factor, interval, "steady", each, discord)
    slope = SLOPES[int(np.argmin(deviance.min(axis=0)))]
    now, now_interval = _best(deviance.min(axis=1), discord)
    return Lag(factor, interval, now, now_interval, "widening" if slope > 0 else "closing", each, discord)


def gap_of(tasks: list[Explained], weights: Floats, discord: float = 1.0) -> tuple[float, tuple[float, float]]:
    """Weighted mean gap of tasks with its 95 % interval."""
    w = weights / weights.sum()
    offset = w * np.array([task.offset for task in tasks])
    scatter = w * np.array([task.gap_noise for task in tasks])
    variance = np.sum(scatter**2) + (1 - BETWEEN_TASKS) * np.sum(offset**2) + BETWEEN_TASKS * np.sum(offset) ** 2
    gap = float(w @ np.array([task.gap for task in tasks]))
    half = float(np.sqrt(CLEAR * discord * variance))
    return gap, (gap - half, gap + half)


def _together(tasks: list[Explained]) -> Floats:
    """(g, s) deviance of all tasks, their common part of the lasting difference taken into account."""
    own, pull, hold = (np.sum([getattr(t, part) for t in tasks], axis=0) for part in ("own", "pull", "hold"))
    deviance: Floats = own - pull**2 / (1 + hold)
    return deviance


def _best(deviance: Floats, discord: float) -> tuple[float, tuple[float, float]]:
    """The factor of least deviance, and the outermost of those that are not ruled out."""
    best = int(np.argmin(deviance))
    kept = GRID[deviance <= deviance[best] + CLEAR * discord]
    return float(np.exp(GRID[best])), (float(np.exp(kept[0])), float(np.exp(kept[-1])))
