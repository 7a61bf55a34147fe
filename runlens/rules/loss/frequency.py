"""LOSS002: how often the loss spikes, and whether that rises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.loss.parts.context import context_of
from runlens.rules.loss.parts.curve import LossCurve, rounding, train_curve
from runlens.rules.loss.parts.incidents import LossIncident, is_mixed, loss_incidents
from runlens.rules.loss.parts.level import has_none
from runlens.rules.loss.parts.sensitivity import USUAL, LossSensitivity
from runlens.rules.meaning import Part
from runlens.rules.shared.panels import LOSSES, TRAINING
from runlens.stats.excursions.spikescore import share_far_above
from runlens.stats.robust import median

OLMO_CORE = (128, 6.0)
"""Window and deviations of OLMo-core's `SpikeMonitor`."""
OLMO_2 = (1000, 7.0)
"""Window and deviations of OLMo 2's spike score."""

ROUNDED = 2.0
"""Steps of a rounded log by which a point stands above the mean at least: a loss of 0.0001 among zeros is none."""


class FrequencyEvidence(TypedDict):
    """How often the loss spikes."""

    spikes: int
    onsets: list[int]
    rising: bool
    points_percent: float
    score_olmo_core_percent: float | None
    score_olmo2_percent: float | None


@dataclass(frozen=True)
class SpikeFrequency(Rule[FrequencyEvidence]):
    """Loss spikes keep coming, or the spike score is high.

    What it does
    ------------
    Counts the loss spikes (LOSS001) of the run, but not those that a rewind took back or that a restarted learning rate
    made. `info` from `few` on; `warning` from `many` on, if they cover `share` percent of the logged points or come
    more and more often. Also reports the spike scores in use elsewhere, in percent of points: OLMo-core's (above the
    mean of the last 128 by 6 standard deviations) and OLMo 2's (last 1,000, 7 deviations), and warns where the second
    is above `score`, which noise alone does not reach.

    Why it matters
    --------------
    One spike is an accident, a series is a habit: data with repeated n-grams, a learning rate at the edge, an
    initialisation that lets activations grow. Spikes that become more frequent often end in one that does not recover.

    What to do
    ----------
    Look for what the batches have in common; filter documents of repeated n-grams (OLMo 2); tighten clipping; consider
    z-loss, QK-norm, no weight decay on embeddings, and initialisation with N(0, 0.02).

    Settings
    --------
    few : spikes from which they are counted at all.
    many : spikes from which it may be a warning.
    share : percent of the logged points within spikes from which many are a warning.
    score : OLMo 2's score in percent from which it is a warning.
    sensitivity : which spikes count: the settings of LOSS001.

    References
    ----------
    OLMo 2 (arXiv 2501.00656, section 3): score 0.40 before and 0.03 after its stability work, hence `share`; OLMo-core
    `SpikeMonitor`; PaLM (arXiv 2204.02311, section 5.1) saw about 20 spikes in its largest run. Healthy public GPT-2
    runs with micro-batch losses score up to 0.3, hence `score`.
    """

    code = "LOSS002"
    name = "spike-frequency"
    needs = ("train_loss",)
    symptom = Symptom.HABIT
    headline = "frequent loss spikes"
    part = Part()
    figure = Figure(panels=LOSSES, beside=TRAINING)

    few: int = 3
    many: int = 6
    share: float = 0.4
    score: float = 1.0
    sensitivity: LossSensitivity = USUAL

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if spikes recur."""
        if why := has_none(run):
            yield self.skip(why, kind="not-applicable")
            return
        curve = train_curve(run)
        if curve is None or len(curve.value) < 50:
            yield self.skip(
                "fewer than 50 finite points of training loss: too few to count spikes", kind="too-few-points"
            )
            return
        spikes = [
            i
            for i in loss_incidents(run, self.sensitivity)
            if i.kind == "spike" and not i.rewound and not context_of(run, i).scheduled
        ]
        olmo = _score(curve, *OLMO_2)
        if len(spikes) >= self.few or (olmo or 0.0) > self.score:
            yield self._finding(curve, spikes, _score(curve, *OLMO_CORE), olmo)

    def _finding(self, curve: LossCurve, spikes: list[LossIncident], core: float | None, olmo: float | None) -> Finding:
        points = sum(min(i.excursion.end, i.until) - i.excursion.first for i in spikes)
        covered = 100.0 * points / len(curve.value)
        rising, high = _rising(spikes), (olmo or 0.0) > self.score
        bad = high or (len(spikes) >= self.many and (rising or covered > self.share))
        bad = bad and not _near_zero(curve, spikes)
        first = spikes[0].steps[0] if spikes else int(curve.step[0])
        last = spikes[-1].steps[1] if spikes else int(curve.step[-1])
        share = percent(covered / 100.0)
        said = f"{len(spikes)} loss spikes between steps {first:,} and {last:,}, {share} of all points"
        if rising:
            said += ", more and more often"
        if high:
            share = percent((olmo or 0.0) / 100.0)
            said += f"; {share} of points lie 7 deviations above the last 1,000 (OLMo 2's spike score)"
        return self.finding(
            Severity.WARNING if bad else Severity.INFO,
            curve.metric,
            (first, last),
            said,
            {
                "spikes": len(spikes),
                "onsets": [i.steps[0] for i in spikes],
                "rising": rising,
                "points_percent": round(covered, 4),
                "score_olmo_core_percent": core,
                "score_olmo2_percent": olmo,
            },
            "Look for what the batches at these steps have in common; see LOSS001 for each of them.",
        )


NEAR_ZERO, SMALL = 0.02, 0.15
"""A loss that has fallen to a fiftieth of its first values jumps by multiples of itself at each hard batch; of all its
progress such a jump takes back little."""
HARD = 2
"""Points of a jump that is one hard batch, or two: it may be as high as batches were before anything was learnt."""
YOUNG = 0.1
"""Part of the log in which the highest batch shows how high one is of which nothing was learnt."""


def _near_zero(curve: LossCurve, spikes: list[LossIncident]) -> bool:
    """Whether most spikes are those of a loss near zero that take back less than `SMALL` of its progress.

    Or single batches, no higher than one of those at the beginning.
    """
    start = median(curve.value[:10])
    highest = float(np.max(curve.value[: max(int(YOUNG * len(curve.value)), 10)]))
    little = 0
    for spike in spikes:
        before = curve.value[max(spike.excursion.first - 20, 0) : spike.excursion.first]
        level = median(before) if len(before) else start
        rise = float(curve.value[spike.excursion.peak]) - level
        single = spike.points <= HARD or is_mixed(spike)
        small = rise <= SMALL * (start - level) or (single and level + rise <= highest)
        little += level <= NEAR_ZERO * start and small
    return bool(spikes) and start > 0 and little > len(spikes) / 2


def _score(curve: LossCurve, window: int, deviations: float) -> float | None:
    """Percent of points far above the `window` points before them; None if the curve is no longer than the window."""
    if len(curve.value) <= window:
        return None
    return round(100.0 * share_far_above(curve.value, window, deviations, ROUNDED * rounding(curve.value)), 4)


def _rising(spikes: list[LossIncident]) -> bool:
    """Whether the later half of the intervals between spikes is less than half as long as the earlier."""
    gaps = np.diff([i.steps[0] for i in spikes])
    if len(gaps) < 4:
        return False
    half = len(gaps) // 2
    return bool(gaps[-half:].mean() < 0.5 * gaps[:half].mean())
