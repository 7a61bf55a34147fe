"""EVAL003: evaluations that stopped coming."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NotRequired, TypedDict

import numpy as np

from runlens.comparison.curves import ROLES
from runlens.growing import greatest
from runlens.model import Figure, Finding, RoleSeries, Run, Severity, Skip, Symptom
from runlens.model.words import some
from runlens.rules.base import Rule
from runlens.rules.evals.parts.own import single_batches
from runlens.rules.meaning import Part
from runlens.rules.shared.panels import BESIDE_EVALS, EVALS
from runlens.stats.distinct import distinct
from runlens.stats.robust import Floats

_RECORD = re.compile(r"(^|[^a-z])(best|lowest|highest|max(imum)?|min(imum)?)([^a-z]|$)")
"""Words for the best value so far: a trainer that writes it when it improves keeps no cadence with it."""

HALF = 0.5
"""What is measured at the best models only is measured less than half as often as what tells which these are, and at
more than half of them. An eval with a sparser cadence of its own meets half of them at most where a loss always falls,
and ever fewer once it has stopped."""

NEWS = 5
"""Values that show that only what is better is written: of an eval that is written each time, five in order are one in
120 by chance where it stands still."""

_Gap = tuple[int, int, int]
"""Last step before, first step after, and the usual gap."""
TWICE = 2.0
"""Times as often as it stopped at which an eval that goes on is measured at most to be one of the same job: in a public
log BLEU was, which was dropped for the second half of the training. What is measured more seldom is a job of its
own."""


class OverdueEvidence(TypedDict):
    """The evals that stopped, and their cadence."""

    evals: list[str]
    usual_gap_steps: int
    gap_steps: int
    ratio: float
    count: NotRequired[int]
    """Gaps, or cadences that stopped, where one finding tells of several."""


@dataclass(frozen=True)
class EvalOverdue(Rule[OverdueEvidence]):
    """No eval for longer than the run's own cadence.

    What it does
    ------------
    Takes the longest of the last five gaps between the evaluations of each eval, in steps, and warns when training has
    gone on for `factor` times as long since the last one, by its steps and, where both are told, by its clock: what
    counts its own episodes from 0 has not stopped where the steps go on. Two gaps that differ by more than that are no
    cadence. A gap of that length that was closed again is information. All gaps make one finding, and so do all evals
    that stopped; each says how many it tells of. A best value so far, which is written when it improves, has no
    cadence, nor has what is measured where another eval was better than ever, mostly there and nowhere else, nor what
    was better each time it was written, at uneven distances, while another eval went on. Values of single batches of an
    evaluation (`val_loss_step` beside `val_loss_epoch`) are left out. It is information where a single logged step
    tells that training went on, in a log that prints no step, whose lines are counted, and where another eval goes on
    that was measured at most twice as often, or is of one kind with it (a reward): then the evaluation runs, and a
    measure of it was dropped or bears another name.

    Why it matters
    --------------
    An evaluation job that died, ran out of disk or lost its checkpoint takes away the only instrument that sees what
    the loss does not. Nobody misses a point that is not on a chart.

    What to do
    ----------
    Look at the evaluation job and its queue; evaluate the checkpoints that were left out before going on.

    Settings
    --------
    factor : how many times the usual gap counts as overdue

    References
    ----------
    2.5 gaps: one evaluation may be skipped, and the next may be late by half, before anybody is called.
    """

    code: ClassVar[str] = "EVAL003"
    name: ClassVar[str] = "eval-overdue"
    needs: ClassVar[tuple[str, ...]] = ("|".join(ROLES),)
    symptom = Symptom.OTHER
    headline = "overdue evals"
    part = Part()
    figure = Figure(panels=EVALS, beside=BESIDE_EVALS)
    settles = False

    factor: float = 2.5

    @classmethod
    def shown(cls, finding: Finding, run: Run) -> tuple[str, ...]:
        """Every eval that stopped."""
        return tuple(dict.fromkeys((finding.metric, *cls.evidence_of(finding)["evals"])))

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for each set of evals that stopped together."""
        span = run.step_range()
        evals = [r for role in ROLES for r in run.every(role) if r.split == "eval" and not _is_record(r)]
        aside = single_batches(run) | _of_best_models(evals) | _news_alone(evals)
        every = {r.series.name: at for r in evals if len(at := distinct(r.series.step)) >= 3}
        known = {name: at for name, at in sorted(every.items()) if name not in aside}  # in whatever order it was logged
        if not known or span is None:
            yield self.skip(
                "fewer than three evaluations of each eval: no cadence to hold it to", kind="too-few-points"
            )
            return
        clock = {r.series.name: r.series.time for r in evals}
        stopped: dict[_Gap, list[str]] = {}
        gaps: dict[_Gap, list[str]] = {}
        for name, at in known.items():
            between = np.diff(at)
            usual = int(between[-5:].max())
            habit = len(between) > 2 or usual <= self.factor * int(between.min())
            if habit and span[1] - int(at[-1]) > self.factor * usual and not _goes_on(run, clock[name], self.factor):
                stopped.setdefault((int(at[-1]), span[1], usual), []).append(name)
            for i in range(2, len(between)):
                before = int(between[max(0, i - 5) : i].max())
                if between[i] > self.factor * before:
                    gaps.setdefault((int(at[i]), int(at[i + 1]), before), []).append(name)
        if gaps and not run.measured:  # which checkpoints of a folder of results were evaluated was somebody's choice
            yield self._closed(gaps)
        if stopped:
            alone = _one_step_since(run, max(last for last, _, _ in stopped))
            others = self._go_on(evals, span[1], stopped)
            little = run.counts_lines or alone or bool(others)
            yield self._open(stopped, Severity.INFO if little else Severity.WARNING, alone, others)

    def _go_on(self, evals: list[RoleSeries], now: int, stopped: dict[_Gap, list[str]]) -> str:
        """The logged name of an eval measured up to now, about as often as one that stopped was, or of its kind.

        Then the evaluation goes on, and one of its measures was dropped, or bears another name since.
        """
        names = {name for found in stopped.values() for name in found}
        kinds = {r.metric_kind for r in evals if r.series.name in names} - {None}
        often = max(usual for _, _, usual in stopped) / TWICE
        for r in evals:
            at = distinct(r.series.step)
            if r.series.name in names or len(at) < 3:
                continue
            usual = int(np.diff(at)[-5:].max())
            if now - int(at[-1]) <= self.factor * usual and (usual >= often or r.metric_kind in kinds):
                return r.series.name
        return ""

    def _closed(self, gaps: dict[_Gap, list[str]]) -> Finding:
        """All gaps that were closed again, told by the one that was longest for its cadence."""
        first, last, usual = max(gaps, key=_ratio)
        names = gaps[first, last, usual]
        message = f"{_named(names)} evaluated at step {first:,} and not again until {last:,}, usually every {usual:,}"
        if len(gaps) > 1:
            message += f"; it is the longest of {len(gaps)} such gaps"
        return self.finding(
            Severity.INFO,
            names[0],
            (min(gap[0] for gap in gaps), max(gap[1] for gap in gaps)),
            message,
            self._evidence(gaps, (first, last, usual)),
            "Evaluate the checkpoints of that time if anything went wrong in it.",
        )

    def _open(self, stopped: dict[_Gap, list[str]], severity: Severity, alone: bool, go_on: str) -> Finding:
        """All evals that stopped, told by those that are the longest overdue for their cadence."""
        last, now, usual = max(stopped, key=_ratio)
        names = stopped[last, now, usual]
        message = (
            f"{_named(names)} last evaluated at step {last:,}; training is at {now:,}, {now - last:,} steps later, "
            f"{(now - last) / usual:.1f} times the usual {usual:,}"
        )
        others = sum(map(len, stopped.values())) - len(names)
        if others:
            message += f"; {others} more {'eval has' if others == 1 else 'evals have'} stopped"
        if alone:
            message += "; one logged step tells of it, which may be of another start"
        elif go_on:
            message += f"; {go_on} goes on"
        return self.finding(
            severity,
            names[0],
            (min(gap[0] for gap in stopped), now),
            message,
            self._evidence(stopped, (last, now, usual)),
            "Look at the evaluation job, then evaluate the checkpoints that were left out.",
        )

    @staticmethod
    def _evidence(found: dict[_Gap, list[str]], told: _Gap) -> OverdueEvidence:
        first, last, usual = told
        evidence: OverdueEvidence = {
            "evals": [name for gap in (told, *(g for g in sorted(found) if g != told)) for name in found[gap]],
            "usual_gap_steps": usual,
            "gap_steps": last - first,
            "ratio": round(_ratio(told), 3),
        }
        return evidence if len(found) == 1 else {**evidence, "count": len(found)}


