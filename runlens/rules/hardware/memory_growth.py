"""HW002: GPU or host memory that keeps growing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, RoleSeries, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.hardware.parts.devices import clean, named, per_device
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import HARDWARE, MACHINES
from runlens.rules.throughput.parts.cost import total_steps
from runlens.rules.throughput.parts.words import duration
from runlens.stats.robust import Floats, difference_sigma, theil_sen
from runlens.stats.rolling import block_median

_BLOCKS = 10
"""Blocks of a log with points enough."""
_FEW_BLOCKS = 4
"""Blocks of the shortest: three of three changes must then go up, none of them half of all."""
_POINTS = 3
"""Points of a block: its median needs as many to leave one wild sample out."""
_DEVICE_GB = (8, 11, 12, 16, 24, 32, 40, 48, 64, 80, 94, 96, 128, 141, 180, 192, 288)
"""Memory of common accelerators, GB: where the log does not tell, the next one above the peak is taken."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A trend that has not stopped."""

    device: str
    source: RoleSeries
    per_step: float
    """Growth of the later half in the series' unit for each step."""
    first: float
    last: float
    steps: tuple[int, int]
    step_seconds: float
    """Seconds of a step by the clock, pauses included; NaN without wall times."""


class MemoryEvidence(TypedDict):
    """How much is held, and when that is all."""

    devices: list[str]
    first: float
    last: float
    unit: str
    per_1000_steps: float
    steps_until_full: int | None
    full_at_step: int | None
    capacity: float | None
    capacity_assumed: bool


_BEYOND = 1.2
"""Times the planned end until which memory must last: a plan is met late, and evaluated after."""
_MUCH = 1.3
"""Times the level before from which growth is worth acting on where the size of the memory is only assumed: of a run
without a plan it must then be full after as long again."""
_DONE = 0.95
"""Share of the planned steps from which a run is over."""
_ALMOST = 0.9
"""Share of the memory at the end of a run that is over from which the next one may not fit."""


