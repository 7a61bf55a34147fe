"""HW001: a GPU too hot, or hotter and hotter at the same power."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

import numpy as np

from runlens.growing import places
from runlens.model import Figure, Finding, RoleSeries, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.hardware.parts.advice import DRAIN
from runlens.rules.hardware.parts.devices import at_steps, clean, named, per_device, stretches_at
from runlens.rules.hardware.parts.meanwhile import SAID, clock_fell, slower_by, tie
from runlens.rules.hardware.parts.spells import Spell, devices_of, parted, span_of, together, values_of
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import HARDWARE, MACHINES
from runlens.stats.robust import difference_sigma, median, theil_sen
from runlens.stats.rolling import block_median

_APPLE = re.compile(r"(^|[._/])(ane[._]power|[ep]cpu_(freq|percent))", re.IGNORECASE)
"""What W&B logs of an Apple chip alone: its neural engine, its efficient and its fast cores."""
NEAR = 5.0
"""Degrees below the limit from which a drift threatens the run: one that stands far from it is only worth knowing."""
BURNS = 5.0
"""Degrees above the critical temperature from which it is an error at any speed: cards shut down there."""
HOT_MEMORY = 10.0
"""Degrees above its own limit from which memory is too hot whatever it did: GDDR6X slows down at 110 by itself."""
_BLOCKS = 12
"""Blocks into which a run is cut to see a drift."""


class HeatEvidence(TypedDict):
    """A limit that was passed, or a drift."""

    kind: Literal["limit", "drift"]
    devices: list[str]
    throughput_lost: float | None
    clock_lost: NotRequired[float | None]
    part: NotRequired[str]
    peak_c: NotRequired[float]
    limit_c: NotRequired[float]
    share_of_samples_above: NotRequired[float]
    rise_c: NotRequired[float]
    degrees_per_hour: NotRequired[float]
    watts: NotRequired[float]


@dataclass(frozen=True)
class GpuOverheating(Rule[HeatEvidence]):
    """A GPU is above its temperature limit, or drifts up although it draws no more power.

    What it does
    ------------
    Reports every stretch of at least three samples, and of `minutes` where wall times are known, in which a GPU's core
    is at or above `limit` or its memory at or above `memory_limit`; devices that are hot at the same time are one
    finding, and a pause of the sampler ends a stretch. It is a warning where the training was slower meanwhile or the
    clocks of the GPU lower, or from `critical` up in three samples (memory: 10 degrees above its limit); from
    `critical` up an error, unless clock or speed are known and held below 5 degrees more. Else it is `info`: a card
    that regulates itself stands at its limit at full speed. Besides, where power is logged and the log covers
    `drift_minutes`: the temperature less what the change in power explains, in twelve blocks after the first tenth; a
    rise of `drift` degrees that goes on over the blocks is a drift, such as a failing fan, a clogged filter or a
    cooling loop; a warning where it came within 5 degrees of `limit` or training was slower. The limits are those of
    cards with a fan or a cold plate of their own; a laptop's chip (Apple) runs at 90 and above by design and slows down
    without being asked, and only its drift is judged.

    Why it matters
    --------------
    Above its limit a GPU slows its clocks by itself, and in synchronous training all others wait for it; memory that is
    too hot also makes more errors. A drift says so hours before.

    What to do
    ----------
    Look at the node: air flow, fans, inlet temperature, coolant, neighbours. Cap the power (`nvidia-smi -pl`) to go on,
    or move the job off the node. If throughput did not move, there is time until the next checkpoint.

    Settings
    --------
    limit : core temperature in degrees C that is too hot.
    critical : core temperature in degrees C from which it is too hot whatever it did.
    memory_limit : memory (HBM) temperature in degrees C that is too hot.
    minutes : shortest stretch that is reported, where wall times are known.
    drift : rise in degrees C at equal power that is a drift.
    drift_minutes : shortest log in which a drift is looked for (warming up takes minutes, not hours).

    References
    ----------
    `nvidia-smi -q -d TEMPERATURE` of an A100 SXM4: maximum operating temperature 85 C, slowdown 89 C, shutdown 92 C,
    memory 95 C; data-centre parts since slow down between 83 and 90 C. NVIDIA support answer 2752 on maximum operating
    temperature. Smol training playbook, "Staying the course", on watching temperatures and alerts for them.
    """

    code = "HW001"
    name = "gpu-overheating"
    needs = ("gpu_temperature",)
    symptom = Symptom.MACHINE
    part = Part(
        (Story.SPEED,), stage=Stage.HARDWARE, place=1, extent=Extent.WHOLE_ABOVE_INFO, shown_by=("gpu_temperature",)
    )
    figure = Figure(panels=HARDWARE, beside=MACHINES)
    settles = False
    advice = Advice(measures=(DRAIN,))

    limit: float = 85.0
    critical: float = 90.0
    memory_limit: float = 95.0
    minutes: float = 1.0
    drift: float = 8.0
    drift_minutes: float = 60.0

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each stretch above a limit, and one for each device that drifts."""
        apple = any(_APPLE.search(name) for name in run.placed)
        found = [] if apple else [*self._above(run, "", self.limit, "core")]
        found += self._above(run, "hbm", self.memory_limit, "memory")
        # of a card above its limit that kept its speed the drift says more than the limit
        grave = [f for f in found if f.severity.rank >= Severity.WARNING.rank]
        hot = {device for f in grave for device in f.evidence["devices"]}  # type: ignore[attr-defined]
        found += self._drifts(run, hot)
        yield from sorted(found, key=lambda f: f.steps or (0, 0))

    def _above(self, run: Run, kind: str, limit: float, part: str) -> Iterator[Finding]:
        spells: list[Spell] = []
        logged = {device: clean(r.series) for device, r in per_device(run, "gpu_temperature", kind).items()}
        for device, series in logged.items():
            hot = places(("at or above", limit), (series.value,), lambda value: value >= limit)
            found = [Spell(device, series, stretch) for stretch in parted(series, stretches_at(hot))]
            spells += [s for s in found if s.stretch.points >= 3 and not s.minutes < self.minutes]
        for group in together(spells):
            devices, span = devices_of(group), span_of(group)
            inside = {device: values_of(group, device) for device in devices}
            hottest = max(devices, key=lambda d: float(inside[d].max()))
            peak = float(inside[hottest].max())
            lost, fell = slower_by(run, span), clock_fell(run, group)
            most = self.critical if part == "core" else limit + HOT_MEMORY
            severe = any(int((value >= most).sum()) >= 3 for value in inside.values())  # one sample may be a glitch
            slowed = (lost or 0.0) >= SAID or (fell is not None and fell.counts)
            held = (lost is not None or fell is not None) and not slowed
            severity = Severity.WARNING if slowed or severe else Severity.INFO
            if severe and part == "core" and (not held or peak >= self.critical + BURNS):
                severity = Severity.ERROR
            message = f"The {part} of {named(devices)} stood at or above {limit:g} °C, with a peak of {peak:.0f} °C"
            message += f"{f' on {named([hottest])}' if len(devices) > 1 else ''}{tie(lost)}"
            message += (
                f"; its clock was {percent(fell.share)} lower {fell.than}" if fell is not None and fell.counts else ""
            )
            if severity is Severity.INFO:
                what = " and ".join(w for w, known in (("training", lost), ("its clock", fell)) if known is not None)
                message += f"; {what} kept the speed" if held else "; what it did to clock and speed is not known"
            yield self.finding(
                severity,
                logged[hottest].name,
                span,
                f"{message}.",
                {
                    "kind": "limit",
                    "part": part,
                    "devices": devices,
                    "peak_c": peak,
                    "limit_c": limit,
                    "share_of_samples_above": float(np.mean(np.concatenate(list(inside.values())) >= limit)),
                    "throughput_lost": lost,
                    "clock_lost": None if fell is None else fell.share,
                },
                "Check air flow, fans and coolant of the node; cap the power or drain the node if clocks fall.",
            )

    def _drifts(self, run: Run, hot: set[str]) -> Iterator[Finding]:
        powers = per_device(run, "gpu_power")
        for device, r in per_device(run, "gpu_temperature").items():
            power = powers.get(device)
            if device in hot or power is None or power.unit != "W":
                continue
            yield from self._drift(run, device, r, power)

    def _drift(self, run: Run, device: str, r: RoleSeries, power: RoleSeries) -> Iterator[Finding]:
        series = clean(r.series)
        lasted = float(series.time[-1] - series.time[0]) / 60.0 if len(series) else math.nan
        if len(series) < 4 * _BLOCKS or lasted < self.drift_minutes:
            return
        series = series.take(slice(len(series) // 10, None))
        watts = at_steps(power.series, series.step)
        loaded = np.isfinite(watts) & (watts >= 0.7 * np.nanquantile(watts, 0.9))
        series, watts = series.take(loaded), watts[loaded]
        size = len(series) // _BLOCKS
        if size < 3:
            return
        slope, _ = theil_sen(watts, series.value)
        own = max(0.0, min(slope, 0.15)) if math.isfinite(slope) else 0.0
        excess = series.value - own * (watts - median(watts))
        blocks = block_median(excess, size)
        rise = float(np.median(blocks[-3:]) - np.median(blocks[:3]))
        trend, _ = theil_sen(np.arange(len(blocks), dtype=np.float64), blocks)
        noise = difference_sigma(blocks)
        if rise < max(self.drift, 6.0 * noise) or trend * (len(blocks) - 1) < 0.6 * rise:
            return
        onset = int(np.argmax(blocks > blocks[:3].mean() + 0.25 * rise)) * size
        span = int(series.step[onset]), int(series.step[-1])
        per_hour = rise / ((series.time[-1] - series.time[0]) / 3600.0) if math.isfinite(lasted) else math.nan
        lost = slower_by(run, span)
        level = median(series.value[-size:])
        near = level >= self.limit - NEAR or (lost or 0.0) >= SAID
        far = "" if near else f"; that is {self.limit - level:.0f} °C below its limit"
        yield self.finding(
            Severity.WARNING if near else Severity.INFO,
            r.series.name,
            span,
            f"{named([device])} grew {rise:.1f} °C hotter at equal power (about {median(watts):.0f} W), to"
            f" {level:.0f} °C{tie(lost)}{far}.",
            {
                "kind": "drift",
                "devices": [device],
                "rise_c": rise,
                "degrees_per_hour": per_hour,
                "watts": median(watts),
                "throughput_lost": lost,
            },
            "Cooling is getting worse: look at fans, filters and inlet temperature before it reaches its limit.",
        )
