"""Curves from words: what a table of troubles says of a series, made into numbers.

A curve is a list of steps, `decay 4.5 2.1; noise 0.02; spike 0.6 1.5 0.01`: each is named and takes numbers. Steps
that begin with a place take it as the share of the rows that were logged before it. What has no value is NaN in the
values and set in `none`: a NaN that was logged is one in the values alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STEPS: dict[str, Callable[..., None]] = {}
"""Every step by its word; `courses` and `changes` fill it."""


@dataclass
class Curve:
    """One series while it is made.

    Parameters
    ----------
    t : ndarray of float64, shape (n,)
        Where each row stands in training, 0 to 1: it goes back where a run was resumed.
    step : ndarray of float64, shape (n,)
        Training steps.
    seconds : ndarray of float64, shape (n,)
        What a step took.
    rng : numpy.random.Generator
    """

    t: Floats
    step: Floats
    seconds: Floats
    rng: np.random.Generator
    y: Floats = field(init=False)
    none: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.y = np.zeros(len(self.t))
        self.none = np.zeros(len(self.t), dtype=bool)

    @property
    def u(self) -> Floats:
        """Which share of the rows lies before each."""
        return np.arange(len(self.t)) / len(self.t)

    def after(self, at: float, until: float = 2.0) -> NDArray[np.bool_]:
        """The rows from one place to another."""
        return (self.u >= at) & (self.u < until)


def step(function: Callable[..., None]) -> Callable[..., None]:
    """Make a function a step, by its name."""
    STEPS[function.__name__.removeprefix("_")] = function
    return function


def curve(words: str, made: Curve) -> Curve:
    """The series that some words tell of, made of an empty one.

    Raises
    ------
    KeyError
        For a word that is no step.
    """
    for part in words.split(";"):
        name, *numbers = part.split()
        STEPS[name](made, *map(float, numbers))
    return made
