"""LR001: a learning rate that leaves its own schedule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from runlens.model import Figure, Finding, PlacedSeries, RoleSeries, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.loss.parts.curve import train_loss
from runlens.rules.meaning import Advice, Part, Stage, Story
from runlens.rules.resume.parts.rate import schedule_ended
from runlens.rules.schedule.parts.few import not_lowered, zero_of_few
from runlens.rules.schedule.parts.resumed import at_resume, resumed_at, told_by_resume
from runlens.rules.shared.panels import TRAINING
from runlens.stats.changes.breaks import JUMP, Break, breaks
from runlens.stats.robust import median

OWN = 3
"""A jump that comes so often, and not at resumes, is the schedule."""
SAME_PEAK = 0.01
"""Warm restarts set the rate to one and the same peak, to this share of it: a cosine has lost 1 % after a sixteenth of
its cycle, and its first point may be logged as late."""
BACK = 0.75
"""Share of its peak that a rate reaches which goes back to it: a cosine that is followed again may start late."""
SAME_PACE = 0.1
"""Difference of the paces at which a rate rises between logged points up to which they are of one line."""
MIDWAY, FALLING = 1 / 3, 5
"""A warm restart comes when a cycle has ended. One from more than this share of the peak that it goes back to, out of a
rate that fell at each of so many logged points before, comes in the middle of one."""
LEARNS = 0.02
"""A training loss that falls by this share meanwhile shows that the rate is not zero, whatever the log says."""


class ScheduleEvidence(TypedDict):
    """What the rate did."""

    kind: str
    before: float
    extreme: float
    to_the_end: bool
    at_resume: bool
    groups: list[str]


GAP = 10.0
"""Usual intervals from one logged rate to the next beyond which steps are missing, as of LOG003."""


@dataclass(frozen=True)
class ScheduleBreak(Rule[ScheduleEvidence]):
    """The learning rate jumps, or falls to zero before the end, against its own schedule.

    What it does
    ------------
    Compares the learning rate with itself; no plan is needed. `error`: it is zero for `lasting` of the run, to the end.
    `warning`: it is zero for `zero` of the run; it jumps by half or more and is back within `short` of the run; it
    jumps above all that it was before; it falls and is warmed up again in mid-run; it goes back up at a resume (RES001
    says more of that, and then alone); or it comes down and climbs again smoothly to the end, as a schedule does that
    is stepped too often; or it goes back to its peak out of the middle of its way down. `info`: a restart up to where
    it had been at the end of a cycle, away from a resume, which is what SGDR does, or at
    one where the schedule had come to its end, so that the run was made longer; and a break in a few parameter groups
    only. Silent: constant, linear, cosine, step-decay, warmup-stable-decay, one-cycle
    and cyclic schedules, warm-ups of every kind, a lower rate after a rewind, whatever comes three times without a
    resume, and a rise across steps that are missing from the log. In four to seven points only a rate that is zero to
    the end is told, for half of the log and three points or more, while a training loss of four does not come down.

    Why it matters
    --------------
    A scheduler that was not restored with the checkpoint starts its warm-up over, or goes back to the peak: the loss
    jumps, and the rest of the budget is spent on the wrong curve. At a rate of zero every step costs full price and
    teaches nothing. Some ten steps at thirty times the rate can cost a run what a thousand steps do not bring back.

    What to do
    ----------
    Compare the scheduler's state in the checkpoint, its total steps and the number of its calls per optimizer step
    (gradient accumulation and several processes multiply them) with the config. Rewind to before a jump if the loss
    went with it.

    Settings
    --------
    zero : share of the run for which a rate of zero is a warning.
    lasting : share of the run for which a rate of zero to the end is an error.
    short : share of the run within which a jump must be undone to be a break that came back.

    References
    ----------
    Loshchilov & Hutter, SGDR (arXiv 1608.03983); Goyal et al. (arXiv 1706.02677) on warm-up, constant and gradual;
    Smith & Topin, one-cycle (arXiv 1708.07120); Hu et al., MiniCPM (arXiv 2404.06395) on warmup-stable-decay. On the
    12 public runs whose rate is logged (AlgoPerf, nanoGPT) it tells of warm restarts, as `info`, and of nothing else.
    """

    code = "LR001"
    name = "schedule-break"
    needs = ("learning_rate",)
    symptom = Symptom.SCHEDULE
    headline = "learning rate off its schedule"
    part = Part((Story.OPTIMISATION,), stage=Stage.SCHEDULE, spans=True)
    figure = Figure("peak", panels=("learning_rate",), beside=TRAINING, sudden=True)
    settles = False
    advice = Advice(
        "fix-on-the-fly",
        ("Compare the scheduler's state in the checkpoint with the config, and correct it before the next resume.",),
        ("Hugging Face smol training playbook, 'Staying the course'",),
    )

    zero: float = 0.02
    lasting: float = 0.05
    short: float = 0.1

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding per break, those of several parameter groups at one step together."""
        groups = [(role, _as_it_stands(role.series)) for role in run.every("learning_rate")]
        few = [(role, line, zero) for role, line in groups if (zero := zero_of_few(line)) is not None]
        groups = [(role, line) for role, line in groups if len(line) >= 8]
        if not groups:
            if few and not_lowered(run, few[0][2], few[0][1]):
                yield replace(self._finding(run, few, len(few)), severity=Severity.WARNING)
            else:
                why = "fewer than 8 finite points of learning rate: too few for a schedule"
                yield self.skip(why, kind="too-few-points")
            return
        told: dict[tuple[str, int], list[tuple[RoleSeries, PlacedSeries, Break]]] = {}
        for role, line in groups:
            resumed = resumed_at(run, role.series)
            for one in self._against_the_schedule(line, resumed):
                if at_resume(line, one, resumed) and told_by_resume(run, line, one):
                    continue
                told.setdefault((one.kind, int(line.step[one.first])), []).append((role, line, one))
        for _, alike in sorted(told.items(), key=lambda item: item[0][1]):
            yield self._finding(run, alike, len(groups))

    def _against_the_schedule(self, line: PlacedSeries, resumed: npt.NDArray[np.int64]) -> list[Break]:
        found = [b for b in breaks(line.step, line.value, self.short, self.zero) if not _after_a_gap(line, b)]
        away = [b for b in found if not at_resume(line, b, resumed)]
        often = {kind for kind, count in Counter(b.kind for b in away).items() if count >= OWN}
        own = {id(b) for b in away if b.kind in often or _to_its_peak(line, b) or _of_warm_up(line, b)}
        return [b for b in found if id(b) not in own]

    def _finding(self, run: Run, alike: list[tuple[RoleSeries, PlacedSeries, Break]], groups: int) -> Finding:
        role, line, one = alike[0]
        steps = int(line.step[one.first]), int(line.step[one.last])
        resumed = at_resume(line, one, resumed_at(run, role.series))
        to_the_end = one.last == len(line) - 1
        learns = one.kind == "zero" and _learns(run, steps)
        severity = Severity.WARNING
        longer = resumed and one.kind != "zero" and schedule_ended(line.value[: one.first], one.extreme)
        planned = one.kind == "restarted" and not resumed and not _midway(line, one)
        if planned or 2 * len(alike) < groups or learns or longer:
            severity = Severity.INFO
        elif one.kind == "zero" and to_the_end and steps[1] - steps[0] >= self.lasting * float(np.ptp(line.step)):
            severity = Severity.ERROR
        text = _message(one, steps, to_the_end)
        if resumed:
            text += ", where the run was resumed"
        if longer:
            text += "; the schedule had ended there, so the run was made longer"
        if len(alike) < groups:
            text += f" (in {len(alike)} of {groups} parameter groups)"
        if learns:
            text += "; the loss falls all the same, so the log may round the rate or show a group that is not trained"
        return self.finding(
            severity,
            line.name,
            steps,
            text,
            {
                "kind": one.kind,
                "before": one.before,
                "extreme": one.extreme,
                "to_the_end": to_the_end,
                "at_resume": resumed,
                "groups": [r.series.name for r, _, _ in alike],
            },
            _HELP[one.kind],
        )


