"""Throughput that is lost in pieces: slow stretches and pauses that keep coming back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.logged_settings import Setting, longer_there
from runlens.rules.shared.panels import MACHINES, SPEEDS
from runlens.rules.throughput.parts.clock import clock_signal, in_whole_seconds, whole_clock
from runlens.rules.throughput.parts.cost import CostEvidence, cost_of_time, is_petty_in_pieces
from runlens.rules.throughput.parts.episodes import Episodes, episodes, paused, regular, seconds_lost
from runlens.rules.throughput.parts.levels import settle_in, slowdowns
from runlens.rules.throughput.parts.needs import NEEDS, NOTHING
from runlens.rules.throughput.parts.signal import FEWEST, RateSignal, rate_signal
from runlens.rules.throughput.parts.slowdown import COSTLY, SlowdownRule
from runlens.rules.throughput.parts.words import duration
from runlens.stats.periodicity import Beat, beat
from runlens.stats.robust import median

Recurrence = Literal["slow steps", "slow stretches", "pauses on schedule", "pauses where the run evaluated or saved"]
_TICK = 1.001
"""Seconds by which a step may seem longer that ends just behind a whole second and began just before one."""
AT_EVALS: Final = "pauses where the run evaluated or saved"
ON_SCHEDULE: Final = "pauses on schedule"


class DipsEvidence(CostEvidence):
    """How often the run was slow, and what that took."""

    count: int
    period_steps: float
    regular: bool
    slow_points: float
    percent_slower: float
    overhead_percent: float
    kind: Recurrence
    source: str


@dataclass(frozen=True)
class RecurringDips(Rule[DipsEvidence]):
    """Slow stretches keep coming back.

    What it does
    ------------
    Marks the points that are slower than their surroundings by `depth` and by `sigmas` robust deviations, gathers them
    into episodes, and sets aside single pauses on schedule (equal intervals of `pause_period` steps and more, or where
    the log names an eval or a checkpoint, however often: those are normal, and are reported as `info` with the share of
    time that they take). Beside a logged rate the wall clock is judged too, for the pauses that the rate leaves out; by
    one of whole seconds a step that seems a second longer is none.
    Stretches at which a logged setting or phase says that a step holds more are explained, and `info`.
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
        Share of the time from which it is an error, if it cost ten minutes.
    pause_period : int
        Single pauses on schedule at this many steps and more are taken for checkpoints and evals.
    pause_overhead : float
        Share of the time from which pauses on schedule are a warning, if the log names no eval or checkpoint there.
    petty_share, petty_seconds : float
        What costs less than this share of the run's time (12.5 % of a run that logs no rate, timer or tokens) and less
        than so many seconds is `info`; of a run that logs none so are ten minutes that are less than 2 % of it, and all
        if it is over within a minute; so are ten minutes that are less than half a percent of any run. Of single slow
        points and pauses the seconds alone count, since some work falls on every n-th step of most runs.

    References
    ----------
    Hugging Face, The Smol Training Playbook (2025), Staying the course: throughput drops traced to storage and loader;
    Mohan et al. (2021), Analyzing and mitigating data stalls in DNN training, VLDB 14:771.
    """

    code: ClassVar[str] = "TPUT004"
    name: ClassVar[str] = "recurring-dips"
    needs: ClassVar[tuple[str, ...]] = NEEDS
    symptom = Symptom.SLOW
    part = Part((Story.SPEED,), opens=True, stage=Stage.SPEED, place=4, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=SPEEDS, beside=MACHINES)
    advice = Advice(
        with_loader="Raise the data loader's workers and prefetch, and look at the storage at those times.",
        without_loader="Look at what runs at those steps: an evaluation, a checkpoint, a video that is saved.",
    )

    depth: float = 0.1
    sigmas: float = 6.0
    times: int = 3
    overhead: float = 0.015
    irregular_overhead: float = 0.03
    single_overhead: float = 0.05
    error_overhead: float = 0.25
    pause_period: int = 50
    pause_overhead: float = 0.25
    petty_share: float = 0.01
    petty_seconds: float = 60.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each kind of recurring loss, schedule pauses as info."""
        signal = rate_signal(run)
        if signal is None:
            yield self.skip(NOTHING, kind="missing-role")
            return
        if len(signal) < FEWEST:
            yield self.skip(
                f"{len(signal)} points are too few to see what comes back: {FEWEST} are needed", kind="too-few-points"
            )
            return
        told = list(self._of(run, signal))
        wall = whole_clock(run)
        if wall is not None and len(wall) >= FEWEST:
            # by the clock only what the logged rate does not show
            told += [f for f in self._of(run, wall) if not any(_same(f, known) for known in told)]
        if any(_in_stretches(f) for f in told):
            lower = [span for one in (signal, clock_signal(run)) if one is not None for span in _lower(one)]
            told = [_inside(f) if _within(f, lower) else f for f in told]
        yield from sorted(told, key=lambda f: f.steps or (0, 0))

    def _of(self, run: Run, signal: RateSignal) -> Iterator[Finding]:
        """What comes back in one signal."""
        found = episodes(signal, self.depth, self.sigmas)
        found = found.take((found.first >= settle_in(len(signal))) & ~_rounded(signal, found))
        if not len(found):
            return
        evals = paused(run, signal, found)
        if np.count_nonzero(evals) >= self.times:
            yield from self._findings(run, signal, found.take(evals), self.single_overhead, AT_EVALS, Severity.INFO)
        found = found.take(~evals)
        on_schedule = regular(run, signal, found)
        pauses, rest = found.take(on_schedule), found.take(~on_schedule)
        rhythm = _rhythm(signal, pauses)
        if len(pauses) >= self.times and rhythm.period < self.pause_period:
            yield from self._findings(run, signal, pauses, self.single_overhead, "slow steps", Severity.WARNING)
        elif len(pauses) >= self.times:
            yield from self._findings(run, signal, pauses, self.single_overhead, ON_SCHEDULE, Severity.INFO)
        stretches = _alike(rest.take(rest.slow >= 3))
        if len(stretches) >= self.times:
            rhythm = _rhythm(signal, stretches)
            least = self.overhead if rhythm.regular else self.irregular_overhead
            yield from self._findings(run, signal, stretches, least, "slow stretches", Severity.WARNING)
        singles = rest.take((rest.slow < 3) & (rest.excess < 20.0))
        if len(singles) >= 20:
            yield from self._findings(run, signal, singles, self.single_overhead, "slow steps", Severity.WARNING)

    def _findings(
        self, run: Run, signal: RateSignal, found: Episodes, least: float, what: Recurrence, severity: Severity
    ) -> Iterator[Finding]:
        first, last = int(found.first[0]), int(found.last[-1])
        seconds = seconds_lost(signal, found)
        known = bool(np.all(np.isfinite(seconds)))
        lost = float(seconds.sum()) / signal.normal_seconds if known else float(found.excess.sum())
        rhythm = _rhythm(signal, found)
        # the last of a row is followed by a healthy part of its period, which belongs to the span
        points = median(found.slow.astype(np.float64))
        span = last - first + 1 + median(np.diff(found.first).astype(np.float64)) - points
        share = lost / (lost + max(span, 1.0))
        if share < least:
            return
        by_design = what == "slow steps" and rhythm.regular  # such as an optimizer that does more every tenth step
        if severity is Severity.WARNING and share >= self.error_overhead and not by_design:
            severity = Severity.ERROR
        if what == ON_SCHEDULE and share >= self.pause_overhead and not run.counts_lines:
            severity = Severity.WARNING
        each = median(found.excess / found.slow)
        cost = cost_of_time(run, lost * signal.normal_seconds)
        longer_steps = _longer_steps(run, signal, found)
        single = what != "slow stretches" and 3600.0 * cost.hours < self.petty_seconds
        petty = is_petty_in_pieces(run, cost, signal, self.petty_share, self.petty_seconds)
        if longer_steps is not None or single or petty:
            severity = Severity.INFO
        elif severity is Severity.ERROR and 3600.0 * cost.hours < COSTLY:
            severity = Severity.WARNING
        steps = int(signal.step[found.first].min()), int(signal.step[found.last].max())
        every = f"every {rhythm.period:,.0f} steps" if rhythm.regular else f"about {rhythm.period:,.0f} steps apart"
        length = f"of {points * signal.stride:,.0f} steps " if what == "slow stretches" else ""
        longer = f"{percent(each)} longer than" if each < 1 else f"{1 + each:.1f} times as long as"
        slow = f"each slow {'step' if signal.stride <= 1 else 'interval'} {longer} normal"
        if what in (ON_SCHEDULE, AT_EVALS) and np.isfinite(signal.normal_seconds):
            slow = f"each {duration(median(found.excess) * signal.normal_seconds)} long"
        message = (
            f"{len(found)} {what} {length}{every} from step {steps[0]:,} to {steps[1]:,}, "
            f"{slow}: {percent(share)} of the time"
        )
        if np.isfinite(cost.hours):
            message += f"; {cost.words()}"
        if signal.origin == "wall steps":
            message += ", by the wall clock"
        if longer_steps is not None:
            message += f"; {longer_steps.words()} in them, which explains it"
        evidence: DipsEvidence = {
            "count": len(found),
            "period_steps": rhythm.period,
            "regular": rhythm.regular,
            "slow_points": points,
            "percent_slower": 100 * each,
            "overhead_percent": 100 * share,
            "kind": what,
            "source": signal.origin,
            **cost.evidence(),
        }
        help = (
            "if the share is too large: write checkpoints asynchronously, evaluate less often"
            if severity is Severity.INFO
            else "every n-th step slow: a loader with n workers, or an optimizer that does more every n-th step"
            if by_design
            else "compare with data loading time and GPU utilisation; raise loader workers, look at storage"
        )
        yield self.finding(severity, signal.metric, steps, message, evidence, help)


