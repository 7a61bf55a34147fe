"""GRAD002: gradient norms far above their level."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from runlens.growing import blocks, chosen, mapped
from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.loss.parts.context import context_of
from runlens.rules.loss.parts.incidents import LossIncident, loss_incidents
from runlens.rules.loss.parts.sensitivity import USUAL, LossSensitivity
from runlens.rules.meaning import Advice, Part, Stage, Story
from runlens.rules.resume.parts.breaks import explained
from runlens.rules.shared.panels import TRAINING
from runlens.stats.excursions.level import from_start
from runlens.stats.excursions.outcome import limits
from runlens.stats.excursions.quiet import may_rise
from runlens.stats.excursions.search import Excursion, Sensitivity, excursions
from runlens.stats.robust import Floats, Steps, median
from runlens.stats.rolling import block_median, trailing_min

NEAR = 64
"""Logged points by which a surge may come before a loss spike that it belongs to, but at most 2 % of the run."""
LONG, BLOCK = 20_000, 64
"""Points from which a log is looked over in blocks first, and their length."""


class SurgeEvidence(TypedDict):
    """How far the norm rose, and the loss spike that it came with."""

    level: float
    peak: float
    peak_step: int
    multiple: float
    back: bool
    loss_spike_step: int | None
    steps_before_loss: int | None


@dataclass(frozen=True)
class GradientSurge(Rule[SurgeEvidence]):
    """The gradient norm rises to a multiple of its level, alone or before a loss spike.

    What it does
    ------------
    Holds the log of the gradient norm against its trailing level, as LOSS001 does with the loss, and reports rises to
    `multiple` times it and more, each until it is back or the next one sets in. Surges in the first `settle` share of
    the run, where the norm finds its level, are left out. `warning` if the norm stays up by that multiple to the end of
    the log for longer than a slow recovery takes, or if a loss that does not recover comes with it; else `info`.
    Evidence says which loss spike belongs to it, and how many steps later that begins.

    Why it matters
    --------------
    The norm often moves first: BLOOM's rose from 0.24 to 960 before the loss peaked. That is the time to skip batches.

    What to do
    ----------
    Alone and short: clipping did its work. Before a spike: skip batches from the surge on, not from the spike on.
    Lasting: look at the learning rate, at the layer whose norm grows, and at the precision.

    Settings
    --------
    multiple : times the trailing level.
    sigmas : smallest rise in standard deviations of the log.
    settle : share of the run at the start that is left out.
    sensitivity : which loss spikes may belong to a surge, and what a slow recovery takes: the settings of LOSS001.

    References
    ----------
    BLOOM chronicles (bigscience); OLMo 2 (arXiv 2501.00656, section 3) on gradient-norm spikes; Wortsman et al. (arXiv
    2309.14322) on how instabilities announce themselves.
    """

    code = "GRAD002"
    name = "gradient-surge"
    needs = ("grad_norm",)
    symptom = Symptom.SURGE
    part = Part((Story.OPTIMISATION,), stage=Stage.INSIDE, spans=True)
    figure = Figure("peak", panels=("grad_norm",), beside=TRAINING, sudden=True)
    advice = Advice(measures=("Look at the learning rate, the batches and the clipping limit at that step.",))

    multiple: float = 3.0
    sigmas: float = 8.0
    settle: float = 0.1
    sensitivity: LossSensitivity = USUAL

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding per surge."""
        role = run.role("grad_norm")
        norm = _norm(role.series) if role is not None else None
        if norm is None or len(norm.y) < 50:
            yield self.skip(
                "fewer than 50 positive points of gradient norm: too few for a level", kind="too-few-points"
            )
            return
        start = norm.step[0] + self.settle * (norm.step[-1] - norm.step[0])
        rise = float(np.log(self.multiple))
        want = Sensitivity(self.sigmas, rise, tolerance=0.2)
        found = excursions(norm.y, norm.step - from_start(norm.step), want) if _may_surge(norm.y, rise) else []
        surges = [one for one in found if one.sign > 0 and norm.step[one.first] >= start]
        surges = [one for one in surges if explained(run, int(norm.step[one.first])) is None]  # RES001 says it
        spikes = [
            i
            for i in (loss_incidents(run, self.sensitivity) if surges else ())
            if i.kind == "spike" and not i.rewound and not context_of(run, i).scheduled
        ]
        for one, following in itertools.zip_longest(surges, surges[1:]):
            yield self._finding(norm, one, following.first if following else len(norm.y), spikes)

    def _finding(self, norm: Norm, one: Excursion, until: int, spikes: list[LossIncident]) -> Finding:
        step, value = norm.step, norm.value
        end = min(one.end, until)
        first, last = int(step[one.first]), int(step[max(one.first, end - 1)])
        peak = one.first + int(np.argmax(value[one.first : max(end, one.first + 1)]))
        level, highest = float(np.exp(one.level)), float(value[peak])
        spike = _spike_of(step, one.first, peak, spikes)
        to_the_end = not one.back and until == len(step)
        stays = to_the_end and step[-1] - first > limits(step, self.sensitivity.fast, self.sensitivity.slow)[1]
        stays = stays and median(value[one.first :]) > self.multiple * level
        bad = spike is not None and spike.ending.outcome in ("plateaued", "diverged")
        text = (
            f"the gradient norm rises from {level:.3g} to {highest:.3g} ({highest / level:.3g} times) at step {first:,}"
        )
        if one.back and one.end <= until:
            text += f" and is back after {int(step[one.end]) - first:,} steps"
        elif to_the_end:
            text += f" and is still at {median(value[one.first :][-20:]):.3g} at step {last:,}"
        lead = spike.steps[0] - first if spike else None
        if lead is not None:
            text += (
                "; the loss spikes with it" if lead == 0 else "; the loss spikes" if lead > 0 else "; the loss spiked"
            )
            text += f" {lead:,} steps later" if lead > 0 else f" {-lead:,} steps before" if lead < 0 else ""
        return self.finding(
            Severity.WARNING if stays or bad else Severity.INFO,
            norm.metric,
            (first, last),
            text,
            {
                "level": level,
                "peak": highest,
                "peak_step": int(step[peak]),
                "multiple": round(highest / level, 2),
                "back": one.back and one.end <= until,
                "loss_spike_step": spike.steps[0] if spike else None,
                "steps_before_loss": lead,
            },
            "Look at the batches from here on if the loss follows."
            if spike
            else "Clipping did its work if the loss stayed.",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """The positive finite gradient norms, one a step, sorted."""

    metric: str
    step: Steps
    """(n,) int64, strictly increasing."""
    value: Floats
    """(n,) float64."""
    y: Floats
    """(n,) float64: their logarithm, on which a surge of any height has the same shape."""


def _norm(series: PlacedSeries) -> Norm:
    latest = series.latest()
    value, step = chosen("positive and finite", (latest.value, latest.step), _is_positive)
    return Norm(series.name, step, value, mapped("log", (value,), np.log))


def _is_positive(value: Floats, step: Steps) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(value) & (value > 0))


