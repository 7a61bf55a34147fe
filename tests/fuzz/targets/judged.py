"""Runs of any numbers, judged: no rule crashes, nothing hangs, every page can be written."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np

from runlens.judging.check import judge
from runlens.judging.one import Settings
from runlens.model import Report, Run, RunRef, Series
from runlens.render import FORMATS, render
from runlens.rules import RULES
from runlens.sources.bounds import within_bounds
from tests.fuzz.damage import any_number
from tests.fuzz.harness import Lost, Outcome

_NAMES = (
    "loss",
    "train/loss",
    "eval/loss",
    "eval/hellaswag/acc",
    "grad_norm",
    "lr",
    "tokens_per_sec_per_gpu",
    "step_time",
    "consumed_tokens",
    "loss_scale",
    "reward",
    "kl",
    "system.gpu.0.temp",
    "system.gpu.1.temp",
    "system.gpu.0.memoryAllocatedBytes",
    "epoch",
    "é/\u202e",
    "x" * 3000,
    "batch_size",
    "step_time/rank_0",
    "step_time/rank_1",
)
_SETTINGS = Settings(tuple(rule() for rule in RULES), debug=True)


def of_numbers(draw: Random, folder: Path) -> Outcome:
    """Series of any floats on any steps at any times."""
    n = draw.choice((0, 1, 2, 7, 8, 60, 400))
    step = _steps(draw, n)
    time = _times(draw, n)
    series = {name: _series(draw, name, step, time) for name in draw.sample(_NAMES, draw.randint(1, 6))}
    run = Run(
        "run", "run", "run", draw.choice(("running", "finished", "crashed", "unknown")), series=series, read_at=1.8e9
    )
    report = judge(RunRef("fuzz", "run", "run"), _SETTINGS, lambda _: within_bounds(run))
    if report.failures:
        raise Lost(report.failures[0].message)
    render(Report("0", "2026-01-01T00:00:00Z", report.verdict, 0, (report,)), draw.choice(sorted(FORMATS)))
    return "read"


def _steps(draw: Random, n: int):  # type: ignore[no-untyped-def]
    kind = draw.randrange(6)
    if kind == 0:
        return np.array(
            [draw.choice((0, 1, -1, 2**62, -(2**62), 2**63 - 1, -(2**63), 7)) for _ in range(n)], dtype=np.int64
        )
    if kind == 1:
        return np.arange(n, 0, -1)
    if kind == 2:
        return np.zeros(n, dtype=np.int64)
    return np.arange(n) % draw.choice((5, 50, 1000)) * draw.choice((1, 10, 2**40)) + draw.choice((0, 10**6, -3))


def _times(draw: Random, n: int):  # type: ignore[no-untyped-def]
    kind = draw.randrange(5)
    if kind == 0:
        return np.full(n, np.nan)
    if kind == 1:
        return np.array([any_number(draw) for _ in range(n)], dtype=np.float64)
    return 1.76e9 + np.arange(n) * draw.choice((0.0, 0.5, 3600.0, -1.0))


def _series(draw: Random, name: str, step, time) -> Series:  # type: ignore[no-untyped-def]
    n = len(step)
    kind = draw.randrange(4)
    if kind == 0:
        value = np.array([any_number(draw) for _ in range(n)], dtype=np.float64)
    elif kind == 1:
        value = np.full(n, any_number(draw))
    else:
        value = 2 + np.exp(-np.arange(n) / 20.0) + 0.01 * np.array([draw.gauss(0, 1) for _ in range(n)])
        for _ in range(draw.randrange(4) if n else 0):
            value[draw.randrange(n) :] *= draw.choice((1.0, 1.5, 1e30, 0.0, -1.0))
    kept = (
        np.array([draw.random() < 0.9 for _ in range(n)], dtype=bool) if draw.random() < 0.3 else np.ones(n, dtype=bool)
    )
    return Series(name, step[kept], time[kept], value[kept])


TARGETS = {"judged": of_numbers}
