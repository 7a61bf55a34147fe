"""Throughput outside the band that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NotRequired, TypedDict

import numpy as np

from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.meaning import Extent, Part, Stage, Story
from runlens.rules.shared.panels import MACHINES, SPEEDS
from runlens.rules.throughput.parts.cost import cost_of, is_petty
from runlens.rules.throughput.parts.levels import settle_in
from runlens.rules.throughput.parts.needs import NEEDS, NOTHING
from runlens.rules.throughput.parts.signal import FEWEST, RateSignal, rate_signal
from runlens.rules.throughput.parts.words import number, unit_of
from runlens.stats.blocks import block_midmeans
from runlens.stats.robust import Floats, median, quantile, sigma
from runlens.stats.rolling import centred_median


class BandEvidence(TypedDict):
    """Where the rate stood; what it cost if that was below the band."""

    level: float
    band: list[float]
    unit: str
    percent: float
    goes_on: bool
    hours_lost: NotRequired[float]
    gpu_hours_lost: NotRequired[float | None]
    hours_lost_by_end: NotRequired[float | None]
    gpu_hours_lost_by_end: NotRequired[float | None]


@dataclass(frozen=True)
class OutsideBand(Rule[BandEvidence]):
    """Throughput stayed outside the expected band.

    What it does
    ------------
    Averages the middle halves of blocks of the rate and reports each stretch of at least three blocks and `min_points`
    points outside `band`. Settling-in at the start, single slow steps and pauses do not count. Above the band is
    `info`: it is worth knowing (fewer tokens in a step? another model?) and costs nothing.

    Why it matters
    --------------
    Whoever has measured the cluster knows what a GPU should give. SmolLM3's team expected 13,500 to 14,000 tokens/s a
    GPU, and took any lasting deviation for a red flag, from the first step on: a run that is slow from its start has no
    drop that another rule could see.

    What to do
    ----------
    Below from the start: settings, node, interconnect, data path. Below since a step: see the drop or the drift.

    Settings
    --------
    band : (float, float) or None
        Lowest and highest rate, in the unit in which the run's rate is shown (`runlens show`); None switches the rule
        off. `runlens.rules.throughput.outside_band.band_of` gives the band of a healthy run.
    per_gpu : bool
        True if the band is for one GPU: a rate of the whole run is then divided by its GPUs.
    error_share : float
        How far below the band, as a share of its lower edge, is an error.
    min_points : int
        Logged points that the stretch must last; a tenth of the log where that is fewer.
    petty_share, petty_seconds : float
        A stretch that cost less than this share of the run's time and less than so many seconds is `info`.

    References
    ----------
    Hugging Face, The Smol Training Playbook (2025), Staying the course.
    """

    code: ClassVar[str] = "TPUT003"
    name: ClassVar[str] = "outside-band"
    needs: ClassVar[tuple[str, ...]] = NEEDS
    symptom = Symptom.SLOW
    headline = "throughput outside its band"
    part = Part((Story.SPEED,), opens=True, stage=Stage.SPEED, place=5, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=SPEEDS, beside=MACHINES)

    band: tuple[float, float] | None = None
    per_gpu: bool = False
    error_share: float = 0.15
    min_points: int = 100
    petty_share: float = 0.01
    petty_seconds: float = 60.0

    @classmethod
    def of_healthy(cls, run: Run) -> dict[str, object]:
        """The band in which its throughput stood."""
        band = band_of(run)
        return {} if band is None else {"band": band}

    @classmethod
    def of_several(cls, told: Sequence[Mapping[str, Any]]) -> dict[str, object]:
        """The band that holds all of theirs."""
        bands = [one["band"] for one in told]
        return {"band": (min(low for low, _ in bands), max(high for _, high in bands))}

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each lasting stretch outside the band."""
        if self.band is None:
            yield self.skip(
                "no band was given (rules.TPUT003.band = [low, high])",
                kind="not-asked",
                lacking=("rules.TPUT003.band = [low, high]",),
            )
            return
        low, high = self.band
        if not 0 < low < high:
            yield self.skip(
                f"the band [{low:g}, {high:g}] must be two positive rates, the lower one first", kind="not-applicable"
            )
            return
        signal = rate_signal(run)
        if signal is None:
            yield self.skip(NOTHING, kind="missing-role")
            return
        if len(signal) < FEWEST:
            yield self.skip(
                f"{len(signal)} points of {signal.metric} are too few: {FEWEST} are needed", kind="too-few-points"
            )
            return
        gpus = 1
        if self.per_gpu and not signal.per_gpu:
            if not run.hardware_count:
                yield self.skip(
                    "the band is for one GPU, the rate for the whole run, its number of GPUs unknown",
                    kind="not-comparable",
                )
                return
            gpus = run.hardware_count
        yield from self._stretches(run, signal, low, high, gpus)

    def _stretches(self, run: Run, signal: RateSignal, low: float, high: float, gpus: int) -> Iterator[Finding]:
        first, size, level = _levels(signal)
        level = level / gpus
        shortest = max(3, -(-min(self.min_points, len(signal) // 10) // size))
        where = np.where(level < low, -1, np.where(level > high, 1, 0))
        cuts = np.flatnonzero(np.diff(where)) + 1
        for part in np.split(np.arange(len(where)), cuts):
            side = int(where[part[0]])
            if side and len(part) >= shortest:
                start, stop = first + int(part[0]) * size, first + (int(part[-1]) + 1) * size - 1
                stop = len(signal) - 1 if part[-1] == len(where) - 1 else stop
                yield self._finding(run, signal, start, stop, median(level[part]), (low, high), gpus)

    def _finding(
        self, run: Run, signal: RateSignal, start: int, stop: int, level: float, band: tuple[float, float], gpus: int
    ) -> Finding:
        low, high = band
        first, last = int(signal.step[start]), int(signal.step[stop])
        below = level < low
        edge = low if below else high
        away = 100.0 * (level / edge - 1.0)
        goes_on = stop == len(signal) - 1
        unit = f"{signal.unit} per GPU" if gpus > 1 else unit_of(signal)
        side = "below" if below else "above"
        message = (
            f"Throughput stood {percent(abs(away) / 100.0)} {side} the band of {number(low)} to {number(high)} {unit} "
            f"from step {first:,} to {last:,}: {number(level)} {unit}"
        )
        evidence: BandEvidence = {
            "level": level,
            "band": [low, high],
            "unit": unit,
            "percent": away,
            "goes_on": goes_on,
        }
        severity = Severity.INFO
        if below:
            cost = cost_of(run, signal, start, stop, 1.0 - level / low, goes_on)
            lost = cost.evidence()
            evidence |= {
                "hours_lost": lost["hours_lost"],
                "gpu_hours_lost": lost["gpu_hours_lost"],
                "hours_lost_by_end": lost["hours_lost_by_end"],
                "gpu_hours_lost_by_end": lost["gpu_hours_lost_by_end"],
            }
            if np.isfinite(cost.hours):
                message += f"; {cost.words()} against its lower edge"
            severity = Severity.ERROR if level < low * (1.0 - self.error_share) and goes_on else Severity.WARNING
            if is_petty(cost, signal, self.petty_share, self.petty_seconds):
                severity = Severity.INFO
        help = (
            "compare settings, node and data path with the run that the band comes from"
            if below
            else "check that a step still holds the same tokens, and that the band is for this model and hardware"
        )
        return self.finding(severity, signal.metric, (first, last), message, evidence, help)


def _levels(signal: RateSignal) -> tuple[int, int, Floats]:
    """First point, points in a block, and the rate of each block, smoothed so that one block's pause is no stretch."""
    n = len(signal)
    first = settle_in(n)
    size = int(np.clip((n - first) // 64, 1, 32))
    return first, size, np.exp(centred_median(block_midmeans(signal.log[first:], size), 5))


def band_of(run: Run) -> tuple[float, float] | None:
    """The band in which a healthy run's throughput stood: its median, 3 % or three times its wander either way.

    None if the run says too little about its speed. The unit is that of the run's rate.
    """
    signal = rate_signal(run)
    if signal is None or len(signal) < FEWEST:
        return None
    _, _, level = _levels(signal)
    middle = median(level)
    wide = max(0.03 * middle, 3.0 * sigma(level), middle - quantile(level, 0.02), quantile(level, 0.98) - middle)
    return middle - wide, middle + wide
