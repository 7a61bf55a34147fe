"""Healthy multi-GPU runs with hardware series, seeded, and faults to plant in them; each fault returns the truth.

One row every `STEPS` steps and `SECONDS` seconds, under the names that the Trackio and W&B monitors log.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]

STEPS, SECONDS = 10, 30.0
TOKENS_PER_STEP = 2_097_152
START = 1_750_000_000.0


@dataclass(frozen=True)
class Fault:
    """What was planted, and where."""

    code: str
    steps: tuple[int, int]
    devices: tuple[str, ...]


@dataclass
class Machine:
    """A run as a table: columns by name, one row a sample."""

    rng: np.random.Generator
    step: npt.NDArray[np.int64]
    columns: dict[str, Floats] = field(default_factory=dict)

    @property
    def time(self) -> Floats:
        """Wall time of each row; a slower row takes longer."""
        speed = self.columns["tokens_per_sec_per_gpu"]
        return START + np.cumsum(SECONDS * np.median(speed) / speed)

    def rows(self) -> list[dict[str, float]]:
        """The table row by row, values rounded as monitors do."""
        time = self.time
        names = list(self.columns)
        return [
            {
                "step": int(self.step[i]),
                "time": round(float(time[i]), 3),
                **{n: _rounded(n, float(self.columns[n][i])) for n in names if np.isfinite(self.columns[n][i])},
            }
            for i in range(len(self.step))
        ]

    def run(self) -> Run:
        """The run, resolved."""
        time = self.time
        series = {}
        for name, value in self.columns.items():
            known = np.isfinite(value)
            series[name] = Series(name, self.step[known], time[known], value[known])
        return resolve(Run("machine", "machine", "machine", series=series))

    def after(self, share: float) -> npt.NDArray[np.bool_]:
        """Rows of the last `1 - share` of the run."""
        return np.arange(len(self.step)) >= share * len(self.step)

    def span(self, rows: npt.NDArray[np.bool_]) -> tuple[int, int]:
        """First and last step of some rows."""
        return int(self.step[rows].min()), int(self.step[rows].max())


def healthy(seed: int = 0, gpus: int = 4, rows: int = 260, what: str = "temp power gpu clock memory") -> Machine:
    """A healthy run: loss falls, speed holds, devices warm up and differ by some degrees."""
    rng = np.random.default_rng(seed)
    i = np.arange(rows)
    step = (i + 1) * STEPS
    columns: dict[str, Floats] = {
        "lm_loss": 1.9 + 6.5 * (1 + step / 40.0) ** -0.5 + rng.normal(0, 0.012, rows),
        "grad_norm": 0.4 + 2.0 * np.exp(-i / 12) + np.abs(rng.normal(0, 0.02, rows)),
        "tokens_per_sec_per_gpu": 17_500 * (1 + rng.normal(0, 0.004, rows)),
        "consumed_tokens": step * float(TOKENS_PER_STEP),
    }
    for g in range(gpus):
        at = f"system.gpu.{g}."
        warm = 1 - np.exp(-i / 6)
        power = 560 + 6 * (g % 4) + rng.normal(0, 9, rows)
        if "power" in what:
            columns[at + "powerWatts"] = power
        if "temp" in what:
            columns[at + "temp"] = 34 + (26 + 1.5 * (g % 4)) * warm + 0.02 * (power - 560) + rng.normal(0, 0.6, rows)
        if "gpu" in what.split():
            columns[at + "gpu"] = np.clip(97 + rng.normal(0, 1.2, rows), 0, 100)
        if "clock" in what:
            columns[at + "smClock"] = 1755 + 7.5 * rng.integers(-2, 3, rows)
        if "memory" in what:
            grown = np.where(i < 20, 52.0, 61.0)  # the first evaluation needs more, once
            columns[at + "memoryAllocatedBytes"] = 1e9 * grown + 2e6 * rng.integers(0, 9, rows)
    return Machine(rng, step, columns)


def overheat(m: Machine, gpu: int = 2, to: float = 88.0, share: float = 0.6, slower: float = 0.06) -> Fault:
    """A fan fails: the core climbs to `to` within ten rows and stays there, and training slows down with it."""
    rows = m.after(share)
    since = np.cumsum(rows)
    own = m.columns[f"system.gpu.{gpu}.temp"]
    own[rows] += (to - np.median(own)) * (1 - np.exp(-since[rows] / 3))
    m.columns["tokens_per_sec_per_gpu"][rows] *= 1 - slower
    return Fault("HW001", m.span(rows), (f"gpu {gpu}",))


def drift(m: Machine, gpu: int = 1, rise: float = 14.0) -> Fault:
    """A filter clogs: the core grows hotter in a straight line at the same power."""
    m.columns[f"system.gpu.{gpu}.temp"] += rise * np.linspace(0, 1, len(m.step))
    return Fault("HW001", m.span(m.after(0.3)), (f"gpu {gpu}",))


def leak(m: Machine, gpus: tuple[int, ...] = (0,), per_row: float = 40e6) -> Fault:
    """Something is kept every step: memory grows in a straight line, under the noise of the allocator.

    The monitor logs the share of the card beside it, so that its size is known: 80 GB.
    """
    for g in gpus:
        held = m.columns[f"system.gpu.{g}.memoryAllocatedBytes"]
        held += per_row * np.arange(len(m.step))
        m.columns[f"system.gpu.{g}.memoryAllocated"] = held / 80e7
    return Fault("HW002", m.span(m.after(0.1)), tuple(f"gpu {g}" for g in gpus))


def starve(m: Machine, share: float = 0.4, until: float = 0.9, to: float = 28.0, slower: float = 0.4) -> Fault:
    """All devices wait for data, and training with them."""
    rows = m.after(share) & ~m.after(until)
    m.columns["tokens_per_sec_per_gpu"][rows] *= 1 - slower
    for name in [n for n in m.columns if n.endswith(".gpu")]:
        m.columns[name][rows] = np.clip(to + m.rng.normal(0, 6, int(rows.sum())), 0, 100)
    return Fault("HW003", m.span(rows), tuple(f"gpu {g}" for g in range(4)))


def xid(m: Machine, code: int = 79, gpu: int = 3, share: float = 0.7) -> Fault:
    """The driver reports an Xid: the gauge holds the last code from then on."""
    rows = m.after(share)
    m.columns[f"DCGM_FI_DEV_XID_ERRORS.{gpu}"] = np.where(rows, float(code), 0.0)
    first = int(m.step[rows][0])
    return Fault("HW004", (first, first), (f"gpu {gpu}",))


def ecc(m: Machine, count: int = 3, gpu: int = 1, share: float = 0.5, corrected: bool = False) -> Fault:
    """A counter of memory errors rises by `count`, one row after another."""
    rows = m.after(share)
    name = "correctedMemoryErrors" if corrected else "uncorrectedMemoryErrors"
    m.columns[f"system.gpu.{gpu}.{name}"] = np.minimum(np.cumsum(rows), float(count))
    first = int(m.step[rows][0])
    return Fault("HW004", (first, first + (count - 1) * STEPS), (f"gpu {gpu}",))


def odd_one(m: Machine, gpu: int = 2, percent: float = 30.0, share: float = 0.3, slower: float = 0.08) -> Fault:
    """One device draws less power and is cooler, and the others wait for it."""
    rows = m.after(share)
    m.columns["tokens_per_sec_per_gpu"][rows] *= 1 - slower
    m.columns[f"system.gpu.{gpu}.powerWatts"][rows] *= 1 - percent / 100
    m.columns[f"system.gpu.{gpu}.temp"][rows] -= 0.6 * percent
    return Fault("HW005", m.span(rows), (f"gpu {gpu}",))


def throttle(m: Machine, gpu: int = 0, to: float = 1305.0, share: float = 0.5, slower: float = 0.12) -> Fault:
    """A device's clock falls while it works, and training slows down with it."""
    rows = m.after(share)
    m.columns[f"system.gpu.{gpu}.smClock"][rows] = to + 7.5 * m.rng.integers(-2, 3, int(rows.sum()))
    m.columns["tokens_per_sec_per_gpu"][rows] *= 1 - slower
    return Fault("HW006", m.span(rows), (f"gpu {gpu}",))


def _rounded(name: str, value: float) -> float:
    digits = 4 if "loss" in name or "norm" in name else 1
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded
