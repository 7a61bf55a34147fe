"""Real runs with known faults: our own, shipped in `fixtures/runs`, or a folder of more with its `truth.json`.

A folder holds `truth.json` and `runs/NAME` (TensorBoard) or `wandb/NAME/offline-run-*`. The truth names, for each run,
the findings that must be there (`expect`: codes, onset, tolerance in steps, outcomes) and those that may (`allow`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loss_synthetic import said_by
from runlens import roles, sources
from runlens.model import Finding, Severity
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike

SHIPPED = Path(__file__).parents[1] / "fixtures" / "runs"
LABELS = Path(__file__).parent / "labels.json"
RULES = (LossSpike(), NonFiniteLoss(), LossShift())
CODES = {rule.code for rule in RULES}


@dataclass(frozen=True)
class Real:
    """What the loss rules made of one labelled run."""

    name: str
    expected: int
    found: int
    asked: int
    """Outcomes that the truth names, of incidents found."""
    right: int
    errors: tuple[float, ...]
    """Onset errors in steps."""
    false: tuple[str, ...]
    """Findings at `warning` or above that the truth neither expects nor allows."""


def labelled_runs(corpus: Path | None) -> list[Real]:
    """All labelled runs, the shipped ones if no corpus is given."""
    truth = json.loads((corpus / "truth.json" if corpus else LABELS).read_text("utf-8"))
    places = [corpus / "runs", corpus / "wandb"] if corpus else [SHIPPED, SHIPPED / "wandb"]
    return [
        judged(name, place / name, truth[name])
        for name in sorted(truth) for place in places if (place / name).is_dir()
    ]  # fmt: skip


def judged(name: str, path: Path, truth: dict) -> Real:
    """One run by the loss rules, read as `runlens check` reads it."""
    (ref,) = sources.discover(str(path))
    run = roles.resolve(sources.read(ref))
    said = [f for rule in RULES if all(run.role(need) is not None for need in rule.needs) for f in said_by(rule, run)]
    wanted = [one for one in truth["expect"] if CODES & set(one["codes"]) and one["onset"] is not None]
    found = asked = right = 0
    errors, used = [], []
    for one in wanted:
        near = [f for f in said if f.code in one["codes"] and abs(f.steps[0] - one["onset"]) <= one["tol"]]
        if not near:
            continue
        outcomes = one.get("outcome", [])
        best = max(near, key=lambda f: (outcome(f) in outcomes, f.severity.rank))
        used += near
        found += 1
        errors.append(float(abs(best.steps[0] - one["onset"])))
        asked += bool(outcomes)
        right += bool(outcomes) and outcome(best) in outcomes
    false = tuple(
        f"{f.code} at {f.steps[0]}" for f in said
        if f.severity is not Severity.INFO and f not in used and not f.code.startswith(tuple(truth["allow"]))
    )  # fmt: skip
    return Real(name, len(wanted), found, asked, right, tuple(errors), false)


def outcome(finding: Finding) -> object:
    """How an incident ended, as its evidence says."""
    return finding.evidence.get("outcome")
