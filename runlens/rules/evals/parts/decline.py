"""Stretches where a run's evals stand below their own earlier level."""

from __future__ import annotations

from dataclasses import dataclass

import bottleneck as bn
import numpy as np

from runlens.comparison.curves import RunCurve
from runlens.comparison.noise import Floats, logarithmic, prior, upward
from runlens.rules.evals.parts.own import running_middle, scatter_of
from runlens.rules.shared.noise_of_turn import noise_of_turn, stands_out
from runlens.stats.changes.lasting_rise import lasting_rise
from runlens.stats.robust import sigma
from runlens.stats.smooth import checkpoint_noise

SIGMAS = 4.0
"""A checkpoint is worse when it lies this many scatters below the level: with a dozen evals at fifty checkpoints, four
leave one false checkpoint in fifty runs, and one checkpoint alone is no warning yet."""
SHORT, MOVED = 20, 2.0
"""Of fewer checkpoints the progress must be so many times what all of them lie off their neighbours: what comes before
the best of few is little to tell noise by. Flat losses of 5 to 12 checkpoints and 1, 3 and 8 % of noise: 4 to 9, 14 to
27 and 15 to 34 % gave a finding of two checkpoints or more before, 3 to 4, 4 to 10 and 4 to 12 % do now; falls by 40 %
over the last third are found from six checkpoints on, as before."""
ODDS = 4.0
"""Log odds of a lasting change: in fewer than `SHORT` checkpoints the whole curve must speak for it. Under 3 to 10 % of
noise 12 to 18 % of falling losses of 8 to 12 checkpoints gave a warning without it, 0 to 4 % do with it; of falls by 40
% under 10 % of noise 9 in 10 are left, and all under 3 %."""
ROW, IN_A_ROW = 3, 2.8
"""So many checkpoints in a row need lie below it by fewer scatters each. In 9,000 healthy synthetic runs of 8 to 60
checkpoints and 0.2 to 7 % of noise, both together gave 11 warnings, ten of them at 20 checkpoints of 2 %."""
LEAST_LOSS = 0.01
"""Relative change of a loss that matters at all."""
LEAST_SCORE = 0.02
"""The same for a score, relative to its level."""
NEAR = 0.25
"""An eval is near its level when no more than this share of its progress is missing."""
FOR_GOOD, LEAST_FOR_GOOD = 0.9, 0.05
"""An eval is worse than its first value for good when this share of all later ones is, by this much of its size: one
value is all that is known of the level, and benchmarks that a fine-tuning leaves aside slip by a few per cent."""
USUAL = 1.5
"""A fall up to the end counts only if it is so many times any that came back before: an eval that swings about one
level has not fallen."""
COSTLY, OF_MANY = 0.1, 20
"""Share of its checkpoints for which an eval that came back must have been away to be worth a warning, and how many
there must be: of fewer, three in a row are the noise of a small held-out set (0.4 % of 1,440 losses of 12 and 15 under
10 % of noise)."""
FEW, FLOOR = 8, 0.05
"""Checkpoints below which a fall and a rise leave nothing to tell the noise by, and what is taken for it."""
SURER = 10.0
"""Proof that is asked of a fall in fewer than `SHORT` (as of `noise_of_turn.TOGETHER`), since no training loss speaks
for it. Of losses of 5 and 6 checkpoints that are level, fall or near a floor, 2.6 to 3.6 % gave a warning or an error
under 10 to 20 % of noise of any kind, 0.4 to 1.7 % of 8 to 15; 0 to 0.7 % do with it."""
HALF = 0.5
"""Share of its progress that an eval must have lost in the mean for that."""
ENOUGH = 12
"""Checkpoints near the level from which on their own jitter counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Decline:
    """One stretch of one eval."""

    eval: RunCurve
    best_step: int
    """Middle of the three checkpoints that made the earlier level."""
    steps: tuple[int, int]
    """First and last checkpoint of the stretch."""
    checkpoints: int
    level: float
    """The earlier level (median of three checkpoints), in the metric's own unit."""
    worst: float
    """The worst value of the stretch."""
    latest: float
    """The last value of the stretch."""
    share: float
    """Mean loss over the stretch as a share of all progress from the first checkpoints to the level."""
    open: bool
    """It lasts to the run's last checkpoint."""
    since_first: bool = False
    """The first checkpoint of all is the level, and no later one came back to it."""


