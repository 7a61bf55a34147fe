"""What the clues of a cause are asked about: one incident in its run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from runlens.model import Finding, Incident, RunReport, Symptom
from runlens.rules import rule_of
from runlens.rules.base import AnyRule
from runlens.rules.log.restart import Restart
from runlens.rules.loss.spike import LossSpike, SpikeEvidence
from runlens.rules.throughput.parts.slowdown import SlowdownRule
from runlens.rules.throughput.parts.ties import TieEvidence
from runlens.run_config import RunConfig


@dataclass(frozen=True)
class Case:
    """One incident of one run, with the questions that clues ask."""

    run: RunReport
    incident: Incident
    findings: tuple[Finding, ...]
    """The incident's findings that count."""
    everywhere: Mapping[str, tuple[Finding, ...]]
    """All findings of the run, by code."""

    def of(self, *rules: type[AnyRule]) -> Finding | None:
        """The incident's first finding of these rules, or None."""
        codes = {rule.code for rule in rules}
        return next((f for f in self.findings if f.code in codes), None)

    def showing(self, *symptoms: Symptom) -> Finding | None:
        """The incident's first finding of a rule with one of these symptoms, or None."""
        return next((f for f in self.findings if rule_of(f.code).symptom in symptoms), None)

    def all_of(self, rule: type[AnyRule]) -> tuple[Finding, ...]:
        """All findings of the rule in the run, in this incident or another."""
        return self.everywhere.get(rule.code, ())

    def elsewhere(self, *rules: type[AnyRule]) -> Finding | None:
        """The run's first finding of these rules, in this incident or another, or None."""
        found = [f for rule in rules for f in self.all_of(rule)[:1]]
        if len(found) < 2:
            return found[0] if found else None
        return next(f for f in self.run.findings if any(f is other for other in found))

    def silent(self, rule: type[AnyRule]) -> bool:
        """Whether the rule judged the run and found nothing."""
        return rule.code in self.run.checked and not self.all_of(rule)

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
    def spike(self) -> SpikeEvidence | None:
        """What the incident's loss spike holds, or None if it has none."""
        found = self.of(LossSpike)
        return LossSpike.evidence_of(found) if found else None

    @property
    def outcome(self) -> str:
        """Outcome of the incident's loss spike, empty if it has none."""
        found = self.of(LossSpike)
        return found.outcome if found else ""

    def tie(self, *roles: str) -> TieEvidence | None:
        """A series that changed level together with the throughput, or None."""
        for finding in self.findings:
            if issubclass(rule_of(finding.code), SlowdownRule):
                for tie in SlowdownRule.evidence_of(finding).get("ties", ()):
                    if tie["role"] in roles:
                        return tie
        return None

    @property
    def configured(self) -> RunConfig:
        """What the run's config says."""
        return RunConfig(self.run.config)

    def restart_before(self, steps: int) -> tuple[int, int] | None:
        """Step of a restart at most so many steps before the onset, and the steps in between; None if there is none."""
        for finding in self.all_of(Restart):
            if finding.steps and self.onset is not None and 0 <= self.onset - finding.steps[0] <= steps:
                return finding.steps[0], self.onset - finding.steps[0]
        return None

    @cached_property
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


def cases(report: RunReport) -> Iterator[Case]:
    """Each incident of a report, in order; the findings are sorted out once for all of them."""
    own: dict[int | None, list[Finding]] = {}
    everywhere: dict[str, list[Finding]] = {}
    for finding in report.findings:
        everywhere.setdefault(finding.code, []).append(finding)
        if finding.suppressed is None:
            own.setdefault(finding.incident, []).append(finding)
    by_code = {code: tuple(found) for code, found in everywhere.items()}
    for incident in report.incidents:
        yield Case(report, incident, tuple(own.get(incident.number, ())), by_code)


def finite(value: object) -> float | None:
    """A value of evidence as a finite number, or None: a report may hold null or NaN for it."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]
