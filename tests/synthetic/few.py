"""Logs of few epochs, and of a few batches that are never learnt, as public repositories hold them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def learnt_but_a_few(rng: np.random.Generator, n: int = 600) -> Floats:
    """Loss of each batch of a classifier that learns all samples but a few, whose batches stay as high as a guess.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        Batches.

    Returns
    -------
    ndarray of float64, shape (n,), > 0
    """
    learnt = np.linspace(0.0, 1.0, n)
    easy = 0.7 * np.exp(-np.minimum(learnt * 20.0, 7.0)) * np.exp(rng.normal(0.0, 0.25, n))
    hard = rng.random(n) < np.interp(learnt, [0.0, 0.3, 1.0], [1.0, 0.4, 0.08])
    return np.where(hard, 0.65 * np.exp(rng.normal(0.0, 0.2, n)), easy)


def falling_epochs(rng: np.random.Generator, n: int, noise: float = 0.05) -> Floats:
    """Loss of a table of few epochs that falls to a floor; shape (n,), > 0."""
    return (0.5 + np.exp(-8.0 * np.arange(n) / n)) * np.exp(rng.normal(0.0, noise, n))


def turned_epochs(rng: np.random.Generator, n: int, noise: float = 0.05, rise: float = 0.8) -> Floats:
    """The same of a loss that turns after a quarter of the epochs and has risen by `rise` at the end; shape (n,)."""
    at = np.arange(n) / max(n - 1, 1)
    return falling_epochs(rng, n, noise) * (1.0 + rise * np.clip((at - 0.25) / 0.75, 0.0, 1.0)) ** 1.5


def stopwatch(rng: np.random.Generator, n: int, seconds: float = 3.0) -> Floats:
    """A column `time` that is read off a clock that was started with the run; shape (n,), s."""
    return np.cumsum(seconds * np.exp(rng.normal(0.0, 0.2, n)))