def _may_surge(y: Floats, rise: float) -> bool:
    """Whether any point is a surge above the lowest before it, which is no higher than any level.

    In a long log, where that is likely, whether any block reaches 70 % of a surge above the lowest of the blocks before
    it. The search for surges costs twenty times as much, and in a healthy run there is none.
    """
    if not may_rise(y, rise):
        return False
    if len(y) < LONG:
        return True
    level = blocks("median", y, BLOCK, lambda rows: block_median(rows.reshape(-1), BLOCK))
    highest = blocks("highest", y, BLOCK, lambda rows: rows.max(axis=1))
    reached = bool(np.any(highest[1:] - trailing_min(level, 8)[:-1] > 0.7 * rise))
    return reached or bool(y[len(level) * BLOCK :].max(initial=-np.inf) - level[-8:].min() > 0.7 * rise)


def _spike_of(step: Steps, first: int, peak: int, spikes: list[LossIncident]) -> LossIncident | None:
    """The loss spike that a surge comes with: it sets in from just before the surge until a little after its onset or
    its peak.
    """
    early = step[max(0, first - 4)]
    near = min(NEAR, max(4, len(step) // 50))
    late = step[min(len(step) - 1, max(first + near, min(peak + 4, first + 4 * near)))]
    return next((s for s in spikes if early <= s.steps[0] <= late), None)
