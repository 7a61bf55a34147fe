"""Small hand-made runs, findings and reports for tests."""

from __future__ import annotations

import numpy as np

from runlens.model import Finding, RoleSeries, Run, RunReport, Series, Severity


def finding(code="LOSS001", severity="error", steps=(1500, 1512), metric="loss", suppressed=None, **evidence):
    return Finding(
        code, code.lower(), Severity(severity), metric, steps, f"{code} says so.", evidence, suppressed=suppressed
    )


def run(length=2600, tokens_per_step=16384, config=None, **roles):
    step = np.arange(length)
    made = {
        "train_loss": np.full(length, 2.0),
        "tokens": (step + 1.0) * tokens_per_step,
        **roles,
    }
    resolved = {
        role: (RoleSeries(role, Series(role, step, step + 1.7e9, np.asarray(value, float)), "1"),)
        for role, value in made.items()
        if value is not None
    }
    return Run("r", "r", "logs/r", config=config or {}, roles=resolved)


def report(*findings, run="r", steps=(0, 2599), checked=("LOSS001",), **fields):
    return RunReport(
        run, run, f"logs/{run}", "unknown", "pass", steps, None, 100, findings=findings, checked=checked, **fields
    )
