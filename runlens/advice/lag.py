"""Advice for a run whose evals trail the reference: restart or go on, by which of the two finishes earlier."""

from __future__ import annotations

import math

from runlens.advice.advised import Advised
from runlens.advice.facts import Facts
from runlens.comparison import restart
from runlens.comparison.words import amount
from runlens.model import Action, ActionKind, Finding, Symptom
from runlens.rules.evals.behind_reference import BehindReference

PLAYBOOK = "Hugging Face smol training playbook, 'Staying the course': SmolLM3 was restarted at 1 T tokens"
INITIALISATION = "OLMo 2 (arXiv 2501.00656): initialisation N(0, 0.02)"
SUSPECTS = (
    "Check the seeds of tensor-, pipeline- and expert-parallel initialisation: each shard must draw its own.",
    "Check the initialisation, the data mixture and the tokenizer against the reference's.",
    "Compare the loss by domain, since a healthy total can hide one that fails.",
)


def behind_the_reference(facts: Facts) -> Advised | None:
    """What to do about the worst finding of a lag."""
    behind = facts.showing(Symptom.BEHIND, at_least=1)
    if not behind:
        return None
    finding = max(behind, key=lambda f: (f.severity.rank, _lag(f)))
    action = _weighed(facts, finding)
    return Advised(
        action, finding, "find the cause" if action.kind == "restart" else "check seeds, initialisation and data"
    )


def _weighed(facts: Facts, finding: Finding) -> Action:
    """Restart if that reaches the run's own end quality earlier (`comparison.restart`), else look for the cause.

    A lag that is a warning only (small, or seen at one checkpoint so far) is no reason to restart anything.
    """
    told = BehindReference.evidence_of(finding)
    lag, ends = _lag(finding), told.get("lag_interval")
    interval = (ends[0], ends[1]) if ends else None
    if told.get("lag_factor") is None:
        return _told("investigate", f"{finding.message}.")
    lead = f"The run needs {lag:.3g} times the tokens that the reference needed for the same scores"
    if not facts.with_outcome("diverged", "plateaued") and told.get("from_start"):
        lead += (
            ", from the first checkpoints on and with a healthy loss, which points to how the run was set up, "
            "not to an accident"
        )
    if not facts.tokens_done or lag <= 1 or told.get("axis", "tokens") != "tokens":
        return _told("investigate", f"{lead}.")
    if not facts.total_tokens:
        limit = amount(facts.tokens_done / (1 - 1 / lag))
        ask = f"A restart pays if more than {limit} are planned. Give --total-tokens for the arithmetic."
        return _told("investigate", f"{lead}. {ask}")
    choice = restart.weigh(facts.run, lag, facts.tokens_done, facts.total_tokens, interval)
    said = restart.said(choice, interval)
    said = said[:1].upper() + said[1:]
    if choice.restart and finding.severity.rank >= 2:
        return _told("restart", f"{lead}. {said}. Find the cause, then restart.")
    return _told("investigate", f"{lead}. {said}. Find the cause first.")


def _told(kind: ActionKind, reason: str) -> Action:
    return Action(kind, reason, measures=SUSPECTS, sources=(PLAYBOOK, INITIALISATION))


def _lag(finding: Finding) -> float:
    """The lag as a factor; 1 where it is not known."""
    factor = BehindReference.evidence_of(finding).get("lag_factor")
    return factor if factor is not None and math.isfinite(factor) else 1.0