def declines(own: RunCurve) -> list[Decline]:
    """The stretches of an eval below its earlier level, in order.

    Parameters
    ----------
    own : RunCurve
        Over steps. Fewer than four checkpoints, or an eval that never rose clearly above its first values and is not
        worse than the first for good, give none: there is no level to fall from.
    """
    curve, up = own.curve, upward(own.curve)
    if len(up) < 4:
        return []
    if (for_good := _worse_than_first(own, up)) is not None:
        return [for_good]
    middle = bn.median(np.lib.stride_tricks.sliding_window_view(up, 3), axis=1)  # at checkpoints 1 .. n-2
    top = float(middle.max())
    peak = int(np.argmax(middle)) + 2
    noise = checkpoint_noise(up[:peak], prior(curve, curve.value)[0])
    found = _below(own, up, middle, _with_jitter(up, top - NEAR * (top - up[:2].mean()), noise))
    if len(up) < OF_MANY or any(not one.open for one in found):
        return found
    # a collapse that heals is no noise, but all that lies before the best checkpoint is taken for it
    costly = [d for d in _below(own, up, middle, scatter_of(own)) if not d.open and was_costly(d, HALF)]
    return [*costly, *found]


def _below(own: RunCurve, up: Floats, middle: Floats, scatter: float) -> list[Decline]:
    """The stretches below the level so far under noise of such a size."""
    curve, step = own.curve, own.step
    level = np.maximum.accumulate(middle)
    best = np.maximum.accumulate(np.where(middle >= level, np.arange(len(middle)), 0)) + 1
    progress = float(level[-1] - up[:2].mean())
    least = LEAST_LOSS if logarithmic(curve) else LEAST_SCORE * abs(float(level[-1]))
    margin, lower = (max(sigmas * scatter * np.sqrt(1 + 1 / 3), least) for sigmas in (SIGMAS, IN_A_ROW))
    small = progress < (max(margin, MOVED * scatter_of(own)) if len(up) < SHORT else margin)
    if small and not bool(
        (up[-ROW:] < float(up[:2].min()) - margin).all()
    ):  # worse than where it began needs no progress
        return []
    progress = max(progress, margin) if small else progress
    size = 1.0 if logarithmic(curve) else max(abs(float(np.median(curve.value))), 1e-300)
    expected = prior(curve, curve.value)[0] / size
    against = np.concatenate([np.full(3, np.inf), level[: len(up) - 3]])  # made of checkpoints before this one
    below = np.where(np.isfinite(against), against - up, -np.inf)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (below > lower).astype(np.int8), [0]])))
    stretches = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [
        _decline(own, up, against, best, a, b, progress, b == len(up))
        for a, b in stretches
        if step[a] <= step[b - 1]
        and (b - a >= ROW or below[a:b].max() > margin)
        and not (b == len(up) and _as_usual(up[a:], float(against[a]), middle[: max(a - 1, 0)], lower))
        and not (a + 1 < b == len(up) < SHORT and lasting_rise(-up / size, expected) < ODDS)
    ]


def is_noise(one: Decline) -> bool:
    """Whether a fall to the end of a short table is no clearer than what the table scatters."""
    up = upward(one.eval.curve)
    if not one.open or len(up) >= SHORT:
        return False
    size = 1.0 if logarithmic(one.eval.curve) else max(abs(float(np.median(one.eval.curve.value))), 1e-300)
    odds = lasting_rise(-up / size, prior(one.eval.curve, one.eval.curve.value)[0] / size)
    least = FLOOR if len(up) < FEW else 0.0
    return not stands_out(-up / size, max(noise_of_turn(-up / size, scatter_of(one.eval) / size), least), odds, SURER)


