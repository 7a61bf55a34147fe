"""The same run logged over the calls of its logger, ten training steps a call, and over its steps: all is the same.

Trainers on W&B count calls in `_step` and log the training step beside it (`train/global_step`).
"""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runlens import roles, sources
from runlens.comparison.curves import run_curves
from runlens.config import load, settings_for
from runlens.config.load import Config
from runlens.judging.one import judge_run
from runlens.model import Finding, Run, Series, Severity
from runlens.rules import RULES
from runlens.rules.base import AnyRule
from runlens.rules.loss.spike import LossSpike
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.straggler import Straggler

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "fixtures" / "rules"
EVERY = 10
"""Training steps for each call of the logger."""
N = 900
WIDTH = 1024
"""Bytes of each row, so that the share of a damaged line is the same."""
TIMER = "elapsed_time_per_iteration_ms"
COUNTER = "train/global_step"


def over_calls(every: int = EVERY, **columns: np.ndarray) -> Run:
    """A run of which each call of the logger gives one point; `__` in a name stands for `/`."""
    call = np.arange(N)
    clock = 1.7e9 + np.cumsum(columns.pop("seconds", np.full(N, 4.0)))
    named = {name.replace("__", "/"): value for name, value in columns.items()} | {COUNTER: call * float(every)}
    return roles.resolve(
        Run("r", "r", "r", series={n: Series(n, call, clock, np.asarray(v, float)) for n, v in named.items()})
    )


def loss() -> np.ndarray:
    return (2.0 + 6.0 * (1 + np.arange(N) / 20) ** -0.6) * np.exp(0.01 * np.random.default_rng(1).standard_normal(N))


def test_a_planned_stage_is_no_error():
    curve = loss()
    curve[500:] *= 1.3 + 0.4 * np.exp(-np.arange(N - 500) / 60)
    (found,) = LossSpike().check(over_calls(train__loss=curve, train__stage=(np.arange(N) >= 500) * 1.0))
    assert (found.severity, found.steps[0]) == (Severity.INFO, 5000)
    assert "train/stage went from 0 to 1 there" in found.message


def test_longer_sequences_explain_slower_steps():
    took = np.where(np.arange(N) < 450, 4.0, 8.0) * np.exp(0.01 * np.random.default_rng(2).standard_normal(N))
    run = over_calls(train__loss=loss(), seconds=took, train__seq_len=np.where(np.arange(N) < 450, 4096.0, 8192.0))
    (found,) = (f for f in ThroughputDrop().check(run) if isinstance(f, Finding))
    assert found.severity is Severity.INFO
    assert "train/seq_len went from 4,096 to 8,192 there" in found.message


def test_a_straggler_is_told_by_training_steps():
    rng = np.random.default_rng(3)
    own = {f"rank_{r}/forward_time": 0.5 * np.exp(0.01 * rng.standard_normal(N)) for r in range(8)}
    own["rank_3/forward_time"][300:] *= 1.1
    (found,) = (f for f in Straggler().check(over_calls(train__loss=loss(), **own)) if isinstance(f, Finding))
    assert (found.evidence["device"], found.steps) == ("rank 3", (3000, 8990))


def test_logged_standard_errors_are_kept():
    score, error = np.linspace(0.3, 0.5, N), np.linspace(0.01, 0.02, N)
    run = over_calls(train__loss=loss(), **{"eval/piqa_acc": score, "eval/piqa_acc_stderr": error})
    (curve,) = (c for c in run_curves(run, "steps").curves if c.curve.task == "piqa")
    assert curve.step[-1] > 8000
    assert np.isfinite(curve.curve.stderr).all()


def rows_of(code: str, which: str) -> list[dict[str, object] | str]:
    """The rows of a fixture; a damaged line stays text."""
    rows: list[dict[str, object] | str] = []
    for line in (FIXTURES / code / f"{which}.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            row = line
        rows.append(row)
    return rows


def with_twins_so_far_apart(rule: AnyRule) -> AnyRule:
    """The rule, the twins that it was given at ten times their steps, as the run is."""
    twins = getattr(rule, "twins", ())
    far = [
        replace(
            twin,
            curves={role: replace(curve, step=curve.step * EVERY) for role, curve in twin.curves.items()},
            last_step=None if twin.last_step is None else twin.last_step * EVERY,
        )
        for twin in twins
    ]
    return replace(rule, twins=tuple(far)) if far else rule


def told(code: str, which: str, folder: Path, calls: bool) -> list[tuple[object, ...]]:
    """What all rules say of a fixture at ten times its steps, logged over calls or over the steps themselves."""
    lines = []
    call = -1
    for row in rows_of(code, which):
        if isinstance(row, dict) and "step" in row:
            call += 1
            step = int(row.pop("step")) * EVERY
            row = {"step": call if calls else step, COUNTER: step, **row}
            if TIMER in row:  # ten times as many steps in the same time
                row[TIMER] = float(str(row[TIMER])) / EVERY
        lines.append(row if isinstance(row, str) else json.dumps(row).ljust(WIDTH))
    path = folder / f"{which}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = load(FIXTURES / code / "runlens.toml") if (FIXTURES / code / "runlens.toml").exists() else Config()
    (ref,) = sources.discover(str(path))
    settings = settings_for(ref, config, {})
    settings = replace(settings, rules=tuple(map(with_twins_so_far_apart, settings.rules)))
    report = judge_run(roles.resolve(sources.read(ref)), settings)
    assert not report.failures
    said: list[tuple[object, ...]] = [
        (f.code, f.severity, f.metric, f.steps, f.message, repr(f.evidence)) for f in report.findings
    ]
    return said + [(s.code, s.reason) for s in report.skips]


@pytest.mark.parametrize("which", ["bad", "good"])
@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_every_rule_says_the_same_of_a_run_logged_over_calls(code, which, tmp_path):
    by_step, by_call = (told(code, which, tmp_path, calls) for calls in (False, True))
    assert by_call == by_step
    if which == "bad":
        assert code in {found[0] for found in by_step if len(found) > 2}, "the run no longer shows what it is for"


@pytest.mark.parametrize("folder", ["rules", "comparison", "advice", "judging"])
def test_who_judges_never_takes_a_series_on_the_axis_of_the_logger(folder):
    """`run.series` is raw; what is compared with anything comes from `run.placed` or from a role."""
    taken = [
        f"{path.name}:{node.lineno}"
        for path in (ROOT / "runlens" / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "series"
        and isinstance(node.value, ast.Name) and node.value.id == "run"
    ]  # fmt: skip
    assert taken == []
