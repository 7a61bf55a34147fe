"""LOSS004: a loss that no longer comes down although the schedule says it should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from runlens.model import Finding, Run, Severity, Skip
from runlens.rules.base import Rule
from runlens.rules.loss_curve import LossCurve, loss_curve, train_loss
from runlens.stats.progress import Stall, last_stall
from runlens.stats.robust import median

NEVER = 0.05
"""A loss that has come down by less than this share of itself since the start has learnt nothing."""


@dataclass(frozen=True)
class StalledLoss(Rule):
    """The loss has stopped coming down although the schedule is not at its end.

    What it does
    ------------
    Looks for the longest stretch to the end of the log in which the loss, in medians of 48 blocks, made no progress
    beyond its own wander, and compares with what its trend against log step led to. `warning` if the stretch covers
    `share` of the run, the trend led to an improvement of `missed` and more, and the learning rate still stands at
    `rate` of its peak or more; also if the loss has hardly moved since the very start. Otherwise `info`, or nothing
    where the trend was flat already.

    Why it matters
    --------------
    A plateau with a high learning rate costs full price for no progress: dead units, a rate too high or far too low,
    frozen parameters, precision (pure fp16 stops where updates round to nothing), exhausted or repeated data.

    What to do
    ----------
    Check that parameters change at all, and the learning rate that the optimizer really uses; compare with a run of
    another rate at the same tokens; look at evals: if they still improve, the data has become harder.

    Settings
    --------
    share : part of the run that the stretch must cover.
    missed : improvement that the trend led to, as a share of the loss.
    rate : part of the peak learning rate at which progress is still due.

    References
    ----------
    Kaplan et al. (arXiv 2001.08361) and Hoffmann et al. (arXiv 2203.15556): loss falls as a power of tokens, so
    straight against log step. Defaults were set on public curves without labels: flat ends of healthy runs cover less
    or come with an annealed rate.
    """

    code = "LOSS004"
    name = "stalled-loss"
    needs = ("train_loss",)

    share: float = 0.3
    missed: float = 0.05
    rate: float = 0.3

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if the loss stands still."""
        series = train_loss(run)
        curve = loss_curve(series) if series is not None else None
        if curve is None or len(curve.y) < 50:
            yield self.skip("fewer than 50 finite points of training loss: too few for a trend")
            return
        stall = last_stall(curve.y, curve.step, self.share)
        if stall is None:
            return
        dead = stall.first < len(curve.y) // 2 and median(curve.y[:5]) - median(curve.y[-20:]) < NEVER and curve.log
        due = -stall.expected > max(self.missed, 6.0 * stall.doubt)
        if not (dead or due):
            return
        rate = _rate_left(run, int(curve.step[stall.first]))
        yield self._judged(curve, stall, dead, due, rate)

    def _judged(self, curve: LossCurve, stall: Stall, dead: bool, due: bool, rate: float | None) -> Finding:
        trained = rate is not None and rate >= self.rate
        first, last = int(curve.step[stall.first]), int(curve.step[-1])
        level = curve.loss(median(curve.y[stall.first :]))
        if dead:
            text = f"the loss has hardly moved since the start: {level:.4g} from step {first:,} to {last:,}"
        else:
            text = (
                f"the loss stands at {level:.4g} since step {first:,}, for {last - first:,} steps; "
                f"its trend led to {abs(stall.expected):.1%} less"
            )
        if rate is not None:
            text += f"; the learning rate is at {rate:.0%} of its peak"
        return self.finding(
            Severity.WARNING if (due or dead) and trained else Severity.INFO,
            curve.metric,
            (first, last),
            text,
            {
                "level": level,
                "change": round(stall.change, 5),
                "expected_change": round(stall.expected, 5),
                "doubt": round(stall.doubt, 6),
                "learning_rate_share": rate,
                "since_start": dead,
            },
            "Check that parameters change, the learning rate in use, and whether evals still improve.",
        )


def _rate_left(run: Run, since: int) -> float | None:
    """Learning rate in the middle of the stretch over its peak; None if none is logged."""
    role = run.role("learning_rate")
    if role is None or not len(role.series):
        return None
    value = role.series.value[np.isfinite(role.series.value)]
    late = role.series.value[role.series.step >= since]
    late = late[np.isfinite(late)]
    if not len(value) or not len(late) or value.max() <= 0:
        return None
    return round(float(median(late) / value.max()), 4)
