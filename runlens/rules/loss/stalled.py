"""LOSS004: a loss that no longer comes down although the schedule says it should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.roles.rl import rl_sign
from runlens.rules.base import Rule
from runlens.rules.loss.parts.adversarial import need_not_fall
from runlens.rules.loss.parts.chance import scored_like_a_guess
from runlens.rules.loss.parts.curve import LossCurve, train_curve
from runlens.rules.loss.parts.guess import (
    has_not_moved,
    held_out_guess,
    held_out_stands,
    is_a_guess,
    stands_at_a_guess,
    stands_level,
)
from runlens.rules.loss.parts.incidents import loss_incidents
from runlens.rules.loss.parts.preference import no_preference
from runlens.rules.loss.parts.rising import TWICE, falls_without_bound, turned_worse
from runlens.rules.loss.parts.sensitivity import USUAL, LossSensitivity
from runlens.rules.loss.parts.throughout import gets_worse, rises_throughout
from runlens.rules.meaning import Part, Stage, Story
from runlens.rules.shared.frozen import frozen_tail
from runlens.rules.shared.panels import LOSSES, TRAINING
from runlens.rules.shared.ramps import ramp_of
from runlens.stats.changes.progress import Stall, last_stall
from runlens.stats.changes.saturation import nears_floor
from runlens.stats.robust import median, quantile

FEWEST = 100
"""Finite points; in synthetic logs of 60, one healthy run in 200 looked stalled."""
OUTPUT = 0.5
"""What an initialisation of the last layer that is too large adds to the loss of a guess at most, on the log scale: it
is gone within the first steps, and nothing is learnt."""


class StallEvidence(TypedDict):
    """Where the loss stands, and what its trend led to."""

    level: float
    change: float
    expected_change: float
    doubt: float
    learning_rate_share: float | None
    since_start: bool
    nears_floor: bool


@dataclass(frozen=True)
class StalledLoss(Rule[StallEvidence]):
    """The loss has stopped coming down although the schedule is not at its end.

    What it does
    ------------
    Looks for a stretch to the end of the log, of `share` of the run or more, in which the loss stands at one level, and
    compares with where its own trend against log step, taken over as long a time before, led to. A finding needs a
    trend that led to an improvement of `missed` or more, of which less than a quarter came, or a loss that stands from
    the first tenth of the log on where a guess among its classes would, or above 6 nats. `warning` if the learning rate
    is known to stand at `rate` of its peak or more, or if the loss never moved; `info` if no learning rate is logged,
    or if an approach to a floor fits descent and level about as well as a descent that breaks off, as with a diffusion
    model; nothing if the rate is lower, since then little progress is due, and nothing where the loss swung or where a
    spike or a shift (LOSS001, LOSS005) accounts for level or trend. A loss of ten points and more that does nothing but
    rise is a `warning`, and an `error` where it doubles (LOSS001 steps back), as is one that falls below zero without
    bound; so is one of less than 50 points that has risen by a quarter since it was lowest, for half of the log, and
    gave back a hundredth of its progress; either is `info` where it rose with the logged weight of a term that ramps
    up. Four things show in fewer points that nothing is learnt: a loss of 20 points that never leaves the logarithm of
    a number of classes by half a percent, a held-out loss that is the same to a thousandth at eight checkpoints and
    more beside a training loss that is level from the start, one that stands so at such a logarithm (or four equal
    accuracies of one in k beside a loss at ln k), and a training loss of 20 points with up to half a per cent of noise
    whose thirds agree to half a per cent while no eval moves by 1 %, unless the log goes on from training that is not
    in it. So does a loss of pairs (DPO) of 20 points that began at ln 2 and is no 2 % lower in its last third, while no
    more than 55 % of the pairs are ordered right, or that stands 5 % above it.

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
    sensitivity : which spikes and shifts account for a level: the settings of LOSS001.

    References
    ----------
    Kaplan et al. (arXiv 2001.08361) and Hoffmann et al. (arXiv 2203.15556): loss falls as a power of tokens, so
    straight against log step. Of 232 public curves and corpus runs the rule speaks of eight, all of them flat by eye.
    """

    code = "LOSS004"
    name = "stalled-loss"
    needs = ("train_loss",)
    symptom = Symptom.STALL
    part = Part((Story.OPTIMISATION,), opens=True, stage=Stage.LOSS, place=2)
    figure = Figure(panels=LOSSES, beside=TRAINING)

    share: float = 0.3
    missed: float = 0.05
    rate: float = 0.3
    sensitivity: LossSensitivity = USUAL

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if the loss stands still."""
        if why := need_not_fall(run):
            yield self.skip(why, kind="not-applicable")
            return
        curve = train_curve(run)
        if curve is not None and (found := self._from_the_start(run, curve)) is not None:
            yield found
            return
        if curve is None or len(curve.y) < FEWEST:
            yield self.skip(
                f"fewer than {FEWEST} finite points of training loss: too few for a trend", kind="too-few-points"
            )
            return
        stall = last_stall(curve.y, curve.step, self.share)
        tail = frozen_tail(curve.value)
        if stall is None or curve.ends_non_finite or (tail is not None and tail.value == 0.0):
            return  # LOSS003 speaks of a loss that is not finite, and LOSS006 of one that can fall no further
        if _accounted_for(run, self.sensitivity, int(curve.step[stall.trend_from])):
            return
        never = _never_moved(run, curve, stall)
        if not never and -stall.expected < max(self.missed, 6.0 * stall.doubt):
            return
        rate = _rate_left(run, int(curve.step[stall.first]))
        if rate is None or rate >= self.rate:
            near = not never and nears_floor(curve.y, curve.step, stall.trend_from, stall.first)
            yield self._finding(curve, stall, never, near, rate)

    def _from_the_start(self, run: Run, curve: LossCurve) -> Finding | None:
        """What shows without a trend: a loss that only gets worse, or that never moves."""
        if not len(curve.step):
            return None
        first, last = int(curve.step[0]), int(curve.step[-1])
        severity, rise, doubt, ramp = Severity.WARNING, 0.0, 0.0, None
        worse, below = gets_worse(run, curve), falls_without_bound(curve.value)
        if below is not None:
            severity, level, rise = Severity.ERROR, below.after, below.after - below.before
            text = (
                f"the loss falls without bound: from {below.before:.4g} to {level:.4g} at steps {first:,} to {last:,}"
            )
            help = "Check the sign of each part of the loss: what is to be made small must have a least value."
        elif worse is not None and (rises_throughout(run) or not _spiked_for_good(run, self.sensitivity)):
            severity = Severity.ERROR if worse.rise >= TWICE else Severity.WARNING
            level, rise, doubt = curve.loss(worse.after), round(worse.rise, 5), round(worse.doubt, 6)
            text = (
                f"the loss only gets worse: from {curve.loss(worse.before):.4g} in the first tenth of the log to "
                f"{level:.4g} in the last, at steps {first:,} to {last:,}"
            )
            help = "Check the sign of the loss, the learning rate and the labels: a model that learns gets better."
            ramp = ramp_of(run, curve.step, curve.value, 0, curve.loss(worse.before))
        elif (turned := turned_worse(curve)) is not None and not _spiked_for_good(run, self.sensitivity):
            first, level = int(curve.step[turned.at]), curve.loss(turned.after)
            rise = round(turned.after - turned.best, 5)
            text = (
                f"the loss was lowest at step {first:,} ({curve.loss(turned.best):.4g}) and has risen since, to "
                f"{level:.4g} at step {last:,}"
            )
            help = "Go back to the checkpoint of that step; if the loss is a held-out one, the model overfits."
            ramp = ramp_of(run, curve.step, curve.value, turned.at, curve.loss(turned.best))
        elif (pairs := no_preference(run, curve.value)) is not None and not _spiked_for_good(run, self.sensitivity):
            level = pairs
            text = f"the loss of preferences, ln 2 for a guess, is {level:.4g} in the last third, to step {last:,}"
            help = "Check the learning rate, beta, and that chosen and rejected answers differ and are not swapped."
        elif why := _nothing_learnt(run, curve, self.rate):
            level = median(curve.value)
            text = f"the loss has not moved since the start: {level:.4g} from step {first:,} to {last:,}, {why}"
            help = "Check that parameters change, that labels belong to their inputs, and the learning rate in use."
        else:
            return None
        if ramp is not None:
            severity, text = Severity.INFO, f"{text}; {ramp.setting.words()} meanwhile"
        return self.finding(
            severity,
            curve.metric,
            (first, last),
            text,
            {
                "level": level,
                "change": rise,
                "expected_change": 0.0,
                "doubt": doubt,
                "learning_rate_share": None,
                "since_start": True,
                "nears_floor": False,
            },
            help,
        )

    def _finding(self, curve: LossCurve, stall: Stall, never: bool, near: bool, rate: float | None) -> Finding:
        first, last = int(curve.step[stall.first]), int(curve.step[-1])
        level = curve.loss(median(curve.y[stall.first :]))
        if never:
            text = f"the loss has not moved since the start: {level:.4g} from step {first:,} to {last:,}"
        else:
            due = 1.0 - np.exp(stall.expected) if curve.log else -stall.expected
            text = (
                f"the loss stands at {level:.4g} since step {first:,}, for {last - first:,} steps, "
                f"in which its trend led to {percent(due)} less"
            )
        if rate is not None:
            text += f"; the learning rate is at {percent(rate)} of its peak"
        if near:
            text += "; it came to this level bit by bit, as a loss does that nears its floor"
        return self.finding(
            Severity.INFO if near or (rate is None and not never) else Severity.WARNING,
            curve.metric,
            (first, last),
            text,
            {
                "level": level,
                "change": round(stall.change, 5),
                "expected_change": round(stall.expected, 5),
                "doubt": round(stall.doubt, 6),
                "learning_rate_share": rate,
                "since_start": never,
                "nears_floor": near,
            },
            "Check that parameters change, the learning rate in use, and whether evals still improve.",
        )


