"""Advice for a run that did not go on where it stood when it was resumed."""

from __future__ import annotations

from runlens.advice.advised import Advised
from runlens.advice.facts import Facts
from runlens.model import Action
from runlens.rules.resume.resume_break import ResumeBroken

SOURCE = "torchtitan and OLMo-core checkpoint model, optimizer, scheduler and data loader together"


def after_a_broken_resume(facts: Facts) -> Advised | None:
    """What was not restored: resume again where it costs the run, else mend it; the batches are innocent."""
    broken = [f for f in facts.findings if f.code == ResumeBroken.code and f.severity.rank >= 1]
    if not broken:
        return None
    worst = max(broken, key=lambda f: f.severity.rank)
    own = ResumeBroken.advice
    grave = worst.severity.rank >= 2
    step = ResumeBroken.evidence_of(worst)["resumed_at_step"]
    action = Action(
        "restart" if grave else "investigate",
        worst.message,
        measures=(
            *((f"Resume once more from the checkpoint that step {step:,} went on from.",) if grave else (worst.help,)),
            *(own.measures if own is not None else ()),
        ),
        sources=(SOURCE,),
    )
    return Advised(action, worst, "resume again with everything restored" if grave else "", complete=grave)
