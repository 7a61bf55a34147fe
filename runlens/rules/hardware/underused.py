"""HW003: GPUs that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.hardware.parts.devices import (
    Stretch,
    clean,
    minutes,
    named,
    overlapping,
    per_device,
    slower_by,
    steps_of,
    stretches,
    tie,
)
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import HARDWARE, MACHINES
from runlens.stats.robust import median
from runlens.stats.rolling import centred_median

_WINDOW = 5
"""Samples of the moving median: a single idle sample is chance."""
_ALIKE = 5.0
"""Points of percent between devices up to which one figure stands for all of them."""
_FASTER = 0.02
"""Share by which training was faster while the devices idled, from which they were not what it waited for: below it is
the noise of a step's time."""
_TOLD = 8
"""Devices whose figures are told one by one: those of one node."""


class UnderusedEvidence(TypedDict):
    """How little the devices did."""

    devices: list[str]
    utilization_percent: float
    utilization_by_device: dict[str, float]
    limit_percent: float
    minutes: float
    throughput_lost: float | None
    data_time_s: float | None


@dataclass(frozen=True)
class GpuUnderused(Rule[UnderusedEvidence]):
    """A GPU is idle for much of the time, for long.

    What it does
    ------------
    Looks at utilisation (the share of time in which a kernel runs) after the start: from the first sample at or above
    `limit`, at the latest after `startup` minutes. Reports stretches in which its moving median over five samples is
    below `limit` for `minutes` and for at least a tenth of the log; devices that wait in the same steps are one
    finding. GPUs of the node that the run does not use are left out where a monitor tells (`gpu.process.N` of W&B).
    So is what was sampled after the last step: the training was over, and a notebook goes on to sample. `info` where
    training was faster meanwhile, and of a device that never worked beside others that did: the run may not use it.
    Tensor-core activity and occupancy are not held against it: 30 % of those can be all that a model asks for.

    Why it matters
    --------------
    A GPU that waits costs as much as one that works. High utilisation proves little (a kernel that waits for the
    network counts as running); low utilisation always means that something else is the bottleneck.

    What to do
    ----------
    Look at the time for data (workers, storage, tokenising on the fly), at host-bound launches (small kernels: compile,
    CUDA graphs, a larger micro-batch), at evaluation and checkpoints on one rank, and at stragglers.

    Settings
    --------
    limit : utilisation in percent below which a GPU is underused.
    minutes : shortest stretch that is reported.
    startup : minutes at the start that may be idle (loading, compiling).

    References
    ----------
    NVML `nvmlUtilization_t.gpu`: percent of time in which one or more kernels ran. Watched by the smol training
    playbook. 50 % is far below what a GPU-bound run shows (75 % and more even for a model of 12 M parameters).
    """

    code = "HW003"
    name = "gpu-underused"
    needs = ("gpu_utilization",)
    symptom = Symptom.MACHINE
    part = Part((Story.SPEED,), stage=Stage.WAITING, extent=Extent.WHOLE_ABOVE_INFO, shown_by=("gpu_utilization",))
    figure = Figure(panels=HARDWARE, beside=MACHINES)
    settles = False
    advice = Advice(
        with_loader="Find what the devices wait for: the data loader, the network or another rank.",
        without_loader="Find what the devices wait for: an environment, the CPU, the network or another rank.",
    )

    limit: float = 50.0
    minutes: float = 10.0
    startup: float = 10.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each stretch of low utilisation."""
        series = {device: clean(r.series) for device, r in per_device(run, "gpu_utilization").items()}
        series = {device: s for device, s in series.items() if len(s) >= 2 * _WINDOW}
        if not series:
            yield self.skip("no utilisation of a GPU with at least ten samples was logged", kind="too-few-points")
            return
        if not any(bool(np.isfinite(s.time).all()) for s in series.values()):
            yield self.skip(
                "the utilisation has no wall times, so how long it was low is not known", kind="too-few-points"
            )
            return
        spans = [(d, steps_of(s, stretch)) for d, s in series.items() for stretch in self._low(s)]
        over = run.step_range()
        spans = [(d, span) for d, span in spans if over is None or over[0] == over[1] or span[0] < over[1]]
        for devices, span in overlapping(spans):
            yield self._finding(run, series, devices, span)

    def _low(self, series: PlacedSeries) -> list[Stretch]:
        smooth = centred_median(series.value, _WINDOW)
        busy = np.flatnonzero(smooth >= self.limit)
        late = int(np.searchsorted(series.time, series.time[0] + 60.0 * self.startup))
        begin = min(int(busy[0]) if len(busy) else late, late)
        low = (smooth < self.limit) & (np.arange(len(series)) >= begin)
        whole = float(series.time[-1] - series.time[0]) / 60.0
        return [
            s for s in stretches(low) if s.points >= _WINDOW and minutes(series, s) >= max(self.minutes, 0.1 * whole)
        ]

    def _finding(self, run: Run, series: dict[str, PlacedSeries], devices: list[str], span: tuple[int, int]) -> Finding:
        inside = {d: series[d].value[(series[d].step >= span[0]) & (series[d].step <= span[1])] for d in devices}
        levels = {d: median(v) for d, v in inside.items()}
        worst = min(levels, key=lambda d: levels[d])
        own = series[worst]
        within = own.time[(own.step >= span[0]) & (own.step <= span[1])]
        lasted = float(within[-1] - within[0]) / 60.0
        others = len(series) - len(devices)
        waiting = f"{named(devices)} of {len(series)} GPUs" if others else named(devices)
        lost = slower_by(run, span)
        data = run.role("data_time")
        wait = median(clean(data.series).between(*span).value) if data is not None else float("nan")
        each = "" if len(devices) == 1 or np.ptp(list(levels.values())) < _ALIKE else f" ({_each(levels)})"
        most = "" if not each else "at most "
        level = max(levels.values()) if each else levels[worst]
        message = (
            f"{waiting} {'was' if len(devices) == 1 else 'were'} busy for only {most}{percent(level / 100.0)} of "
            f"the time over {lasted:.0f} minutes (below {self.limit:g} %){each}{tie(lost)}"
        )
        message += f"; loading data took {wait:.3g} s a step" if np.isfinite(wait) and wait > 0 else ""
        spare = bool(others) and all(
            float(centred_median(series[d].value, _WINDOW).max()) < self.limit for d in devices
        )
        it, them = ("it", "it") if len(devices) == 1 else ("they", "them")
        message += f"; {it} never worked, so the run may not use {them}" if spare else ""
        costs = not spare and (lost is None or lost > -_FASTER)
        return self.finding(
            Severity.WARNING if costs else Severity.INFO,
            series[worst].name,
            span,
            f"{message}.",
            {
                "devices": devices,
                "utilization_percent": levels[worst],
                "utilization_by_device": levels,
                "limit_percent": self.limit,
                "minutes": lasted,
                "throughput_lost": lost,
                "data_time_s": wait if np.isfinite(wait) else None,
            },
            "Find what the GPUs wait for: data, the host, another rank, or evaluation on one of them.",
        )


def _each(levels: dict[str, float]) -> str:
    """Such as `GPU 0 12 %, GPU 1 40 %`, the idlest first."""
    order = sorted(levels, key=lambda d: levels[d])
    told = ", ".join(f"{named([d])} {percent(levels[d] / 100.0)}" for d in order[:_TOLD])
    return told if len(order) <= _TOLD else f"{told} and {len(order) - _TOLD} more"
