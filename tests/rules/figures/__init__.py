"""What rules find, with their evidence, on runs that stand on both sides of their thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from runlens.judging.one import Settings, judge_run
from runlens.model import Finding
from runlens.rules import RULES

ROOT = Path(__file__).parents[3]
ALL = Settings(rules=tuple(rule() for rule in RULES), chart_points=0)


def told(finding: Finding) -> list[object]:
    """A finding as figures: what, how grave, where, and every number in it."""
    return [finding.code, finding.severity.value, finding.metric, finding.steps, finding.message, finding.evidence]


def without_root(value):
    """Any result with the paths of this checkout as they are from its top."""
    if isinstance(value, str):
        return value.replace(f"{ROOT}/", "")
    if isinstance(value, Mapping):
        return {key: without_root(part) for key, part in value.items()}
    return [without_root(part) for part in value] if isinstance(value, list | tuple) else value


def judged(run, settings: Settings = ALL) -> list[object]:
    """All that is found in a run, why what was not judged was not, and what to do."""
    report = judge_run(run, settings)
    assert not report.failures
    action = asdict(report.action) if report.action is not None else None
    said = [told(f) for f in report.findings]
    return [report.verdict, said, [(s.code, s.kind) for s in report.skips], action]


def found(run, *families: str) -> list[object]:
    """What the rules of some families find in a run."""
    rules = tuple(rule for rule in ALL.rules if rule.code.startswith(families))
    return judged(run, Settings(rules=rules, chart_points=0))[1]
