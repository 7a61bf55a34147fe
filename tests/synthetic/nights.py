"""A job that runs every night, seeded: what its nights differ by, and faults to plant in one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve
from tests.synthetic.training import healthy

Floats = npt.NDArray[np.float64]
DAY = 86_400.0
FIRST = 1_762_900_000.0
"""The first night begins then, s since the epoch (November 2025)."""
SPEED = 14_000.0
"""Tokens a second."""
EVALS = ("eval/hellaswag/acc_norm", "eval/arc_easy/acc_norm", "eval/piqa/acc_norm", "eval/winogrande/acc")


@dataclass(frozen=True)
class Night:
    """One night of a job: a healthy one unless a field says otherwise."""

    number: int
    spread: float = 0.003
    """By how much nights of the job differ, as a share: speed, duration, loss; scores by as many points."""
    seed: int = 0
    points: int = 300
    tokens: bool = True
    """Whether the log counts tokens."""
    speed: float = 1.0
    loss: float = 1.0
    norm: float = 1.0
    memory: float = 1.0
    heat: float = 0.0
    """Degrees above the usual."""
    scores: float = 0.0
    """Points of 1 that every eval is above the usual."""
    evals: tuple[str, ...] = EVALS
    cut: float = 1.0
    """Share of the points that were reached."""
    pause: float = 0.0
    """Hours that it stood still in the middle."""
    lacking: tuple[str, ...] = ()
    """Columns that were not logged."""
    nan_from: int | None = None
    spike: float = 0.0
    """Of the log loss, from two thirds on, for good."""
    sag: float = 1.0
    """Times the speed of the second half."""
    state: str = "finished"
    config: Mapping[str, object] = field(default_factory=lambda: {"lr": 3e-4, "batch_size": 64, "commit": "a1"})

    def run(self) -> Run:
        """The run, resolved."""
        columns, evals = self.columns()
        step = columns.pop("step")
        time = columns.pop("time", np.full(len(step), np.nan))
        series = {k: Series(k, step.astype(np.int64), time, v) for k, v in columns.items()}
        for name, (at, values) in evals.items():
            series[name] = Series(name, step[at].astype(np.int64), time[at], values)
        run = Run(self.name, self.name, "r", state=self.state, config=self.config, series=series)  # type: ignore[arg-type]
        return resolve(run)

    @property
    def name(self) -> str:
        """The run's id."""
        return f"night-{self.number:03d}"

    def columns(self) -> tuple[dict[str, Floats], dict[str, tuple[npt.NDArray[np.int64], Floats]]]:
        """Columns by logged name, step and time among them; and evals as indices and values."""
        rng = np.random.default_rng([self.seed, self.number])
        own = healthy(int(rng.integers(2**31)), self.points)
        shift = self.spread * rng.standard_normal(6)
        n = max(round(self.cut * self.points), 1)
        rate = SPEED * self.speed * np.exp(shift[0] + 0.01 * rng.standard_normal(self.points))
        rate[self.points // 2 :] *= self.sag
        each = 65_536.0 / rate
        time = FIRST + DAY * self.number + np.cumsum(10 * each)
        time[self.points // 2 :] += 3600.0 * self.pause
        loss = own["loss"] * self.loss * np.exp(shift[1])
        loss[2 * self.points // 3 :] *= np.exp(self.spike)
        if self.nan_from is not None:
            loss[self.nan_from :] = np.nan
        columns = {
            "step": 10.0 * (1 + np.arange(self.points)),
            "time": time,
            "loss": loss,
            "grad_norm": own["grad_norm"] * self.norm * np.exp(2.0 * shift[2]),
            "lr": own["lr"],
            "tokens_per_second": rate,
            "tokens": 655_360.0 * (1 + np.arange(self.points)),
            "gpu/memory_gb": np.full(self.points, 61.0 * self.memory * np.exp(shift[3])),
            "gpu/temperature": 66.0 + self.heat + shift[4] / 0.003 * 0.3 + 0.5 * rng.standard_normal(self.points),
        }
        if not self.tokens:
            columns.pop("tokens")
        at = np.arange(29, self.points, 30)
        evals = {}
        for k, name in enumerate(self.evals):
            course = 0.35 + 0.05 * k + 0.2 * (at / self.points) ** 0.4
            values = course + self.scores + shift[5] + 0.003 * rng.standard_normal(len(at))
            evals[name] = (at[at < n], values[at < n])
        kept = {k: v[:n] for k, v in columns.items() if k not in self.lacking}
        return kept, evals

    def rows(self) -> list[dict[str, object]]:
        """The rows of a JSON lines file."""
        columns, evals = self.columns()
        rows: list[dict[str, object]] = [
            {k: (int(v[i]) if k == "step" else float(v[i])) for k, v in columns.items()}
            for i in range(len(columns["step"]))
        ]
        for name, (at, values) in evals.items():
            for i, value in zip(at, values, strict=True):
                rows[int(i)][name] = float(value)
        return rows


def nights(count: int, first: int = 1, **fields: object) -> list[Night]:
    """Healthy nights, one after another."""
    return [replace(Night(number), **fields) for number in range(first, first + count)]  # type: ignore[arg-type]
