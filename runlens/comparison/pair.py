"""One task of a run and of a reference, cut to what can be compared and weighed by its noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from runlens.comparison.match import Match, rescaled
from runlens.comparison.noise import LASTING, Floats, logarithmic, prior, twins_differ, upward
from runlens.model import Curve
from runlens.stats.isotonic import isotonic
from runlens.stats.lag import REACH, Paired, paired
from runlens.stats.smooth import checkpoint_noise

BEYOND = 1.02
"""A run's checkpoint may lie this far behind the reference's last one: logs round their tokens."""
FALLEN = 2.0
"""Binomial errors by which a reference's last scores must lie below its best ones to be called falling."""
STALE = 8.0
"""A reference that never improved on a task in the last factor of 8 in tokens is no measure of where a run stands."""
NEAR = 8.0
"""The reference's noise is taken from this factor in tokens before the run's first judged checkpoint on."""
PRIOR = 4.0
"""Seeds that what is expected of twins is worth beside those that are given: three seeds alone tell a standard
deviation to a factor of two."""
NEIGHBOURS = 0.35
"""Standard deviation, in log tokens, of the stretch over which the seeds' spread is averaged: half of how far a
difference reaches (`runlens.stats.lag.REACH`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """A pair ready for `runlens.stats.lag`, with the curves that it was made from."""

    paired: Paired
    """The run's last checkpoints, which are judged."""
    course: Paired
    """All of its checkpoints within the reference's range."""
    run: Curve
    reference: Curve
    low: Floats
    high: Floats
    step: Floats
    """(k,) training steps of the judged checkpoints."""
    all_step: Floats
    """(m,) those of the whole course."""
    seeds: int
    """Members of the band; 1 if the reference is one curve."""
    seed_sd: float
    """Standard deviation of the band's members there, on the scale of `upward`; NaN for one curve."""
    notes: tuple[str, ...]


def aligned(pair: Match, last: int, drop: int = 0) -> Aligned | str:
    """Cut a match to the shared range, and say how noisy it is; or say why it cannot be judged.

    Parameters
    ----------
    pair : Match
    last : int
        How many of the run's last checkpoints count.
    drop : int
        How many of its checkpoints to leave out at the end: what was known earlier.
    """
    notes = list(pair.notes)
    reference, low, high, spread = pooled(pair.members)
    factor, note = rescaled(pair.run.curve, reference)
    if note:
        reference = replace(reference, value=reference.value * factor, stderr=reference.stderr * factor)
        low, high, spread = low * factor, high * factor, spread * factor
        notes.append(note)
    run = pair.run.curve
    if len(reference.at) < 2:
        return "the reference has one checkpoint of it; at least two are needed"
    if logarithmic(run) != logarithmic(reference):
        return "one side holds values that are not positive, which such a metric cannot have"
    up = upward(reference)
    noise, lasting = prior(replace(reference, n_items=reference.n_items or run.n_items), reference.value[-8:])
    end = improving(up, noise)
    if end < len(up):
        upto = f"the reference gets worse after {reference.at[end - 1]:.4g}"
        if reference.at[end - 1] * STALE < min(run.at[-1], reference.at[-1]):
            return f"{upto}: what came before tells nothing of the run's state now"
        notes.append(f"{upto}; compared up to there")
    x, y = np.log(reference.at[:end]), up[:end]
    if len(x) < 2:
        return "the reference never improves on it"
    inside = (run.at >= reference.at[0]) & (run.at <= reference.at[end - 1] * BEYOND)
    inside[np.flatnonzero(inside)[len(np.flatnonzero(inside)) - drop :]] = False
    all_x, all_value, all_step = np.log(run.at[inside]), upward(run)[inside], pair.run.step[inside].astype(np.float64)
    if len(all_x) == 0:
        return "no checkpoint of the run lies within the reference's"
    values = run.value[inside][-last:]
    own, own_lasting = prior(replace(run, n_items=run.n_items or reference.n_items), values)
    near = x >= all_x[-last:][0] - np.log(NEAR)
    scatter = checkpoint_noise(y[near], max(noise, own))
    lasting = max(lasting, own_lasting, LASTING * scatter)  # a reference that wanders has twins that wander as much
    if end < len(up):
        lasting = max(lasting, _wander(up[int(np.argmax(near)) :]))
    alone = paired(x, y, all_x, all_value, scatter, lasting)
    expected = twins_differ(alone.curve, all_x, lasting)
    seed_sd = float("nan")
    if spread.size:
        seed_sd = _spread_at(spread[:, :end], x, all_x[-last:])
        expected = _by_seeds(spread[:, :end], x, twins_differ(alone.curve, x, lasting), all_x, expected)
    course = replace(alone, offset=expected)
    return Aligned(
        course.last(last), course, run, reference, low, high, all_step[-last:], all_step, max(len(spread), 1), seed_sd,
        tuple(notes),
    )  # fmt: skip


