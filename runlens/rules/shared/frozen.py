"""Stretches to the end of a log in which a value does not change by a single bit: no measurement does that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.stats.robust import Floats, median


@dataclass(frozen=True, slots=True)
class Frozen:
    """The equal values that a series ends with."""

    first: int
    """Position of the first of them."""
    points: int
    value: float


def frozen_tail(value: Floats) -> Frozen | None:
    """The equal values at the end of a series.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        In the order of steps. NaN equals nothing, so a series that ends with it has no such tail.

    Returns
    -------
    Frozen or None
        None where the last two values differ, or there are fewer than two.
    """
    if len(value) < 2 or value[-1] != value[-2]:
        return None
    first, reach = len(value) - 1, 1024
    while first and (other := np.flatnonzero(value[max(first - reach, 0) : first] != value[-1])).size == 0:
        first, reach = max(first - reach, 0), 4 * reach
    first = max(first - reach, 0) + int(other[-1]) + 1 if first else 0
    return Frozen(first, len(value) - first, float(value[-1]))


def fell_on(value: Floats, tail: Frozen, approach: float, grain: float) -> bool:
    """Whether a series fell on its last value at once, where one that nears it comes bit by bit.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Finite.
    tail : Frozen
        Of the same values.
    approach : float
        Part of the way from the first values to the last one that must be left just before the tail.
    grain : float
        Distance to which the log was rounded: ten of them are no jump.

    Returns
    -------
    bool
        True where nothing stands before the tail.
    """
    before = value[: tail.first]
    if not len(before):
        return True
    early, late = (abs(median(part) - tail.value) for part in (before[:5], before[-5:]))
    return late > max(approach * early, 10.0 * grain)
