"""HW004: what the GPUs report as errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import numpy as np

from runlens.model import Figure, Finding, PlacedSeries, RoleSeries, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.hardware.parts.advice import DRAIN
from runlens.rules.hardware.parts.devices import clean, named
from runlens.rules.meaning import Advice, Extent, Part, Stage, Story
from runlens.rules.shared.panels import HARDWARE, MACHINES

XID = {
    8: "GPU stopped processing",
    13: "graphics engine exception",
    31: "memory page fault",
    43: "GPU stopped processing",
    45: "clean-up after an earlier error",
    46: "GPU stopped processing",
    48: "double-bit memory error",
    61: "internal micro-controller breakpoint",
    62: "internal micro-controller halt",
    63: "memory page retired or row remapped",
    64: "page retirement or row remapping failed",
    69: "graphics engine class error",
    74: "NVLink error",
    79: "GPU has fallen off the bus",
    92: "high rate of single-bit memory errors",
    94: "contained memory error",
    95: "uncontained memory error",
    109: "context switch timed out",
    119: "GSP firmware timed out",
    120: "GSP firmware error",
    121: "C2C link error",
    140: "unrecovered ECC error",
    143: "GPU initialisation error",
    149: "NVLink fatal error",
}
"""Xid codes and what they mean (NVIDIA Xid catalogue)."""
FROM_SOFTWARE = frozenset({8, 13, 31, 43, 45, 63, 69, 92, 94})
"""Codes that a program can cause, or from which work goes on: warnings."""

_HELP = {
    Severity.INFO: "Corrected errors did no harm; watch whether they become more.",
    Severity.WARNING: "So many corrected errors foretell uncorrectable ones: test the GPU at the next chance.",
    Severity.ERROR: "Drain the node, reset the GPU, run its diagnosis; replace it if more come.",
}


class GpuErrorEvidence(TypedDict):
    """An Xid code, or a counter that rose."""

    devices: list[str]
    xid: NotRequired[int]
    meaning: NotRequired[str]
    times_seen: NotRequired[int]
    kind: NotRequired[str]
    before: NotRequired[float]
    during: NotRequired[float]


@dataclass(frozen=True)
class GpuErrors(Rule[GpuErrorEvidence]):
    """A GPU reports errors: XID, uncorrectable memory errors, failed remapping, retired pages.

    What it does
    ------------
    Reads Xid series as codes (the last code, not a count): one finding for each code that appears. Reads all others
    as counters that never go back while a driver is loaded, and reports increases during the run: uncorrectable
    errors, row remapping and retired pages as errors, corrected ones as `info`, as a warning from `corrected` on.
    What a counter already held at the start is history: `info`, for counters of the present driver session only.

    Why it matters
    --------------
    A GPU with uncorrectable errors crashes the run or, worse, computes on wrong numbers. In the 54 days of Llama 3 405B
    58.7 % of unexpected interruptions came from GPUs, 17.2 % from their memory.

    What to do
    ----------
    Drain the node, reset the GPU (a remapped row only takes effect after a reset), run the vendor's diagnosis (`dcgmi
    diag -r 3`), replace what fails again. Compare the loss since the first error with the checkpoint before it.

    Settings
    --------
    corrected : corrected errors during the run from which it is a warning.

    References
    ----------
    NVIDIA Xid catalogue and "Dynamic page retirement" (docs.nvidia.com/deploy); NVIDIA GPU memory error management (row
    remapping); Llama 3 (arXiv 2407.21783, table 5).
    """

    code = "HW004"
    name = "gpu-errors"
    needs = ("gpu_errors",)
    symptom = Symptom.MACHINE
    part = Part((Story.SPEED,), stage=Stage.HARDWARE, extent=Extent.WHOLE_ABOVE_INFO)
    figure = Figure(panels=HARDWARE, beside=MACHINES)
    settles = False
    advice = Advice(measures=(DRAIN,))

    corrected: int = 1000

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each Xid code, and one for each kind of counter that rose."""
        codes: dict[int, list[tuple[str, PlacedSeries, int]]] = {}
        counters: dict[str, list[tuple[str, RoleSeries, PlacedSeries, float]]] = {}
        for r in run.every("gpu_errors"):
            series = clean(r.series)
            if len(series) == 0:
                continue
            device = r.device or "the GPU"
            if r.metric_kind == "code":
                changed = np.flatnonzero(np.append(series.value[0] != 0, np.diff(series.value) != 0))
                for at in changed[series.value[changed] != 0]:
                    codes.setdefault(int(series.value[at]), []).append((device, series, int(at)))
            else:
                rises = np.maximum(np.diff(series.value), 0.0)
                if rises.sum() > 0 or (series.value[0] > 0 and r.metric_kind != "lifetime"):
                    counters.setdefault(_kind_of(r), []).append((device, r, series, float(rises.sum())))
        findings = [self._code(code, seen) for code, seen in codes.items()]
        findings += [f for kind, seen in counters.items() if (f := self._counter(kind, seen)) is not None]
        yield from sorted(findings, key=lambda f: f.steps or (0, 0))

    def _code(self, code: int, seen: list[tuple[str, PlacedSeries, int]]) -> Finding:
        devices = list(dict.fromkeys(device for device, _, _ in seen))
        steps = [int(series.step[at]) for _, series, at in seen]
        meaning = XID.get(code, "see the NVIDIA Xid catalogue")
        soft = code in FROM_SOFTWARE
        return self.finding(
            Severity.WARNING if soft else Severity.ERROR,
            seen[0][1].name,
            (min(steps), max(steps)),
            f"XID {code} ({meaning}) on {named(devices)}, first at step {min(steps):,}.",
            {"xid": code, "meaning": meaning, "devices": devices, "times_seen": len(seen)},
            "Read the kernel log of the node (NVRM: Xid)."
            + ("" if soft else " Drain the node, reset and test the GPU before it trains again."),
        )

    def _counter(self, kind: str, seen: list[tuple[str, RoleSeries, PlacedSeries, float]]) -> Finding | None:
        rose = [item for item in seen if item[3] > 0]
        soft = seen[0][1].metric_kind == "soft"
        if not rose:
            devices = [device for device, *_ in seen]
            held = sum(float(series.value[0]) for *_, series, _ in seen)
            return self.finding(
                Severity.INFO,
                seen[0][2].name,
                None,
                f"{named(devices)} already held {held:,.0f} of {kind} at the start, and no more came.",
                {"kind": kind, "devices": devices, "before": held, "during": 0},
                "History of this driver session: watch whether more come.",
            )
        count = sum(total for *_, total in rose)
        devices = [device for device, *_ in rose]
        steps = [_risen(series) for _, _, series, _ in rose]
        span = min(a for a, _ in steps), max(b for _, b in steps)
        severity = Severity.ERROR
        if soft:
            severity = Severity.WARNING if count >= self.corrected else Severity.INFO
        return self.finding(
            severity,
            rose[0][2].name,
            span,
            f"{count:,.0f} {kind} on {named(devices)} during the run, the first by step {span[0]:,}.",
            {"kind": kind, "devices": devices, "during": count},
            _HELP[severity],
        )


def _risen(series: PlacedSeries) -> tuple[int, int]:
    """First and last step at which a counter rose."""
    at = np.flatnonzero(np.diff(series.value) > 0) + 1
    return int(series.step[at].min()), int(series.step[at].max())


def _kind_of(r: RoleSeries) -> str:
    """What a counter counts, in words, by its name."""
    text = r.series.name.lower()
    for key, words in (
        ("retired", "retired memory pages"),
        ("remap", "remapped memory rows"),
        ("replay", "PCIe replays"),
        ("nvlink", "NVLink errors"),
    ):
        if key in text:
            return ("failures of row remapping" if "fail" in text else words) if key == "remap" else words
    return "corrected memory errors" if r.metric_kind == "soft" else "uncorrectable memory errors"
