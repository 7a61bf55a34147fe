"""One long gap in a run that otherwise goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NotRequired

import numpy as np
import numpy.typing as npt

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.roles.rl import rl_sign
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import MACHINES, SPEEDS
from runlens.rules.throughput.parts.busy import busy_meanwhile
from runlens.rules.throughput.parts.cost import GPU_MINUTE, CostEvidence, cost_of_time, is_petty, is_untold
from runlens.rules.throughput.parts.episodes import Episodes, episodes, regular, seconds_lost
from runlens.rules.throughput.parts.needs import NEEDS, NOTHING
from runlens.rules.throughput.parts.signal import FEWEST, RateSignal, rate_signal, wall_signal
from runlens.rules.throughput.parts.words import amount, duration
from runlens.stats.robust import Floats, median

MINUTE = 60.0
ROUND = 50
"""Logged points from one round step to the next: one gap in fifty follows such a step by chance."""
TOLD = 20
"""Steps that are named where one finding tells of many stalls."""
PARKED = 4.0
"""Times `error_seconds` from which a run that goes on did not hang: its collectives would have given up."""
STOPPED = "; no time-out waits so long, so it was probably stopped and started again"
PACE = 10.0
"""Times the usual length of an interval of many steps up to which a policy may set it: its episodes grow threefold and
more while it learns, and a learner that begins to update after so many steps slows down as much.
"""
NO_STEP = "; the log prints no step, so that another launch may begin there"
BY_TIMER = "; a timer of single steps says so, and no clock"


class StandstillEvidence(CostEvidence):
    """How long the run stood still."""

    seconds_lost: float
    step_seconds: float
    steps_worth: float
    at_resume: bool
    count: NotRequired[int]
    longest_seconds: NotRequired[float]
    at_steps: NotRequired[list[int]]
    """The first of them, where one finding tells of many."""


@dataclass(frozen=True)
class Stall(Rule[StandstillEvidence]):
    """The run stood still once: a hang, a checkpoint that blocks, a preemption.

    What it does
    ------------
    Looks at the time between logged points (wall time; the logged rate where there is none) for gaps that exceed the
    normal one by `seconds`, by `steps` normal steps and by `interval` of itself (or a minute). Gaps that come at equal
    intervals or at evals are pauses on schedule and count only where they are `unusual` times as long as the others; a
    gap at a resume is `info`, and so is the only one of a log if it is shorter than two minutes, follows a round step
    and would not have come again yet, as a first checkpoint; so is one of less than two minutes at the last point, as a
    last checkpoint, and one of less than a minute in a run that logs no rate, timer or tokens; so is one in which the
    GPUs worked on at their usual power, and one of which no clock tells but the timer of every n-th step, and so is an
    interval of many steps in reinforcement learning that took less than ten times as long as usual. One of four times
    `error_seconds` and more, which no hang survives, is no error. All are `info` in a console log that prints no step:
    nothing tells one launch from the next there.

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
    petty_share, petty_seconds : float
        A stall of less than this share of the run's time and of less than so many seconds is `info`: a saved checkpoint
        or an evaluation that nothing logs takes minutes, and the shortest time-out of collectives (NCCL) is ten.
    unusual : float
        A pause on schedule this many times as long as the median one is a stall.
    error_seconds : float
        Length in s from which it is an error (1,800: the default time-out of PyTorch's collectives without NCCL).
    most : int
        Stalls told one by one; more make one finding, with their number and what they cost together. Two so long that
        the run was probably stopped do, too.

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
    petty_share: float = 0.01
    petty_seconds: float = 600.0
    unusual: float = 5.0
    error_seconds: float = 1800.0
    most: int = 3

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
        told = ~on_schedule
        if np.count_nonzero(on_schedule) >= 3:
            told |= found.excess >= self.unusual * median(found.excess[on_schedule])
        found = found.take(told)
        if not len(found):
            return
        seconds = seconds_lost(signal, found)
        long = ~(seconds < self.seconds)  # an interval of few steps has less to lose
        found, seconds = found.take(long), seconds[long]
        resumed = _at_resumes(run, signal, found)
        parked = ~resumed & (seconds >= PARKED * self.error_seconds)
        for of_kind, most in ((~resumed & ~parked, self.most), (parked, 1), (resumed, self.most)):
            if len(these := np.flatnonzero(of_kind)) > most:
                yield self._many(run, signal, found, seconds, these, bool(resumed[these[0]]))
            else:
                for i in these.tolist():
                    alone = len(told) == 1
                    yield self._finding(run, signal, found, i, float(seconds[i]), bool(resumed[i]), alone)

    def _many(
        self,
        run: Run,
        signal: RateSignal,
        found: Episodes,
        seconds: Floats,
        these: npt.NDArray[np.int64],
        resumed: bool,
    ) -> Finding:
        """One finding for many stalls, with their number and what all of them cost."""
        lost, longest = float(seconds[these].sum()), float(seconds[these].max())
        at = signal.step[found.first[these]]
        cost = cost_of_time(run, lost)
        severity = Severity.WARNING
        if resumed or _of_single_steps(signal) or is_petty(cost, signal, self.petty_share, self.petty_seconds):
            severity = Severity.INFO
        elif self.error_seconds <= longest < PARKED * self.error_seconds:
            severity = Severity.ERROR
        steps = (int(at.min()), max(int(signal.step[found.last[these]].max()), int(at.max())))
        where = int(at[int(np.argmax(seconds[these]))])
        message = (
            f"the run stood still {len(these)} times between steps {steps[0]:,} and {steps[1]:,}, for "
            f"{duration(lost)} in all, the longest {duration(longest)} at step {where:,}; {cost.words()}"
        )
        if resumed:
            message += "; it was resumed there"
        elif severity is not Severity.INFO and longest >= PARKED * self.error_seconds:
            message += STOPPED
        if _of_single_steps(signal):
            message += BY_TIMER
        if run.counts_lines:
            severity = Severity.INFO
            message += NO_STEP
        evidence: StandstillEvidence = {
            "seconds_lost": lost,
            "step_seconds": signal.normal_seconds / signal.stride,
            "steps_worth": lost / signal.normal_seconds * signal.stride,
            "at_resume": resumed,
            "count": len(these),
            "longest_seconds": longest,
            "at_steps": at[:TOLD].tolist(),
            **cost.evidence(),
        }
        help = "read the logs of all ranks at those times: look for what they have in common, a node or the storage"
        return self.finding(severity, signal.metric, steps, message, evidence, help)

    def _finding(
        self, run: Run, signal: RateSignal, found: Episodes, i: int, lost: float, resumed: bool, alone: bool
    ) -> Finding:
        normal = signal.normal_seconds
        first, last = int(found.first[i]), int(found.last[i])
        steps = (int(signal.step[first]), max(int(signal.step[last]), int(signal.step[first])))
        cost = cost_of_time(run, lost)
        counted = cost.gpu_hours is not None and cost.gpu_hours >= GPU_MINUTE
        in_gpus = f", {amount(cost.gpu_hours or 0.0, 'GPU hours')} lost" if counted else ""
        over = max(steps[1] - int(signal.step[first - 1]), 1) if first else round(signal.stride)
        where = f"at step {steps[0]:,}" if signal.stride <= 1 else f"within the {over:,} steps to step {steps[1]:,}"
        each = duration(normal / signal.stride)
        message = f"the run stood still for {duration(lost)} {where} where a step takes {each}{in_gpus}"
        severity = Severity.ERROR if lost >= self.error_seconds else Severity.WARNING
        by_timer = _of_single_steps(signal)
        if by_timer:
            severity = Severity.INFO
            message += BY_TIMER
        elif is_petty(cost, signal, self.petty_share, self.petty_seconds):
            severity = Severity.INFO
        elif (busy := busy_meanwhile(run, signal, first, last)) is not None:
            severity = Severity.INFO
            message += f"; the GPUs were busy for {percent(busy)} of it, so that the log has a gap and not the run"
        elif lost < MINUTE and is_untold(run, rate_signal(run)):
            severity = Severity.INFO
            message += "; nothing but the clock tells"
        elif lost < 2.0 * MINUTE and last == len(signal) - 1:
            severity = Severity.INFO
            message += "; the log ends there, so it may be a last checkpoint or evaluation"
        elif signal.stride > 1 and lost < PACE * normal and rl_sign(run.placed, run.axis_name):
            severity = Severity.INFO
            message += "; what the policy does sets how long its environment takes"
        elif lost < 2.0 * MINUTE and alone and _may_be_first_checkpoint(signal, first):
            severity = Severity.INFO
            message += "; the step is round, so it may be the first checkpoint"
        if resumed:
            severity = Severity.INFO
            message += "; it was resumed there"
        elif lost >= PARKED * self.error_seconds and not by_timer and severity is not Severity.INFO:
            severity = Severity.WARNING
            message += STOPPED
        if run.counts_lines:
            severity = Severity.INFO
            message += NO_STEP
        hours = cost.evidence()
        evidence: StandstillEvidence = {
            "seconds_lost": lost,
            "step_seconds": normal / signal.stride,
            "steps_worth": lost / normal * signal.stride,
            "at_resume": resumed,
            "hours_lost": hours["hours_lost"],
            "gpu_hours_lost": hours["gpu_hours_lost"],
            "hours_lost_by_end": hours["hours_lost_by_end"],
            "gpu_hours_lost_by_end": hours["gpu_hours_lost_by_end"],
        }
        help = "read the logs of all ranks at that time: look at the last to return, its node and its storage"
        return self.finding(severity, signal.metric, steps, message, evidence, help)


def _of_single_steps(signal: RateSignal) -> bool:
    """Whether nothing but a timer tells, and not of every step: one need not be like those around it."""
    return not signal.clock_seconds > 0 and signal.stride > 1


def _at_resumes(run: Run, signal: RateSignal, found: Episodes) -> npt.NDArray[np.bool_]:
    """Which gaps hold a resume: the step goes back in them, or the log records a start."""
    out = np.searchsorted(signal.resumes, found.last + 1, side="right") > np.searchsorted(signal.resumes, found.first)
    if run.starts:
        starts = np.sort(np.asarray(run.starts, dtype=np.float64))
        began, ended = signal.time[np.maximum(found.first - 1, 0)], signal.time[found.last]
        out |= np.searchsorted(starts, ended, side="right") > np.searchsorted(starts, began, side="right")
    return np.asarray(out)


def _may_be_first_checkpoint(signal: RateSignal, first: int) -> bool:
    """Whether a gap follows a step of 1, 2.5 or 5 times a power of ten, and the log ends before the next would show."""
    before = int(signal.step[max(first - 1, 0)])
    least = ROUND * signal.stride
    unit = 10.0 ** np.floor(np.log10(least))
    beat = next(m * unit for m in (1.0, 2.5, 5.0, 10.0) if m * unit >= least)
    return before > 0 and before % beat == 0 and int(signal.step[-1]) < 2 * before
