"""HW005: one device unlike its peers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.hardware.parts.advice import DRAIN
from runlens.rules.hardware.parts.devices import Stretch, clean, named, per_device, stretches
from runlens.rules.hardware.parts.meanwhile import SAID, slower_by, tie
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import HARDWARE, MACHINES
from runlens.stats.robust import MAD_TO_SIGMA, Floats

_QUANTITIES = (
    ("gpu_temperature", "°C", "hotter", "cooler"),
    ("gpu_power", "W", "drawing more power", "drawing less power"),
    ("gpu_utilization", "%", "busier", "less busy"),
    ("gpu_clock", "MHz", "clocked higher", "clocked lower"),
)
_SLOTS = 60
"""Most time slots that a run is cut into; each holds at least three samples of a device."""

IDLE, AT_WORK = 2.0, 10.0
"""Utilisation in percent: of a GPU that does nothing (19 of 20 samples below it), and the median of one that works. In
synchronous training all wait for one that stands still: one that idles throughout is of another job, or of none."""
SAME_WORK = 0.05
"""Share by which clock, power and use of a GPU may differ from its peers' while it does the same work: boards of one
kind differ by some percent in power at one clock."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """One device far from its peers in one quantity."""

    device: str
    role: str
    metric: str
    words: str
    own: float
    peers: float
    unit: str
    sigmas: float
    steps: tuple[int, int]

    @property
    def cooler(self) -> bool:
        """Whether it is a temperature below that of the peers."""
        return self.role == "gpu_temperature" and self.own < self.peers


class OddQuantity(TypedDict):
    """One quantity of the device beside its peers."""

    metric: str
    own: float
    peers: float
    unit: str
    sigmas: float


class OutlierEvidence(TypedDict):
    """In what a device stands out."""

    device: str
    devices_compared: int
    quantities: list[OddQuantity]
    throughput_lost: float | None


@dataclass(frozen=True)
class GpuOutlier(Rule[OutlierEvidence]):
    """One GPU is hotter, slower, idler or hungrier than its peers, for long.

    What it does
    ------------
    Cuts the run into slots of time (up to sixty, at least three samples each) and takes each device's median of
    temperature, power, utilisation and SM clock. A device is an outlier where it is further than `sigmas` robust
    standard deviations from the median of its peers, and further than the floor of the quantity (`degrees`,
    `percent` of the peers' level for power, utilisation and clock), for three slots in a row and a tenth of the
    run. At least `devices` devices are needed; memory is left out, because pipeline stages differ by design. A
    device that does no work all along while others do is not part of the run, and is not compared. One finding for
    each device, with all quantities. It is a warning where training was slower meanwhile, and where that is not known
    of a device whose clock is lower: the others wait for it. Else it is `info`: a device may do more of the work, as
    the first one of `DataParallel` does, or less. A device that is hotter and nothing else, while its clock, power or
    utilisation is known and within 5 % of its peers', stands in a warm slot of the chassis: none.

    Why it matters
    --------------
    Synchronous training runs at the pace of its slowest GPU. One that differs has a reason: cooling, a power cap, a bad
    link, another process; the rest of the cluster waits for it.

    What to do
    ----------
    Compare clocks and power limit of this GPU with the others (`nvidia-smi -q -d CLOCK,POWER,PERFORMANCE`), look for
    another process on it, swap it out and see whether throughput comes back.

    Settings
    --------
    sigmas : distance from the peers in robust standard deviations.
    degrees : smallest difference in temperature, degrees C.
    percent : smallest difference in power, utilisation or clock, percent of the peers' level.
    devices : fewest devices for a comparison.

    References
    ----------
    Modified z-score (Iglewicz & Hoaglin 1993), whose usual bar of 3.5 is raised because many devices are compared many
    times. Positions in a chassis differ by some degrees, hence the floor.
    """

    code = "HW005"
    name = "gpu-outlier"
    needs = ("gpu_temperature|gpu_power|gpu_utilization|gpu_clock",)
    symptom = Symptom.MACHINE
    part = Part((Story.SPEED,), stage=Stage.HARDWARE, place=3, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=HARDWARE, beside=MACHINES)
    settles = False
    advice = Advice(measures=(DRAIN,))

    sigmas: float = 6.0
    degrees: float = 12.0
    percent: float = 15.0
    devices: int = 4

    @classmethod
    def shown(cls, finding: Finding, run: Run) -> tuple[str, ...]:
        """Its series of each quantity in which it stands out."""
        return tuple(
            dict.fromkeys((finding.metric, *(odd["metric"] for odd in cls.evidence_of(finding)["quantities"])))
        )

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each device that stands out."""
        found: dict[str, list[Oddity]] = {}
        compared = 0
        for role, unit, more, less in _QUANTITIES:
            names, table, steps = self._table(run, role)
            if len(names) < self.devices:
                continue
            compared = max(compared, len(names))
            for oddity in self._odd(role, unit, (more, less), names, table, steps, run):
                found.setdefault(oddity.device, []).append(oddity)
        if not compared:
            yield self.skip(f"fewer than {self.devices} devices were logged over the same time", kind="too-few-points")
        # cool by itself harms nobody; cool and idle or capped is found by the other quantities as well
        found = {d: odd for d, odd in found.items() if not all(o.cooler for o in odd)}
        # hot alone, at the clock and the work of the others: a slot of the chassis that the air reaches last
        found = {d: odd for d, odd in found.items() if not self._only_warmer(run, d, odd)}
        if len(found) > compared / 3:
            return  # a third of the devices are no outliers: two kinds of node, or two kinds of work
        for oddities in sorted(found.values(), key=lambda o: o[0].steps):
            yield self._finding(run, oddities, compared)

    def _only_warmer(self, run: Run, device: str, oddities: list[Oddity]) -> bool:
        """Whether a device differs in temperature alone, where its clock, power or use is known and like its peers'."""
        if any(o.role != "gpu_temperature" for o in oddities):
            return False
        compared = [self._apart(run, role, device) for role in ("gpu_clock", "gpu_power", "gpu_utilization")]
        known = [apart for apart in compared if apart is not None]
        return bool(known) and max(known) <= SAME_WORK

    def _apart(self, run: Run, role: str, device: str) -> float | None:
        """How far a device's median over the run is below that of its peers, as a share; None if that is not known."""
        names, table, _ = self._table(run, role)
        if device not in names:
            return None
        row = names.index(device)
        own, peers = float(bn.nanmedian(table[row])), float(bn.nanmedian(np.delete(table, row, axis=0)))
        return abs(own - peers) / peers if peers > 0 else None

    def _table(self, run: Run, role: str) -> tuple[list[str], Floats, npt.NDArray[np.int64]]:
        """Devices, their medians by slot (devices, slots), and the step at which each slot begins and the last ends."""
        logged = per_device(run, role)
        if len(logged) < self.devices:
            return [], np.empty((0, 0)), np.empty(0, dtype=np.int64)
        idle = run.once("idle devices", lambda: _idle(run))
        series = {d: clean(r.series) for d, r in logged.items() if d not in idle}
        series = {d: s for d, s in series.items() if len(s) >= 9}
        if len(series) < self.devices:
            return [], np.empty((0, 0)), np.empty(0, dtype=np.int64)
        slots = max(min(_SLOTS, min(len(s) for s in series.values()) // 3), 3)
        low, high = min(int(s.step.min()) for s in series.values()), max(int(s.step.max()) for s in series.values())
        edges = np.linspace(low, high + 1, slots + 1)
        table = np.full((len(series), slots), np.nan)
        for row, s in enumerate(series.values()):
            ordered = s.latest()
            cuts = np.searchsorted(ordered.step, edges)
            for slot in range(slots):
                part = ordered.value[cuts[slot] : cuts[slot + 1]]
                if len(part):
                    table[row, slot] = bn.median(part)
        return list(series), table, np.floor(edges).astype(np.int64)

    def _odd(
        self,
        role: str,
        unit: str,
        words: tuple[str, str],
        names: list[str],
        table: Floats,
        edges: npt.NDArray[np.int64],
        run: Run,
    ) -> Iterator[Oddity]:
        middle, spread = _peers(table)
        floor = self.degrees if role == "gpu_temperature" else self.percent / 100.0 * np.abs(middle)
        away = table - middle
        with np.errstate(divide="ignore", invalid="ignore"):
            sigmas = np.abs(away) / spread
        far = (np.abs(away) >= floor) & (np.abs(away) >= self.sigmas * spread)
        for row, name in enumerate(names):
            long = [s for s in stretches(far[row], gap=1) if s.points >= max(3, 0.1 * table.shape[1])]
            if not long:
                continue
            longest = max(long, key=lambda s: s.points)
            part = slice(longest.first, longest.last + 1)
            own, peers = float(bn.nanmedian(table[row, part])), float(bn.nanmedian(middle[row, part]))
            steps = _span(long, edges)
            metric = per_device(run, role)[name].series.name
            z = min(float(bn.nanmedian(sigmas[row, part])), 1e6)
            yield Oddity(name, role, metric, words[0] if own > peers else words[1], own, peers, unit, z, steps)

    def _finding(self, run: Run, oddities: list[Oddity], compared: int) -> Finding:
        first = oddities[0]
        span = min(o.steps[0] for o in oddities), max(o.steps[1] for o in oddities)
        lost = slower_by(run, span)
        parts = [f"{o.words} ({o.own:,.0f} {o.unit} against {o.peers:,.0f} {o.unit})" for o in oddities]
        behind = any(o.role == "gpu_clock" and o.own < o.peers for o in oddities)
        costs = behind if lost is None else lost >= SAID
        kept = "" if costs or lost is None or abs(lost) >= SAID else "; training ran no slower meanwhile"
        kept += "; what that did to the speed is not known" if lost is None and not costs else ""
        return self.finding(
            Severity.WARNING if costs else Severity.INFO,
            first.metric,
            span,
            f"{named([first.device])} was {' and '.join(parts)} than its {compared - 1} peers{tie(lost)}{kept}.",
            {
                "device": first.device,
                "devices_compared": compared,
                "quantities": [
                    {"metric": o.metric, "own": o.own, "peers": o.peers, "unit": o.unit, "sigmas": o.sigmas}
                    for o in oddities
                ],
                "throughput_lost": lost,
            },
            "Compare its clocks, power limit and processes with the others; swap it out if throughput follows it.",
        )


def _idle(run: Run) -> frozenset[str]:
    """Devices that do nothing from the first sample to the last while others work."""
    used = {d: clean(r.series).value for d, r in per_device(run, "gpu_utilization").items()}
    busy = any(len(v) and float(np.median(v)) >= AT_WORK for v in used.values())
    return frozenset(d for d, v in used.items() if busy and len(v) and float(np.quantile(v, 0.95)) < IDLE)


def _peers(table: Floats) -> tuple[Floats, Floats]:
    """Level and robust spread of each device's peers in each slot, both (devices, slots).

    The device itself is left out of up to 32: among four, one that is far off would widen its own yardstick.
    """
    if len(table) > 32:
        middle = bn.nanmedian(table, axis=0)
        spread = MAD_TO_SIGMA * bn.nanmedian(np.abs(table - middle), axis=0)
        return np.broadcast_to(middle, table.shape), np.broadcast_to(spread, table.shape)
    middle, spread = np.empty(table.shape), np.empty(table.shape)
    for row in range(len(table)):
        others = np.delete(table, row, axis=0)
        middle[row] = bn.nanmedian(others, axis=0)
        spread[row] = MAD_TO_SIGMA * bn.nanmedian(np.abs(others - middle[row]), axis=0)
    return middle, spread


def _span(long: list[Stretch], edges: npt.NDArray[np.int64]) -> tuple[int, int]:
    return int(edges[long[0].first]), int(edges[long[-1].last + 1]) - 1
