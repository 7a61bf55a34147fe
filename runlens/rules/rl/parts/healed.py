"""A reward that was lost in the middle of a run for long, and came back."""

from __future__ import annotations

import numpy as np

from runlens.rules.rl.parts.course import BACK, course, means
from runlens.rules.rl.parts.signals import Signal
from runlens.rules.rl.parts.signs import OWN, SIGMAS, Limits, Sign, arrives

LOST = 0.8
"""Part of the progress made until then that must have been lost."""
LASTED = 0.1
"""Share of the log for which half of it or more was gone: dips of a few hundredths are how a policy explores."""
ENDS = 0.1
"""Share of the log whose mean is the level at its end."""
LEARNT = 0.5
"""Part of all progress of the run that had been made before: what is lost before a policy learnt is nothing."""


def came_back(signal: Signal, limits: Limits) -> Sign | None:
    """The longest collapse that was made up again; of `signs.FEWEST` points or more.

    Parameters
    ----------
    signal : Signal
        A reward that does not end below its best.
    limits : Limits

    Returns
    -------
    Sign or None
        From where half of the progress was gone to where it was back.
    """
    blocks = means(signal.value)
    smooth = blocks.smooth
    found = course(blocks, 0.5 * limits.fall)
    best = np.maximum.accumulate(smooth)
    gain, depth = best - found.start, best - smooth
    least = max(SIGMAS * found.noise, LEARNT * found.gain)
    half = (gain >= least) & (depth >= 0.5 * gain)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], half, [False]]).astype(np.int8)))
    lowest = float(smooth.min())
    longest: Sign | None = None
    length = blocks.share(LASTED) - 1
    for first, last in edges.reshape(-1, 2):  # `last` is the first block that is no longer of it
        top, worst = float(best[first]), float(smooth[first:last].min())
        back = last < len(smooth) and float(smooth[last:].max()) >= worst + BACK * (top - worst)
        deep = top - worst >= max(LOST * gain[first], OWN * max(abs(top), top - lowest))
        if back and deep and last - first > length:
            length = last - first
            steps = int(signal.step[blocks.first[first]]), int(signal.step[blocks.first[last] - 1])
            ends = float(smooth[-blocks.share(ENDS) :].mean())
            longest = Sign("reward-came-back", signal.metric, steps, top, worst, (top - worst) / float(gain[first]),
                           over=top - ends >= 0.5 * (top - worst), ends=ends,
                           reached=arrives(signal, blocks, int(blocks.first[first]), top, worst))  # fmt: skip
    return longest
