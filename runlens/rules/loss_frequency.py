"""LOSS002: how often the loss spikes, and whether that rises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from runlens.model import Finding, Run, Severity, Skip
from runlens.rules.base import Rule
from runlens.rules.loss_curve import loss_curve, train_loss
from runlens.rules.loss_incidents import LossIncident, loss_incidents
from runlens.stats.excursions import Sensitivity
from runlens.stats.spikescore import far_above

OLMO_CORE = (128, 6.0)
"""Window and deviations of OLMo-core's `SpikeMonitor`."""
OLMO_2 = (1000, 7.0)
"""Window and deviations of OLMo 2's spike score."""


@dataclass(frozen=True)
class SpikeFrequency(Rule):
    """Loss spikes keep coming, or the spike score is high.

    What it does
    ------------
    Counts the loss spikes (LOSS001) of the run: `info` from `few` on, `warning` from `many` on. It also reports the
    spike scores in use elsewhere, in percent of steps: OLMo-core's (above the mean of the last 128 by 6 standard
    deviations) and OLMo 2's (last 1,000, 7 deviations), and warns where the second is above `score` percent, which
    micro-batch noise alone does not reach.

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
    many : spikes from which it is a warning.
    score : OLMo 2's score in percent from which it is a warning.

    References
    ----------
    OLMo 2 (arXiv 2501.00656, section 3): score 0.40 before and 0.03 after its stability work; OLMo-core
    `SpikeMonitor`. Healthy public GPT-2 runs with micro-batch losses score up to 0.3, so 1 is the default.
    """

    code = "LOSS002"
    name = "spike-frequency"
    needs = ("train_loss",)

    few: int = 3
    many: int = 6
    score: float = 1.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding if spikes recur."""
        series = train_loss(run)
        if series is None:
            yield self.skip("the training loss has no points")
            return
        spikes = [i for i in loss_incidents(run, Sensitivity(), 500, 5000) if i.kind == "spike" and not i.rewound]
        curve = loss_curve(series)
        core = 100.0 * far_above(curve.value, *OLMO_CORE).mean() if len(curve.value) else 0.0
        olmo = 100.0 * far_above(curve.value, *OLMO_2).mean() if len(curve.value) else 0.0
        high = olmo > self.score
        if len(spikes) < self.few and not high:
            return
        first = spikes[0].steps[0] if spikes else int(curve.step[0])
        last = spikes[-1].steps[1] if spikes else int(curve.step[-1])
        rising = _rising(spikes)
        said = f"{len(spikes)} loss spikes between steps {first:,} and {last:,}"
        if rising:
            said += ", more and more often"
        said += f"; {olmo:.2g} % of steps lie 7 deviations above the last 1,000 (OLMo 2's spike score)"
        yield self.finding(
            Severity.WARNING if high or len(spikes) >= self.many else Severity.INFO,
            curve.metric,
            (first, last),
            said,
            {
                "spikes": len(spikes),
                "onsets": [i.steps[0] for i in spikes],
                "rising": rising,
                "score_olmo_core_percent": round(float(core), 4),
                "score_olmo2_percent": round(float(olmo), 4),
            },
            "Look for what the batches at these steps have in common; see LOSS001 for each of them.",
        )


def _rising(spikes: list[LossIncident]) -> bool:
    """Whether the later half of the intervals between spikes is less than half as long as the earlier."""
    gaps = np.diff([i.steps[0] for i in spikes])
    if len(gaps) < 4:
        return False
    half = len(gaps) // 2
    return bool(gaps[-half:].mean() < 0.5 * gaps[:half].mean())
