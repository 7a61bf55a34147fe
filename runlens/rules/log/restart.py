"""Restarts: how often, and how much was done twice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NotRequired, TypedDict

import numpy as np

from runlens.growing import greatest, least
from runlens.model import Figure, Finding, RoleSeries, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.meaning import Extent, Part, Stage, Story
from runlens.rules.shared.panels import BESIDE_LOG
from runlens.rules.shared.points import TRAINING, Return, returns, spine

_FEWEST_TOGETHER = 3
ANEW, MOSTLY = 0.1, 0.8
"""Share of what an attempt had trained within which the next one began anew: a checkpoint that is as old is none. And
how many of them must have."""


class RestartEvidence(TypedDict):
    """One resume, all of them together, or two writers."""

    resumed_at_step: NotRequired[int]
    reached_step: NotRequired[int]
    redone_steps: NotRequired[int]
    redone_tokens: NotRequired[float | None]
    redone_hours: NotRequired[float | None]
    redone_share: NotRequired[float]
    down_hours: NotRequired[float | None]
    restart: NotRequired[int]
    restarts: NotRequired[int]
    stuck: NotRequired[int]
    writers: NotRequired[int]
    overlap: NotRequired[float]


@dataclass(frozen=True)
class Restart(Rule[RestartEvidence]):
    """The run was resumed, and some steps were logged twice.

    What it does
    ------------
    Finds each place where the training step goes back and goes on from there, and each start that the log records
    without one. Says which steps were redone, and what that took in tokens and hours. A resume is normal and `info`. It
    is a warning when at least three restarts together redid more than `redone_share` of all steps trained, or when
    `stuck` restarts in a row ended before any new step was reached; and when two processes wrote one log at once, which
    is no resume. Restarts of which four in five began within a tenth of what had been trained are other runs in the
    same log, or a job without a checkpoint: `info`.

    Why it matters
    --------------
    Steps that are logged twice confuse every average, and a learning rate, data order or random state that was not
    restored shows right after a resume. Frequent restarts from old checkpoints cost more than the faults themselves.

    What to do
    ----------
    Nothing for a single resume, if the loss goes on where it was. For many: save checkpoints more often, look for the
    step or the node that they have in common. For two writers: give each process a folder of its own.

    Settings
    --------
    redone_share : float
        Share of the trained steps that restarts may redo. Llama 3 405B lost less than 10 % of its time to 419
        interruptions in 54 days, redone steps included.
    stuck : int
        Restarts in a row without a new step that make a crash loop.
    most : int
        Restarts told one by one; more make one finding, with their number and what all of them redid.

    References
    ----------
    Dubey et al. (2024), The Llama 3 Herd of Models, section 3.3.4 (over 90 % effective training time); Zhang et al.
    (2022), OPT, section 2.5 (some 100 restarts in two months).
    """

    code: ClassVar[str] = "LOG002"
    name: ClassVar[str] = "restart"
    needs: ClassVar[tuple[str, ...]] = TRAINING
    symptom = Symptom.RESUME
    part = Part((Story.OPTIMISATION, Story.SPEED), stage=Stage.RESUME, extent=Extent.ONSET, takes_back=True)
    figure = Figure("line", beside=BESIDE_LOG, sudden=True)
    settles = False

    redone_share: float = 0.1
    stuck: int = 3
    most: int = 3

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each of a few restarts, or one for all, and a warning where they redid too much."""
        series = spine(run)
        if series is None:
            return
        found = returns(series.series)
        writers = [r for r in found if r.overlap > 0.1]
        restarts = [r for r in found if r.overlap <= 0.1]
        if writers:
            yield self._two_writers(series, writers)
        seamless = _seamless(run, series, restarts)
        too_many = self._too_many(series, restarts)
        if len(restarts) + len(seamless) <= self.most:
            for number, restart in enumerate(restarts, 1):
                yield self._restart(run, series, restart, number, len(restarts))
            yield from (self._without_redoing(series, at, before) for at, before in seamless)
        elif too_many is None:
            yield self._all(series, restarts, seamless)
        if too_many is not None:
            yield too_many

    def _restart(self, run: Run, series: RoleSeries, restart: Return, number: int, total: int) -> Finding:
        tokens = run.tokens_at([restart.first, restart.last])
        redone_tokens = float(tokens[1] - tokens[0]) * restart.steps / max(restart.steps - 1, 1)
        said = [f"{restart.steps:,} steps were done again ({restart.first:,} to {restart.last:,})"]
        if redone_tokens > 0:
            said.append(f"{redone_tokens:,.0f} tokens")
        if restart.lost > 0:
            said.append(f"{_duration(restart.lost)} of training")
        down = f"; {_duration(restart.down)} passed in between" if restart.down > 0 else ""
        which = f" (restart {number} of {total})" if total > 1 else ""
        return self.finding(
            Severity.INFO,
            series.series.name,
            (restart.first, restart.last),
            f"the run was resumed at step {restart.first:,} after it had reached {restart.last:,}{which}: "
            f"{', '.join(said)}{down}",
            {
                "resumed_at_step": restart.first,
                "reached_step": restart.last,
                "redone_steps": restart.steps,
                "redone_tokens": redone_tokens if math.isfinite(redone_tokens) else None,
                "redone_hours": restart.lost / 3600 if math.isfinite(restart.lost) else None,
                "down_hours": restart.down / 3600 if math.isfinite(restart.down) else None,
                "restart": number,
                "restarts": total,
            },
            "Compare the loss just after the resume with the first time through: it should go on where it was.",
        )

    def _without_redoing(self, series: RoleSeries, at: int, before: int) -> Finding:
        return self.finding(
            Severity.INFO,
            series.series.name,
            (at, at),
            f"the run was resumed at step {at:,}, with no step done twice",
            {"resumed_at_step": at, "reached_step": before, "redone_steps": 0},
        )

    def _all(self, series: RoleSeries, restarts: list[Return], seamless: list[tuple[int, int]]) -> Finding:
        """One finding for many restarts that redid little."""
        places = [(r.first, r.last) for r in restarts] + [(at, at) for at, _ in seamless]
        redone, lost = sum(r.steps for r in restarts), sum(r.lost for r in restarts if r.lost > 0)
        first, last = min(a for a, _ in places), max(b for _, b in places)
        said = f"{redone:,} steps were done again" if redone else "no step was done twice"
        took = f", {_duration(lost)} of training" if lost > 0 else ""
        evidence: RestartEvidence = {"restarts": len(places), "redone_steps": redone}
        if lost > 0:
            evidence["redone_hours"] = lost / 3600
        return self.finding(
            Severity.INFO,
            series.series.name,
            (first, last),
            f"the run was resumed {len(places)} times between steps {first:,} and {last:,}: {said}{took}",
            evidence,
            "Compare the loss just after each resume with the first time through: it should go on where it was.",
        )

    def _too_many(self, series: RoleSeries, restarts: list[Return]) -> Finding | None:
        if len(restarts) < _FEWEST_TOGETHER:
            return None
        redone = sum(r.steps for r in restarts)
        step = series.series.step
        begin = int(least(step))
        trained = int(greatest(step)) - begin + 1 + redone
        share = redone / trained
        loop = _longest_loop(restarts)
        if share <= self.redone_share and len(loop) < self.stuck:
            return None
        first, last = min(r.first for r in restarts), max(r.last for r in restarts)
        evidence: RestartEvidence = {
            "restarts": len(restarts),
            "redone_steps": redone,
            "redone_share": share,
            "stuck": len(loop),
        }
        message = f"{len(restarts)} restarts redid {redone:,} steps, {percent(share)} of all that were trained"
        advice = "Save checkpoints more often, and find what the failures have in common: a node, a step, a batch."
        if len(loop) >= self.stuck:
            first, last = min(r.first for r in loop), max(r.last for r in loop)
            message += f"; {len(loop)} in a row ended by step {last:,} without a new step: a crash loop"
            advice = f"Find what fails near step {last:,} before starting again: a batch, a checkpoint, a node."
        lost = sum(r.lost for r in restarts)
        if lost > 0:
            message += f"; {_duration(lost)} of training"
            evidence["redone_hours"] = lost / 3600
        severity = Severity.WARNING
        anew = [r.first - begin <= ANEW * (r.last - begin) for r in restarts]
        if sum(anew) >= MOSTLY * len(anew):
            severity = Severity.INFO
            where = "at" if all(r.first <= begin for r in restarts) else "close to"
            message += (
                f"; {'each' if all(anew) else 'nearly all'} began again {where} the first step: other runs in the same "
                "log, or a job without a checkpoint"
            )
        return self.finding(severity, series.series.name, (first, last), message, evidence, advice)

    def _two_writers(self, series: RoleSeries, found: list[Return]) -> Finding:
        first, last = min(r.first for r in found), max(r.last for r in found)
        return self.finding(
            Severity.WARNING,
            series.series.name,
            (first, last),
            f"two processes wrote this log at the same time (steps {first:,} to {last:,} stand there twice, with times "
            "that interleave): their values are mixed, and this is no resume",
            {"writers": len(found) + 1, "overlap": max(r.overlap for r in found)},
            "Give each process a folder of its own, and check them one by one.",
        )