@dataclass(frozen=True)
class MemoryGrowth(Rule[MemoryEvidence]):
    """GPU or host memory keeps growing: it will run out.

    What it does
    ------------
    Cuts what follows the first tenth of the log into ten blocks (fewer, down to four, where a block would hold less
    than three samples) and takes their medians, so that evaluations
    and checkpoints that need more for a moment do not show. A finding needs a growth of `growth` over the level
    before, of six standard deviations of the blocks, spread over the blocks (no single jump makes half of it: the
    first evaluation, a longer sequence or the allocator's cache make one step up and stay there), and going on: the
    last third and the last fifth still grow at half the mean rate or more. It says how fast, and when
    the memory will be full, if its size is known from a percentage in the log or from `capacity_gb`; else when the next
    common size of device would be. It is a warning where that threatens the run: where the size is known and the memory
    will be full before the run ends; or where it is only assumed, and the growth is 30 % of the level before. Else it
    is `info`, and so is what grew in a run that is over, unless it ended at nine tenths of the memory.

    Why it matters
    --------------
    A leak ends the run with an out-of-memory error, often at night, often between two checkpoints; a host that swaps
    slows every rank before that.

    What to do
    ----------
    GPU: look for tensors kept over steps (losses added up without `.item()`, hooks, growing caches), for
    fragmentation (`PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True`) and sequence lengths that grow. Host:
    data-loader workers, pinned buffers, loggers. Checkpoint and restart before it is full: a restart frees it.

    Settings
    --------
    growth : smallest growth as a share of the level after the first tenth (0.1 is 10 %).
    soon : it is an error if it will be full within this share of the steps that the run has done.
    horizon : without a planned end it is a warning if it will be full within so many times the steps that the run has
        done; with one, if it will be full before a fifth beyond it.
    capacity_gb : memory of one GPU in GB, where the log does not tell; 0 if not known.
    points : fewest samples.

    References
    ----------
    PyTorch CUDA semantics, "Memory management" (the caching allocator grows in steps and keeps what it has). Medians of
    blocks and the slope by Theil (1950) and Sen (1968). No alarm on real runs whose memory doubles at the first
    evaluation.
    """

    code = "HW002"
    name = "memory-growth"
    needs = ("gpu_memory|host_memory",)
    symptom = Symptom.MACHINE
    part = Part((Story.SPEED,), stage=Stage.HARDWARE, place=4, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=HARDWARE, beside=MACHINES)
    settles = False
    advice = Advice(measures=("Find what is kept over steps, and start again from a checkpoint before it is full.",))

    growth: float = 0.1
    soon: float = 0.25
    horizon: float = 2.0
    capacity_gb: float = 0.0
    points: int = 15

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield at most one finding for the GPUs and one for the host."""
        enough = False
        for role, kinds in (("gpu_memory", ("", "free")), ("host_memory", ("",))):
            found: list[Growth] = []
            for kind in kinds:
                for device, r in per_device(run, role, kind).items():
                    enough = enough or len(r.series) >= self.points
                    growth = self._growth(device, r, -1.0 if kind == "free" else 1.0)
                    if growth is not None and device not in [g.device for g in found]:
                        found.append(growth)
            if found:
                yield self._finding(run, role, found)
        if not enough:
            yield self.skip(f"fewer than {self.points} samples of memory were logged", kind="too-few-points")

    def _growth(self, device: str, r: RoleSeries, sign: float) -> Growth | None:
        series = clean(r.series).latest()
        if len(series) < self.points:
            return None
        series = series.take(series.step >= series.step[0] + (series.step[-1] - series.step[0]) // 10)
        count = min(len(series) // _POINTS, _BLOCKS)
        if count < _FEW_BLOCKS or series.step[-1] <= series.step[0]:
            return None
        size = len(series) // count
        # the newest points are all in, the oldest may be left out: what counts is whether it goes on
        first_step = int(series.step[0])
        series = series.take(slice(len(series) - count * size, None))
        blocks = sign * block_median(series.value, size)[:count]
        total = float(blocks[-1] - blocks[0])
        level = abs(float(blocks[0])) if sign > 0 else abs(float(series.value.max()))
        # what the noise of single samples leaves on a block's median
        noise = difference_sigma(series.value) / math.sqrt(size)
        if total < max(self.growth * level, 6.0 * noise) or not _steady(blocks, total):
            return None
        late = series.take(slice(len(series) // 2, None))
        slope, _ = theil_sen(late.step.astype(np.float64), sign * late.value)
        if not slope > 0:
            return None
        first, last = float(abs(blocks[0])), float(abs(blocks[-1]))
        took = float(series.time[-1] - series.time[0]) / float(series.step[-1] - series.step[0])
        return Growth(device, r, slope, first, last, (first_step, int(series.step[-1])), took)

    def _finding(self, run: Run, role: str, found: list[Growth]) -> Finding:
        found.sort(key=lambda g: -g.per_step)
        worst = found[0]
        devices = [g.device for g in found]
        what = "Host memory" if role == "host_memory" else f"Memory of {named(devices)}"
        capacity, assumed = self._capacity(run, worst) if role == "gpu_memory" else _host_capacity(worst)
        left = _steps_left(worst, capacity)
        full = worst.steps[1] + left if left is not None else None
        span = run.step_range() or worst.steps
        done = max(span[1] - span[0], 1)
        planned = total_steps(run)
        soon = left is not None and not assumed and left <= self.soon * done
        until = (1.0 if assumed else self.horizon) * done if planned is None else _BEYOND * planned - worst.steps[1]
        over = run.state == "finished" or (planned is not None and worst.steps[1] >= _DONE * planned)
        if left is None:
            why = "how much there is was not logged"
        elif over and (assumed or not _is_almost_full(worst, capacity)):
            why = "the run is over before that"
        elif left > until:
            why = "that is long after the steps done so far"
            why = f"that is after the planned end at {planned:,}" if planned is not None else why
        elif assumed and worst.last < _MUCH * worst.first:
            why = "which device it is was not logged"
        else:
            why = ""
        free = worst.source.metric_kind == "free"
        verb = "shrank: free memory went" if free else "grew"
        message = (
            f"{what} {verb} from {_amount(worst.first, worst.source.unit)} to {_amount(worst.last, worst.source.unit)}"
            f" and goes on at {_amount(1000 * worst.per_step, worst.source.unit)} per 1,000 steps"
        )
        if full is not None and left is not None:
            size = "it" if worst.source.unit == "%" or free else f"{capacity / 1e9:.0f} GB"
            hours = left * worst.step_seconds / 3600.0
            message += f"; {'a device of ' if assumed else ''}{size} is full at about step {full:,}"
            message += f", {duration(3600.0 * hours)} on" if hours > 0 else ""
        message += f"; {why}" if why else ""
        severity = Severity.ERROR if soon and not over else Severity.WARNING
        return self.finding(
            Severity.INFO if why else severity,
            worst.source.series.name,
            worst.steps,
            f"{message}.",
            {
                "devices": devices,
                "first": worst.first,
                "last": worst.last,
                "unit": worst.source.unit,
                "per_1000_steps": 1000 * worst.per_step,
                "steps_until_full": left,
                "full_at_step": full,
                "capacity": capacity if capacity else None,
                "capacity_assumed": assumed,
            },
            "Find what is kept over steps; checkpoint and restart before it is full.",
        )

    def _capacity(self, run: Run, worst: Growth) -> tuple[float, bool]:
        """Capacity in the series' unit and whether it is only assumed; 0 if nothing is known."""
        if worst.source.metric_kind == "free":
            return 0.0, False
        if worst.source.unit == "%":
            return 100.0, False
        if self.capacity_gb > 0:
            return self.capacity_gb * 1e9, False
        for r in run.every("gpu_memory"):
            if r.unit == "%" and r.device == worst.device and not r.metric_kind and len(r.series):
                share = float(clean(r.series).value[-1]) / 100.0
                if share > 0.01:
                    return worst.last / share, False
        size = next((gb for gb in _DEVICE_GB if gb * 1e9 > 1.02 * worst.last), 0)
        return size * 1e9, True


def _steady(blocks: Floats, total: float) -> bool:
    """Whether a growth is spread over the blocks and goes on to the end."""
    changes = np.diff(blocks)
    third = len(blocks) // 3
    late = float(blocks[-1] - blocks[-1 - third]) / third
    mean = total / len(changes)
    ended = float(blocks[-1] - blocks[-3]) / 2.0
    goes_on = min(late, ended) >= 0.5 * mean
    return bool(changes.max() < 0.5 * total and float(np.mean(changes > 0)) >= 0.75 and goes_on)


def _is_almost_full(worst: Growth, capacity: float) -> bool:
    """Whether memory of a known size stands at `_ALMOST` of it. Of free memory the size is what was free at first."""
    if worst.source.metric_kind == "free":
        return worst.last <= (1.0 - _ALMOST) * worst.first
    return worst.last >= _ALMOST * capacity


def _host_capacity(worst: Growth) -> tuple[float, bool]:
    return (100.0, False) if worst.source.unit == "%" else (0.0, False)


def _steps_left(worst: Growth, capacity: float) -> int | None:
    if worst.source.metric_kind == "free":
        return max(round(worst.last / worst.per_step), 0)
    return max(round((capacity - worst.last) / worst.per_step), 0) if capacity > worst.last else None


def _amount(value: float, unit: str) -> str:
    return f"{value:.3g} %" if unit == "%" else f"{value / 1e9:.3g} GB"
