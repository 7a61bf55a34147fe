"""Runs of any kind, seeded: each draws its length, what it logs, and some of the faults that rules look for.

No run is meant to look real, and what is planted is not told: together they stand on both sides of the thresholds, so
that what rules say of them moves when one of them moves.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from runlens.model import Note, Run, Series
from runlens.roles import resolve

START = 1.76e9


@lru_cache(maxsize=300)
def anything(seed):
    """The run of a seed, resolved."""
    draw = np.random.default_rng(seed)
    n = int(draw.choice([9, 40, 60, 120, 300, 700, 1500]))
    every = int(draw.choice([1, 1, 10, 50]))
    speed = _speed(draw, n)
    columns = {**_learning(draw, n), **_machines(draw, n), **_speeds(draw, n, speed)}
    step = np.arange(n) * every
    time = START + np.cumsum(every * 0.5 / speed)
    if draw.random() < 0.15:
        time[int(n * draw.random()) :] += float(draw.choice([90.0, 700.0, 4000.0, 90_000.0]))
    if draw.random() < 0.1:
        time[int(n * draw.random()) :] -= float(draw.choice([0.9, 20.0, 70.0, 9000.0]))
    if draw.random() < 0.05:
        time[int(n * draw.random()) :] += 4e7
    rows = _rows(draw, n)
    step, time = step[rows], _after_resumes(draw, rows, time)
    series = {}
    for name, value in columns.items():
        value = value[rows]
        known = np.isfinite(value) | (
            draw.random(len(value)) < (1.0 if "eval" not in name and ".gpu." not in name else 0.0)
        )
        series[name] = Series(name, step[known], time[known], value[known])
    run = Run("run", "run", "run", config=_config(draw, n, every), series=series)
    late = float(draw.choice([1.0, 500.0, 700.0, 3000.0, 90_000.0]))
    run = replace(
        run, state=str(draw.choice(["running", "finished", "crashed", "unknown"])), read_at=float(time[-1]) + late
    )
    if draw.random() < 0.2:
        run = replace(run, starts=(START, float(time[len(time) // 2])))
    if draw.random() < 0.1:
        part = int(draw.choice([30, 49, 50, 51, 400]))
        kind = str(draw.choice(["damaged", "truncated", "left-out", "unsupported"]))
        run = replace(run, notes=(Note(kind, "Some of it was not read.", 3, part, 1000),))
    return resolve(run)


def _config(draw, n, every):
    config = {"max_steps": int(n * every * draw.choice([0.9, 1.0, 1.3, 4.0]))} if draw.random() < 0.4 else {}
    if draw.random() < 0.2:
        config["fp16"] = True
    return {**config, "global_batch_size": 64, "seq_length": 1024} if draw.random() < 0.5 else config


def _learning(draw, n):
    """Loss, norm, rate and evals, with events."""
    t = np.arange(n)
    y = np.log(2 + 8 * (1 + t / 20) ** -0.6) + draw.choice([0.003, 0.01, 0.04]) * draw.standard_normal(n)
    norm = 0.1 * draw.standard_normal(n) - 0.5 + np.exp(-t / 30)
    for _ in range(int(draw.integers(0, 3))):
        at = int(n * draw.uniform(0.05, 0.98))
        since = np.arange(n - at)
        fade = float(draw.choice([1.0, 4.0, 20.0, 100.0]))
        left = float(draw.choice([0.0, 0.0, 0.4, 1.0]))
        shape = np.minimum(1.0, (since + 1) / float(draw.choice([1, 1, 5, 40]))) * (
            left + (1 - left) * np.exp(-since / fade)
        )
        y[at:] += float(draw.choice([-0.2, 0.0, 0.05, 0.12, 0.4, 1.2])) * shape
        early = max(at - int(draw.choice([0, 0, 3, 20])), 0)
        norm[early : early + n - at] += float(draw.choice([0.0, 0.9, 1.2, 3.0])) * shape[: n - early]
    loss, norm = np.exp(y), np.exp(norm)
    if draw.random() < 0.15:
        loss[int(n * draw.uniform(0.2, 1)) :] = loss[n // 5] if draw.random() < 0.7 else 0.0
    _holes(draw, loss)
    _holes(draw, norm)
    if draw.random() < 0.15:
        norm[-int(draw.choice([3, 9, 10, 11, n // 2 + 1])) :] = 0.0
    rate = np.minimum((t + 1) / 20, 1.0) * (0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * t / n)))
    for _ in range(int(draw.integers(0, 3))):
        at, length = int(n * draw.random()), int(draw.choice([1, 5, n // 12 + 1, n]))
        rate[at : at + length] *= draw.choice([0.0, 0.3, 0.62, 0.7, 1.4, 1.7, 4.0])
    out = {"loss": loss, "grad_norm": norm, "lr": 3e-4 * rate}
    if draw.random() < 0.2:
        out.pop(str(draw.choice(["loss", "grad_norm", "lr"])))
    if draw.random() < 0.25:
        fall = 2.0 ** (16 - np.clip((t - n * draw.uniform(0.2, 0.9)) // 2, 0, float(draw.choice([3, 12, 16, 18, 30]))))
        out["loss_scale"] = fall
    if draw.random() < 0.6:
        out |= _evals(draw, n)
    if draw.random() < 0.2:
        out["batch_size"] = np.where(t < n // 2, 64.0, float(draw.choice([64, 128])))
    return out


def _evals(draw, n):
    """A held-out loss and two scores, each so many rows."""
    t, each = np.arange(n), int(draw.choice([2, 5, 10, 30]))
    at = (t % each == each - 1) & (t < n * draw.choice([0.3, 0.6, 0.8, 1.0, 1.0]))
    turn = int(n * draw.uniform(0.2, 1.0))
    worse = np.maximum(t - turn, 0) / n * float(draw.choice([0.0, 0.05, 0.15, 0.5]))
    noise = float(draw.choice([0.001, 0.01]))
    smooth = np.log(2 + 8 * (1 + t / 20) ** -0.6)
    score = 0.3 + 0.15 * (2.4 - smooth) - float(draw.choice([0.0, 0.0, 0.5, 1.0])) * worse
    made = {
        "eval_loss": np.exp(smooth + 0.02 + worse + noise * draw.standard_normal(n)),
        "eval/hellaswag/acc": score + noise * draw.standard_normal(n),
        "eval/arc_easy/acc": score + 0.1 + noise * draw.standard_normal(n),
    }
    return {name: np.where(at, value, np.nan) for name, value in made.items()}


def _holes(draw, value):
    """NaN and infinities: a few, a stretch, or to the end."""
    n = len(value)
    kind = draw.random()
    bad = float(draw.choice([np.nan, np.inf]))
    if kind < 0.06:
        value[draw.integers(0, n, int(draw.choice([1, 2, 4])))] = bad
    elif kind < 0.12:
        at = int(n * draw.random())
        value[at : at + int(draw.choice([2, 9, 10, 11]))] = bad
    elif kind < 0.18:
        value[-int(draw.choice([1, 2, 3, 4, 12])) :] = bad
    elif kind < 0.22:
        value[: int(draw.choice([2, 71, 72, 73]))] = bad


def _speed(draw, n):
    """Speed of each row about 1."""
    t = np.arange(n)
    speed = np.exp(float(draw.choice([0.002, 0.01, 0.03])) * draw.standard_normal(n))
    for _ in range(int(draw.integers(0, 3))):
        first = int(n * draw.uniform(0.05, 0.95))
        last = n if draw.random() < 0.6 else first + int(draw.choice([5, 20, n // 4]))
        shape = (t >= first) & (t < last)
        if draw.random() < 0.3:
            shape = np.clip((t - first) / max(last - first, 1), 0, 1) * (t < last)
        speed *= 1 - float(draw.choice([0.02, 0.035, 0.05, 0.1, 0.3])) * shape
    if draw.random() < 0.3:
        each = int(draw.choice([7, 10, 25]))
        speed[(t % each == 0) & (t >= n * draw.choice([0.0, 0.0, 0.5]))] *= float(draw.choice([0.3, 0.6, 0.9]))
    if draw.random() < 0.2:
        speed[draw.integers(0, n, int(draw.choice([1, 3])))] *= float(draw.choice([0.002, 0.02, 0.1]))
    return speed


def _speeds(draw, n, speed):
    """How speed is logged: as a rate, a step time, a count, of some ranks, or by nothing but the clock."""
    out = {}
    if draw.random() < 0.6:
        out["tokens_per_sec_per_gpu"] = 13_700 * speed
    if draw.random() < 0.4:
        out["step_time"] = 0.5 / speed
    if draw.random() < 0.5:
        out["consumed_tokens"] = (np.arange(n) + 1.0) * 65_536
    if draw.random() < 0.3:
        much = float(draw.choice([1.0, 1.03, 1.06, 1.2]))
        first = int(n * draw.uniform(0.1, 0.9))
        for rank in range(int(draw.choice([2, 3, 8, 8]))):
            own = 0.5 / speed * np.exp(0.004 * draw.standard_normal(n))
            own[first:] *= much if rank == 1 else 1.0
            out[f"step_time/rank_{rank}"] = own
    return out


def _machines(draw, n):
    """Sensors of some GPUs, one of them odd from some row on."""
    if draw.random() < 0.5:
        return {}
    t, at = np.arange(n), int(n * draw.uniform(0.1, 0.9))
    late = t >= at
    end = at + int(draw.choice([3, 12, n]))
    odd, amount = late & (t < end), float(draw.choice([0.0, 0.5, 1.0, 2.0]))
    grows = np.maximum(t - n * 0.05, 0) / n
    out = {}
    for g in range(int(draw.choice([1, 4, 6]))):
        own = amount * (g == 0)
        gpu = f"system.gpu.{g}."
        out[gpu + "temp"] = 62 + draw.normal(0, 0.5, n) + 14 * own * odd + 8 * own * grows
        out[gpu + "powerWatts"] = 400 + draw.normal(0, 5, n) - 60 * own * odd
        out[gpu + "gpu"] = np.clip(96 + draw.normal(0, 1, n) - 30 * own * odd, 0, 100)
        out[gpu + "smClock"] = 1700.0 - 130 * own * odd
        out[gpu + "memoryAllocatedBytes"] = 50e9 + 4e9 * own * grows + draw.normal(0, 1e8, n)
    if draw.random() < 0.5:
        out["DCGM_FI_DEV_XID_ERRORS.0"] = np.where(late, float(draw.choice([0, 13, 79])), 0.0)
    return out


def _rows(draw, n):
    """Which rows were written, in order: some were lost, some were written again after a resume."""
    rows = np.arange(n)
    if draw.random() < 0.2:
        at = int(n * draw.uniform(0.2, 0.9))
        rows = np.concatenate([rows[:at], rows[at + int(draw.choice([2, 10, 12, 110])) :]])
    for _ in range(int(draw.choice([0, 0, 0, 1, 1, 3, 4]))):
        at = int(len(rows) * draw.uniform(0.3, 0.95))
        back = max(at - int(draw.choice([1, 2, 3, 10, n // 5 + 1])), 0)
        rows = np.concatenate([rows[:at], rows[back:]])
    return rows if len(rows) > 3 else np.arange(n)


def _after_resumes(draw, rows, time):
    """Wall times of these rows: a start takes a while, and what is done again is done later."""
    out = time[rows].copy()
    pause = float(draw.choice([5.0, 60.0, 1200.0]))
    for at in np.flatnonzero(np.diff(rows) < 0) + 1:
        out[at:] += out[at - 1] - out[at] + pause
    return out