def _seamless(run: Run, series: RoleSeries, restarts: list[Return]) -> list[tuple[int, int]]:
    """Step of each start that the log records and at which no step was redone, and the step before it."""
    line = series.series
    if len(run.starts) < 2:
        return []
    known = np.flatnonzero(np.isfinite(line.time))
    if len(known) < 2:
        return []
    resumed, out = {r.first for r in restarts}, []
    after = np.searchsorted(np.maximum.accumulate(line.time[known]), np.sort(run.starts)[1:])
    for i in known[after[after < len(known)]].tolist():
        at, before = int(line.step[i]), int(line.step[i - 1]) if i else int(line.step[i])
        if at > before and at not in resumed:
            out.append((at, before))
    return list(dict.fromkeys(out))


def _longest_loop(restarts: list[Return]) -> list[Return]:
    """The longest row of restarts whose attempts ended at or before the farthest step reached until then."""
    first = best = stop = 0
    farthest = restarts[0].last
    for i, restart in enumerate(restarts[1:], 1):
        if restart.last > farthest:
            first = i + 1
        elif i + 1 - max(first, 1) > stop - best:
            best, stop = max(first, 1), i + 1
        farthest = max(farthest, restart.last)
    return restarts[best:stop]


def _duration(seconds: float) -> str:
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
