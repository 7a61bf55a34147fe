"""Clues of evals: each takes an incident and answers with a sentence, or None."""

# ruff: noqa: D103 - a name and the sentence that it answers with say all

from __future__ import annotations

from typing import cast

from runlens.advice.causes.case import Case, finite
from runlens.rules import rule_of
from runlens.rules.evals.behind_reference import BehindReference, LagEvidence
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.loss.spike import LossSpike


def _lag(case: Case) -> LagEvidence:
    """What the comparison of the incident holds; empty if it has none."""
    finding = case.of(BehindReference)
    return BehindReference.evidence_of(finding) if finding else cast("LagEvidence", {})


def behind_from_start(case: Case) -> str | None:
    said = _lag(case).get("from_start")
    return "The scores trail from the first checkpoint on." if said is True else None


def fell_behind_later(case: Case) -> str | None:
    said = _lag(case).get("from_start")
    return "The scores kept up at first and fell behind later." if said is False else None


def loss_looks_healthy(case: Case) -> str | None:
    bad = any(f.severity.rank > 0 and "train_loss" in rule_of(f.code).figure.panels for f in case.run.findings)
    return "The training loss looks healthy." if LossSpike.code in case.run.checked and not bad else None


def earlier_damage(case: Case) -> str | None:
    others = (f for f in case.run.findings if f.incident != case.incident.number and f.suppressed is None)
    bad = next((f for f in others if f.outcome in ("plateaued", "diverged")), None)
    return bad.message if bad else None


def some_tasks_only(case: Case) -> str | None:
    behind, all_ = finite(_lag(case).get("tasks_behind")), finite(_lag(case).get("tasks_compared"))
    return f"{behind:.0f} of {all_:.0f} tasks trail." if behind and all_ and behind <= all_ / 2 else None


def all_tasks(case: Case) -> str | None:
    behind, all_ = finite(_lag(case).get("tasks_behind")), finite(_lag(case).get("tasks_compared"))
    return f"All {all_:.0f} compared tasks trail." if behind and all_ and behind == all_ > 1 else None


def evals_unmatched(case: Case) -> str | None:
    count = len(_lag(case).get("unmatched", ()))
    return f"{count} of the reference's evals have no counterpart of the same setting." if count else None


def held_out_rises(case: Case) -> str | None:
    finding = case.of(Overfitting)
    return finding.message if finding else None
