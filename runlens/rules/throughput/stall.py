"""One long gap in a run that otherwise goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import MACHINES, SPEEDS
from runlens.rules.throughput.parts.cost import CostEvidence, cost_of_time
from runlens.rules.throughput.parts.episodes import Episodes, episodes, regular
from runlens.rules.throughput.parts.needs import NEEDS, NOTHING
from runlens.rules.throughput.parts.signal import FEWEST, RateSignal, rate_signal, wall_signal
from runlens.rules.throughput.parts.words import amount, duration
from runlens.stats.robust import median

MINUTE = 60.0
ROUND = 50
"""Logged points from one round step to the next: one gap in fifty follows such a step by chance."""
PARKED = 4.0
"""Times `error_seconds` from which a run that goes on did not hang: its collectives would have given up."""


class StandstillEvidence(CostEvidence):
    """How long the run stood still."""

    seconds_lost: float
    step_seconds: float
    steps_worth: float
    at_resume: bool


@dataclass(frozen=True)
class Stall(Rule[StandstillEvidence]):
    """The run stood still once: a hang, a checkpoint that blocks, a preemption.

    What it does
    ------------
    Looks at the time between logged points (wall time; the logged rate where there is none) for gaps that exceed the
    normal one by `seconds`, by `steps` normal steps and by `interval` of itself (or a minute). Gaps that come at equal
    intervals or at evals are pauses on schedule and count only where they are `unusual` times as long as the others; a
    gap at a resume is `info`, and so is the only one of a log if it is shorter than two minutes, follows a round step
    and would not have come again yet, as a first checkpoint; one of four times `error_seconds` and more, which no hang
    survives, is no error.

    Why it matters
    --------------
    A hang that ends by itself (a slow NFS server, a retried collective, a checkpoint that blocks) comes back, and
    next time it may meet the time-out of the collectives, which is 10 to 30 minutes.

    What to do
    ----------
    Read the logs of all ranks at that wall time: the rank that returned last is the one to look at.

    Settings
    --------
    seconds : float
        Least length in s beyond the normal.
    steps : float
        Least length beyond the normal, in normal steps.
    interval : float
        Least length as a share of the time between two logged points; from a minute on any length counts.
    worth : float
        Share of the run's time up to which a stall of less than two minutes is only worth knowing (`info`).
    unusual : float
        A pause on schedule this many times as long as the median one is a stall.
    error_seconds : float
        Length in s from which it is an error (1,800: the default time-out of PyTorch's collectives without NCCL).

    References
    ----------
    Jiang et al. (2024), MegaScale, NSDI, section 4; PyTorch, torch.distributed.init_process_group, `timeout`.
    """

    code: ClassVar[str] = "TPUT005"
    name: ClassVar[str] = "stall"
    needs: ClassVar[tuple[str, ...]] = NEEDS
    symptom = Symptom.SLOW
    part = Part((Story.SPEED,), opens=True, stage=Stage.SPEED, place=1, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=SPEEDS, beside=MACHINES)
    advice = Advice(measures=("Look for a hung collective, a blocking checkpoint or a preemption at that time.",))

    seconds: float = 5.0
    steps: float = 10.0
    interval: float = 0.5
    worth: float = 0.002
    unusual: float = 5.0
    error_seconds: float = 1800.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each long gap that is on no schedule."""
        signal = wall_signal(run) or rate_signal(run)
        if signal is None:
            yield self.skip(NOTHING, kind="missing-role")
            return
        if len(signal) < FEWEST:
            yield self.skip(f"{len(signal)} points are too few: {FEWEST} are needed", kind="too-few-points")
            return
        normal = signal.normal_seconds
        if not normal > 0:
            yield self.skip(
                f"neither wall times nor step times tell how long a step of {signal.metric} takes", kind="missing-role"
            )
            return
        step = normal / signal.stride
        depth = max(self.seconds, self.steps * step, min(self.interval * normal, MINUTE)) / normal
        found = episodes(signal, depth, 8.0, gap=1)
        found = found.take((found.first >= min(max(len(signal) // 100, 2), 50)) & (found.slow <= 3))
        if not len(found):
            return
        on_schedule = regular(run, signal, found)
        for i in range(min(len(found), 400)):
            if on_schedule[i]:
                usual = median(found.excess[on_schedule])
                if found.excess[i] < self.unusual * usual or np.count_nonzero(on_schedule) < 3:
                    continue
            yield self._finding(run, signal, found, i)

    def _finding(self, run: Run, signal: RateSignal, found: Episodes, i: int) -> Finding:
        normal = signal.normal_seconds
        first, last = int(found.first[i]), int(found.last[i])
        lost = float(found.excess[i]) * normal
        steps = (int(signal.step[first]), max(int(signal.step[last]), int(signal.step[first])))
        began, ended = signal.time[max(first - 1, 0)], signal.time[last]
        resumed = bool(np.isin(signal.resumes, np.arange(first, last + 2)).any()) or any(
            began < s <= ended for s in run.starts
        )
        cost = cost_of_time(run, lost)
        in_gpus = "" if cost.gpu_hours is None else f", {amount(cost.gpu_hours, 'GPU hours')} lost"
        within = "" if signal.stride <= 1 else f"within the {signal.stride:,.0f} steps "
        where = f"{within}to step {steps[0]:,}" if within else f"at step {steps[0]:,}"
        each = duration(normal / signal.stride)
        message = f"the run stood still for {duration(lost)} {where} where a step takes {each}{in_gpus}"
        severity = Severity.ERROR if lost >= self.error_seconds else Severity.WARNING
        if lost < min(2.0 * MINUTE, self.worth * normal * len(signal)):
            severity = Severity.INFO
        elif lost < 2.0 * MINUTE and len(found) == 1 and _may_be_first_checkpoint(signal, first):
            severity = Severity.INFO
            message += "; the step is round, so it may be the first checkpoint"
        if resumed:
            severity = Severity.INFO
            message += "; it was resumed there"
        elif lost >= PARKED * self.error_seconds:
            severity = Severity.WARNING
            message += "; no time-out waits so long, so it was probably stopped and started again"
        evidence: StandstillEvidence = {
            "seconds_lost": lost,
            "step_seconds": normal / signal.stride,
            "steps_worth": lost / normal * signal.stride,
            "at_resume": resumed,
            **cost.evidence(),
        }
        help = "read the logs of all ranks at that time: look at the last to return, its node and its storage"
        return self.finding(severity, signal.metric, steps, message, evidence, help)


def _may_be_first_checkpoint(signal: RateSignal, first: int) -> bool:
    """Whether a gap follows a step of 1, 2.5 or 5 times a power of ten, and the log ends before the next would show."""
    before = int(signal.step[max(first - 1, 0)])
    least = ROUND * signal.stride
    unit = 10.0 ** np.floor(np.log10(least))
    beat = next(m * unit for m in (1.0, 2.5, 5.0, 10.0) if m * unit >= least)
    return before > 0 and before % beat == 0 and int(signal.step[-1]) < 2 * before
