"""Losses that rise all along: no spike of theirs has a step, though one stretch of the rise may look like one."""

from __future__ import annotations

from runlens.model import Run
from runlens.rules.loss.parts.curve import LossCurve, train_curve
from runlens.rules.loss.parts.rising import BLOCKS, Worse, only_worse
from runlens.stats.robust import median, medians_of_parts

AT_ONCE = 0.5
"""Share of the whole rise that two neighbouring tenths of the log may differ by: a spike that stays makes up most of
it between two tenths, whatever wanders before and after."""
FIRST = 3
"""Points that show where the loss began."""
LEARNT = 0.1
"""Share of the whole rise by which the loss may begin above its first tenth: one that had learnt something first has a
step from which on it was lost, and LOSS001 names it."""


def gets_worse(run: Run, curve: LossCurve) -> Worse | None:
    """`only_worse` of the training loss of a run, looked for once: two rules ask, and a long curve takes a while."""
    return run.once("only worse", lambda: only_worse(curve))


def rises_throughout(run: Run) -> Worse | None:
    """How much the training loss rose, if it does nothing else from the start to the end; None of any other loss.

    LOSS004 tells of it and LOSS001 steps back: from where it diverged is no question of a loss that never came down.
    """
    curve = train_curve(run)
    return None if curve is None else run.once("rises throughout", lambda: _throughout(curve, gets_worse(run, curve)))


def _throughout(curve: LossCurve, worse: Worse | None) -> Worse | None:
    if worse is None:
        return None
    blocks = medians_of_parts(curve.y, min(BLOCKS, len(curve.y) // 2))
    jumps = float((blocks[1:] - blocks[:-1]).max()) >= AT_ONCE * worse.rise
    learnt = median(curve.y[:FIRST]) - worse.before > LEARNT * worse.rise
    return None if jumps or learnt else worse
