"""TPUT007: what a run logs of its speed, and what the wall clock says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import MACHINES, SPEEDS
from runlens.rules.throughput.parts.clock import clock_signal
from runlens.rules.throughput.parts.cost import cost_of_time, is_petty
from runlens.rules.throughput.parts.levels import Slowdown, slowdowns
from runlens.rules.throughput.parts.needs import NEEDS, NOTHING
from runlens.rules.throughput.parts.signal import FEWEST, RateSignal, own_timer, rate_signal
from runlens.rules.throughput.parts.words import duration
from runlens.stats.robust import median

WHOLE = 0.03
"""Share by which a factor may miss a whole number, or one over it, and be a count rather than time: micro-batches."""
SETTLE = 0.02
"""Share of the log that is left out: compiling and the first batches are outside most timers."""


class DisagreementEvidence(TypedDict):
    """Which clocks, by which factor, and since when."""

    logged: str
    factor: float
    factor_before: float | None
    seconds_by_clock: float | None
    seconds_logged: float | None
    hidden_share: float | None


@dataclass(frozen=True)
class ClockDisagreement(Rule[DisagreementEvidence]):
    """The logged speed and the wall clock do not agree.

    What it does
    ------------
    Holds what the run logs of its speed (step time, or a rate with the tokens of a step) against the wall clock between
    the same steps, evals and checkpoints left out. Where a step takes `factor` times as long by the clock as by the
    timer all along, part of the time is in no timer: a warning, unless the factor is a whole number, which may be the
    micro-batches of a step. Where the ratio of both changes for good by `change`, it says when and by which factor: as
    `info`, since the clock is judged by TPUT001, and a counter that was corrected while steps took no longer costs
    nothing.

    Why it matters
    --------------
    A timer around the forward and backward pass does not see the loader, logging and checkpoints: the rate on the
    dashboard stands still while the run takes twice as long. A counter that is off makes MFU and cost wrong.

    What to do
    ----------
    Find what lies between two timed steps: data loading, logging, evaluation, checkpoints, garbage collection. Where a
    counter changed, look for what it counts: ranks, padding, accumulation.

    Settings
    --------
    factor : float
        Least ratio of the clock to the logged step time over the whole run (1.5: a third of the time is in no timer).
    change : float
        Least change of the ratio, as a share.
    min_points : int
        Logged points that a change must last; a tenth of the log where that is fewer.
    petty_share, petty_seconds : float
        Time outside the timer of less than this share of the run and of less than so many seconds is `info`.

    References
    ----------
    Mohan et al. (2021), Analyzing and mitigating data stalls in DNN training, VLDB 14:771: time that is in no timer.
    """

    code: ClassVar[str] = "TPUT007"
    name: ClassVar[str] = "clock-disagreement"
    needs: ClassVar[tuple[str, ...]] = NEEDS
    symptom = Symptom.SLOW
    part = Part((Story.SPEED,), stage=Stage.SPEED, place=5, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=SPEEDS, beside=MACHINES)
    advice = Advice(measures=("Time what lies between the timers: the data loader, logging, evals and checkpoints.",))
    settles = False

    factor: float = 1.5
    change: float = 0.2
    min_points: int = 100
    petty_share: float = 0.01
    petty_seconds: float = 60.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield a finding for a ratio that is off all along, and one for each change of it."""
        logged, clock = rate_signal(run), clock_signal(run)
        if logged is None:
            yield self.skip(NOTHING, kind="missing-role")
            return
        if clock is None:
            yield self.skip(
                "no rate or timer was logged beside wall times of its own: one clock cannot disagree",
                kind="missing-role",
            )
            return
        ratio = _ratio(logged, clock)
        if len(ratio) < FEWEST:
            yield self.skip(
                f"{len(ratio)} points of {logged.metric} with wall times are too few: {FEWEST} are needed",
                kind="too-few-points",
            )
            return
        found = [(slow, False) for slow in slowdowns(ratio, self.change, self.min_points)]
        other_way = replace(ratio, rate=1.0 / ratio.rate, judged={})
        found += [(slow, True) for slow in slowdowns(other_way, self.change, self.min_points)]
        changes = [self._change(ratio, slow, faster) for slow, faster in found if not slow.brief]
        if changes:
            yield from sorted(changes, key=lambda f: f.steps or (0, 0))
        else:
            yield from self._all_along(run, logged, clock)

    def _change(self, ratio: RateSignal, slow: Slowdown, faster: bool) -> Finding:
        first, last = int(ratio.step[slow.start]), int(ratio.step[slow.end])
        times = slow.before / slow.after
        # the ratio is clock rate over logged rate: it falls where a step takes longer by the clock than it is said to
        since = f"from step {first:,} {f'to {last:,}' if slow.recovered else 'on'}"
        message = (
            f"{since} {ratio.metric} tells of a speed {times:.3g} times as low as before, which the wall clock does not"
            if faster
            else f"{since} a step takes {times:.3g} times as long by the wall clock as {ratio.metric} accounts for"
        )
        evidence: DisagreementEvidence = {
            "logged": ratio.metric,
            "factor": times if not faster else 1.0 / times,
            "factor_before": 1.0,
            "seconds_by_clock": None,
            "seconds_logged": None,
            "hidden_share": None,
        }
        help = (
            "look at what no timer covers since then, such as data loading, evals, checkpoints and logging"
            if not faster
            else "look at what the counter behind it counts since then: ranks, accumulation, padding"
        )
        return self.finding(Severity.INFO, ratio.metric, (first, last), message, evidence, help)

    def _all_along(self, run: Run, logged: RateSignal, clock: RateSignal) -> Iterator[Finding]:
        if clock.unit != "steps/s":
            return  # steps of several sizes have no time of their own
        settle = int(len(clock) * SETTLE)
        by_clock = 1.0 / median(clock.rate[settle:])
        times = by_clock / logged.step_seconds
        if not logged.step_seconds > 0 or not times >= self.factor:
            return
        hidden = 1.0 - 1.0 / times
        lost = hidden * by_clock * float(np.abs(np.diff(clock.step)).sum())
        cost = cost_of_time(run, lost)
        whole = abs(times - round(times)) <= WHOLE * times
        severity = Severity.WARNING
        if whole or is_petty(cost, clock, self.petty_share, self.petty_seconds):
            severity = Severity.INFO
        timer = own_timer(run)
        name = timer.series.name if timer is not None else logged.metric
        message = (
            f"a step takes {duration(by_clock)} by the wall clock, {times:.3g} times as long as {name} says "
            f"({duration(logged.step_seconds)}): {percent(hidden)} of the time is in no timer"
        )
        if whole:
            message += f", or the timer is that of one of {round(times)} micro-batches"
        evidence: DisagreementEvidence = {
            "logged": name,
            "factor": times,
            "factor_before": None,
            "seconds_by_clock": by_clock,
            "seconds_logged": logged.step_seconds,
            "hidden_share": hidden,
        }
        steps = (int(clock.step.min()), int(clock.step.max()))
        help = "time what lies between two steps: data loading, logging, evals, checkpoints"
        yield self.finding(severity, logged.metric, steps, message, evidence, help)


def _ratio(logged: RateSignal, clock: RateSignal) -> RateSignal:
    """The rate by the clock over the logged one, at the points of the clock, as a signal of its own."""
    step, rate = logged.step, logged.rate
    if np.any(step[1:] < step[:-1]):
        order = np.argsort(step, kind="stable")
        step, rate = step[order], rate[order]
    at = np.searchsorted(step, clock.step, side="right") - 1
    known = at >= 0
    some = slice(None) if known.all() else known  # what is whole need not be copied
    return RateSignal(
        logged.metric,
        "1",
        "wall steps",
        clock.step[some],
        clock.rate[some] / rate[at[some]],
        clock.time[some],
        np.empty(0, dtype=np.int64),
        False,
    )
