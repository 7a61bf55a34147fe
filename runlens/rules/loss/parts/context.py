"""What else moved when the loss did: the gradient norm before it, the learning rate at it, a start of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.growing import chosen, differences
from runlens.model import PlacedSeries, Run
from runlens.rules.loss.parts.another_stage import begins_stage
from runlens.rules.loss.parts.incidents import LossIncident
from runlens.rules.shared.logged_settings import Setting, SettingEvidence, changed_plan
from runlens.rules.shared.ramps import Ramp, ramp_of, ramps
from runlens.stats.robust import median, sigma

LOOK_BACK = 64
"""Logged points before the onset in which a gradient norm that moves first is looked for."""
NEAR = 16
"""Logged points within which a stage began at the onset."""
LOOK_AHEAD = 32
"""Logged points after the onset within which the learning rate may have gone up, or half of a longer incident: the
onset of a slow rise in noise was placed ten points before a restart, and 60 before one whose hump lasted for 176."""
MULTIPLE = 2.0
"""The gradient norm has moved where it is this many times its level, and six standard deviations, above it."""

WARM = 0.95
"""Part of its peak at which a learning rate is warmed up."""
WARM_UP = 0.2
"""Share of the log after which a rise of the rate is none of its warm-up: plans take 0.1 to 10 % (fine-tunes most)."""
UNTOLD = 0.02
"""The same where no learning rate is logged."""


class ContextEvidence(TypedDict):
    """The surroundings of a loss incident (`Context`)."""

    gradient_first: int | None
    gradient_peak: float | None
    gradient_before: float | None
    learning_rate: float | None
    warm_restart: bool
    from_scratch: bool
    after_resume: bool
    plan: SettingEvidence | None
    ramped: bool
    warming_up: bool


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one loss incident."""

    gradient_first: int | None
    """Steps by which the gradient norm moved before the loss: 0 if with it or after it, None if none is logged."""
    gradient_peak: float | None
    gradient_before: float | None
    learning_rate: float | None
    """At the onset."""
    warm_restart: bool
    """Whether the learning rate went up there, but to no more than it had been before."""
    from_scratch: bool
    """Whether the loss went back to about where it began."""
    after_resume: bool
    """Whether the run was started or resumed right there."""
    plan: Setting | None
    """The stage of training that began there by the log, if the loss has not gone on rising since, or the weight of a
    term that rose there bit by bit."""

    ramped: bool
    """Whether `plan` is such a weight: the loss is not what it was before."""

    warming_up: bool
    """Whether the learning rate still rose from the start of the run to its peak, or would have by usual plans."""

    @property
    def scheduled(self) -> bool:
        """Whether the schedule of the run made the loss rise: a restart of its rate, a stage, a term that sets in."""
        return self.warm_restart or self.plan is not None

    def evidence(self) -> ContextEvidence:
        """For machines."""
        return {
            "gradient_first": self.gradient_first,
            "gradient_peak": self.gradient_peak,
            "gradient_before": self.gradient_before,
            "learning_rate": self.learning_rate,
            "warm_restart": self.warm_restart,
            "from_scratch": self.from_scratch,
            "after_resume": self.after_resume,
            "plan": None if self.plan is None else self.plan.evidence(),
            "ramped": self.ramped,
            "warming_up": self.warming_up,
        }


def context_of(run: Run, incident: LossIncident) -> Context:
    """Look around one incident of the run, once for all rules that ask."""
    return run.once(incident, lambda: _looked_around(run, incident))


def _looked_around(run: Run, incident: LossIncident) -> Context:
    first, before, peak = _gradient(run, incident)
    rate, restart = _learning_rate(run, incident)
    one, curve = incident.excursion, incident.curve
    start = median(curve.y[: max(1, min(3, one.first))])
    scratch = one.sign > 0 and float(curve.y[one.peak]) > start - 0.1 * (start - one.level) and start > one.level
    sudden = incident.points > 8 and one.peak - one.first <= 3
    plan, ramp = _plan(run, incident), _ramp(run, incident)
    return Context(
        first,
        peak,
        before,
        rate,
        restart,
        scratch and sudden,
        _after_resume(run, incident),
        ramp.setting if plan is None and ramp is not None else plan,
        plan is None and ramp is not None,
        _warming_up(run, incident),
    )


