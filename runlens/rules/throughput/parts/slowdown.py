"""What a step down (TPUT001) and a slope (TPUT002) have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, TypedDict

import numpy as np

from runlens.model import Finding, Run, Severity, Skip
from runlens.model.words import percent
from runlens.roles.rl import rl_sign
from runlens.rules.base import Rule
from runlens.rules.shared.answers import answers_grew
from runlens.rules.shared.logged_settings import Setting, SettingEvidence, changed_plan, raised_setting
from runlens.rules.shared.terms import term_sets_in
from runlens.rules.throughput.parts.clock import clock_signal, matched, stands_still, work_is_known
from runlens.rules.throughput.parts.cost import Cost, cost_of, is_petty_loss, is_petty_once_over
from runlens.rules.throughput.parts.joints import NEAR, begins_anew, faster_for_one_epoch
from runlens.rules.throughput.parts.levels import Slowdown, settle_in, slowdowns
from runlens.rules.throughput.parts.needs import NOTHING
from runlens.rules.throughput.parts.rollouts import episodes_alike
from runlens.rules.throughput.parts.signal import FEWEST, RateSignal, rate_signal
from runlens.rules.throughput.parts.ties import Tie, TieEvidence, ties
from runlens.rules.throughput.parts.words import fall, unit_of
from runlens.rules.throughput.parts.work import work_change
from runlens.stats.robust import Floats, median

LEVEL = 8
"""Logged points on either side below which a step or slope is only worth knowing: of public logs of 10 to 35 epochs
those that began or ended after three to seven were other jobs on the machine, or settling in."""
EDGE = 2
"""Logged points by which a change point may be off."""
GREW = 0.25
"""Part of the time that a step takes more by which answers must have grown for the policy to have made it."""
CLOCK_MORE = 1.5
"""Times the logged loss from which the clock's is told instead: what is outside the timer then costs half as much."""

MORE = 3.0
"""Times a step's length up to which a new term of the loss explains it: another network, forward and backward."""
COSTLY = 600.0
"""Seconds that a loss must have cost, or will by the end, to be an error: of public runs that lost one to five minutes
none was worth stopping anything for. One whose cost nobody knows may be."""

SlowdownEvidence = TypedDict(
    "SlowdownEvidence",
    {
        "from": float,
        "to": float,
        "percent": float,
        "unit": str,
        "change_point": int,
        "change_time": float | None,
        "recovered": bool,
        "at_resume": bool,
        "explained_by_work": bool,
        "explained_by_setting": SettingEvidence | None,
        "explained_by_ranks": bool,
        "source": str,
        "hours_lost": float,
        "gpu_hours_lost": float | None,
        "hours_lost_by_end": float | None,
        "gpu_hours_lost_by_end": float | None,
        "ties": list[TieEvidence],
    },
)
"""From which rate to which, since when, what explains it and what it cost."""