def _goes_on(run: Run, time: Floats, factor: float) -> bool:
    """Whether an eval was measured up to the end of the run by the clock, whatever its own count says."""
    known = np.unique(time[np.isfinite(time)])
    if len(known) < 3:
        return False
    ended = run.once("last wall time", lambda: _last_time(run))
    return bool(ended - known[-1] <= factor * np.diff(known[-6:]).max() < ended - known[0])


def _one_step_since(run: Run, last: int) -> bool:
    """Whether no more than one step was logged after the last eval."""
    logged = [*run.placed.values(), *(role.series for roles in run.roles.values() for role in roles)]
    end = max(int(greatest(s.step)) for s in logged if len(s))
    return not any(bool(np.any((s.step > last) & (s.step < end))) for s in logged)


def _last_time(run: Run) -> float:
    """The last wall time of everything that was logged, NaN where nothing has one."""
    known = (s.time for s in run.placed.values() if bool(np.isfinite(s.time).any()))
    return max((float(np.nanmax(time)) for time in known), default=np.nan)


def _ratio(gap: _Gap) -> float:
    """A gap in gaps of the usual length."""
    return (gap[1] - gap[0]) / gap[2]


def _is_record(r: RoleSeries) -> bool:
    """Whether a series is the best value so far: so called, and better each time it was written."""
    value = r.series.latest().value
    change = np.diff(value[np.isfinite(value)])
    return bool(_RECORD.search(r.series.name.lower())) and bool(np.all(change >= 0) or np.all(change <= 0))


