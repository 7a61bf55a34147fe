"""Whether a curve has stopped coming down, where its own trend led on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.stats.log_blocks import log_blocks, log_step_at, place_of
from runlens.stats.robust import (
    Floats,
    Steps,
    difference_sigma,
    median,
    medians_of_parts,
    standard_error_of_median,
    theil_sen,
)

LEVEL = 0.01
"""A curve stands at a level within this (log loss: share), or within two standard errors."""
LEFT = 0.25
"""A curve that makes less than this part of the progress its trend led to has stalled. A power law makes nearly all of
it, and one that nears a floor of three quarters of its height more than half."""
SLOPE = 300
"""Points that a trend is taken from."""
PARTS = 12
"""Parts of a stretch whose medians say whether it is level."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A stretch to the end of the curve in which it made no progress."""

    first: int
    """Position of the first point of the stretch."""
    trend_from: int
    """Position of the first point that the trend before it was taken from."""
    change: float
    """Change of the curve over the stretch (negative: it came down), in its own unit."""
    expected: float
    """Change that the trend before the stretch led to; negative, 0 if there is no trend before it."""
    doubt: float
    """Standard error of `change`."""


def last_stall(y: Floats, step: Steps, shortest: float) -> Stall | None:
    """The stretch to the end in which the curve stands at one level.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
    step : ndarray of int64 or float64, shape (n,)
        Log loss over strictly increasing steps.
    shortest : float
        Share of the run that the stretch must cover.

    Returns
    -------
    Stall or None
        None where the curve comes down to the end, rises, moves to and fro by more than half of what was due, or has
        fewer than 32 points.
    """
    n = len(y)
    if n < 32 or step[-1] <= step[0]:
        return None
    edges, level = log_blocks(y, step)
    at = edges[:-1]
    late = y[int(np.searchsorted(step, step[-1] - shortest * (step[-1] - step[0]))) :]
    noise = difference_sigma(late) if len(late) > 8 else difference_sigma(y)
    end = median(late)
    near = max(LEVEL, 2.0 * standard_error_of_median(noise, len(late)))
    # three blocks in a row at the level, so that one low block early on is no arrival
    arrived = np.convolve(level <= end + near, np.ones(3), "valid") == 3
    if not arrived.any():
        return None
    first = int(at[int(np.argmax(arrived))])
    rest = y[first:]
    if step[-1] - step[first] < shortest * (step[-1] - step[0]) or len(rest) < 16:
        return None
    part = max(4, len(rest) // 4)
    change = median(rest[-part:]) - median(rest[:part])
    doubt = float(np.sqrt(2.0)) * standard_error_of_median(noise, part)
    begins, ends = log_step_at(step, np.array([first, n - 1])).tolist()
    before = slice(*place_of(step, [begins - max(ends - begins, np.log(2.0)), begins]).tolist())
    slope = _slope(y, step, before) if before.stop - before.start >= 8 else 0.0
    expected = min(slope, 0.0) * (ends - begins)
    parts = medians_of_parts(rest, PARTS)
    steady = max(-0.5 * expected, 2.0 * LEVEL, 6.0 * standard_error_of_median(noise, len(rest) // PARTS))
    moves = float(parts.max() - parts.min())
    doubt = max(doubt, float(np.sqrt(8.0 / PARTS)) * difference_sigma(parts))  # noise that remembers
    progress = change < -3.0 * LEVEL or change - 2.0 * doubt < min(LEFT * expected, -LEVEL)
    if progress or change > max(near, 2.0 * doubt) or moves > steady:
        return None
    trend_from = before.start if before.stop > before.start else first
    return Stall(first, trend_from, float(change), float(expected), doubt)


def _slope(y: Floats, step: Steps, part: slice) -> float:
    """Fall of a stretch of a curve by log step, from so many points as `theil_sen` looks at."""
    count = part.stop - part.start
    at = part.start + np.linspace(0, count - 1, min(count, SLOPE)).astype(np.int64)
    return theil_sen(log_step_at(step, at), y[at], most=SLOPE)[0]
