"""Figures of whole runs: names of all frameworks with values, lengths and x axes of all sizes."""

from __future__ import annotations

import numpy as np

from runlens.model import Run, Series
from runlens.roles import resolve
from tests.figures import case, rng
from tests.roles.figures.names import names_of_all

START = 1.76e9


def described(run):
    """Every role of a run: what stands in it and in which unit, with some of its points."""
    out = [run.framework, run.hardware_count]
    for role in sorted(run.roles):
        for r in run.roles[role][:3]:
            some = r.series.take(slice(None, None, max(len(r.series) // 3, 1)))
            what = [
                r.unit,
                r.scope,
                r.split,
                r.task,
                r.metric_kind,
                r.setting,
                r.device,
                r.direction or "",
                r.confidence,
            ]
            out.append([role, r.series.name, *what, r.derived, r.cumulative, len(r.series), some.step, some.value])
    return out


def axis_of(draw, n, kind):
    """Raw x of a series: steps, or what some loggers count instead."""
    t = np.arange(1, n + 1)
    return {"steps": t * 10, "calls": t, "samples": t * 640, "epochs": t // 20, "seconds": t * 5, "sparse": t * 400}[
        kind
    ]


def logged(draw, names, n):
    """A run that logged these names with values of any size."""
    time = START + np.cumsum(np.full(n, float(draw.choice([0.3, 5.0, 60.0]))))
    main = str(draw.choice(["steps", "steps", "calls", "samples"]))
    series = {}
    for name in names:
        kind = main if draw.random() < 0.75 else str(draw.choice(["steps", "epochs", "seconds", "sparse"]))
        each = int(draw.choice([1, 1, 1, 5]))
        rows = np.arange(n)[each - 1 :: each]
        value = 10.0 ** draw.uniform(-4, 10) * np.exp(0.2 * draw.standard_normal(len(rows)))
        shape = draw.random()
        if shape < 0.3:
            value = np.cumsum(value)
        elif shape < 0.5:
            value = draw.uniform(0, 1, len(rows)) * float(draw.choice([1, 1, 100]))
        elif shape < 0.6:
            value = np.full(len(rows), float(draw.choice([1, 4, 8, 1024])))
        if draw.random() < 0.1:
            value[: len(value) // 2] *= -1
        series[name] = Series(name, axis_of(draw, len(rows), kind) * each, time[rows], value)
    counter = str(draw.choice(["train/global_step", "global_step", "iteration", "", ""]))
    if counter:
        share = float(draw.choice([0.85, 0.92, 1.0, 1.0, 1.0, 1.0]))
        keep = np.sort(draw.permutation(n)[: int(n * share)])
        series[counter] = Series(counter, axis_of(draw, n, main)[keep], time[keep], (np.arange(n) * 10.0)[keep])
    config = {}
    for key, values in (
        ("global_batch_size", (64, 640)),
        ("train_batch_size", (640,)),
        ("seq_length", (1024,)),
        ("world_size", (8, 16)),
    ):
        if draw.random() < 0.3:
            config[key] = int(draw.choice(values))
    return Run("r", "r", "logs/r", config=config, series=series)


def columns(n=60, every=10, seconds=30.0, config=None, **logged):
    """A resolved run of these columns (`__` for `/`), a row each `every` steps and so many seconds."""
    rows = np.arange(n)
    series = {}
    for name, value in logged.items():
        value = np.broadcast_to(np.asarray(value, float), (n,))
        series[name.replace("__", "/")] = Series(name.replace("__", "/"), rows * every, START + rows * seconds, value)
    return resolve(Run("r", "r", "logs/r", config=config or {}, series=series))


@case
def logs_at_random():
    known, out = names_of_all(), []
    common = [
        "loss",
        "train/loss",
        "lr",
        "grad_norm",
        "step_time",
        "tokens_per_sec",
        "consumed_tokens",
        "eval/loss",
        "mfu",
    ]
    for seed in range(260):
        draw = rng(seed)
        names = [known[i] for i in draw.integers(0, len(known), int(draw.integers(1, 7)))]
        names += [common[i] for i in draw.integers(0, len(common), int(draw.integers(1, 5)))]
        n = int(draw.choice([1, 2, 3, 5, 6, 12, 40, 120]))
        out.append(described(resolve(logged(draw, list(dict.fromkeys(names)), n))))
    return out


@case
def what_is_derived():
    out = []
    for n in (2, 3, 4, 9, 30, 31, 250):
        for burst in (1, 2, 5, 10, 20, 60):
            rows = np.arange(n)
            time = START + (rows // burst) * burst * 3.0 + (rows % burst) * 0.01
            value = 3.0 - 0.001 * rows
            series = {"loss": Series("loss", rows * 10, time, value)}
            series["consumed_tokens"] = Series("consumed_tokens", rows * 10, time, rows * 1e6)
            out.append(described(resolve(Run("r", "r", "r", series=series))))
    back = np.array([0, 10, 20, 30, 40, 20, 30, 40, 50, 60])
    again = Series("loss", back, START + np.arange(10) * 9.0, np.ones(10))
    out.append(described(resolve(Run("r", "r", "r", series={"loss": again}))))
    share = np.where(np.arange(100) % 10 < 2, 0.05, 3.0)
    for few in (0, 8, 12, 30):
        time = START + np.cumsum(np.where(np.arange(100) % 100 < few, 0.05, 3.0) if few else share)
        out.append(
            described(resolve(Run("r", "r", "r", series={"loss": Series("loss", np.arange(100), time, np.ones(100))})))
        )
    return out


@case
def tokens_of_a_step():
    out = []
    t = np.arange(60)
    for sway in (0.0, 0.004, 0.02):
        tokens = np.cumsum(6.4e5 * (1 + sway * np.where(t % 2, 1, -1)))
        out.append(described(columns(loss=3.0, consumed_tokens=tokens, step_time=0.5)))
        out.append(described(columns(loss=3.0, tokens_per_batch=64_000 * (1 + sway * (t % 2)), step_time=0.5)))
        rate = 1e5 * (1 + sway * (t % 2))
        for scope in ("tokens_per_sec", "tokens_per_sec_per_gpu", "throughput__device__tokens_per_sec"):
            out.append(described(columns(loss=3.0, step_time=0.5, config={"world_size": 8}, **{scope: rate})))
    for n in (4, 5, 6):
        out.append(described(columns(n, loss=3.0, step_time=0.5, tokens_per_sec=1e5)))
    for config in (
        {"seq_length": 512},
        {"seq_length": 512, "global_batch_size": 8},
        {"batch_size": 4, "world_size": 2},
    ):
        for more in ({"samples_per_second": 20.0}, {"step_time": 0.5}, {"steps_per_second": 2.0}, {}):
            out.append(described(columns(loss=3.0, config=config, **more)))
    return out


@case
def rates_beside_their_twins():
    out = []
    for ratio in (0.5, 1.0, 1.04, 1.4, 1.6, 1.96, 2.0, 2.07, 2.5, 7.7, 8.0, 8.3):
        for more in ({"tokens_per_sec_per_gpu": 1000.0}, {"tokens_per_sec_global": 1000.0}, {}):
            out.append(
                described(columns(loss=3.0, throughput=1000.0 * ratio, tokens_per_second=1000.0 * ratio, **more))
            )
        pair = {"throughput__device__tokens_per_sec": 1000.0, "throughput__tokens_per_sec": 1000.0 * ratio}
        out.append(described(columns(loss=3.0, **pair)))
    for world in (0.4, 1.0, 8.0, np.nan):
        out.append(
            described(columns(loss=3.0, world_size=world, system__gpu__0__temp=50.0, **{"system.gpu.1.temp": 5.0}))
        )
    return out


@case
def counters_of_steps():
    out = []
    t = np.arange(200)
    for share in (0.85, 0.89, 0.91, 0.94, 0.96, 1.0):
        for where in ("start", "end", "between"):
            kept = {"start": t >= 200 * (1 - share), "end": t < 200 * share, "between": (t * 7) % 200 < 200 * share}[
                where
            ]
            counter = Series("train/global_step", t[kept], START + t[kept] * 5.0, 10.0 * t[kept])
            loss = Series("train/loss", t, START + t * 5.0, np.ones(200))
            run = Run("r", "r", "r", series={"train/loss": loss, "train/global_step": counter})
            out.append(described(resolve(run)))
    for falls in (0, 1, 2, 3, 20):
        value = 10.0 * t
        value[5 : 5 + 7 * falls : 7] = 0.0
        counter = Series("train/global_step", t, START + t * 5.0, value)
        run = Run("r", "r", "r", series={"train/loss": loss, "train/global_step": counter})
        out.append(described(resolve(run)))
    for value in (10.0 * t[::-1], np.full(200, 7.0), t * 1.0, np.where(t == 3, np.nan, 10.0 * t)):
        counter = Series("train/global_step", t, START + t * 5.0, value)
        out.append(described(resolve(Run("r", "r", "r", series={"train/loss": loss, "train/global_step": counter}))))
    for late in (0, 30, 60, 200):
        evals = Series("eval/loss", t[:8] * 3, START + t[:8] * 125.0 + late, np.ones(8))
        counter = Series("train/global_step", t, START + t * 5.0, 10.0 * t)
        series = {"train/loss": loss, "train/global_step": counter, "eval/loss": evals}
        out += [
            described(resolve(Run("r", "r", "r", series=series, step_metric=name)))
            for name in ("", "train/global_step")
        ]
    return out


@case
def losses_in_bits_and_in_parts():
    out = []
    t = np.arange(40)
    loss = 3.0 - 0.01 * t
    for base in (1.9, 1.97, 1.99, 2.0, 2.01, 2.03, np.e):
        out.append(described(columns(40, loss=loss, ppl=base**loss, eval__loss=loss + 1, eval__ppl=base ** (loss + 1))))
    for parts in (("box_loss",), ("box_loss", "cls_loss"), ("box_loss", "cls_loss", "dfl_loss")):
        named = {f"train/{name}": loss for name in parts}
        out += [
            described(columns(40, **{k.replace("/", "__"): v for k, v in named.items()}, **more))
            for more in ({}, {"lr": 1e-3})
        ]
    for top in (0.9, 1.0, 1.4, 1.6, 90.0, 101.0):
        for name in ("eval__hellaswag__acc", "eval__wer", "mfu", "clip_fraction", "gpu_util"):
            out.append(described(columns(40, loss=loss, **{name: np.linspace(0, top, 40)})))
    return out
