"""How far a curve trails a reference curve, as a factor in tokens, with intervals that know the noise.

Everything here is "higher is better" over the logarithm of tokens (or steps): a run that needs twice the tokens for
every score is the reference's curve moved to the right by log 2, so the lag is one number, found by least squares
over shifts. Noise is simulated (parametric bootstrap, Efron & Tibshirani 1993, chapter 6), because the answer is a
shift of a monotone fit and has no simple formula.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.stats.isotonic import isotonic, monotone_curve

Floats = npt.NDArray[np.float64]

GRID = np.linspace(np.log(1 / 8), np.log(64), 313)
"""Shifts that are tried: factors from 1/8 to 64 in steps of 2 %."""
SIMULATIONS = 200
"""Enough that the ends of a 95 % interval move by a few per cent of its length from seed to seed."""
LEVEL = 95.0
"""Per cent of the intervals."""
BETWEEN_TASKS = 0.25
"""Correlation of two models' lasting differences over tasks: a seed that is lucky on one task is a little lucky on
the others."""


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
    """Standard deviation of the lasting difference between two healthy models."""
    weight: float = 1.0
    """Share of this curve in sums over tasks: two metrics of one task count half each."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """What each shift explains of one task: column 0 is the data as observed, the others are simulations."""

    misfit: Floats
    """(k, g, b) squared distance of each checkpoint from the shifted reference, in units of its variance."""
    joint: Floats
    """(g, b) the same over all checkpoints, with their common offset taken into account."""
    gap: Floats
    """(k, b) score of the run less score of the reference at the same tokens; negative is behind."""


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


def checkpoint_noise(value: Floats, prior: float, weight: float = 4.0) -> float:
    """Standard deviation of checkpoints about a monotone curve, drawn towards what is known beforehand.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Scores in order of tokens, higher is better.
    prior : float
        Standard deviation to expect, such as half the binomial error.
    weight : float
        How many points the prior is worth.

    Returns
    -------
    float
        The residual variance of an isotonic fit with n - 1.5 D degrees of freedom, D the number of levels of the fit
        (Meyer & Woodroofe 2000, Annals of Statistics 28:1083), pooled with the prior. The prior where the fit leaves
        no degree of freedom.
    """
    fit = isotonic(value)
    levels = 1 + int(np.count_nonzero(np.diff(fit) > 0))
    free = max(len(value) - 1.5 * levels, 0.0)
    rss = float(np.sum((value - fit) ** 2)) if free >= 1 else 0.0
    free = free if free >= 1 else 0.0
    return float(np.sqrt((weight * prior**2 + rss) / (weight + free)))


def simulate(pair: Paired, seed: int, simulations: int = SIMULATIONS) -> Simulated:
    """Distances between run and shifted reference for every shift of `GRID`, as observed and as simulated.

    Parameters
    ----------
    pair : Paired
    seed : int
        Of this task: simulations are a pure function of the data and the seed.
    simulations : int
        b - 1.
    """
    k, n = len(pair.x), len(pair.reference_x)
    rng = np.random.default_rng(seed)
    common = np.random.default_rng(0).standard_normal(simulations)  # the same for every task: the shared part
    lasting = np.sqrt(BETWEEN_TASKS) * common + np.sqrt(1 - BETWEEN_TASKS) * rng.standard_normal(simulations)
    run = np.empty((k, simulations + 1))
    run[:, 0] = pair.value
    run[:, 1:] = pair.value[:, None] + pair.noise * rng.standard_normal((k, simulations)) + pair.offset * lasting
    reference = np.empty((n, simulations + 1))
    reference[:, 0] = pair.reference
    smooth = isotonic(pair.reference)
    reference[:, 1:] = smooth[:, None] + pair.noise * rng.standard_normal((n, simulations))
    curve = monotone_curve(pair.reference_x, reference)
    lo, hi = pair.reference_x[0], pair.reference_x[-1]
    shifted = np.clip(pair.x[:, None] - GRID[None, :], lo, hi)
    residual = run[:, None, :] - curve(shifted.ravel()).reshape(k, len(GRID), -1)
    s2, d2 = pair.noise**2, pair.offset**2
    joint = (residual**2).sum(axis=0) / s2 - d2 * residual.sum(axis=0) ** 2 / (s2 * (s2 + k * d2))
    gap = run - curve(np.clip(pair.x, lo, hi))
    return Simulated(pair.weight * residual**2 / (s2 + d2), pair.weight * joint, gap)


def lag_of(tasks: list[Simulated], x: Floats) -> Lag:
    """The lag that explains all the given tasks best.

    Parameters
    ----------
    tasks : list of Simulated
        At least one. The factor of the last checkpoints together comes from all; the factor of each checkpoint from
        those tasks that were judged at all of the checkpoints `x`.
    x : ndarray of float64, shape (k,)
        Log tokens of the checkpoints.
    """
    joint = sum(task.joint for task in tasks)
    shift = GRID[np.argmin(joint, axis=0)]
    full = [task for task in tasks if len(task.misfit) == len(x)]
    factor = float(np.exp(shift[0]))
    interval = _interval(shift)
    if len(x) < 3 or not full:
        return Lag(factor, interval, factor, interval, "steady", ())
    each = GRID[np.argmin(sum(task.misfit for task in full), axis=1)]  # (k, b)
    u = x - x.mean()
    slope = (u @ each) / float(u @ u)
    low, high = np.percentile(slope[1:], [50 - LEVEL / 2, 50 + LEVEL / 2])
    trend = "widening" if low > 0 and slope[0] > 0 else "closing" if high < 0 and slope[0] < 0 else "steady"
    if trend == "steady":
        return Lag(factor, interval, factor, interval, trend, tuple(np.exp(each[:, 0]).tolist()))
    end = each.mean(axis=0) + slope * u[-1]
    return Lag(factor, interval, float(np.exp(end[0])), _interval(end), trend, tuple(np.exp(each[:, 0]).tolist()))


def _interval(log_factor: Floats) -> tuple[float, float]:
    """The 95 % interval of simulated log factors (column 0, the observed one, left out), as factors."""
    low, high = np.exp(np.percentile(log_factor[1:], [50 - LEVEL / 2, 50 + LEVEL / 2]))
    return float(low), float(high)
