"""Figures of planted faults by size: from what is no fault to what nobody can miss."""

from __future__ import annotations

from typing import get_args

from runlens.rules.nights.parts.twin import twin_of
from runlens.rules.nights.slow_creep import SlowCreep
from runlens.rules.nights.unlike_twins import UnlikeTwins
from tests.figures import case
from tests.rules.figures import found, told
from tests.synthetic import hardware, resumes, rl, throughput, training, wild
from tests.synthetic import loss as losses
from tests.synthetic.nights import Night


@case
def drops_and_ramps_of_speed():
    out = []
    for noise in ("white 0.3 %", "white 1 %", "wander 0.5 %, memory 100", "evals and checkpoints"):
        for fault in ("drop", "passing drop", "ramp"):
            for size in (0.01, 0.018, 0.022, 0.03, 0.045, 0.06, 0.14, 0.16, 0.3):
                made = throughput.make(int(1000 * size), 600, throughput.NOISES[noise], fault, size)
                out.append(found(made.run, "TPUT"))
    return out


@case
def dips_and_stalls_of_speed():
    out = []
    for form in ("rate", "time", "clock"):
        for fault, sizes in (("dips", (0.12, 0.25, 0.5)), ("stall", (2.0, 8.0, 30.0, 70.0, 300.0))):
            for size in sizes:
                for n, every in ((60, 1), (400, 1), (3000, 10)):
                    made = throughput.make(int(10 * size), n, None, fault, size, every, form)
                    out.append(found(made.run, "TPUT"))
    return out


@case
def ranks_by_how_slow_one_is():
    return [
        found(throughput.ranks(s, count, 200, slow).run, "TPUT")
        for count in (3, 4, 8, 20)
        for s, slow in enumerate((0.0, 0.02, 0.045, 0.055, 0.1, 0.4))
    ]


@case
def losses_of_every_case():
    out = []
    for kind in (*losses.FAULTY, *losses.STAGES, *losses.CLEAN, "nan"):
        for points in (20, 50, 100, 300, 1000):
            for seed in range(2):
                out.append(found(losses.make(seed + points, points, kind).run, "LOSS", "GRAD", "LR", "RES"))
    return out


@case
def spikes_and_surges_by_height():
    out = []
    for seed, height in enumerate((0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 2.0)):
        for points in (1, 3, 12, 60):
            made = training.healthy(seed, 500)
            training.spike(made, 300, height, points)
            training.surge(made, 150, 1.0 + 10.0 * height, points)
            out.append(found(made.run(), "LOSS", "GRAD"))
    return out


@case
def losses_that_others_smoothed():
    out = []
    for seed in range(4):
        for excess in (0.0, 0.1, 0.4):
            made = training.healthy(seed, 900)
            made["loss"][600:680] *= 1.0 + excess
            raw = made["loss"]
            smooth = (
                wild.running(raw, 20),
                wild.exponential(raw, 0.95),
                wild.since_reset(raw, 100),
                raw[::7],
            )
            out += [found(wild.logged(value), "LOSS") for value in smooth]
    return out


@case
def short_losses_with_heavy_tails():
    return [found(wild.logged(wild.preference(seed, n)), "LOSS") for seed in range(12) for n in (12, 30, 60, 100)]


@case
def resumes_by_what_was_lost():
    out = []
    for seed, kind in enumerate(get_args(resumes.Kind)):
        for size in (0.1, 0.3, 0.6, 1.0, 2.0):
            for n, every, back in ((1200, 1, True), (300, 10, True), (300, 10, False), (60, 50, True)):
                run, _ = resumes.resumed(kind, seed, n, every, back=back, size=size)
                out.append(found(run, "RES", "LOSS", "LR"))
    return out


@case
def policies_of_every_tool():
    tools = (*rl.CLASSICAL, *rl.LANGUAGE)
    kinds = (*get_args(rl.Health), *get_args(rl.Fault))
    out = []
    for i, kind in enumerate(kinds):
        for j in range(3):
            tool = tools[(i + 3 * j) % len(tools)]
            try:
                made = rl.policy(tool, kind, 10 * i + j, (60, 200, 500)[j])
            except (KeyError, ValueError):  # a tool that logs no length has none at its limit
                continue
            out.append(found(made.run, "RL"))
    return out


@case
def machines_by_how_ill_they_are():
    out = []
    for size in (0.2, 0.5, 0.8, 1.0, 1.5, 2.5):
        for ill in (
            lambda m, size=size: hardware.overheat(m, to=76.0 + 10.0 * size),
            lambda m, size=size: hardware.drift(m, rise=9.0 * size),
            lambda m, size=size: hardware.leak(m, per_row=20e6 * size),
            lambda m, size=size: hardware.starve(m, to=100.0 - 60.0 * min(size, 1.6)),
            lambda m, size=size: hardware.odd_one(m, percent=15.0 * size),
            lambda m, size=size: hardware.throttle(m, to=1755.0 - 200.0 * size),
            lambda m, size=size: hardware.ecc(m, count=round(2 * size)),
            lambda m, size=size: hardware.xid(m, share=min(0.3 * size, 0.95)),
        ):
            for seed, gpus, rows in ((1, 4, 260), (2, 8, 40)):
                m = hardware.healthy(seed, gpus, rows)
                ill(m)
                out.append(found(m.run(), "HW"))
    return out


@case
def nights_beside_good_ones():
    good = [twin_of(Night(k, points=120, seed=5).run()) for k in range(1, 7)]
    out = []
    for field, sizes in (
        ("speed", (0.9, 0.97, 0.985, 0.995, 1.03)),
        ("loss", (0.97, 1.01, 1.02, 1.03, 1.2)),
        ("norm", (0.6, 1.1, 1.3, 2.0)),
        ("memory", (1.02, 1.04, 1.08, 1.12, 2.1)),
        ("heat", (2.0, 4.0, 6.0, 12.0)),
        ("scores", (-0.03, -0.015, -0.008, -0.004, 0.02)),
        ("cut", (0.3, 0.7, 0.93, 0.97)),
        ("pause", (0.01, 0.1, 1.0)),
        ("sag", (0.8, 0.94, 0.98)),
        ("spike", (0.01, 0.03, 0.2)),
    ):
        for size in sizes:
            tonight = twin_of(Night(9, points=120, seed=5, **{field: size}).run())
            for few in (1, 2, 6):
                said = list(UnlikeTwins().beside(tonight, good[-few:]))
                out.append([told(f) if hasattr(f, "severity") else (f.kind, f.reason) for f in said])
    return out


@case
def drifts_over_nights():
    out = []
    for field, each in (
        ("speed", -0.002), ("speed", -0.004), ("loss", 0.003), ("loss", 0.006), ("memory", 0.008), ("memory", 0.02),
        ("heat", 0.5), ("heat", 1.5), ("scores", -0.002), ("scores", -0.005), ("pause", 0.02),
    ):  # fmt: skip
        usual = 1.0 if field in ("speed", "loss", "memory") else 0.0
        for count in (5, 8, 12):
            row = [
                twin_of(Night(k, points=120, seed=7, **{field: usual + each * max(k - 4, 0)}).run())
                for k in range(1, count + 1)
            ]
            said = list(SlowCreep().beside(row[-1], row[:-1]))
            out.append([told(f) if hasattr(f, "severity") else (f.kind, f.reason) for f in said])
    return out
