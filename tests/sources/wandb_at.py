"""Reading in this process from a loopback server, for the tests of the W&B reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from runlens.model import Run
from runlens.sources import wandb_api
from runlens.sources.wandb_api.pull import Pulled
from tests.wandb_server import RunState, Server, environment

NAME = "team/proj/run1"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that this process is logged in to, with an empty cache."""
    with Server() as made:
        for name, value in environment(made.url, tmp_path / "home").items():
            if name != "TMPDIR":
                monkeypatch.setenv(name, value)
        yield made


def read(name: str = NAME, **how: bool) -> Run:
    return wandb_api.read(wandb_api.find(name, **how)[0])


def fetch(name: str = NAME, **how: bool) -> Pulled:
    return wandb_api.fetch(wandb_api.find(name, **how)[0])


def rows_of(steps: np.ndarray, seed: int = 0) -> list[dict[str, object]]:
    """Rows with a loss at every step and an eval at every seventh."""
    random = np.random.default_rng(seed)
    found: list[dict[str, object]] = []
    for i, step in enumerate(steps.tolist()):
        row: dict[str, object] = {"_step": step, "_timestamp": 1.7e9 + step * 0.5, "_runtime": step * 0.5}
        row["loss"] = float(random.normal())
        if i % 7 == 0:
            row["eval/acc"] = float(random.random())
        found.append(row)
    return found


def same(run: Run, state: RunState, key: str = "loss") -> None:
    """Every point of a series is that which was logged, in order."""
    import json

    logged = [(row["_step"], row[key]) for row in map(json.loads, state.history) if key in row]
    series = run.series[key]
    assert series.step.tolist() == [step for step, _ in logged]
    np.testing.assert_array_equal(series.value, np.array([value for _, value in logged], dtype=np.float64))
