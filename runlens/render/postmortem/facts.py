"""What the clues of a cause are asked about: one incident in its run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from runlens.model import Finding, Incident, RunReport


@dataclass(frozen=True, slots=True)
class Facts:
    """One incident of one run, with the questions that clues ask."""

    run: RunReport
    incident: Incident

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The incident's findings that count."""
        return tuple(f for f in self.run.findings if f.incident == self.incident.number and f.suppressed is None)

    def of(self, *codes: str) -> Finding | None:
        """The incident's first finding of these codes (or beginnings of codes), or None."""
        return next((f for f in self.findings if f.code.startswith(codes)), None)

    def elsewhere(self, *codes: str) -> Finding | None:
        """The run's first finding of these codes, in this incident or another, or None."""
        return next((f for f in self.run.findings if f.code.startswith(codes)), None)

    def silent(self, code: str) -> bool:
        """Whether the rule judged the run and found nothing."""
        return code in self.run.checked and self.elsewhere(code) is None

    @property
    def onset(self) -> int | None:
        """First step of the incident."""
        return self.incident.steps[0] if self.incident.steps else None

    @property
    def place(self) -> float:
        """Where in the run the incident begins, 0 to 1; NaN if not known."""
        if self.onset is None or self.run.steps is None or self.run.steps[1] <= self.run.steps[0]:
            return math.nan
        return (self.onset - self.run.steps[0]) / (self.run.steps[1] - self.run.steps[0])

    @property
    def outcome(self) -> str:
        """Outcome of the incident's loss spike, empty if it has none."""
        spike = self.of("LOSS001")
        return str(spike.evidence.get("outcome", "")) if spike else ""

    def value(self, code: str, key: str) -> object:
        """An entry of the evidence of the incident's first finding of this code, or None."""
        finding = self.of(code)
        return finding.evidence.get(key) if finding else None

    def number(self, code: str, key: str) -> float | None:
        """The same as a finite number, or None."""
        value = self.value(code, key)
        known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return float(value) if known else None  # type: ignore[arg-type]

    def tie(self, *roles: str) -> dict[str, object] | None:
        """A series that changed level together with the throughput, or None."""
        for finding in self.findings:
            ties = finding.evidence.get("ties")
            for tie in ties if isinstance(ties, list | tuple) else ():
                if isinstance(tie, dict) and tie.get("role") in roles:
                    return tie
        return None

    def config(self, *keys: str) -> tuple[str, object] | None:
        """The first entry of the configuration whose last part, in lower case, is one of `keys`, or None."""
        for key, value in self.run.config.items():
            if key.rsplit(".", 1)[-1].lower() in keys:
                return key, value
        return None

    def restart_before(self, steps: int) -> Finding | None:
        """A restart at most so many steps before the onset, or None."""
        return next(
            (
                f
                for f in self.run.findings
                if f.code == "LOG002" and f.steps and self.onset is not None and 0 <= self.onset - f.steps[0] <= steps
            ),
            None,
        )

    def gradient_growth(self) -> tuple[float, float] | None:
        """Median gradient norm of the calmest tenth of the run up to the onset, and of the last tenth before it.

        The first twentieth of the run is warm-up and left out. None without a gradient norm, or if the incident began
        within the first quarter of the run.
        """
        chart = next((c for c in self.run.charts if c.role == "grad_norm" and not c.reference), None)
        if chart is None or self.onset is None or self.run.steps is None or not self.place >= 0.25:
            return None
        steps, values = np.array(chart.steps), np.array(chart.values)
        tenth = (self.run.steps[1] - self.run.steps[0]) / 10
        starts = np.arange(self.run.steps[0] + tenth / 2, self.onset - tenth + 1, tenth / 2)
        parts = [
            values[(steps >= a) & (steps < a + tenth) & np.isfinite(values)] for a in (*starts, self.onset - tenth)
        ]
        medians = [float(np.median(part)) for part in parts if len(part) > 4]
        return (min(medians), medians[-1]) if len(medians) > 1 and len(parts[-1]) > 4 else None