@dataclass(frozen=True)
class SlowdownRule(Rule[SlowdownEvidence]):
    """What a step down and a slope have in common."""

    drop: float = 0.025
    """Least loss of speed, as a share."""
    error_drop: float = 0.15
    """Loss of speed from which a lasting one is an error."""
    min_points: int = 100
    """Logged points that it must last; a tenth of the log where that is fewer."""
    petty_share: float = 0.01
    """Share of the run's time up to which a loss is only worth knowing, if it is also less than `petty_seconds`."""
    petty_seconds: float = 60.0
    """Seconds up to which a loss is only worth knowing, if it is also less than `petty_share` of the run's time."""
    kind: ClassVar[Literal["step", "ramp"]]

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each lasting slowdown of this rule's shape."""
        signal = rate_signal(run)
        if signal is None:
            yield self.skip(NOTHING, kind="missing-role")
            return
        if len(signal) - settle_in(len(signal)) < FEWEST:
            yield self.skip(
                f"{len(signal)} points of {signal.metric} are too few to know its level: {FEWEST} are needed after "
                f"the first {settle_in(len(signal))}",
                kind="too-few-points",
            )
            return
        findings = [self._finding(run, one, slow) for one, slow in self._judged(run, signal) if slow.kind == self.kind]
        yield from sorted(findings, key=lambda f: f.steps or (0, 0))

    def _judged(self, run: Run, signal: RateSignal) -> Iterator[tuple[RateSignal, Slowdown]]:
        """Slowdowns of the logged rate while steps took longer, and those that only the clock saw, or saw in full."""
        clock = clock_signal(run)
        logged = slowdowns(signal, self.drop, self.min_points)
        if clock is None:
            yield from ((signal, slow) for slow in logged if not stands_still(run, signal, slow))
            return
        by_clock = slowdowns(clock, self.drop, self.min_points)
        told = []
        for slow in logged:
            same = matched(slow, signal, by_clock, clock)
            more = same is not None and same.share > CLOCK_MORE * slow.share
            if not more and not stands_still(run, signal, slow):
                told.append(slow)
        yield from ((signal, slow) for slow in told)
        yield from ((clock, slow) for slow in by_clock if matched(slow, clock, tuple(told), signal) is None)

    @classmethod
    def tied_roles(cls, finding: Finding) -> frozenset[str]:
        """Roles of the series that changed level together with the speed."""
        return frozenset(tie["role"] for tie in cls.evidence_of(finding).get("ties", ()))

    def _finding(self, run: Run, signal: RateSignal, slow: Slowdown) -> Finding:
        first, last = int(signal.step[slow.start]), int(signal.step[slow.end])
        cost = cost_of(run, signal, slow.start, slow.end, _lost(slow), not slow.recovered)
        reach = max(slow.settled - slow.start, min(slow.end - slow.settled, 500), 20)
        work = work_change(
            run, signal.step[max(slow.start - reach, 0) : slow.start], signal.step[slow.settled : slow.settled + reach]
        )
        resumed = bool(np.any(np.abs(signal.resumes - slow.start) <= max(len(signal) // 50, 3)))
        healthy = int(signal.step[max(slow.start - reach, 0)]), int(signal.step[max(slow.start - 1, 0)])
        slower = (int(signal.step[slow.settled]), last) if slow.settled < slow.end else (first, last)
        tied = ties(run, healthy, slower)
        lost = 100.0 * slow.share
        explained = abs(work - 1.0) > max(0.02, slow.share / 2.0)
        fast_until = int(signal.step[max(slow.start - 1 - EDGE, 0)])
        slow_since = int(signal.step[min(slow.settled + EDGE, slow.end)])
        spans = (healthy[0], fast_until), (slow_since, last)
        setting = None
        if not explained:
            setting = raised_setting(run, *spans) or changed_plan(run, *spans) or _new_term(run, signal, slow)
        fewer = None if signal.per_gpu else _fewer_ranks(tied, slow)
        severity = Severity.WARNING
        by_clock = signal.origin == "wall steps"
        is_small = is_petty_once_over if slow.recovered else is_petty_loss
        petty = is_small(run, cost, signal, self.petty_share, self.petty_seconds)
        told_by = slow.end - slow.start + 1
        if slow.kind == "step":  # a slope may begin with the log
            told_by = min(told_by, slow.start - settle_in(len(signal)))
        small = slow.share < self.error_drop or slow.recovered or slow.kind == "ramp"
        at_once = slow.kind == "step" and slow.share >= self.error_drop and not by_clock
        by_policy = small and bool(rl_sign(run.placed, run.axis_name)) and _may_be_policy(run, spans, slow, at_once)
        other_launch = run.counts_lines and signal.untold
        anew = begins_anew(run, signal, slow)
        one_epoch = faster_for_one_epoch(run, signal, slow)
        known_cause = other_launch or anew or one_epoch or explained or setting is not None or fewer is not None
        known_cause = known_cause or by_policy
        if slow.familiar or slow.brief or petty or told_by < LEVEL or known_cause:
            severity = Severity.INFO
        elif slow.share >= self.error_drop and not slow.recovered and (not by_clock or work_is_known(run, signal)):
            severity = Severity.WARNING if _lost_seconds(cost) < COSTLY else Severity.ERROR
        until = f" until step {last:,}" if slow.recovered else ""
        how = (
            f"over steps {first:,} to {int(signal.step[slow.settled]):,}"
            if slow.kind == "ramp"
            else f"at step {first:,}"
        )
        message = f"throughput fell by {percent(slow.share)} {how}{until}, {fall(signal, slow.before, slow.after)}"
        if by_clock:
            message += " by the wall clock" + (
                "" if _is_logged(run, slow, signal) else ", which no logged rate or timer shows"
            )
        if np.isfinite(cost.hours) and not explained and setting is None:  # longer steps that do more lose nothing
            message += f"; {cost.words()}"
        if explained:
            message += f"; the tokens in a step changed there by {percent(work - 1, signed=True)}, which explains it"
        elif setting is not None:
            message += f"; {setting.words()} there, which explains it"
        elif fewer is not None:
            message += f"; the ranks went from {fewer.before:,.0f} to {fewer.after:,.0f}, which explains it"
        elif slow.familiar:
            message += "; the run had been as slow before, so that this may be no loss"
        elif by_policy:
            message += "; what the policy does sets how long its environment takes"
        elif anew:
            message += "; another training begins there, whose speed is its own"
        elif one_epoch:
            message += "; only one epoch before it was faster, as one that is short or stands in a cache"
        elif other_launch:
            message += "; the log prints no step, so that another launch may begin there"
        elif told_by < LEVEL:
            message += f"; {told_by} logged point{'s' if told_by != 1 else ''} tell of it"
        if resumed:
            message += "; it began at a resume"
        if tied:
            message += "; with it went " + ", ".join(t.words() for t in tied)
        evidence: SlowdownEvidence = {
            "from": slow.before,
            "to": slow.after,
            "percent": -lost,
            "unit": unit_of(signal),
            "change_point": first,
            "change_time": _known(signal.time[slow.start]),
            "recovered": slow.recovered,
            "at_resume": resumed,
            "explained_by_work": explained,
            "explained_by_setting": None if setting is None else setting.evidence(),
            "explained_by_ranks": fewer is not None,
            "source": signal.origin,
            **cost.evidence(),
            "ties": [t.evidence() for t in tied],
        }
        return self.finding(
            severity, signal.metric, (first, max(first, last)), message, evidence, _help(slow, resumed, setting)
        )


def _lost(slow: Slowdown) -> Floats:
    """Part of the time of each slow point that was lost: it grows along a ramp."""
    share = np.full(slow.end - slow.start + 1, slow.share)
    ramp = slow.settled - slow.start
    share[:ramp] = np.linspace(0.0, slow.share, ramp, endpoint=False)[: len(share)]
    return share


def _lost_seconds(cost: Cost) -> float:
    """Seconds of the clock that a loss cost, or will have cost by the end; NaN if nothing tells."""
    return 3600.0 * max(cost.hours, cost.hours_by_end or 0.0)


def _may_be_policy(run: Run, spans: tuple[tuple[int, int], tuple[int, int]], slow: Slowdown, at_once: bool) -> bool:
    """Whether a policy may have made the steps longer: not where its answers are logged and did not grow with them.

    Nor where a logged rate fell far `at_once` while all episodes had one length. What a policy does within these, such
    as what it touches, still changes how long a simulator takes, but bit by bit.
    """
    grew = answers_grew(run, *spans)
    if grew is None:
        return not (at_once and episodes_alike(run, *spans))
    return grew - 1.0 >= GREW * (1.0 / (1.0 - slow.share) - 1.0)


def _fewer_ranks(tied: list[Tie], slow: Slowdown) -> Tie | None:
    """The change in the number of ranks, if each of them is as fast as before to a tenth."""
    ranks = next((t for t in tied if t.role == "world_size" and 0 < t.after < t.before), None)
    if ranks is None or (slow.after / ranks.after) / (slow.before / ranks.before) < 0.9:
        return None
    return ranks


def _is_logged(run: Run, slow: Slowdown, clock: RateSignal) -> bool:
    """Whether the logged rate fell by half as much and more in the steps in which the clock's did."""
    logged = rate_signal(run)
    if logged is None or logged.origin == clock.origin:
        return False
    first, last = clock.step[slow.start], clock.step[slow.end]
    before = logged.rate[logged.step < first]
    during = logged.rate[(logged.step >= first) & (logged.step <= last)]
    return len(before) > 0 < len(during) and median(during) < (1.0 - slow.share / 2.0) * median(before)


def _new_term(run: Run, signal: RateSignal, slow: Slowdown) -> Setting | None:
    """The term of the loss that sets in where a step becomes up to `MORE` times as long."""
    if slow.kind != "step" or slow.share > 1.0 - 1.0 / MORE:
        return None
    return term_sets_in(run, signal.step, slow.start - NEAR, slow.start + NEAR)


def _known(time: float) -> float | None:
    return float(time) if np.isfinite(time) else None


def _help(slow: Slowdown, resumed: bool, setting: Setting | None) -> str:
    if setting is not None:
        return "nothing, if that was planned: a step does more from there on"
    if resumed:
        return "compare the nodes and the settings of the two starts: GPU clocks, interconnect, data loader workers"
    if slow.kind == "ramp":
        return (
            "look for what grows or warms: GPU temperature and clocks, host memory, fragmentation of GPU memory, "
            "the data loader's index and shuffle buffer"
        )
    return (
        "look for what began then on each node: clocks and power limits, ECC or NVLink errors, another job, storage; "
        "time the ranks against each other to find the slow one"
    )
