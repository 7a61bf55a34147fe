"""Machines as teams share them: GPUs of others, power limits, slots that differ, memory over few samples; seeded."""

from __future__ import annotations

import numpy as np

from runlens.model import Run
from tests.synthetic.hardware import Machine, healthy

Rng = np.random.Generator
Made = tuple[Run, int | None]
GIB = 2.0**30


def _machine(rng: Rng, rows: int | None = None, gpus: int = 4) -> Machine:
    rows = int(rng.integers(60, 400)) if rows is None else rows
    return healthy(int(rng.integers(1 << 30)), gpus=gpus, rows=rows)


def _owned(made: Machine, own: int) -> None:
    """W&B logs `gpu.process.N` for the GPUs alone on which the run's own process is."""
    for what in ("gpu", "powerWatts", "temp", "memoryAllocatedBytes"):
        made.columns[f"system.gpu.process.{own}.{what}"] = made.columns[f"system.gpu.{own}.{what}"].copy()


def short_leak(rng: Rng) -> Made:
    """A leak over 20 to 40 samples."""
    made = _machine(rng, int(rng.integers(20, 41)))
    rows = len(made.step)
    level = rng.uniform(5, 30) * GIB
    made.columns["system.gpu.0.memoryAllocatedBytes"] = level * (
        1 + rng.uniform(0.6, 1.0) * np.arange(rows) / rows
    ) + 5e6 * rng.standard_normal(rows)
    return made.run(), None


def host_leak(rng: Rng) -> Made:
    """Host memory that fills up."""
    made = _machine(rng)
    share = np.arange(len(made.step)) / len(made.step)
    name = str(rng.choice(["system.memory_percent", "system.memory", "cpu_vm_percent"]))
    made.columns[name] = 20.0 + rng.uniform(45, 75) * share + 0.4 * rng.standard_normal(len(share))
    return made.run(), None


def own_gpu_waits(rng: Rng) -> Made:
    """The one GPU that the run uses waits from some step on and training with it; those of others are busy."""
    made = _machine(rng)
    own = int(rng.integers(4))
    rows = made.after(0.4)
    made.columns["tokens_per_sec_per_gpu"][rows] *= rng.uniform(0.5, 0.8)
    made.columns[f"system.gpu.{own}.gpu"][rows] = rng.uniform(10, 30) + 4 * rng.standard_normal(int(rows.sum()))
    _owned(made, own)
    return made.run(), None


def others_wait(rng: Rng) -> Made:
    """GPUs of others are idle, hot or leak, and the run's own is well."""
    made = _machine(rng)
    own = int(rng.integers(4))
    for g in set(range(4)) - {own}:
        at, kind = f"system.gpu.{g}.", rng.integers(3)
        if kind == 0:
            made.columns[at + "gpu"][:] = np.abs(rng.standard_normal(len(made.step)))
            made.columns[at + "powerWatts"][:] = 60 + rng.standard_normal(len(made.step))
        elif kind == 1:
            made.columns[at + "temp"][made.after(0.5)] = 93.0
        else:
            made.columns[at + "memoryAllocatedBytes"] += 2e8 * np.arange(len(made.step))
    _owned(made, own)
    return made.run(), None


def at_its_limit(rng: Rng) -> Made:
    """GPUs that draw what they may, and clock as that allows."""
    made = _machine(rng)
    limit = rng.choice([250.0, 350.0, 500.0])
    rows = len(made.step)
    for g in range(4):
        at = f"system.gpu.{g}."
        made.columns[at + "powerWatts"] = limit * (0.995 + 0.004 * rng.standard_normal(rows))
        made.columns[at + "enforcedPowerLimitWatts"] = np.full(rows, limit)
        made.columns[at + "smClock"] = 1500 + 60 * rng.standard_normal(rows)
    return made.run(), None


def slots(rng: Rng) -> Made:
    """A slot that is up to twelve degrees warmer than the others, at the same clocks and power."""
    made = _machine(rng, gpus=8)
    made.columns[f"system.gpu.{rng.integers(8)}.temp"] += rng.uniform(4, 12)
    return made.run(), None


def fills_its_cache(rng: Rng) -> Made:
    """Memory that comes up step by step to where it stays: longer sequences, the allocator's cache."""
    made = _machine(rng)
    rows = len(made.step)
    up = np.cumsum(rng.random(rows) < 6.0 / rows * np.exp(-np.arange(rows) / (0.15 * rows)) / 0.15)
    made.columns["system.gpu.0.memoryAllocatedBytes"] += 2 * GIB * up
    return made.run(), None


FAULTS = {
    "GPU memory leaks, 20 to 40 samples": (short_leak, ("HW002",)),
    "host memory fills up": (host_leak, ("HW002",)),
    "its own GPU waits, those of others work": (own_gpu_waits, ("HW003",)),
}
"""What happens: what makes it, and the rules one of which should say so at `warning` or above."""
HEALTHY = {
    "GPUs of others idle, hot or leaking": others_wait,
    "at the power limit": at_its_limit,
    "a warm slot": slots,
    "the allocator's cache": fills_its_cache,
}
