"""How far the scores of a run lie off a reference's at the same tokens, in standard deviations of healthy twins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.stats.lag import BETWEEN_TASKS, CLEAR, Explained, Floats, Paired


@dataclass(frozen=True, slots=True)
class Gap:
    """A mean gap over tasks and checkpoints; negative is behind."""

    mean: float
    interval: tuple[float, float]
    """95 %."""
    sigmas: float
    """The mean over its standard deviation between healthy twins."""


def gap_of(tasks: list[Explained], weights: Floats, discord: float = 1.0) -> Gap:
    """Weighted mean gap of tasks over the checkpoints that they were explained for.

    Parameters
    ----------
    tasks : list of Explained
        At least one.
    weights : ndarray of float64, shape (len(tasks),)
        Positive.
    discord : float
        How much more the tasks disagree than their noise explains, as a factor on the variance.
    """
    w = weights / weights.sum()
    offset = w * np.array([task.offset for task in tasks])
    scatter = w * np.array([task.gap_noise for task in tasks])
    variance = np.sum(scatter**2) + (1 - BETWEEN_TASKS) * np.sum(offset**2) + BETWEEN_TASKS * np.sum(offset) ** 2
    gap = float(w @ np.array([task.gap for task in tasks]))
    half = float(np.sqrt(CLEAR * discord * variance))
    return Gap(gap, (gap - half, gap + half), gap / float(np.sqrt(discord * variance)))


def course_of(pairs: list[Paired], weights: Floats, discord: float = 1.0) -> float:
    """The gap over a whole course in standard deviations: a standard normal number for a healthy twin.

    Parameters
    ----------
    pairs : list of Paired
        Each with all checkpoints of the run.
    weights : ndarray of float64, shape (len(pairs),)
        Positive.
    discord : float

    Notes
    -----
    The deviations, each in units of what twins differ by at that checkpoint, are averaged by generalised least squares
    (Aitken 1936), so that checkpoints close in tokens, which say the same, count little more than one. A small gap that
    was there at each octave of tokens is no chance, though at no single one it is clear.
    """
    each = np.array([_course(pair) for pair in pairs])
    w = weights / weights.sum()
    variance = (1 - BETWEEN_TASKS) * np.sum(w**2) + BETWEEN_TASKS
    return float(w @ each / np.sqrt(discord * variance))


def _course(pair: Paired) -> float:
    of_reference = pair.curve.weights(pair.x)
    scatter = pair.noise**2 * (np.eye(len(pair.x)) + of_reference @ of_reference.T)
    pull = np.linalg.solve(scatter + pair.lasting(), pair.offset)
    return float(pull @ (pair.value - of_reference @ pair.curve.fit) / np.sqrt(pull @ pair.offset))
