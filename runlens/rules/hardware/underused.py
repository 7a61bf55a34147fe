"""HW003: GPUs that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, PlacedSeries, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.roles.rl import rl_sign
from runlens.rules.base import Rule
from runlens.rules.hardware.parts.devices import Stretch, clean, minutes, named, per_device, stretches
from runlens.rules.hardware.parts.meanwhile import SAID, slower_by, tie, trained
from runlens.rules.hardware.parts.spells import Spell, devices_of, parted, span_of, time_of, together, values_of
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import HARDWARE, MACHINES
from runlens.stats.robust import median
from runlens.stats.rolling import centred_median

_WINDOW = 5
"""Samples of the moving median: a single idle sample is chance."""
_ALIKE = 5.0
"""Points of percent between devices up to which one figure stands for all of them."""
_SLOWER, _PETTY = 0.05, 1.0
"""Share by which training was slower while the devices idled, and minutes that this cost, from which they are what it
lost: a speed that held shows that they were not needed."""
_GOING = 0.5
"""Share of a stretch in which a training must have been logged: else nobody asked the devices to work."""
_IDLE, _HELD, _LONG = 10.0, 20.0, 30.0
"""Percent of use and of the power limit below which a device rests, percent of its memory that a model holds (a toy
takes a few), and minutes: a device that rests for so long with a model on it trains nothing."""
_TOLD = 8
"""Devices whose figures are told one by one: those of one node."""


class UnderusedEvidence(TypedDict):
    """How little the devices did."""

    devices: list[str]
    utilization_percent: float
    utilization_by_device: dict[str, float]
    limit_percent: float
    minutes: float
    idle_gpu_hours: float
    trained_share: float | None
    throughput_lost: float | None
    data_time_s: float | None


@dataclass(frozen=True)
class GpuUnderused(Rule[UnderusedEvidence]):
    """A GPU is idle for much of the time, for long.

    What it does
    ------------
    Looks at utilisation (the share of time in which a kernel runs) after the start: from the first sample at or above
    `limit`, at the latest after `startup` minutes. Reports stretches in which its moving median over five samples and
    its mean are below `limit` for `minutes` and for at least a tenth of the log; devices that wait at the same time are
    one finding. A stretch ends where the sampler paused: between two sessions nobody looked. GPUs of the node that the
    run does not use are left out where a monitor tells (`gpu.process.N` of W&B). So is what was sampled after the last
    step: the training was over, and a notebook goes on to sample. It is a warning where training was 5 % slower
    meanwhile and lost a minute by it, or where its speed cannot be compared and `wasted` GPU hours were idle, or half
    an hour below a tenth of use for most of the log (the training may run on the CPU; of reinforcement learning only
    where a fifth of the memory is held at a tenth of the power). Else it is `info`: where training ran no slower, where
    none was logged for half of the time, of a device that never worked beside others that did (the run may not use it),
    and of reinforcement learning, which waits for its environment. Tensor-core activity and occupancy are not held
    against it: 30 % of those can be all that a model asks for.

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
    wasted : GPU hours that were idle from which it is a warning where nothing tells what it did to the speed. A small
        model leaves a GPU idle by its nature: of 16 warnings of public runs that a reader would not act on, ten were of
        such GPUs, for minutes to some hours.

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
    wasted: float = 10.0

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
        over = run.step_range()
        spells = [Spell(d, s, stretch) for d, s in series.items() for stretch in self._low(s)]
        spells = [s for s in spells if over is None or over[0] == over[1] or s.steps[0] < over[1]]
        for group in together(spells):
            yield self._finding(run, series, group)

    def _low(self, series: PlacedSeries) -> list[Stretch]:
        smooth = centred_median(series.value, _WINDOW)
        busy = np.flatnonzero(smooth >= self.limit)
        late = int(np.searchsorted(series.time, series.time[0] + 60.0 * self.startup))
        begin = min(int(busy[0]) if len(busy) else late, late)
        low = (smooth < self.limit) & (np.arange(len(series)) >= begin)
        whole = sum(minutes(series, s) for s in parted(series, [Stretch(0, len(series) - 1)]))
        return [
            s
            for s in parted(series, stretches(low))
            if s.points >= _WINDOW
            and minutes(series, s) >= max(self.minutes, 0.1 * whole)
            and float(np.mean(series.value[s.first : s.last + 1])) < self.limit
        ]

    def _else_busy(self, series: PlacedSeries, spells: list[Spell], device: str) -> bool:
        """Whether a device was busy when it was not in one of its spells."""
        rest = np.ones(len(series), dtype=np.bool_)
        for spell in spells:
            if spell.device == device:
                rest[spell.stretch.first : spell.stretch.last + 1] = False
        return median(series.value[rest]) >= self.limit

    def _finding(self, run: Run, series: dict[str, PlacedSeries], spells: list[Spell]) -> Finding:
        devices, span = devices_of(spells), span_of(spells)
        levels = {d: float(np.mean(values_of(spells, d))) for d in devices}
        worst = min(levels, key=lambda d: levels[d])
        begun, ended = time_of(spells)
        lasted = (ended - begun) / 60.0
        idle = sum(s.minutes / 60.0 * (1.0 - float(np.mean(s.value)) / 100.0) for s in spells)
        others = len(series) - len(devices)
        waiting = f"{named(devices)} of {len(series)} GPUs" if others else named(devices)
        # beside a rest that idled as well, such as the start of a run, the speed of a stretch tells nothing
        lost = slower_by(run, span) if self._else_busy(series[worst], spells, worst) else None
        going = trained(run, (begun, ended))
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
        wasted = f"{idle:.2g} GPU hours were idle"
        harmless, why = True, wasted
        if spare:
            why = f"{it} never worked, so the run may not use {them}"
        elif going < _GOING:
            why = f"{'nothing' if going <= 0 else 'little'} of a training was logged in that time"
        elif lost is not None and lost < _SLOWER:
            why = "training ran no slower meanwhile" if abs(lost) < SAID else ""
        elif lost is not None and lost * lasted < _PETTY:
            why = "that cost less than a minute"
        elif lost is None and lasted >= _LONG and (at_rest := _at_rest(run, series, spells)):
            harmless, why = False, f"{at_rest}: it may run on the CPU"
        elif lost is None and idle < self.wasted:
            why = f"{wasted}, and what that did to the speed is not known"
        elif lost is None and rl_sign(run.placed, run.axis_name):
            why = f"{wasted}, and what the policy does in its environment may take the time"
        else:
            harmless = False
        message += f"; {why}" if why else ""
        return self.finding(
            Severity.INFO if harmless else Severity.WARNING,
            series[worst].name,
            span,
            f"{message}.",
            {
                "devices": devices,
                "utilization_percent": levels[worst],
                "utilization_by_device": levels,
                "limit_percent": self.limit,
                "minutes": lasted,
                "idle_gpu_hours": idle,
                "trained_share": going if np.isfinite(going) else None,
                "throughput_lost": lost,
                "data_time_s": wait if np.isfinite(wait) else None,
            },
            "Find what the GPUs wait for: data, the host, another rank, or evaluation on one of them.",
        )


