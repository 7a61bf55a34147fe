"""GRAD005: a gradient norm that climbs bit by bit for good, or that every step comes to be cut off at its limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np

from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.gradient.parts.loss import FALLS, fall_of_loss
from runlens.rules.gradient.surge import GradientSurge
from runlens.rules.meaning import Advice, Part, Stage, Story
from runlens.rules.shared.panels import TRAINING
from runlens.stats.robust import Floats, median, medians_between

FEWEST = 100
"""Points below which the norm has no course."""
MOST = 20_000
"""Norms that are looked at."""
BLOCKS = 40
"""The norm is taken by the median of each of so many blocks, and of a block and its neighbours."""
BEYOND = 3.0
"""Times the highest level before its lowest, that a norm is at the end: else it only came back to where it began."""
CUT, BEFORE, VARIED = 0.9, 0.5, 10
"""Share of steps at the limit from which every step is cut off, share of those before that may be, and different norms
that these have: a log that rounds its norms to one digit has few."""

USUAL = GradientSurge()
"""Where no settings say otherwise."""


class ClimbEvidence(TypedDict):
    """What GRAD005 says for machines."""

    kind: Literal["climb", "cut-off"]
    level: float
    """Lowest level before, or the median of the norms before they were cut off."""
    end: float
    """Median since, or the limit."""
    multiple: float
    loss_fell: float
    """Share by which the loss came down meanwhile."""


@dataclass(frozen=True)
class GradientClimb(Rule[ClimbEvidence]):
    """The gradient norm climbs by an order of magnitude for good, or is cut off in every step, and the loss stands.

    What it does
    ------------
    Looks for a norm that ends the log `multiple` times as high as the lowest level that it had after the first
    `settle` share of the run, and three times as high as before that; and for norms, logged after clipping, of which
    nine in ten stand at exactly the same highest value where they varied before. Either must be so for `lasting` of the
    log, to its end, while the loss comes down by less than 2 %. A warning. Where no training loss can tell, that is
    said and nothing is judged; of a norm that rises so fast that GRAD002 warns of it, nothing is said.

    Why it matters
    --------------
    A model whose loss is flat and whose gradients grow all along is on its way out of the region where its rate is
    sound: weights or activations grow, and a divergence follows. Where each step is cut off, only the direction of the
    gradient is left, and the rate alone sets how far each step goes.

    What to do
    ----------
    Look which layer's norm grows, at the norm of the parameters, at weight decay and at the learning rate. Lower the
    rate, or go back to a checkpoint before the climb.

    Settings
    --------
    multiple : times its lowest level from which a norm has climbed.
    lasting : share of the log at its end for which it must have been so.
    settle : share of the run at the start that is left out.
    surge : what GRAD002 warns of: its settings.

    References
    ----------
    Pascanu et al. 2013 (arXiv 1211.5063) on clipping; Wortsman et al. 2023 (arXiv 2309.14322) on growing logits and
    norms before a divergence. Of 521 labelled public runs no norm ended four times above its lowest.
    """

    code = "GRAD005"
    name = "gradient-climb"
    needs = ("grad_norm",)
    symptom = Symptom.SURGE
    part = Part((Story.OPTIMISATION,), stage=Stage.INSIDE, spans=True)
    figure = Figure(panels=("grad_norm",), beside=TRAINING)
    advice = Advice(measures=("Look which layer's norm grows; lower the rate or go back to before the climb.",))
    headline = "climbing gradient norm"

    multiple: float = 10.0
    lasting: float = 0.25
    settle: float = 0.1
    surge: GradientSurge = USUAL

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding at most."""
        role = run.role("grad_norm")
        norm = _norm(role.series) if role is not None else None
        if norm is None or len(norm) < FEWEST:
            yield self.skip(f"fewer than {FEWEST} positive points of the gradient norm", kind="too-few-points")
            return
        found = self._climbed(norm) or self._cut_off(norm)
        if found is None:
            return
        kind, at, level, end = found
        first, last = int(norm.step[at]), int(norm.step[-1])
        fell = fall_of_loss(run, first)
        if fell is None:
            yield self.skip(
                f"the gradient norm stands at {end / level:.3g} times what it was from step {first:,} on, and no "
                "training loss tells whether anything is learnt",
                kind="missing-role",
            )
            return
        if fell >= FALLS or self._is_surge(run, last):
            return
        if kind == "climb":
            text = (
                f"the gradient norm climbed from {level:.3g} to {end:.3g} ({end / level:.3g} times) by step {first:,}"
            )
            text += " and stays there"
        else:
            share = float(np.mean(norm.value[at:] >= (1.0 - 1e-6) * end))
            text = f"from step {first:,} on {percent(share)} of the gradient norms are cut off at {end:.3g}"
        yield self.finding(
            Severity.WARNING,
            norm.name,
            (first, last),
            f"{text}; the loss does not come down meanwhile",
            {"kind": kind, "level": level, "end": end, "multiple": round(end / level, 2), "loss_fell": fell},
            "Look which layer's norm grows, and at the learning rate.",
        )

    def _climbed(self, norm: PlacedSeries) -> tuple[Literal["climb"], int, float, float] | None:
        """Where the norm has climbed, its lowest level and the one since."""
        value = norm.value
        edges = np.linspace(0, len(value), min(BLOCKS, len(value) // 3) + 1).astype(np.int64)
        level = medians_between(value, edges)
        smooth = np.sort([np.append(level[0], level[:-1]), level, np.append(level[1:], level[-1])], axis=0)[1]
        k, settled = len(level), round(self.settle * len(level))
        long = max(round(self.lasting * k), 2)
        at = settled + int(np.argmin(smooth[settled : k - long]))
        below = np.flatnonzero(smooth < self.multiple * smooth[at])
        since = int(below[-1]) + 1
        if k - since < long or since <= at:
            return None
        end = median(value[edges[since] :])
        if end < BEYOND * float(smooth[settled : at + 1].max()):
            return None
        return "climb", int(edges[since]), float(smooth[at]), end

    def _cut_off(self, norm: PlacedSeries) -> tuple[Literal["cut-off"], int, float, float] | None:
        """Where the norms come to stand at their highest value, what they were before, and that value."""
        value = norm.value
        n, most = len(value), float(value.max())
        cut = value >= (1.0 - 1e-6) * most
        share = np.cumsum(cut[::-1])[::-1] / np.arange(n, 0, -1)
        good = np.flatnonzero(cut & (share >= CUT))
        at = int(good[0]) if len(good) else n
        if n - at < self.lasting * n or at < self.settle * n:
            return None
        if float(np.mean(cut[:at])) > BEFORE or len(np.unique(value[:at])) < VARIED:
            return None
        return "cut-off", at, median(value[:at]), most

    def _is_surge(self, run: Run, last: int) -> bool:
        """Whether GRAD002 warns of the same norm to the end of the log: one line is enough."""
        said = (one for one in self.surge.check(run) if isinstance(one, Finding))
        return any(one.severity is Severity.WARNING and one.steps is not None and one.steps[1] >= last for one in said)


def _norm(series: PlacedSeries) -> PlacedSeries:
    """The positive finite gradient norms, one a step; of a long log every so many of them."""
    latest = series.latest()
    latest = latest.take(slice(None, None, len(latest) // MOST + 1))
    value: Floats = latest.value
    return latest.where(np.isfinite(value) & (value > 0))