def _gradient(run: Run, incident: LossIncident) -> tuple[int | None, float | None, float | None]:
    role = run.role("grad_norm")
    if role is None or len(role.series) < 8:
        return None, None, None
    series = role.series.latest()
    onset, last = incident.steps
    at = int(np.searchsorted(series.step, onset))
    before = series.value[max(0, at - 4 * LOOK_BACK) : max(0, at - LOOK_BACK // 2)]
    before = before[np.isfinite(before) & (before > 0)]
    around = slice(max(0, at - LOOK_BACK), int(np.searchsorted(series.step, last, side="right")) + 1)
    value, step = series.value[around], series.step[around]
    if len(before) < 8 or not len(value) or not np.isfinite(value).any():
        return None, None, None
    level, noise = median(np.log(before)), sigma(np.log(before))
    bar = np.exp(level + max(np.log(MULTIPLE), 6.0 * noise))
    high = (value > bar) | ~np.isfinite(value)
    early = np.flatnonzero(high & (step < onset))
    ahead = 0
    if len(early):
        # what moved long before and calmed down again is another story
        tail = early[np.concatenate([[True], np.diff(early) > 8]).nonzero()[0][-1] :]
        if at - around.start - tail[-1] <= 8:
            ahead = int(onset - step[tail[0]])
    return ahead, float(np.exp(level)), float(bn.nanmax(value))


def _learning_rate(run: Run, incident: LossIncident) -> tuple[float | None, bool]:
    role = run.role("learning_rate")
    if role is None or not len(role.series):
        return None, False
    series = role.series.latest()
    onset = incident.steps[0]
    at = int(np.searchsorted(series.step, onset, side="right")) - 1
    if at < 0:
        return None, False
    # the onset of a slow rise is placed some points too early: look on to the peak, but not far
    one = incident.excursion
    peak = int(np.searchsorted(series.step, incident.curve.step[one.peak], side="right"))
    here = series.value[max(0, at - 8) : max(at + 9, min(peak, at + max(LOOK_AHEAD, incident.points // 2)))]
    if not np.isfinite(here).any():
        return None, False
    # the lowest rate so far in the stretch, at each of its points: a schedule may go on falling up to its restart
    low, past = np.fmin.accumulate(here), series.value[: max(1, at - 8)]
    with np.errstate(invalid="ignore"):
        restart = bool(np.any((here > 1.5 * low) & (here <= 1.05 * float(bn.nanmax(past)))))
    return float(series.value[at]), restart


def _warming_up(run: Run, incident: LossIncident) -> bool:
    """Whether the first warm-up of the rate was not over at the onset; within 2 % of the log where no rate tells."""
    step, onset = incident.curve.step, incident.steps[0]
    share = (onset - int(step[0])) / max(int(step[-1]) - int(step[0]), 1)
    role = run.role("learning_rate")
    rate = role.series.latest() if role is not None else None
    if rate is None or not len(rate) or not np.isfinite(rate.value).all():
        return share <= UNTOLD
    peak = WARM * float(rate.value.max())
    warm = int(rate.step[int(np.argmax(rate.value >= peak))])
    return share <= WARM_UP and onset <= warm and float(rate.value[0]) < peak


def _plan(run: Run, incident: LossIncident) -> Setting | None:
    one, step, last = incident.excursion, incident.curve.step, len(incident.curve.step) - 1
    if one.sign < 0 or incident.ending.rising or incident.curve.ends_non_finite:
        return None
    before = int(step[max(one.first - 2 * NEAR, 0)]), int(step[max(one.first - 2, 0)])
    after = int(step[min(one.first + NEAR, last)]), int(step[min(one.first + 3 * NEAR, last)])
    return changed_plan(run, before, after) or begins_stage(run, incident)


def _ramp(run: Run, incident: LossIncident) -> Ramp | None:
    """The weight of a term with which the loss rose."""
    one, curve = incident.excursion, incident.curve
    if one.sign < 0 or not ramps(run) or (curve.ends_non_finite and incident.until == len(curve.y)):
        return None
    return ramp_of(run, curve.step, curve.value, max(one.first - 1, 0), curve.loss(one.level))


def _after_resume(run: Run, incident: LossIncident) -> bool:
    role = run.role("train_loss")
    if role is None:
        return False
    resumed, interval = run.once("resumes of the loss", lambda: _resumes(role.series))
    near = 16 * max(1.0, interval)
    onset = incident.steps[0]
    if bool(np.any((onset >= resumed) & (onset - resumed <= near))):
        return True
    starts = np.asarray(run.starts[1:], dtype=np.float64)
    time = run.time_at(np.array([onset - near, onset], dtype=np.float64))
    return bool(np.any((starts >= time[0]) & (starts <= time[1]))) if np.isfinite(time).all() else False


def _resumes(series: PlacedSeries) -> tuple[npt.NDArray[np.int64], float]:
    """Steps at which a series goes back, and the usual steps between its points."""
    (ahead,) = chosen("ahead", (differences(series.step),), lambda change: change > 0)
    return series.step[series.falls()], median(ahead) if len(ahead) else 1.0
