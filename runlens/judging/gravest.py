"""Which findings are told where one rule has thousands."""

from __future__ import annotations

from runlens.model import Finding, Severity, Skip

MOST = 200
"""Findings of one rule that are told."""


def gravest(findings: list[Finding]) -> tuple[list[Finding], list[Skip]]:
    """The findings of one rule, at most `MOST`, the gravest and first ones; and what is said of the others.

    A log without any order may give thousands: nobody reads them, and all of them are held against each other.
    """
    if len(findings) <= MOST:
        return findings, []
    order = sorted(findings, key=lambda f: (-f.severity.rank, f.steps[0] if f.steps else -1))
    left = order[MOST:]
    counts = ", ".join(f"{n:,} {s}" for s in Severity if (n := sum(f.severity is s for f in left)))
    said = f"{len(left):,} further findings ({counts}) are not told one by one: the {MOST} gravest stand for them"
    return order[:MOST], [Skip(findings[0].code, said, "not-applicable")]
