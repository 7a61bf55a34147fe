"""One rank or GPU that is slower than its peers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypedDict

import numpy as np
import numpy.typing as npt

from runlens.model import Figure, Finding, RoleSeries, Run, Severity, Skip, Symptom
from runlens.model.words import percent, role_words
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import MACHINES, SPEEDS
from runlens.rules.throughput.parts.cost import GPU_MINUTE
from runlens.rules.throughput.parts.words import amount
from runlens.stats.distinct import distinct
from runlens.stats.ranks import Laggard, laggards
from runlens.stats.robust import Floats, median
from runlens.stats.rolling import block_median

TIMES = ("step_time", "data_time", "checkpoint_time")
"""Roles in which slower is larger."""
WORK = re.compile(r"(forward|backward|fwd|bwd|compute|kernel)(?!.*(wait|sync|comm|reduce|gather|barrier|idle|bubble))")
"""Timers of a rank's own work. In synchronous training the step times of all ranks are alike, because all wait for the
slowest; its own work tells it. Time spent in waiting tells the opposite, and is left out."""
RATES = ("tokens_per_second", "samples_per_second", "tflops", "mfu")
"""Roles in which slower is smaller."""
PARTS = ("data_time", "other")
"""Timers of a part of the step: how much of it the others wait for is not known."""
FEWEST_RANKS = 4
"""Of three ranks two may be slow together, and then the healthy one stands out."""


class StragglerEvidence(TypedDict):
    """Which rank lags, and how far."""

    device: str
    ranks: int
    ratio: float
    percent_slower: float
    sigmas: float
    role: str
    median_time: float | None
    hours_lost: float | None
    gpu_hours_lost: float | None


@dataclass(frozen=True)
class Straggler(Rule[StragglerEvidence]):
    """One rank is slower than its peers.

    What it does
    ------------
    Where ranks or GPUs log a time or a rate of their own (step, data, forward, backward, compute), medians over windows
    of `window` points are held against the median of all ranks in the same window. A rank is a straggler when it is
    slower by `ratio` and by `sigmas` robust deviations of the ranks in `windows` windows in a row.

    Why it matters
    --------------
    In synchronous training all ranks wait for the slowest: one GPU that is 8 % slow costs 8 % of all of them, and the
    mean over ranks hides it.

    What to do
    ----------
    Look at that rank's GPU (clocks, temperature, ECC errors), its node (CPU load, PCIe width) and its links; take the
    node out and put it through a burn-in before it comes back.

    Settings
    --------
    ratio : float
        Least time over the median of the ranks (1.05 is 5 % slower).
    sigmas : float
        Least distance from the median in robust deviations of the ranks.
    windows : int
        Windows in a row.
    window : int
        Logged points in a window; fewer in a short log, so that there are eight windows.
    error_ratio : float
        Ratio from which it is an error.
    petty_share, petty_seconds : float
        A rank that cost less than this share of the run's time and less than so many seconds is `info`.

    References
    ----------
    Jiang et al. (2024), MegaScale, NSDI, section 5: stragglers of about 6 % found by heat maps of per-rank times;
    NVIDIA Resiliency Extension, straggler detection (relative score below 0.75); DLRover, slow nodes above twice the
    median.
    """

    code: ClassVar[str] = "TPUT006"
    name: ClassVar[str] = "straggler"
    symptom = Symptom.SLOW
    part = Part((Story.SPEED,), opens=True, stage=Stage.SPEED, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=SPEEDS, beside=MACHINES)
    advice = Advice(measures=("Replace the slow rank's node.",))

    ratio: float = 1.05
    sigmas: float = 6.0
    windows: int = 3
    window: int = 20
    error_ratio: float = 1.2
    petty_share: float = 0.01
    petty_seconds: float = 60.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each rank and timer that lags; a skip if no rank logs its own times."""
        work = tuple(r for r in run.every("other") if WORK.search(r.series.name.lower()))
        kinds = (*(run.every(role) for role in (*TIMES, *RATES)), work)
        groups = [g for kind in kinds for g in _by_metric(kind) if len(g) >= FEWEST_RANKS]
        if not groups:
            yield self.skip(
                f"no times or rates of {FEWEST_RANKS} or more ranks or GPUs were logged", kind="missing-role"
            )
            return
        found = [f for group in groups for f in self._of_group(run, group)]
        yield from sorted(found, key=lambda f: f.steps or (0, 0))

    def _of_group(self, run: Run, group: list[RoleSeries]) -> Iterator[Finding]:
        step, values = aligned(group)
        size = int(np.clip(len(step) // 8, 1, self.window))
        if len(step) < 8:
            return
        times = np.array([block_median(v, size) for v in (1.0 / values if group[0].role in RATES else values)])
        for lag in laggards(times, self.ratio, self.sigmas, self.windows):
            first, last = int(step[lag.first * size]), int(step[min((lag.last + 1) * size, len(step)) - 1])
            yield self._finding(run, group, lag, first, last, median(times[:, lag.first : lag.last + 1].ravel()))

    def _finding(self, run: Run, group: list[RoleSeries], lag: Laggard, first: int, last: int, usual: float) -> Finding:
        slow = group[lag.rank]
        of_time = slow.role not in RATES
        role = slow.series.name if slow.role == "other" else role_words(slow.role)
        what = role if of_time else f"time at its {role}"
        message = (
            f"{slow.device} is {percent(lag.ratio - 1.0)} slower than the median of {len(group)} in {what} "
            f"from step {first:,} to {last:,}"
        )
        hours = _hours(run, first, last) * (1.0 - 1.0 / lag.ratio) if slow.role not in PARTS else float("nan")
        gpus = run.hardware_count or len(group)
        if np.isfinite(hours):
            counted = hours * gpus >= GPU_MINUTE
            lost = amount(hours * gpus, "GPU hours") if counted else amount(hours, "hours")
            message += f"; {lost} lost if the others wait for it"
        evidence: StragglerEvidence = {
            "device": slow.device,
            "ranks": len(group),
            "ratio": lag.ratio,
            "percent_slower": 100.0 * (lag.ratio - 1.0),
            "sigmas": lag.sigmas,
            "role": slow.role,
            "median_time": usual if of_time else None,
            "hours_lost": hours if np.isfinite(hours) else None,
            "gpu_hours_lost": hours * gpus if np.isfinite(hours) else None,
        }
        severity = Severity.ERROR if lag.ratio >= self.error_ratio else Severity.WARNING
        if self._is_petty(run, group, 3600.0 * hours):
            severity = Severity.INFO
        help = "look at that GPU's clocks, temperature and ECC errors, and its node's CPU load and links; swap the node"
        return self.finding(severity, slow.series.name, (first, last), message, evidence, help)

    def _is_petty(self, run: Run, group: list[RoleSeries], seconds: float) -> bool:
        """Whether waiting for it cost little; False where the log does not tell what it cost."""
        step = group[0].series.step
        share = self.petty_share * 3600.0 * _hours(run, int(step.min()), int(step.max()))
        return bool(seconds < self.petty_seconds and seconds < share)


def _by_metric(group: tuple[RoleSeries, ...]) -> list[list[RoleSeries]]:
    """The series of ranks and GPUs, those of one timer together: their names differ in numbers only."""
    out: dict[str, list[RoleSeries]] = defaultdict(list)
    for r in group:
        if r.device and r.split == "train" and len(r.series):
            out[re.sub(r"\d+", "#", r.series.name)].append(r)
    return list(out.values())


def aligned(group: list[RoleSeries]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Values of all series at the steps that at least half of them logged.

    Returns
    -------
    (step, values)
        Shapes (n,) and (ranks, n); NaN where a series has no value at the step, or none that is positive.
    """
    latest = [r.series.latest() for r in group]
    step = latest[0].step
    if all(len(s) == len(step) and bool(np.array_equal(s.step, step)) for s in latest[1:]):
        values = np.array([s.value for s in latest])
    else:
        logged = np.sort(np.concatenate([s.step for s in latest]))
        step = distinct(logged)
        count = np.searchsorted(logged, step, side="right") - np.searchsorted(logged, step)
        step = step[2 * count >= len(group)]
        values = np.full((len(group), len(step)), np.nan)
        for row, s in zip(values, latest, strict=True):
            known = s.take(np.isin(s.step, step))
            row[np.searchsorted(step, known.step)] = known.value
    return step, np.where(values > 0, values, np.nan)


def _hours(run: Run, first: int, last: int) -> float:
    """Wall time between two steps in hours, NaN if unknown."""
    begin, end = run.time_at([first, last])
    return float(end - begin) / 3600.0
