"""Advice for a run whose evals trail the reference: restart or go on, by which of the two finishes earlier."""

from __future__ import annotations

from runlens.advice.facts import Facts, amount
from runlens.model import Action, Finding

PLAYBOOK = "Hugging Face smol training playbook, 'Staying the course': SmolLM3 was restarted at 1 T tokens"
INITIALISATION = "OLMo 2 (arXiv 2501.00656): initialisation N(0, 0.02)"


def behind_the_reference(facts: Facts) -> Action | None:
    """With lag factor L, tokens done D and tokens planned T: a restart ends earlier when D < T (1 - 1/L).

    Going on, the run reaches what the reference reaches at T only after L T tokens, of which L T - D are to come;
    a healthy restart needs T. Restarting wins when T < L T - D. The detection bar's form, D < T (1 - 1/L), asks the
    same of a run that is to stop at T: it then ends where the reference stood at T / L, and a restart reaches that
    point before the run has finished.
    """
    behind = facts.of_code("EVAL001", at_least=1)
    if not behind:
        return None
    finding = max(behind, key=lambda f: (f.severity.rank, _number(f, "lag_factor") or 1.0))
    lag = _number(finding, "lag_factor") or 1.0
    suspects = (
        "Check the seeds of tensor-, pipeline- and expert-parallel initialisation: each shard must draw its own.",
        "Check the initialisation, the data mixture and the tokenizer against the reference's.",
        "Compare the loss by domain, since a healthy total can hide one that fails.",
    )
    lead = f"The evals stand where the reference stood with {lag:.2g} times fewer tokens"
    healthy = not facts.with_outcome("diverged", "plateaued")
    if healthy and finding.evidence.get("from_start"):
        lead += (
            ", from the first checkpoint on and with a healthy loss, which points to how the run was set up, "
            "not to an accident"
        )
    if facts.tokens_done and facts.total_tokens and lag > 1:
        limit = facts.total_tokens * (1 - 1 / lag)
        if facts.tokens_done < limit:
            return Action(
                "restart",
                f"{lead}. {amount(facts.tokens_done)} of {amount(facts.total_tokens)} tokens are done, fewer than the "
                f"{amount(limit)} up to which a restart reaches the same scores earlier: find the cause, then restart.",
                measures=suspects,
                sources=(PLAYBOOK, INITIALISATION),
            )
        return Action(
            "investigate",
            f"{lead}. {amount(facts.tokens_done)} of {amount(facts.total_tokens)} tokens are done, more "
            f"than the {amount(limit)} up to which a restart would pay: find the cause, and weigh the lost quality.",
            measures=suspects,
            sources=(PLAYBOOK,),
        )
    even = (
        f" A restart pays if more than {amount(facts.tokens_done / (1 - 1 / lag))} tokens are planned."
        if facts.tokens_done and lag > 1
        else ""
    )
    return Action(
        "investigate",
        f"{lead}.{even} Give --total-tokens for the arithmetic.",
        measures=suspects,
        sources=(PLAYBOOK, INITIALISATION),
    )


def _number(finding: Finding, key: str) -> float | None:
    value = finding.evidence.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value == value else None