_HELP = {
    "zero": "Compare the schedule's total steps with the steps that the run is to take.",
    "bump": "Find what set it: an override, a second scheduler, a group added late. Rewind if the loss went with it.",
    "dip": "Find what set it: an override, a second scheduler, a skipped call.",
    "rewarmed": "Check that the scheduler's state is saved and restored with the checkpoint.",
    "raised": "Compare with the config; if it was not meant, go back to the checkpoint before it.",
    "climbs": "Look at how often the scheduler is stepped: once a process or a micro-batch runs it past its end.",
    "restarted": "If no restart was planned here, check the scheduler's state in the checkpoint.",
}


def _message(one: Break, steps: tuple[int, int], to_the_end: bool) -> str:
    first, last = steps
    count = f"{last - first + 1:,} steps"
    change = f"from {one.before:.3g} to {one.extreme:.3g}"
    lasts = "and stays" if to_the_end else f"until step {last:,}"
    times = f" ({one.extreme / one.before:.3g} times)" if one.before > 0 else ""
    if one.kind == "zero" and one.before == 0:
        return f"the learning rate is zero throughout, from step {first:,} to {last:,}"
    if one.kind == "zero":
        ending = "to the end of the log" if to_the_end else f"until step {last:,}"
        return f"the learning rate is zero from step {first:,} {ending} ({count}; {one.before:.3g} before it)"
    return (
        "the learning rate "
        + {
            "bump": f"jumps {change}{times} at step {first:,} and is back after {count}",
            "dip": f"falls {change} at step {first:,} and is back after {count}",
            "rewarmed": f"falls {change} at step {first:,} and is warmed up again for {count}",
            "raised": f"jumps {change}{times} at step {first:,}, above all that it was before, {lasts}",
            "restarted": f"restarts at step {first:,}: {change}",
            "climbs": f"came down to {one.before:.3g} by step {first:,} and climbs again to {one.extreme:.3g}",
        }[one.kind]
    )