def improving(up: Floats, noise: float) -> int:
    """How many of the reference's checkpoints count: all, or those up to its best ones if it falls clearly after.

    A shift along a falling curve has no meaning: the smallest Pythia models lose on LAMBADA from 90 B tokens on, and
    a run that trails them would look ahead. "Clearly" is `FALLEN` binomial errors (`noise` is half of one) between
    means of three.
    """
    if len(up) < 6:
        return len(up)
    smooth = np.convolve(up, np.ones(3) / 3, "valid")
    best = int(np.argmax(smooth))
    return best + 3 if smooth[best] - smooth[-1] > FALLEN * 2 * noise else len(up)


def pooled(members: tuple[Curve, ...]) -> tuple[Curve, Floats, Floats, Floats]:
    """One curve from the members of a band: their mean, lowest, highest, and how each lies off the mean.

    Returns
    -------
    (Curve, low, high, spread)
        `low`, `high` shape (n,), `spread` shape (m, n) on the scale of `upward`; all empty for a single member.
        Members are interpolated in log position to the points that lie within all of them.
    """
    if len(members) == 1:
        nothing = np.empty(0)
        return members[0], nothing, nothing, np.empty((0, 0))
    at = np.unique(np.concatenate([c.at for c in members]))
    first, last = max(c.at[0] for c in members), min(c.at[-1] for c in members)
    at = at[(at >= first) & (at <= last)]
    if len(at) < 2:  # the members do not overlap: the longest stands for all
        longest = max(members, key=lambda c: len(c.at))
        return pooled((longest,))
    values = np.array([np.interp(np.log(at), np.log(c.at), c.value) for c in members])
    ups = np.array([upward(replace(members[0], at=at, value=v)) for v in values])
    stderr = np.array([np.interp(np.log(at), np.log(c.at), c.stderr) for c in members]).mean(axis=0)
    mean = replace(members[0], at=at, value=values.mean(axis=0), stderr=stderr)
    return mean, values.min(axis=0), values.max(axis=0), ups - ups.mean(axis=0)


def _wander(up: Floats) -> float:
    """How far a reference strays from a curve that only rises: what its fall tells of how models of its kind differ."""
    return float(np.sqrt(np.mean((up - isotonic(up)) ** 2)))


def _by_seeds(spread: Floats, x: Floats, there: Floats, at: Floats, expected: Floats) -> Floats:
    """What a new model and the band's mean differ by at `at`: as the members do, drawn towards what is expected.

    Parameters
    ----------
    spread : ndarray of float64, shape (m, n)
        How each member lies off the mean at the reference's points.
    x : ndarray of float64, shape (n,)
    there, expected : ndarray of float64, shapes (n,) and (k,)
        Standard deviation to expect between two models, at the reference's points and at `at`.
    at : ndarray of float64, shape (k,)

    Notes
    -----
    Stretches further apart than differences reach tell anew how far seeds differ, so first the whole course says
    whether these seeds lie closer or further apart than expected, then each stretch by itself.
    """
    m = len(spread)
    each = there / np.sqrt(2)  # of one model
    ratio = np.sum((spread / each) ** 2, axis=0) / (m - 1)
    kernel = np.exp(-0.5 * ((x - at[:, None]) / NEIGHBOURS) ** 2)
    here = kernel @ ratio / kernel.sum(axis=1)
    stretches = max(float(x[-1] - x[0]) / (3 * REACH), 1.0)
    at_all = _drawn(np.mean(ratio), (m - 1) * stretches)
    scale = at_all * _drawn(here / at_all, m - 1)
    differ: Floats = expected / np.sqrt(2) * np.sqrt(scale * (1 + 1 / m))
    return differ


def seeds_differ(expected: float, levels: Floats) -> tuple[float, float]:
    """Standard deviation of a healthy run beside the mean of some seeds, and their own.

    Parameters
    ----------
    expected : float
        Variance of one healthy run among its twins.
    levels : ndarray of float64, shape (m,)
        Of two seeds or more.
    """
    m = len(levels)
    seen = float(np.sum((levels - levels.mean()) ** 2))
    variance = (PRIOR * expected + seen) / (PRIOR + m - 1)
    return float(np.sqrt(variance * (1 + 1 / m))), float(np.sqrt(seen / (m - 1)))


def _drawn(ratio: Floats | float, free: float) -> Floats:
    """A ratio of variances with so many degrees of freedom, drawn towards 1."""
    return np.asarray((PRIOR + free * ratio) / (PRIOR + free), dtype=np.float64)


def _spread_at(spread: Floats, x: Floats, at: Floats) -> float:
    """Standard deviation of the members over the stretch of the judged checkpoints."""
    inside = (x >= at[0] - 1e-9) & (x <= at[-1] + 1e-9)
    inside[int(np.argmin(np.abs(x - at[-1])))] = True
    return float(np.sqrt(np.mean(np.sum(spread[:, inside] ** 2, axis=0) / (len(spread) - 1))))
