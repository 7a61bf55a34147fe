"""A learning curve through noisy points, monotone and as smooth as the noise allows, and how noisy they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.stats.isotonic import isotonic

Floats = npt.NDArray[np.float64]

WIDTHS = (0.4, 0.3, 0.2, 0.1, 0.05)
"""Standard deviations of the kernel that are tried, in log tokens: 0.4 is a factor of 1.5 to either side."""


@dataclass(frozen=True, slots=True, eq=False)
class Smooth:
    """A local line through the isotonic fit of a curve. Call it with positions."""

    x: Floats
    """(n,) strictly increasing, log of tokens or steps."""
    fit: Floats
    """(n,) isotonic fit of the values."""
    width: float

    def __call__(self, at: Floats) -> Floats:
        """The curve at positions of any shape; beyond the ends it keeps its first and last value."""
        return (self.weights(at.ravel()) @ self.fit).reshape(at.shape)

    def weights(self, at: Floats) -> Floats:
        """How much each point counts at each position, shape (len(at), n): times the scatter, the error there."""
        return local_line(self.x, np.clip(at, self.x[0], self.x[-1]), self.width)


def smooth(x: Floats, value: Floats, noise: float) -> Smooth:
    """The widest local line whose residuals the noise explains.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Strictly increasing, n >= 2.
    value : ndarray of float64, shape (n,)
        Finite; higher is better.
    noise : float
        Standard deviation of a point about the true curve.

    Returns
    -------
    Smooth

    Notes
    -----
    A monotone curve through every point has steps and flats where there is only noise, and a shift of it snaps to
    them. Local lines (Fan & Gijbels 1996, chapter 2) average over neighbours; a line where points are few is their
    interpolation, so sparse early checkpoints are not blurred. The width is the widest of `WIDTHS` at which the sum of
    squared residuals stays within two standard deviations of what noise alone leaves.
    """
    fit = isotonic(value)
    for width in WIDTHS[:-1]:
        left = np.eye(len(x)) - local_line(x, x, width)
        free = float(np.sum(left**2))
        if float(np.sum((left @ value) ** 2)) <= noise**2 * (free + 2 * np.sqrt(2 * free)):
            return Smooth(x, fit, width)
    return Smooth(x, fit, WIDTHS[-1])


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
    return float(np.sqrt((weight * np.square(prior) + rss) / (weight + free)))


def local_line(x: Floats, at: Floats, width: float) -> Floats:
    """Weights of a locally weighted straight line with a Gaussian kernel, shape (len(at), len(x))."""
    d = x[None, :] - at[:, None]
    z2 = (d / width) ** 2
    w = np.exp(-0.5 * (z2 - z2.min(axis=1, keepdims=True)))
    s0, s1, s2 = w.sum(axis=1), (w * d).sum(axis=1), (w * d * d).sum(axis=1)
    spread = s0 * s2 - s1**2
    lone = spread <= 1e-12 * s0 * s2  # one point within reach: its value
    line = w * (s2[:, None] - s1[:, None] * d) / np.where(lone, 1.0, spread)[:, None]
    weights: Floats = np.where(lone[:, None], w / s0[:, None], line)
    return weights
