"""GRAD002: gradient norms far above their level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from runlens.model import Finding, Run, Series, Severity, Skip
from runlens.rules.base import Rule
from runlens.rules.loss_incidents import LossIncident, loss_incidents
from runlens.stats.excursions import Excursion, Sensitivity, excursions
from runlens.stats.outcome import limits
from runlens.stats.robust import Floats, median

NEAR = 64
"""Logged points by which a surge may come before a loss spike that it belongs to."""


@dataclass(frozen=True)
class GradientSurge(Rule):
    """The gradient norm rises to a multiple of its level, alone or before a loss spike.

    What it does
    ------------
    Holds the log of the gradient norm against its trailing level, as LOSS001 does with the loss, and reports rises to
    `multiple` times it and more. Surges in the first `settle` share of the run, where the norm finds its level, are
    left out. `info` if it comes back, `warning` if it stays up by that multiple to the end of the log for longer than a
    slow recovery takes, or comes with a loss that does not recover; evidence says which loss spike follows, and how
    many steps later.

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

    References
    ----------
    BLOOM chronicles (bigscience); OLMo 2 (arXiv 2501.00656, section 3) on gradient-norm spikes; Wortsman et al. (arXiv
    2309.14322) on how instabilities announce themselves.
    """

    code = "GRAD002"
    name = "gradient-surge"
    needs = ("grad_norm",)

    multiple: float = 3.0
    sigmas: float = 8.0
    settle: float = 0.1

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding per surge."""
        role = run.role("grad_norm")
        if role is None or not len(role.series):
            yield self.skip("the gradient norm has no points")
            return
        y, step, value = _log_norm(role.series)
        if len(y) < 50:
            yield self.skip("fewer than 50 positive points of gradient norm: too few for a level")
            return
        spikes = [i for i in loss_incidents(run, Sensitivity(), 500, 5000) if i.kind == "spike" and not i.rewound]
        start = step[0] + self.settle * (step[-1] - step[0])
        for one in _surges(role.series, self.multiple, self.sigmas):
            if one.sign > 0 and step[one.first] >= start:
                yield self._judged(role.series.name, step, value, one, spikes)

    def _judged(self, metric: str, step: Floats, value: Floats, one: Excursion, spikes: list[LossIncident]) -> Finding:
        first, last = int(step[one.first]), int(step[max(one.first, one.end - 1)])
        level, peak = float(np.exp(one.level)), float(value[one.peak])
        spike = _spike_of(step, one, spikes)
        lead = spike.steps[0] - first if spike else None
        stays = not one.back and step[-1] - first > limits(step, 500, 5000)[1]
        stays = stays and median(value[one.first :]) > self.multiple * level
        bad = spike is not None and spike.ending.outcome in ("plateaued", "diverged")
        text = f"the gradient norm rises from {level:.3g} to {peak:.3g} ({peak / level:.3g} times) at step {first:,}"
        if one.back:
            text += f" and is back after {int(step[one.end]) - first:,} steps"
        else:
            text += f" and is still at {median(value[-20:]):.3g} at step {last:,}"
        if spike is not None:
            text += f"; the loss spikes {lead:,} steps later" if lead else "; the loss spikes with it"
        return self.finding(
            Severity.WARNING if stays or bad else Severity.INFO,
            metric,
            (first, last),
            text,
            {
                "level": level,
                "peak": peak,
                "peak_step": int(step[one.peak]),
                "multiple": round(peak / level, 2),
                "back": one.back,
                "loss_spike_step": spike.steps[0] if spike else None,
                "steps_before_loss": lead,
            },
            "Skip batches from here on if the loss follows." if spike else "Clipping did its work if the loss stayed.",
        )


@lru_cache(maxsize=1)
def _surges(series: Series, multiple: float, sigmas: float) -> tuple[Excursion, ...]:
    y, step, _ = _log_norm(series)
    return tuple(excursions(y, step, Sensitivity(sigmas, float(np.log(multiple)), tolerance=0.2)))


def _log_norm(series: Series) -> tuple[Floats, Floats, Floats]:
    """Log of the positive finite norms of the latest attempt, their steps, and the norms."""
    latest = series.latest()
    good = np.isfinite(latest.value) & (latest.value > 0)
    value = latest.value[good]
    return np.log(value), latest.step[good].astype(np.float64), value


def _spike_of(step: Floats, one: Excursion, spikes: list[LossIncident]) -> LossIncident | None:
    """The loss spike that a surge comes with: it sets in while the surge lasts, or a little later."""
    early = step[max(0, one.first - 4)]
    late = step[min(len(step) - 1, max(one.end, one.first + NEAR))]
    return next((s for s in spikes if early <= s.steps[0] <= late), None)