def _rounded(signal: RateSignal, found: Episodes) -> npt.NDArray[np.bool_]:
    """Which episodes are no longer than a clock of whole seconds makes them: of steps of 2.35 s it makes 2, 2 and 3."""
    if not signal.origin.startswith("wall") or not in_whole_seconds(signal):
        return np.zeros(len(found), dtype=bool)
    return seconds_lost(signal, found) <= _TICK * found.slow


def _rhythm(signal: RateSignal, found: Episodes) -> Beat:
    """How episodes follow one another in steps; in logged points where the steps of the log go back."""
    places = signal.step[found.first].astype(np.float64)
    if np.any(np.diff(places) <= 0):
        places = np.asarray(found.first * signal.stride, dtype=np.float64)
    return beat(places, signal.stride)


def _alike(found: Episodes) -> Episodes:
    """The episodes whose slow points lose about as much as most do, a factor of three either way, without the pauses
    that happen to lie within them.
    """
    if not len(found):
        return found
    middle = median(found.depth)
    alike = found.take((found.depth > middle / 3.0) & (found.depth < middle * 3.0))
    return replace(alike, excess=alike.depth * alike.slow)


def _same(a: Finding, b: Finding) -> bool:
    """Whether two findings tell of one kind of loss over the same steps, or of what the other is a part of."""
    if a.steps is None or b.steps is None or a.evidence["kind"] != b.evidence["kind"]:
        return False
    return a.steps[0] <= b.steps[1] and b.steps[0] <= a.steps[1]


def _lower(signal: RateSignal) -> list[tuple[int, int]]:
    """First and last step of each stretch of lower speed that TPUT001 tells of by its own settings."""
    found = slowdowns(signal, SlowdownRule.drop, SlowdownRule.min_points)
    return [(int(signal.step[slow.start]), int(signal.step[slow.end])) for slow in found if slow.kind == "step"]


def _within(finding: Finding, lower: list[tuple[int, int]]) -> bool:
    """Whether slow stretches are the ups and downs of one stretch of lower speed that came and went."""
    first, last = finding.steps or (0, 0)
    return _in_stretches(finding) and any(a <= first and last <= b for a, b in lower)


def _in_stretches(finding: Finding) -> bool:
    return finding.evidence["kind"] == "slow stretches" and finding.severity is not Severity.INFO


def _inside(finding: Finding) -> Finding:
    message = f"{finding.message}; all of them in a stretch of lower speed, which TPUT001 tells of"
    return replace(finding, severity=Severity.INFO, message=message)


def _longer_steps(run: Run, signal: RateSignal, found: Episodes) -> Setting | None:
    """The logged setting by which the steps of these episodes hold more than those before them."""
    slow = np.unique((found.first + found.last) // 2)
    return longer_there(run, signal.step[slow], signal.step[np.maximum(found.first - 2, 0)])
