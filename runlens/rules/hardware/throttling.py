"""HW006: clocks or power capped while the GPU has work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import numpy as np

from runlens.model import Figure, Finding, PlacedSeries, RoleSeries, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.hardware.parts.advice import DRAIN
from runlens.rules.hardware.parts.devices import Mask, at_steps, clean, is_used, named, per_device, stretches
from runlens.rules.hardware.parts.limits import at_its_limit
from runlens.rules.hardware.parts.meanwhile import SAID, slower_by, tie
from runlens.rules.hardware.parts.reasons import active_reasons
from runlens.rules.hardware.parts.spells import Spell, devices_of, parted, span_of, together
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import HARDWARE, MACHINES
from runlens.stats.robust import median
from runlens.stats.rolling import centred_median

_BUSY = 50.0
"""Utilisation in percent from which a GPU has work."""
_POINTS = 5
"""Fewest samples of a stretch."""
_CAPPED = 0.05
"""Loss of throughput from which a power cap alone is a warning: it is set by someone, and more work meets it sooner."""


@dataclass(frozen=True, slots=True)
class _Capped:
    spell: Spell
    words: str
    evidence: CapEvidence


class CapEvidence(TypedDict):
    """One sign of it on one device."""

    reason: str
    clock_mhz: NotRequired[float]
    healthy_mhz: NotRequired[float]
    drop: NotRequired[float]
    share: NotRequired[float]
    metric: NotRequired[str]


class ThrottlingEvidence(TypedDict):
    """What held the clocks down."""

    devices: list[str]
    signs: list[CapEvidence]
    throughput_lost: float | None
    peak_c: float | None


@dataclass(frozen=True)
class ClockThrottling(Rule[ThrottlingEvidence]):
    """The clocks of a GPU are held down while it has work.

    What it does
    ------------
    Two signs, either of which is enough, in stretches of five samples and `minutes`, and only while utilisation
    (where logged) says that the GPU works. The SM clock, by a moving median, is `drop` below its healthy level, the
    upper quartile of what the device itself ran at under load. Or the driver's own reasons say so: thermal or
    hardware slowdown, or time lost to violations. A power cap alone is normal for a GPU that trains (it runs at its
    limit by design), and so are lower clocks while it draws its own limit (`enforcedPowerLimitWatts`): they count only
    with a loss of throughput. Devices held down at the same time are one finding;
    `info` if throughput did not fall by `slower` (by 5 % for a power cap alone), or is not known where the clock alone
    says it: a board near its limit of power or heat wanders by 30 % with what it is given to do. A pause of the sampler
    ends a stretch.

    Why it matters
    --------------
    Clocks are speed. One throttled GPU holds back all that wait for it, and nothing else in the log says why.

    What to do
    ----------
    Heat: cooling of the node. Power: the limit (`nvidia-smi -q -d POWER`), power supplies, a rack that is capped.
    Neither: a lowered application clock or a fault in the board (`HW slowdown`): drain the node.

    Settings
    --------
    drop : smallest fall of the clock as a share of its healthy level (0.07 is 7 %).
    minutes : shortest stretch where wall times are known.
    slower : loss of throughput below which it is only worth knowing.

    References
    ----------
    NVML clocks event reasons (`nvmlClocksEventReasons`): software power cap, hardware slowdown, thermal slowdown. Boost
    clocks wander by some percent with temperature and load; 7 % is beyond what the same work on the same GPU shows.
    """

    code = "HW006"
    name = "clock-throttling"
    needs = ("gpu_clock|gpu_throttle",)
    symptom = Symptom.MACHINE
    part = Part(
        (Story.SPEED,),
        stage=Stage.HARDWARE,
        place=2,
        extent=Extent.WHOLE_ABOVE_INFO,
        shown_by=("gpu_clock", "gpu_throttle", "gpu_power"),
    )
    figure = Figure(panels=HARDWARE, beside=MACHINES)
    settles = False
    advice = Advice(measures=(DRAIN,))

    drop: float = 0.07
    minutes: float = 2.0
    slower: float = 0.02

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each stretch of held-down clocks."""
        use = per_device(run, "gpu_utilization")
        found = [*self._by_clock(run, use), *self._by_reasons(run, use)]
        of = {id(c.spell): c for c in found}
        for group in together(c.spell for c in found):
            parts = [of[id(spell)] for spell in group]
            lost = slower_by(run, span_of(group))
            if all(c.evidence["reason"] == "power-cap" for c in parts) and (lost is None or lost < self.slower):
                continue
            yield self._finding(run, parts, lost)

    def _by_clock(self, run: Run, use: dict[str, RoleSeries]) -> Iterator[_Capped]:
        for device, r in per_device(run, "gpu_clock").items():
            series = clean(r.series)
            loaded = _loaded(series, use.get(device))
            if int(loaded.sum()) < 3 * _POINTS:
                continue
            healthy = float(np.quantile(series.value[loaded], 0.75))
            smooth = centred_median(np.where(loaded, series.value, np.nan), _POINTS)
            slow = np.nan_to_num(smooth, nan=np.inf) <= (1.0 - self.drop) * healthy
            for spell in (Spell(device, series, s) for s in parted(series, stretches(slow))):
                low = median(spell.value)
                fall = 1.0 - low / healthy
                if spell.stretch.points < _POINTS or spell.minutes < self.minutes or fall < self.drop:
                    continue
                reason = "power-cap" if at_its_limit(run, device, spell.steps) else "clock"
                words = f"ran at {low:,.0f} MHz instead of {healthy:,.0f} MHz ({percent(fall)} lower)"
                words += ", at its power limit" if reason == "power-cap" else ""
                evidence: CapEvidence = {"reason": reason, "clock_mhz": low, "healthy_mhz": healthy, "drop": fall}
                yield _Capped(spell, words, evidence)

    def _by_reasons(self, run: Run, use: dict[str, RoleSeries]) -> Iterator[_Capped]:
        for r in run.every("gpu_throttle"):
            series = clean(r.series)
            device = r.device or "the GPU"
            if not is_used(run, device):
                continue
            loaded = _loaded(series, use.get(device))
            for reason, active in active_reasons(r.series.name, r.metric_kind, series.value):
                what = "its power was capped" if reason == "power-cap" else "the driver reported a slowdown"
                for spell in (Spell(device, series, s) for s in parted(series, stretches(active & loaded))):
                    if spell.stretch.points < _POINTS or spell.minutes < self.minutes:
                        continue
                    part = active[spell.stretch.first : spell.stretch.last + 1]
                    words = f"was held down: {what} in {percent(float(part.mean()))} of the samples"
                    signs: CapEvidence = {"reason": reason, "share": float(part.mean()), "metric": r.series.name}
                    yield _Capped(spell, words, signs)

    def _finding(self, run: Run, parts: list[_Capped], lost: float | None) -> Finding:
        spells = [c.spell for c in parts]
        devices, span = devices_of(spells), span_of(spells)
        parts.sort(key=lambda c: (c.evidence["reason"] != "clock", c.spell.device))
        reasons = {c.evidence["reason"] for c in parts}
        least = _CAPPED if reasons == {"power-cap"} else self.slower
        harmless = reasons == {"clock"} if lost is None else lost < least
        heat = _peak(run, devices, span)
        hot = f", at up to {heat:.0f} °C" if heat else ""
        kept = "; training ran no slower meanwhile" if lost is not None and abs(lost) < SAID else ""
        kept = "; what it did to the speed is not known" if lost is None else kept
        return self.finding(
            Severity.INFO if harmless else Severity.WARNING,
            parts[0].spell.series.name,
            span,
            f"{named(devices)} {parts[0].words} while it had work{hot}{tie(lost)}{kept}.",
            {
                "devices": devices,
                "signs": [c.evidence for c in parts],
                "throughput_lost": lost,
                "peak_c": heat,
            },
            "Look at temperature, power limit and the driver's reasons (nvidia-smi -q -d PERFORMANCE) of this node.",
        )


def _loaded(series: PlacedSeries, use: RoleSeries | None) -> Mask:
    """Where the device has work; everywhere if its utilisation is not logged."""
    if use is None:
        return np.ones(len(series), dtype=np.bool_)
    return np.asarray(at_steps(use.series, series.step) >= _BUSY)


def _peak(run: Run, devices: list[str], span: tuple[int, int]) -> float | None:
    """Highest core temperature of the devices in these steps, None if it was not logged."""
    heat = per_device(run, "gpu_temperature")
    values = [clean(heat[d].series).between(*span).value for d in devices if d in heat]
    return max((float(v.max()) for v in values if len(v)), default=None)