def _to_its_peak(line: PlacedSeries, one: Break) -> bool:
    """Whether the rate jumped to one and the same highest value `OWN` times: restarts, however long each cycle is."""
    before, after = line.value[:-1], line.value[1:]
    peak = float(line.value.max())
    jumps = (after > JUMP * before) & (after > (1.0 - SAME_PEAK) * peak)
    return one.extreme > (1.0 - SAME_PEAK) * peak and int(np.count_nonzero(jumps)) >= OWN


def _of_warm_up(line: PlacedSeries, one: Break) -> bool:
    """Whether a rise is one of a line that begins with the log: a warm-up in a few logged points."""
    first = one.first + 2  # one more than the rise itself
    if one.kind != "raised" or first > len(line):
        return False
    pace = np.diff(line.value[:first]) / np.diff(line.step[:first])
    return len(pace) > 1 and bool(pace.min() > 0.0) and float(pace.max()) <= (1.0 + SAME_PACE) * float(pace.min())


def _midway(line: PlacedSeries, one: Break) -> bool:
    """Whether a restart comes while the rate is on its way down, and far from its end."""
    way = line.value[max(one.first - FALLING, 0) : one.first]
    up = line.value[one.first] > one.before > MIDWAY * one.extreme
    peak = float(line.value[: one.first].max(initial=0.0))
    return bool(up and one.extreme > BACK * peak and len(way) == FALLING and np.all(np.diff(way) < 0))


def _as_it_stands(series: PlacedSeries) -> PlacedSeries:
    """The last write of each step up to the last step written, finite values only.

    What an attempt that was rewound had reached beyond that belongs to no schedule any more.
    """
    latest = series.latest()
    if not len(latest):
        return latest
    if int(latest.step[-1]) <= int(series.step[-1]):
        return latest.finite()
    return latest.where((latest.step <= series.step[-1]) & np.isfinite(latest.value))


def _learns(run: Run, steps: tuple[int, int]) -> bool:
    """Whether the training loss falls over these steps."""
    series = train_loss(run)
    if series is None:
        return False
    part = series.latest().between(*steps).value
    tenth = max(3, len(part) // 10)
    if len(part) < 4 * tenth:
        return False
    early, late = median(part[:tenth]), median(part[-tenth:])
    return bool(early > 0 and late < (1.0 - LEARNS) * early)


def _after_a_gap(line: PlacedSeries, one: Break) -> bool:
    """Whether a rise begins where steps are missing from the log: a schedule may go anywhere in those."""
    if one.first < 1 or one.kind not in ("bump", "raised"):
        return False
    change = np.diff(line.step)
    usual = np.median(change[change > 0]) if bool(np.any(change > 0)) else 1
    return bool(change[one.first - 1] > GAP * usual)
