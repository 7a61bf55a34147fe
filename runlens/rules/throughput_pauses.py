"""Throughput that is lost in pieces: slow stretches that keep coming back, and single long gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from runlens.model import Finding, Run, Severity, Skip
from runlens.rules.base import Rule
from runlens.rules.throughput import NEEDS, NOTHING
from runlens.rules.throughput_cost import cost_of
from runlens.rules.throughput_episodes import Episodes, episodes, regular
from runlens.rules.throughput_signal import FEWEST, RateSignal, rate_signal, wall_signal
from runlens.rules.throughput_words import amount, duration
from runlens.stats.periodicity import beat
from runlens.stats.robust import median


@dataclass(frozen=True)
class RecurringDips(Rule):
    """Slow stretches keep coming back.

    What it does
    ------------
    Marks the points that are slower than their surroundings by `depth` and by `sigmas` robust deviations, gathers them
    into episodes, and sets aside single pauses on schedule (equal intervals of `pause_period` steps and more, or at the
    run's evals: checkpoints and evals are normal, and are reported as `info` with the share of time that they take).
    What is left is a finding when it comes back `times` times: stretches of three and more slow points from `overhead`
    on, single slow points (every eighth step, or at random) from `single_overhead` on.

    Why it matters
    --------------
    A loader that cannot keep up, storage that others use, or a noisy neighbour starves the GPUs in stretches. The
    median speed looks healthy and the bill does not.

    What to do
    ----------
    Compare the stretches with the data loading time and the GPU utilisation; raise workers and prefetch, move the data
    to local disks, look at the period: a shard's length, a cron job, a garbage collection.

    Settings
    --------
    depth : float
        Least time lost at a point, as a share of a normal point (0.1 is 10 %).
    sigmas : float
        Least distance from the run's own scatter in robust deviations.
    times : int
        Least number of stretches.
    overhead : float
        Least share of the time that stretches at regular intervals cost between the first and the last.
    irregular_overhead : float
        The same for stretches without a period.
    single_overhead : float
        The same for single slow points.
    error_overhead : float
        Share of the time from which it is an error.
    pause_period : int
        Single pauses on schedule at this many steps and more are taken for checkpoints and evals.

    References
    ----------
    Hugging Face, The Smol Training Playbook (2025), Staying the course: throughput drops traced to storage and loader;
    Mohan et al. (2021), Analyzing and mitigating data stalls in DNN training, VLDB 14:771.
    """

    code: ClassVar[str] = "TPUT004"
    name: ClassVar[str] = "recurring-dips"
    needs: ClassVar[tuple[str, ...]] = NEEDS

    depth: float = 0.1
    sigmas: float = 6.0
    times: int = 3
    overhead: float = 0.015
    irregular_overhead: float = 0.03
    single_overhead: float = 0.05
    error_overhead: float = 0.25
    pause_period: int = 50

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each kind of recurring loss, schedule pauses as info."""
        signal = rate_signal(run)
        if signal is None:
            yield self.skip(NOTHING)
            return
        if len(signal) < FEWEST:
            yield self.skip(f"{len(signal)} points are too few to see what comes back: {FEWEST} are needed")
            return
        found = episodes(signal, self.depth, self.sigmas)
        found = found.take(found.first >= min(max(len(signal) // 50, 2), 500))
        if not len(found):
            return
        on_schedule = regular(run, signal, found)
        pauses, rest = found.take(on_schedule), found.take(~on_schedule)
        rhythm = beat(signal.step[pauses.first].astype(np.float64), signal.stride)
        if len(pauses) >= self.times and rhythm.period < self.pause_period:
            yield from self._told(run, signal, pauses, self.single_overhead, "slow steps", Severity.WARNING)
        elif len(pauses) >= self.times:
            yield from self._told(run, signal, pauses, self.single_overhead, "pauses on schedule", Severity.INFO)
        stretches = _alike(rest.take(rest.slow >= 3))
        if len(stretches) >= self.times:
            rhythm = beat(signal.step[stretches.first].astype(np.float64), signal.stride)
            least = self.overhead if rhythm.regular else self.irregular_overhead
            yield from self._told(run, signal, stretches, least, "slow stretches", Severity.WARNING)
        singles = rest.take((rest.slow < 3) & (rest.excess < 20.0))
        if len(singles) >= 20:
            yield from self._told(run, signal, singles, self.single_overhead, "slow steps", Severity.WARNING)

    def _told(
        self, run: Run, signal: RateSignal, found: Episodes, least: float, what: str, severity: Severity
    ) -> Iterator[Finding]:
        first, last = int(found.first[0]), int(found.last[-1])
        lost = float(found.excess.sum())
        rhythm = beat(signal.step[found.first].astype(np.float64), signal.stride)
        # the last of a row is followed by a healthy part of its period, which belongs to the span
        points = median(found.slow.astype(np.float64))
        span = last - first + 1 + median(np.diff(found.first).astype(np.float64)) - points
        share = lost / (lost + max(span, 1.0))
        if share < least:
            return
        if severity is Severity.WARNING and share >= self.error_overhead:
            severity = Severity.ERROR
        each = median(found.excess / found.slow)
        cost = cost_of(run, signal, first, last, share, goes_on=False)
        every = f"every {rhythm.period:,.0f} steps" if rhythm.regular else f"about {rhythm.period:,.0f} steps apart"
        length = f"of {points * signal.stride:,.0f} steps " if points * signal.stride > 1 else ""
        longer = f"{100 * each:.0f} % longer than" if each < 1 else f"{1 + each:.1f} times as long as"
        message = (
            f"{len(found)} {what} {length}{every} from step {int(signal.step[first]):,} to {int(signal.step[last]):,}, "
            f"each slow step {longer} normal: {100 * share:.1f} % of the time"
        )
        if np.isfinite(cost.hours):
            message += f"; {cost.words()}"
        evidence: dict[str, object] = {
            "count": len(found),
            "period_steps": rhythm.period,
            "regular": rhythm.regular,
            "slow_points": points,
            "percent_slower": 100 * each,
            "overhead_percent": 100 * share,
            "kind": what,
            **cost.evidence(),
        }
        help = (
            "if the share is too large: write checkpoints asynchronously, evaluate less often"
            if severity is Severity.INFO
            else "compare with data loading time and GPU utilisation; raise loader workers, look at storage"
        )
        steps = (int(signal.step[first]), max(int(signal.step[last]), int(signal.step[first])))
        yield self.finding(severity, signal.metric, steps, message, evidence, help)


def _alike(found: Episodes) -> Episodes:
    """The episodes whose slow points lose about as much as most do, a factor of three either way, without the pauses
    that happen to lie within them.
    """
    if not len(found):
        return found
    middle = median(found.depth)
    alike = found.take((found.depth > middle / 3.0) & (found.depth < middle * 3.0))
    return replace(alike, excess=alike.depth * alike.slow)


@dataclass(frozen=True)
class Stall(Rule):
    """The run stood still once: a hang, a checkpoint that blocks, a preemption.

    What it does
    ------------
    Looks at the time between logged points (wall time; the logged rate where there is none) for gaps that exceed the
    normal one by `seconds` and by `steps` normal steps. Gaps that come at equal intervals or at evals are pauses on
    schedule and count only where they are `unusual` times as long as the others; a gap at a resume is `info`.

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

    seconds: float = 5.0
    steps: float = 10.0
    unusual: float = 5.0
    error_seconds: float = 1800.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each long gap that is on no schedule."""
        signal = wall_signal(run) or rate_signal(run)
        if signal is None or len(signal) < FEWEST:
            yield self.skip(NOTHING if signal is None else f"{len(signal)} points are too few: {FEWEST} are needed")
            return
        normal = _normal_seconds(signal)
        if not normal > 0:
            yield self.skip(f"neither wall times nor step times tell how long a step of {signal.metric} takes")
            return
        step = normal / signal.stride
        depth = max(self.seconds, self.steps * step) / normal
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
            yield self._told(run, signal, found, i, normal)

    def _told(self, run: Run, signal: RateSignal, found: Episodes, i: int, normal: float) -> Finding:
        first, last = int(found.first[i]), int(found.last[i])
        lost = float(found.excess[i]) * normal
        steps = (int(signal.step[first]), max(int(signal.step[last]), int(signal.step[first])))
        began, ended = signal.time[max(first - 1, 0)], signal.time[last]
        resumed = bool(np.isin(signal.resumes, np.arange(first, last + 2)).any()) or any(
            began < s <= ended for s in run.starts
        )
        gpus = run.hardware_count
        cost = f", {amount(lost * gpus / 3600, 'GPU hours')} lost" if gpus else ""
        within = "" if signal.stride <= 1 else f"within the {signal.stride:,.0f} steps "
        where = f"{within}to step {steps[0]:,}" if within else f"at step {steps[0]:,}"
        each = duration(normal / signal.stride)
        message = f"the run stood still for {duration(lost)} {where} where a step takes {each}{cost}"
        severity = Severity.ERROR if lost >= self.error_seconds else Severity.WARNING
        if resumed:
            severity = Severity.INFO
            message += "; it was resumed there"
        evidence: dict[str, object] = {
            "seconds_lost": lost,
            "step_seconds": normal / signal.stride,
            "steps_worth": lost / normal * signal.stride,
            "at_resume": resumed,
            "hours_lost": lost / 3600,
            "gpu_hours_lost": lost * gpus / 3600 if gpus else None,
        }
        help = "read the logs of all ranks at that time: look at the last to return, its node and its storage"
        return self.finding(severity, signal.metric, steps, message, evidence, help)


def _normal_seconds(signal: RateSignal) -> float:
    """Seconds between two points of a run that does not stand still; NaN if nothing tells."""
    gaps = np.diff(signal.time[: 1 << 17])
    usual = median(gaps[np.isfinite(gaps) & (gaps > 0)]) if len(gaps) else float("nan")
    if usual > 0:
        return usual
    return signal.stride / median(signal.rate) if signal.unit == "steps/s" else float("nan")