def _at_rest(run: Run, series: dict[str, PlacedSeries], spells: list[Spell]) -> str:
    """What tells that a training goes on while the devices do nothing for most of the log; empty if nothing."""
    logged = sum(len(series[d]) for d in devices_of(spells))
    if 2 * sum(s.stretch.points for s in spells) < logged:
        return ""
    if max(float(np.mean(values_of(spells, d))) for d in devices_of(spells)) >= _IDLE:
        return ""
    if not rl_sign(run.placed, run.axis_name):
        return "a training was logged meanwhile"
    held: list[float] = []
    drawn: list[float] = []
    for device in devices_of(spells):
        for role, into in (("gpu_memory", held), ("gpu_power", drawn)):
            shares = [r for r in run.every(role) if r.device == device and r.unit == "%" and not r.metric_kind]
            into += [median(r.series.value) for r in shares[:1]]
    if not (held and drawn and min(held) >= _HELD and max(drawn) < _IDLE):
        return ""
    return f"{percent(min(held) / 100)} of the memory was held at {percent(max(drawn) / 100)} of the power"


def _each(levels: dict[str, float]) -> str:
    """Such as `GPU 0 12 %, GPU 1 40 %`, the idlest first."""
    order = sorted(levels, key=lambda d: levels[d])
    told = ", ".join(f"{named([d])} {percent(levels[d] / 100.0)}" for d in order[:_TOLD])
    return told if len(order) <= _TOLD else f"{told} and {len(order) - _TOLD} more"