def _of_best_models(evals: list[RoleSeries]) -> frozenset[str]:
    """Evals that were measured where another, measured more often, was better than ever before, and only there."""
    records = []
    for r in evals:
        series, sign = r.series.latest(), -1.0 if r.direction == "down" else 1.0
        up = sign * np.where(np.isfinite(series.value), series.value, -sign * np.inf)
        if len(up) >= 3:
            better = np.flatnonzero(up[1:] > np.maximum.accumulate(up)[:-1]) + 1
            records.append((r.series.name, len(up), series.step[np.concatenate([[0], better])]))
    aside = set()
    for r in evals:
        at = distinct(r.series.step)
        for name, n, best in records:
            since = best[np.searchsorted(best, at[0]) :] if len(at) else best
            rare = name != r.series.name and len(at) < HALF * n
            if rare and len(at) > HALF * len(since) and np.isin(at, since).all():
                aside.add(r.series.name)
    return frozenset(aside)


def _news_alone(evals: list[RoleSeries]) -> frozenset[str]:
    """Evals that were better each time they were written, at uneven distances, while another eval went on.

    Such as the accuracy in `best model saved, val acc: 0.89`: it is not written where it got no better. Below `NEWS`
    points a score that improves may be so by chance.
    """
    last = max((int(r.series.step[-1]) for r in evals if len(r.series)), default=0)
    aside = set()
    for r in evals:
        series = r.series.latest()
        rise = (-1.0 if r.direction == "down" else 1.0) * np.diff(series.value)
        uneven = len(rise) and len(set(np.diff(series.step).tolist())) > 1
        if len(rise) >= NEWS - 1 and uneven and bool(np.all(rise > 0)) and int(series.step[-1]) < last:
            aside.add(r.series.name)
    return frozenset(aside)


def _named(names: list[str]) -> str:
    return f"{some(names, 2)} {'was' if len(names) == 1 else 'were'}"
