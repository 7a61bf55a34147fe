"""How far to go back, and which batches to leave out."""

from __future__ import annotations

from dataclasses import dataclass

from runlens.advice.facts import Facts, amount
from runlens.model import Finding
from runlens.rules import rule_of
from runlens.rules.loss.spike import LossSpike

STEPS_BEFORE = 100
"""PaLM (arXiv 2204.02311, section 5.1): restarted from a checkpoint roughly 100 steps before the spike started."""
FEWEST_BATCHES, MOST_BATCHES = 200, 500
"""PaLM, same place: skipped roughly 200-500 batches, those seen before and during the spike."""
LARGEST_SHARE = 0.05
"""A short run cannot give up 500 batches: at most this share of its steps is skipped."""


@dataclass(frozen=True, slots=True)
class Rewind:
    """Where to start again and what to leave out."""

    to_step: int
    checkpoint_known: bool
    skip: tuple[int, int]
    skip_tokens: int | None
    skip_samples: int | None
    nowhere: bool = False
    """There is no checkpoint to go back to: it came on before one could have been written."""

    def sentence(self) -> str:
        """The rewind in words."""
        kind = "checkpoint" if self.checkpoint_known else "last checkpoint at or before step"
        steps = self.skip[1] - self.skip[0] + 1
        tokens = f", {amount(self.skip_tokens)} tokens" if self.skip_tokens else ""
        tokens += f", {self.skip_samples:,} samples" if self.skip_samples else ""
        if self.nowhere:
            return f"start again and look at the batches of steps {self.skip[0]:,} to {self.skip[1]:,}"
        return (
            f"rewind to the {kind} {self.to_step:,} and look at the batches of steps "
            f"{self.skip[0]:,} to {self.skip[1]:,} ({steps} steps{tokens})"
        )

    def measures(self) -> tuple[str, ...]:
        """The window in samples, which data loaders count in, where the batch size is known."""
        return (f"In samples, the window to skip holds {self.skip_samples:,}.",) if self.skip_samples else ()


def rewind(facts: Facts, spike: Finding) -> Rewind:
    """The rewind for a spike.

    The start is the last checkpoint before the onset, or where none is known, 100 steps before it. The onset is that of
    the whole incident: of the schedule or the gradient norm, where they moved first. Batches are skipped from there for
    the length of the incident but at least 200 and at most 500 of them, and never more than 5 % of the run.
    """
    onset, last = spike.steps or (facts.first_step, facts.last_step)
    lead = LossSpike.evidence_of(spike).get("gradient_first") if spike.code == LossSpike.code else None
    if lead is not None and lead > 0:
        onset -= lead
    if spike.incident is not None:
        causes = [f for f in facts.findings if f.incident == spike.incident and f.steps and rule_of(f.code).part.spans]
        onset = min([onset, *(f.steps[0] for f in causes if f.steps)])
    before = [c for c in facts.checkpoints if 0 < c < onset]
    to_step = before[-1] if before else max(onset - STEPS_BEFORE, facts.first_step)
    length = min(max(last - onset + 1, FEWEST_BATCHES), MOST_BATCHES)
    length = max(min(length, int((facts.last_step - facts.first_step) * LARGEST_SHARE)), 3)
    tokens = round(length * facts.tokens_per_step) if facts.tokens_per_step else None
    samples = round(length * facts.samples_per_step) if facts.samples_per_step else None
    # Of those that are known the first comes after the onset, or the onset is too near the first step for one.
    none_yet = bool(facts.checkpoints) or to_step <= facts.first_step
    nowhere = to_step <= 0 or (not before and none_yet and facts.first_step < STEPS_BEFORE)
    return Rewind(to_step, bool(before), (onset, onset + length - 1), tokens, samples, nowhere)
