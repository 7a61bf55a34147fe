"""Findings that belong together become one incident, the first cause first."""

from __future__ import annotations

from runlens.model import Finding, Incident, Run


def link(findings: tuple[Finding, ...], run: Run) -> tuple[tuple[Finding, ...], tuple[Incident, ...]]:
    """Number the incidents (first version: none are linked)."""
    return findings, ()
