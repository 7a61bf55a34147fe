"""Means since an epoch began: a saw-tooth with the epoch's period, from which what was averaged can be had back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.stats.robust import Floats, median
from runlens.stats.turns import NOISY, turns

SHORTEST = 12
"""Points of a tooth: in shorter ones the last changes are hardly smaller than the first."""
FEWEST_TEETH = 3
MOST_PARTS = 8
"""Parts of the best distance that are tried as the period."""
LONGEST = 1 << 18
"""Points that the period is looked for in."""
ALIKE = 0.15
"""Autocorrelation, over one period, of the log of how much the mean moves: 0.4 and more for means of noise (its size
falls as 1 / k in each tooth), below 0.05 for running means and random walks (simulated)."""
EVEN = 1.7
"""Factor by which the noise of what came out may differ between the first and the last third of a tooth."""
FITS = 3.0
"""The same between all of it and the second values of the teeth, which are few."""
TOGETHER = 1 << 16
"""Points that are looked at together: of a short curve all that is tried at once."""
AT_RESETS = 8
"""First places of a tooth in which a wrong phase shows."""
BELOW = 0.02
"""Share of values below zero that rounding may make of positive ones."""
WHITENS = 0.6
"""Rate of turns that what was averaged reaches at least: white noise turns at 2/3 of the points, its means at 1/2."""
FEWEST_FIRSTS = 8
"""Resets from which on it shows what first values are."""
FIRST_TIMES = 3.0
"""Times other changes that the one after a first value must be: of rows of one batch, 201, 401 … it is 14, of raw noise
1, and an epoch that begins lower by what it learnt makes no second value differ."""
TINY = float(np.finfo(np.float64).tiny)

Whole = npt.NDArray[np.signedinteger[Any] | np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sawtooth:
    """A curve of means since the last reset."""

    period: int
    """Points from reset to reset."""
    value: Floats
    """(n,) what was averaged: the mean of each stretch between two logged points."""


def unaveraged(value: Floats) -> Sawtooth | None:
    """What was averaged since each reset, if the values are such means.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Finite, in the order logged, at equal distances.

    Returns
    -------
    Sawtooth or None
        None for fewer than `FEWEST_TEETH` teeth of `SHORTEST` points, where neighbours share no noise, and where taking
        the mean back gives none.

    Notes
    -----
    The k-th mean of a tooth times k is a sum, so its change is the k-th value. A log that was rounded to 1e-4 gives
    values that are known to k times that.
    """
    if len(value) < FEWEST_TEETH * SHORTEST or turns(value) > NOISY:
        return None
    change = np.abs(value[1:] - value[:-1])
    moved = np.log(np.maximum(change, TINY + 1e-3 * float(bn.median(change))))
    tried = [
        (period, (phase + near) % period)
        for period in dict.fromkeys(_periods(moved[:LONGEST]))
        for phase in (_reset_phase(moved, period),)
        for near in (0, -2, -1, 1)  # the changes after a reset are large as well
    ]
    if not tried:
        return None
    period, phase = tried[int(np.argmin(_rough_at_resets(value, np.array(tried))))]
    raw, place = (x[0] for x in _taken_back(value, np.array([[period, phase]])))
    positive = bool(value.min() > 0.0)
    if turns(raw) <= WHITENS or not _even(raw, change, place, period) or (positive and np.mean(raw <= 0.0) > BELOW):
        return None
    return Sawtooth(period, raw)


def unaveraged_since(value: Floats, resets: npt.NDArray[np.int64], first: float = 1.0) -> Floats | None:
    """What was averaged since each of these resets, if the values are such means.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Finite, in the order logged, at equal distances between two resets.
    resets : ndarray of int64, shape (k,)
        Positions of the first value of each tooth but the first, rising: teeth may differ in length, as those of 1,281
        batches of which every tenth is told do.
    first : float
        What the first value of a tooth is a mean of, in distances between two: 0.1 where batches 1, 11, 21 … are told.

    Returns
    -------
    ndarray of float64, shape (n,), or None
        None where fewer than `FEWEST_TEETH` teeth have `SHORTEST` points, or taking the mean back does not even out the
        noise along a tooth.
    """
    n = len(value)
    starts = np.concatenate([[0], resets])
    lengths = np.diff(np.concatenate([starts, [n]]))
    if np.count_nonzero(lengths >= SHORTEST) < FEWEST_TEETH or turns(value) > NOISY:
        return None
    place = np.arange(1, n + 1) - np.repeat(starts, lengths)
    raw = value.copy()
    later = place > 1
    count = place[later] - 1 + first
    before = np.concatenate([value[:1], value[:-1]])[later]
    raw[later] = count * value[later] - (count - 1.0) * before
    moved = np.abs(value[1:] - value[:-1]) * ((1.0 + first) / 2.0)  # the second value weighs 1 in 1 + first
    if turns(raw) <= WHITENS or not _even(raw, moved, place, int(median(lengths[lengths >= SHORTEST]))):
        return None
    return None if value.min() > 0.0 and np.mean(raw <= 0.0) > BELOW else raw


def firsts_stand_out(value: Floats, resets: npt.NDArray[np.int64]) -> bool:
    """Whether the first value after each reset is of one batch, and those after it are means that take it in.

    For teeth that are too short to be taken back (`SHORTEST`): the first change of each is `FIRST_TIMES` that of the
    others, typically. False for fewer than `FEWEST_FIRSTS` resets.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Finite, in the order logged.
    resets : ndarray of int64, shape (k,)
        Positions of first values, rising.
    """
    resets = resets[resets < len(value) - 1]
    if len(resets) < FEWEST_FIRSTS:
        return False
    change = np.abs(value[1:] - value[:-1])
    others = np.ones(len(change), dtype=bool)
    others[resets] = others[resets - 1] = False
    return bool(others.any()) and median(change[resets]) > FIRST_TIMES * max(median(change[others]), TINY)


def _rough_at_resets(value: Floats, tried: npt.NDArray[np.int64]) -> Floats:
    """Mean squared change of what came out in the first places of the teeth and the last: least of the right phase.

    `tried` holds a period and a phase in each of its k rows; the result has shape (k,).
    """
    at_once = max(TOGETHER // len(value), 1)
    found = []
    for some in (tried[i : i + at_once] for i in range(0, len(tried), at_once)):
        raw, place = _taken_back(value, some)
        near = (place[:, 1:] <= AT_RESETS) | (place[:, 1:] > some[:, :1] - 3)
        change = raw[:, 1:] - raw[:, :-1]
        change *= near
        found.append(np.einsum("ij,ij->i", change, change) / np.count_nonzero(near, axis=1))
    return np.concatenate(found)


def _even(raw: Floats, moved: Floats, place: Whole, period: int) -> bool:
    """Whether what came out is as noisy late in a tooth as early, and as the second value of each tooth says.

    Of a wrong period the noise grows with the place. The second mean moves by half of what the value does.
    """
    change = np.abs(raw[1:] - raw[:-1])
    early, late = (median(change[part]) for part in (place[1:] <= period // 3, place[1:] > period - period // 3))
    second = 2.0 * median(moved[place[1:] == 2])
    return min(early, second) > 0.0 and 1.0 / EVEN < late / early < EVEN and 1.0 / FITS < early / second < FITS


def _taken_back(value: Floats, teeth: Whole) -> tuple[Floats, Whole]:
    """What was averaged if teeth have these periods and phases, and the place of each point in its tooth, from 1.

    `teeth` has shape (k, 2), the results (k, n).
    """
    n = len(value)
    at = np.arange(1, n + 1, dtype=np.int32 if n < 1 << 31 else np.int64)  # remainders of short integers are faster
    # floats are multiplied in half the time, and of a long curve they take twice the room
    place = np.empty((len(teeth), n), dtype=np.float64 if n * len(teeth) <= TOGETHER else at.dtype)
    ramps: dict[int, Whole] = {}
    for row, (period, phase) in zip(place, teeth.tolist(), strict=True):
        if period not in ramps:
            ramps[period] = ((at - 1) % period + 1).astype(place.dtype)
        row[:phase] = at[:phase]  # the first tooth began with the log, or before it
        row[phase:] = ramps[period][: n - phase]
    before = np.empty(n)
    before[0], before[1:] = 0.0, value[:-1]
    # of a first place nothing is taken off, also where the value before it is far larger
    raw = place * value
    less = place - 1
    raw -= np.multiply(less, before, out=less if less.dtype == before.dtype else None)
    return raw, place


def _periods(moved: Floats) -> list[int]:
    """Distances at which the size of changes repeats itself best, the shortest first."""
    n = len(moved)
    last = n // FEWEST_TEETH
    centred = moved - moved.mean()
    size = 1 << (n + last - 1).bit_length()  # no longer distance is asked for
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    alike = np.fft.irfft(power, size)[:last]
    if not last or not alike[0] > 0.0:
        return []
    alike = alike / alike[0] * (n / (n - np.arange(last)))
    below = np.flatnonzero(alike <= 0.0)
    first = max(SHORTEST, int(below[0]) if len(below) else n)  # changes close to each other are alike in any case
    if first >= last:
        return []
    best = first + int(np.argmax(alike[first:last]))
    found = []
    heard = alike.tolist()
    enough = max(ALIKE, 0.7 * heard[best])
    for part in range(MOST_PARTS, 0, -1):  # multiples of the period are as much alike as the period
        around = range(max(round(best / part) - 2, SHORTEST), min(round(best / part) + 3, last))
        if around and max(heard[around.start : around.stop]) > enough:
            found += sorted(around, key=lambda at: -heard[at])[:2]
    return found


def _reset_phase(moved: Floats, period: int) -> int:
    """Place within a period at which values begin anew: the change into it is the largest of all, on average."""
    teeth = len(moved) // period
    mean = np.add.reduce(moved[: teeth * period].reshape(teeth, period), axis=0) / teeth
    return (int(mean.argmax()) + 1) % period
