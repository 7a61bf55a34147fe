"""What the advice is made from: the findings that count, the checkpoints, the tokens, the precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runlens.comparison.restart import planned_tokens
from runlens.model import Finding, Incident, Run, RunReport, Suspect, Symptom
from runlens.rules import rule_of
from runlens.rules.loss.spike import LossSpike
from runlens.rules.shared.loader import may_wait_for_a_loader

LIKELY = 2
"""Score from which a suspect is named as the likely cause: one strong clue, unopposed."""
SAME_STEP = 5
"""Steps within which a spike after a rewind is the one from before it, on the same batches."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One run, as the rules of advice see it."""

    findings: tuple[Finding, ...]
    """Those that count."""
    first_step: int
    last_step: int
    tokens_per_step: float | None
    samples_per_step: float | None
    tokens_done: float | None
    total_tokens: float | None
    checkpoints: tuple[int, ...]
    """Steps at which a checkpoint is known to have been written, sorted."""
    precision: str
    """`fp16`, `bf16`, `fp32` or empty if not known."""
    run: Run
    incidents: tuple[Incident, ...]
    known: int = 0
    """Findings that a baseline accepts: they do not count, but they are there."""

    @classmethod
    def of(cls, report: RunReport, run: Run, total_tokens: float | None) -> Facts:
        """The facts of a report and its run."""
        span = report.steps or (0, 0)
        tokens = run.tokens_at(np.array([span[0], span[1]], dtype=np.float64))
        per_step = float(tokens[1] - tokens[0]) / max(span[1] - span[0], 1)
        known = bool(np.isfinite(tokens).all()) and per_step > 0
        return cls(
            findings=tuple(f for f in report.findings if f.suppressed is None),
            first_step=span[0],
            last_step=span[1],
            tokens_per_step=per_step if known else None,
            samples_per_step=samples_per_step(run),
            tokens_done=float(tokens[1]) if known else None,
            total_tokens=total_tokens or planned_tokens(run),
            checkpoints=checkpoints(run, span),
            precision=precision.kind if (precision := run.configured.precision()) else "",
            run=run,
            incidents=report.incidents,
            known=sum(f.suppressed is not None for f in report.findings),
        )

    def showing(self, *symptoms: Symptom, at_least: int = 0) -> list[Finding]:
        """The findings of rules with these symptoms and of at least this rank of severity."""
        return [f for f in self.findings if f.severity.rank >= at_least and rule_of(f.code).symptom in symptoms]

    def with_outcome(self, *outcomes: str, at_least: int = 0) -> list[Finding]:
        """The loss spikes of the run as it stands with these outcomes, of at least this rank, in order of onset.

        Not those that a rewind took back already, nor those that a restarted learning rate made. One that is worth
        knowing alone (rank 0) calls for nothing to be done, whatever became of it.
        """
        worst = self.showing(Symptom.SPIKE, at_least=at_least)
        return [f for f in worst if f.outcome in outcomes and not _explained(f)]

    @property
    def loader(self) -> bool:
        """Whether the log leaves it open that steps wait for a data loader."""
        return may_wait_for_a_loader(self.run)

    @property
    def ended(self) -> bool:
        """Whether the run says that it goes on no more."""
        return self.run.state in ("finished", "crashed")

    def incident_of(self, finding: Finding) -> Incident | None:
        """The incident that a finding is part of, if it is of one."""
        return next((i for i in self.incidents if i.number == finding.incident), None)

    def suspects(self, finding: Finding) -> tuple[Suspect, ...]:
        """The likely causes of the incident of a finding, the likeliest first."""
        incident = self.incident_of(finding)
        return incident.suspects if incident is not None else ()

    def in_the_batches(self, finding: Finding) -> bool:
        """Whether the data leads the likely causes: something speaks for it, and for nothing else as much."""
        told = self.suspects(finding)
        best = max((s.score for s in told if s.skips), default=0)
        return best > 0 and all(s.score < best for s in told if not s.skips)

    def mend(self, finding: Finding) -> str:
        """What to do first about the likeliest cause; empty if that is the data, or little speaks for it."""
        told = [s for s in self.suspects(finding) if s.mend or s.skips]  # damage left by a spike is no cause of it
        return told[0].mend if told and told[0].score >= LIKELY and not self.in_the_batches(finding) else ""

    def came_back(self, spike: Finding) -> bool:
        """Whether a spike at the same step was taken back by a rewind before."""
        return any(
            rule_of(f.code).taken_back(f) and abs(onset(f) - onset(spike)) <= SAME_STEP
            for f in self.showing(Symptom.SPIKE)
        )


def _explained(spike: Finding) -> bool:
    """Whether a rewind took a spike back, or a restarted rate or a planned stage made it."""
    told = LossSpike.evidence_of(spike)
    return bool(told.get("rewound") or told.get("warm_restart") or told.get("plan"))


def samples_per_step(run: Run) -> float | None:
    """Samples of the whole run in one step: from a count of samples, else from the config; None if not known."""
    counted = run.role("samples")
    if counted is not None:
        latest = counted.series.latest()
        known = latest.take(np.isfinite(latest.value))
        if len(known) > 1 and known.value[-1] > known.value[0]:
            return float((known.value[-1] - known.value[0]) / (known.step[-1] - known.step[0]))
    told = run.configured.batch_samples()
    return told.value if told else None


def checkpoints(run: Run, span: tuple[int, int]) -> tuple[int, ...]:
    """Steps with a checkpoint: where one was timed, else the multiples of the interval in the config."""
    timed = run.role("checkpoint_time")
    if timed is not None and len(timed.series):
        return tuple(sorted({int(s) for s in timed.series.step}))
    if interval := run.configured.checkpoint_interval():
        return tuple(range(0, span[1] + 1, int(interval.value)))
    return ()


def onset(finding: Finding) -> int:
    """First step of a finding; 0 if it is about the whole run."""
    return finding.steps[0] if finding.steps else 0


def amount(number: float | None) -> str:
    """A number of tokens as people say it: three digits and k, M, B or T."""
    number = number or 0.0
    for factor, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= factor:
            return f"{number / factor:.3g} {letter}"
    return f"{number:.0f}"