def _nothing_learnt(run: Run, curve: LossCurve, due: float) -> str:
    """What shows in a few points that nothing is learnt; empty where nothing does."""
    if classes := stands_at_a_guess(curve.value):
        return f"what a guess among {classes} classes costs"
    if classes := held_out_guess(run, curve.value):
        return f"what a guess among {classes} classes costs, and no held-out loss moves by a thousandth"
    if (scored := scored_like_a_guess(run, curve.value))[0]:
        return f"what a guess among {scored[0]} classes costs, and {scored[1]} is that of a guess at every checkpoint"
    if not stands_level(curve.y):  # asked first, since it costs least
        return ""
    if (rate := _rate_left(run, int(curve.step[0]))) is not None and rate < due:
        return ""
    if held_out_stands(run):
        return "and no held-out loss moves by a thousandth"
    if curve.log and not rl_sign(run.placed, run.axis_name) and has_not_moved(run, curve.y, curve.step):
        return "and its thirds agree to half a per cent"
    return ""


def _spiked_for_good(run: Run, want: LossSensitivity) -> bool:
    """Whether LOSS001 speaks of a rise that did not come back."""
    return any(i.kind == "spike" and not i.excursion.back for i in loss_incidents(run, want))


def _accounted_for(run: Run, want: LossSensitivity, since: int) -> bool:
    """Whether an incident that was not over at once lies in the stretch, or in what its trend was taken from."""
    return any(
        i.steps[1] >= since and not i.rewound and i.ending.outcome != "recovered-fast"
        for i in loss_incidents(run, want)
    )


def _never_moved(run: Run, curve: LossCurve, stall: Stall) -> bool:
    """Whether the loss of an untrained model still stands where it began, or where a guess among its classes would."""
    start, end = median(curve.y[:5]), median(curve.y[stall.first :])
    at_once = curve.log and stall.first < 0.1 * len(curve.y) and start - end < OUTPUT
    return at_once and is_a_guess(run, curve.loss(end))


def _rate_left(run: Run, since: int) -> float | None:
    """Typical learning rate of the stretch over its peak; None if none is logged.

    The peak is the 98th percentile, since a jump of a few steps is no part of the schedule.
    """
    role = run.role("learning_rate")
    if role is None or not len(role.series):
        return None
    late, peak = role.series.value[role.series.step >= since], quantile(role.series.value, 0.98)
    share = median(late) / peak if peak > 0 else 0.0
    return round(float(share), 4) if np.isfinite(share) else None
