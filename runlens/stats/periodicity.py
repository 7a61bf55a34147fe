"""Whether events keep a beat: regular intervals, and events that belong to a regular row among others that do not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.stats.robust import Floats, median

AT_ONCE = 128
"""Events compared pair by pair: a row shows among its neighbours, and the cost stays linear."""
LONGEST = 12
"""Events so dense that more than this many are needed to be sure of a row keep no schedule that one could name."""


@dataclass(frozen=True, slots=True)
class Beat:
    """The beat of a row of events."""

    period: float
    """Median interval, in the unit of the places; NaN for fewer than two events."""
    regular: bool
    """True if at least four of five intervals are the period or a small multiple of it, within tolerance."""


def beat(places: Floats, tolerance: float) -> Beat:
    """Period of a row of events, and whether they keep it.

    Parameters
    ----------
    places : ndarray of float64, shape (n,), sorted
    tolerance : float
        By how much an interval may miss; 5 % of the period at least.

    Returns
    -------
    Beat
        Never regular for fewer than 3 events: two make one interval, and one interval is no beat.
    """
    gaps = np.diff(places)
    if not len(gaps):
        return Beat(float("nan"), False)
    period = median(gaps)
    if len(gaps) < 2 or period <= 0:
        return Beat(period, False)
    times = np.maximum(np.round(gaps / period), 1.0)
    fits = (np.abs(gaps - times * period) <= max(tolerance, 0.05 * period)) & (times <= 4)
    return Beat(period, bool(np.mean(fits) >= 0.8))


def in_a_row(places: Floats, tolerance: float) -> npt.NDArray[np.bool_]:
    """For each event, whether it is one of several at equal intervals.

    Two schedules in one log (an eval every 200 steps, a checkpoint every 500) have no common period, yet each event
    has neighbours at its own: that is what is asked here. A row must be so long that fewer than one in ten would come
    about by chance among as many events thrown on the same span; at least 3.

    Parameters
    ----------
    places : ndarray of float64, shape (n,), sorted
        Asked `AT_ONCE` events at a time.
    tolerance : float
        By how much a neighbour may miss its place; 2 % of the interval at least.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if len(places) < 3 or beat(places, tolerance).regular:
        return np.full(len(places), len(places) >= 3)
    parts = np.array_split(places, -(-len(places) // AT_ONCE))
    return np.concatenate([_rows(part, tolerance) for part in parts])


def _rows(places: Floats, tolerance: float) -> npt.NDArray[np.bool_]:
    """`in_a_row` for a few events."""
    n = len(places)
    out = np.zeros(n, dtype=bool)
    i, j = np.triu_indices(n, 1)
    step = places[j] - places[i]
    i, j, step = i[step > 0], j[step > 0], step[step > 0]
    allowed = np.maximum(tolerance, 0.02 * step)
    chance = np.minimum(2.0 * n * allowed / max(float(places[-1] - places[0]), 1.0), 0.999)
    length = 2 + np.maximum(np.ceil(math.log(0.2 / (n * n)) / np.log(chance)), 1).astype(np.int64)
    left = np.flatnonzero(length <= min(n, LONGEST))
    for k in range(2, LONGEST):
        _, hit = _beats(places, i[left], step[left], allowed[left], k)
        left = left[hit | (k >= length[left])]
    for k in range(LONGEST):
        use = left[k < length[left]]
        at, _ = _beats(places, i[use], step[use], allowed[use], k)
        out[at] = True
    return out


def _beats(
    places: Floats, i: npt.NDArray[np.int64], step: Floats, allowed: Floats, k: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The events nearest to `k` steps after the events `i`, and whether they are near enough."""
    target = places[i] + k * step
    near = np.clip(np.searchsorted(places, target), 1, len(places) - 1)
    near = np.where(np.abs(places[near - 1] - target) <= np.abs(places[near] - target), near - 1, near)
    return near, np.abs(places[near] - target) <= allowed
