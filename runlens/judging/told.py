"""What becomes of the findings of a rule: which are told where there are thousands, where they stand, how grave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from runlens.model import Finding, Run, Severity, Skip

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


def regraded(finding: Finding, severities: Mapping[str, Severity]) -> Finding:
    """The finding with the severity that the settings give its rule; what is `info` is never raised."""
    wanted = severities.get(finding.code)
    if wanted is None or finding.severity is Severity.INFO:
        return finding
    return replace(finding, severity=wanted)


def placed(finding: Finding, run: Run) -> Finding:
    """The finding with tokens and wall time of its steps filled in, where the rule left them open."""
    if finding.steps is None:
        return finding
    steps = np.array(finding.steps, dtype=np.float64)
    if finding.tokens is None:
        tokens = run.tokens_at(steps)
        if np.isfinite(tokens).all():
            finding = replace(finding, tokens=(float(tokens[0]), float(tokens[1])))
    if finding.time is None:
        time = run.time_at(steps)
        if np.isfinite(time).all():
            finding = replace(finding, time=(float(time[0]), float(time[1])))
    return finding
