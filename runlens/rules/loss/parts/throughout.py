"""Losses that rise all along: no spike of theirs has a step, though one stretch of the rise may look like one."""

from __future__ import annotations

from runlens.model import Run
from runlens.rules.loss.parts.curve import LossCurve, train_curve
from runlens.rules.loss.parts.rising import BLOCKS, Worse, only_worse
from runlens.stats.robust import medians_of_parts

AT_ONCE = 0.5
"""Share of the whole rise that two neighbouring tenths of the log may differ by: a spike that stays makes up most of
it between two tenths, whatever wanders before and after."""


def rises_throughout(run: Run) -> Worse | None:
    """How much the training loss rose, if it does nothing else from the start to the end; None of any other loss.

    LOSS004 tells of it and LOSS001 steps back: from where it diverged is no question of a loss that never came down.
    """
    curve = train_curve(run)
    return None if curve is None else run.once("rises throughout", lambda: _throughout(curve))


def _throughout(curve: LossCurve) -> Worse | None:
    worse = only_worse(curve)
    if worse is None:
        return None
    blocks = medians_of_parts(curve.y, min(BLOCKS, len(curve.y) // 2))
    return worse if float((blocks[1:] - blocks[:-1]).max()) < AT_ONCE * worse.rise else None