def was_costly(one: Decline, severe: float) -> bool:
    """Whether a fall that came back lasted so long, and lost so much, that it cost a part of the run.

    Not one of an eval that swings: it must have held its level for as long before it, and not have gone down as far
    before or after.
    """
    step, up = one.eval.step, upward(one.eval.curve)
    long = one.checkpoints >= ROW and one.checkpoints > COSTLY * len(step) and len(step) >= OF_MANY
    if not long or one.share < severe:
        return False
    first, last = np.searchsorted(step, one.steps)
    before = up[:first]
    level = float(np.max(running_middle(before)))
    if np.count_nonzero(before >= level - NEAR * (level - before[:2].mean())) < one.checkpoints:
        return False
    others = [running_middle(part) for part in (before, up[last + 1 :]) if len(part)]
    swing = max(float(np.max(np.maximum.accumulate(part) - part)) for part in others)
    return level - float(np.mean(up[first : last + 1])) >= USUAL * swing


def _as_usual(fallen: Floats, level: float, middle: Floats, lower: float) -> bool:
    """Whether an eval fell as far before, and came back."""
    before = float(np.max(np.maximum.accumulate(middle) - middle, initial=0.0))
    return before > lower and level - float(np.mean(fallen)) < USUAL * before


def _worse_than_first(own: RunCurve, up: Floats) -> Decline | None:
    """The whole run after the first checkpoint, if nearly all of it is clearly worse than that; else None."""
    first, later = float(up[0]), up[1:]
    least = LEAST_FOR_GOOD * (1.0 if logarithmic(own.curve) else abs(first))
    bar = first - max(SIGMAS * scatter_of(own) * np.sqrt(2.0), least)
    if float(np.mean(later < bar)) < FOR_GOOD or not bool((later[-ROW:] < bar).all()):
        return None
    value = own.curve.value
    return Decline(
        eval=own,
        best_step=int(own.step[0]),
        steps=(int(own.step[1]), int(own.step[-1])),
        checkpoints=len(later),
        level=float(value[0]),
        worst=float(value[1 + int(np.argmin(later))]),
        latest=float(value[-1]),
        share=0.0,
        open=True,
        since_first=True,
    )


def _with_jitter(up: Floats, near: float, scatter: float, weight: float = 8.0) -> float:
    """Scatter, and how far checkpoints lie off the middle of their neighbours once the eval has come near its level.

    A steep descent that ends in a noisy flat leaves the isotonic fit few residuals, and those up to the best point of
    the flat were chosen by it; jitter is blind to that choice, and a lasting fall moves two checkpoints only. It is
    pooled with `scatter`, which counts as `weight` checkpoints, where it is larger and there are `ENOUGH`.
    """
    flat = up[int(np.argmax(up >= near)) :]
    if len(flat) < ENOUGH:
        return scatter
    off = flat[1:-1] - (flat[:-2] + flat[2:]) / 2
    jitter = sigma(off) / np.sqrt(1.5)
    return max(scatter, float(np.sqrt((weight * scatter**2 + len(off) * jitter**2) / (weight + len(off)))))


def _decline(
    own: RunCurve, up: Floats, against: Floats, best: np.ndarray, a: int, b: int, progress: float, lasts: bool
) -> Decline:
    values = own.curve.value
    bottom = a + int(np.argmin(up[a:b]))
    at = int(best[a - 3])
    return Decline(
        eval=own,
        best_step=int(own.step[at]),
        steps=(int(own.step[a]), int(own.step[b - 1])),
        checkpoints=b - a,
        level=float(bn.median(values[at - 1 : at + 2])),
        worst=float(values[bottom]),
        latest=float(values[b - 1]),
        share=float(np.mean(against[a] - up[a:b])) / progress,
        open=lasts,
    )
