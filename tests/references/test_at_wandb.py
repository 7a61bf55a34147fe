"""A W&B project that holds one eval run for each checkpoint, logged by the real client, is one reference."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from runlens.references.load import load
from tests.wandb_server import Server, environment

EVALS = """
import wandb

for k in (1, 2, 4, 8):
    config = {"checkpoint": f"step{k * 1000}", "consumed_tokens": k * 10**9}
    with wandb.init(project="evals", entity="team", id=f"eval{k}", name=f"evals {k}", config=config) as run:
        run.log({"lm-eval/hellaswag/acc_norm": 0.25 + 0.02 * k, "lm-eval/piqa/acc": 0.5 + 0.01 * k})
"""


def test_eval_runs_of_a_project_become_one_curve_a_task(tmp_path, monkeypatch):
    with Server() as server:
        variables = environment(server.url, tmp_path / "home")
        logged = subprocess.run(
            [sys.executable, "-c", EVALS], env={**os.environ, **variables}, capture_output=True, text=True, timeout=120
        )
        assert logged.returncode == 0, logged.stderr
        for name, value in variables.items():
            if name != "TMPDIR":
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("RUNLENS_CACHE_DIR", str(tmp_path / "cache"))
        reference = load("team/evals")
    curves = {curve.task: curve for curve in reference.curves}
    assert reference.axis == "tokens"
    assert curves["hellaswag"].at.tolist() == [1e9, 2e9, 4e9, 8e9]
    assert curves["hellaswag"].value.tolist() == pytest.approx([0.27, 0.29, 0.33, 0.41])
    assert curves["piqa"].value.tolist() == pytest.approx([0.51, 0.52, 0.54, 0.58])
