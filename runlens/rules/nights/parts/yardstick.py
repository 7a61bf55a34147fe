"""How far a night may stand from the good nights before it: by their own spread, never below a floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.stats.robust import Floats, median

CHANCE = 1e-4
"""Chance of a healthy night to stand beyond its bar, in one measure and one direction: with some ten measures a night
that is a false alarm in three years."""
BELIEF = 6
"""Nights' worth of belief in the usual spread, so that three nights that happen to agree set no bar of nothing. The
pooled variance and its degrees of freedom are those of a scaled inverse chi-squared prior (Gelman et al., Bayesian
Data Analysis, 2.6)."""
USUAL = 0.2
"""The usual spread, as a share of the floor."""
ALONE = 3.1
"""With a single night nothing is known of their spread: the floor is so many times as high. A loss that is 5 % worse is
beyond it."""
FEW, CAREFUL = 4, 4.0 / 3.0
"""Of fewer nights the spread may be anything: the bar is so much higher. 60 jobs whose nights differ by 1 % had 16
false alarms in their first twelve nights without it, 5 with it."""
SURE = 4.0
"""Standard deviations of an eval's own scatter beyond which a single night is unlike another."""
NEWEST = 30
"""Nights that the spread is taken from."""
OF_A_MEDIAN = np.pi / 2.0
"""Variance of the median of Gaussian nights, against that of their mean."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What is usual, and how far from it is unlike it."""

    usual: float
    spread: float | None
    """Standard deviation among the nights; None for one."""
    bar: float


def yardstick(
    nights: Floats, floor: float, *, since: int = 0, last: int = 7, noise: float = 0.0, chance: float = CHANCE
) -> Yardstick:
    """The yardstick that earlier nights make.

    Parameters
    ----------
    nights : ndarray of float64, shape (n,)
        A measure of each night, the oldest first; finite, at least one, in the unit of `floor`.
    floor : float
        Least difference that counts.
    since : int
        Index of the night from which on what is usual was accepted as new. Those before it tell the spread alone.
    last : int
        Newest nights whose median is usual.
    noise : float
        Standard deviation that the measure has by itself, such as of an eval's few checkpoints; the spread that is
        believed in beforehand is no less.
    chance : float
        Of a healthy night to stand beyond the bar on one side.
    """
    from scipy.special import stdtrit

    newest = nights[since:][-last:]
    parts = [part[-NEWEST:] for part in (nights[:since], nights[since:]) if len(part)]
    squares = sum(float(((part - part.mean()) ** 2).sum()) for part in parts)
    free = sum(len(part) - 1 for part in parts)
    if not free:
        return Yardstick(median(newest), None, max(ALONE * floor, SURE * noise * float(np.sqrt(2.0))))
    believed = max(USUAL * floor, noise)
    pooled = np.sqrt((BELIEF * believed**2 + squares) / (BELIEF + free))
    sure = float(stdtrit(BELIEF + free, 1.0 - chance))
    bar = max(floor, float(sure * pooled * np.sqrt(1.0 + OF_A_MEDIAN / len(newest))))
    careful = CAREFUL if len(nights) < FEW else 1.0
    return Yardstick(median(newest), float(np.sqrt(squares / free)), careful * bar)
