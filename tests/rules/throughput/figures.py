"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from runlens.model import PlacedSeries
from runlens.rules.throughput.dips import RecurringDips
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.outside_band import OutsideBand, band_of
from runlens.rules.throughput.stall import Stall
from runlens.rules.throughput.straggler import Straggler
from tests.figures import case
from tests.rules.saying import at_random, told
from tests.synthetic import throughput as made


@case
def dips_at_random():
    return at_random(RecurringDips())


@case
def drift_at_random():
    return at_random(ThroughputDrift())


@case
def drop_at_random():
    return at_random(ThroughputDrop())


@case
def outside_band_at_random():
    return at_random(OutsideBand(band=(12_800.0, 14_000.0), per_gpu=True))


@case
def stall_at_random():
    return at_random(Stall())


@case
def straggler_at_random():
    return at_random(Straggler())


def judged(run, *rules):
    return [told(rule, run) for rule in rules or (ThroughputDrop(), ThroughputDrift(), RecurringDips(), Stall())]


def planted(fault, sizes, n=1200, seeds=2, noise=None, **more):
    """What four rules say of made runs with one fault of each size."""
    return [judged(made.make(seed, n, noise, fault, size, **more).run) for seed in range(seeds) for size in sizes]


def slower(*parts, n=1200, noise=0.004, seed=0, **more):
    """A run that loses a share of its speed from one step to another, for each (first, last, share)."""
    seconds = made.step_seconds(n, made.Noise(noise), np.random.default_rng(seed))
    for first, last, share in parts:
        made.drop(seconds, first, last, share)
    return made.log(seconds, **more)


@case
def drops_and_drifts():
    out = planted("drop", (0.02, 0.026, 0.029, 0.033, 0.06, 0.14, 0.16, 0.4))
    out += planted("ramp", (0.03, 0.06, 0.12, 0.2, 0.4))
    out += planted("passing drop", (0.03, 0.05, 0.2))
    for noise in (made.WANDERING["random walk to 5 %"], made.NOISES["checkpoints"], made.NOISES["whole milliseconds"]):
        out += planted("drop", (0.03, 0.08), noise=noise) + planted("ramp", (0.06, 0.2), noise=noise)
    for form, every in (("step time", 1), ("wall", 1), ("rate", 20), ("wall", 10)):
        out += planted("drop", (0.05, 0.2), seeds=1, form=form, every=every)
    out += planted("drop", (0.05,), n=25) + planted("drop", (0.05, 0.2), n=60) + planted("drop", (0.05, 0.2), n=7000)
    return out


@case
def drops_that_last():
    out = []
    for length in (20, 60, 99, 100, 101, 130):
        out += [judged(slower((500, 500 + length, 0.1))), judged(slower((1200 - length, 1199, 0.1)))]
    for first in (20, 40, 70, 100, 140, 200):
        out.append(judged(slower((first, 1199, 0.1))))
    for length in (60, 100, 150, 300):
        out.append(judged(slower((3000, 3000 + length, 0.08), n=7000)))
    for second in (0.0, 0.04, 0.1, 0.14):
        out.append(judged(slower((300, 1199, 0.06), (700, 1199, second))))
        out.append(judged(slower((100, 300, 0.1), (700, 1199, second))))
    for spread in (10, 40, 80, 160, 400):
        shares = [(400 + spread * k // 8, 1199, 0.02) for k in range(8)]
        out.append(judged(slower(*shares)))
    return out


@case
def drops_that_are_explained():
    out = []
    for form in ("rate", "step time"):
        out += [judged(made.longer_sequences(seed, 900, form).run) for seed in range(6)]
    out += [judged(made.overnight(seed, 900).run) for seed in range(6)]
    for planned in (1100, 1200, 1500, 6000):
        run = slower((600, 1199, 0.2))
        out.append(judged(replace(run, config={"max_steps": planned}, hardware_count=planned // 1000)))
    for length, both in ((5, 1.0), (20, 1.0), (40, 1.02), (40, 1.5)):
        run = slower((600, 1199, 0.1))
        loss = run.roles["train_loss"][0].series
        lengths = np.where(loss.step < 601 - length, 1024, 1024 * both)
        run = replace(run, placed={"seq_length": PlacedSeries("seq_length", loss.step, loss.time, lengths)})
        out.append(judged(run))
    return out


@case
def dips_that_recur():
    out = planted("dips", (0.12, 0.2, 0.5, 0.8))
    for period, width, share in (
        (2, 1, 0.5), (5, 1, 0.1), (5, 1, 0.4), (20, 1, 0.5), (49, 1, 0.8), (51, 1, 0.8), (60, 2, 0.7), (60, 3, 0.3),
        (100, 6, 0.2), (100, 6, 0.15), (200, 40, 0.5), (300, 30, 0.3), (400, 12, 0.4), (100, 90, 0.3),
    ):  # fmt: skip
        for noise in (0.003, 0.02):
            seconds = made.step_seconds(1200, made.Noise(noise), np.random.default_rng(period))
            made.dips(seconds, 100, period, width, share)
            out.append(judged(made.log(seconds), RecurringDips()))
    for seed in range(12):
        draw = np.random.default_rng(seed)
        seconds = made.step_seconds(1200, made.Noise(0.005), draw)
        for at in draw.integers(60, 1150, int(draw.choice([2, 3, 19, 21, 40]))):
            made.drop(
                seconds, int(at), int(at) + int(draw.choice([0, 1, 2, 3, 8])), float(draw.choice([0.15, 0.4, 0.8]))
            )
        out.append(judged(made.log(seconds), RecurringDips()))
    return out


@case
def stalls_of_each_length():
    out = []
    for size in (0.5, 1.2, 4.9, 5.1, 20, 70, 119, 121, 1799, 1801, 7199, 7201, 40_000):
        out += [judged(made.make(1, 600, None, "stall", size, every=every).run, Stall()) for every in (1, 10)]
        out.append(judged(made.make(1, 60_000, None, "stall", size, every=100).run, Stall()))
    for at in (4, 5, 6, 7, 99, 199, 299, 349, 499, 599):
        seconds = made.step_seconds(600, made.Noise(0.01), np.random.default_rng(3))
        made.stall(seconds, at, 50)
        run = made.log(seconds)
        out.append(judged(run, Stall()))
        began = float(run.roles["train_loss"][0].series.time[at])
        out += [judged(replace(run, starts=(0.0, began + away)), Stall()) for away in (-51.0, -20.0, 0.0, 1.0)]
    for times in (1, 3, 4, 6, 20):
        seconds = made.step_seconds(600, made.Noise(0.01), np.random.default_rng(4))
        for at in range(99, 600, 100):
            made.stall(seconds, at, 8)
        made.stall(seconds, 399, 8 * (times - 1))
        out.append(judged(made.log(seconds), Stall()))
    for width in (1, 2, 3, 4, 5):
        seconds = made.step_seconds(600, made.Noise(0.01), np.random.default_rng(5))
        seconds[300 : 300 + width] += 30
        out.append(judged(made.log(seconds), Stall()))
    return out


@case
def bands():
    out = []
    usual = made.TOKENS / made.STEP
    for low, high in (
        (0.5, 2.0),
        (0.99, 1.1),
        (1.005, 1.2),
        (1.02, 1.2),
        (1.15, 1.3),
        (1.19, 1.3),
        (0.5, 0.99),
        (2, 1),
    ):
        band = OutsideBand(band=(low * usual, high * usual))
        out += [judged(slower(n=n), band) for n in (23, 24, 60, 900)]
    band = OutsideBand(band=(0.97 * usual, 1.1 * usual))
    for length in (20, 60, 90, 99, 100, 120):
        out.append(judged(slower((400, 400 + length, 0.1), n=1000), band))
    out += [judged(slower((400, 999, share), n=1000), band) for share in (0.04, 0.16, 0.17, 0.18, 0.3)]
    for gpus in (0, 1, 8):
        run = replace(slower((400, 999, 0.1), n=1000), hardware_count=gpus)
        out.append(judged(run, OutsideBand(band=(0.97 * usual / 8, 1.1 * usual / 8), per_gpu=True)))
    return [*out, [band_of(made.make(seed, 900, noise).run) for seed in range(3) for noise in made.NOISES.values()]]


@case
def ranks_of_each_slowness():
    sizes = (0.0, 0.03, 0.045, 0.055, 0.08, 0.18, 0.22, 0.6)
    out = [judged(made.ranks(count, count, 300, slow).run, Straggler()) for slow in sizes for count in (3, 4, 8, 40)]
    return [*out, [judged(made.ranks(3, 8, n, 0.3).run, Straggler()) for n in (7, 8, 9, 20, 60, 159, 160, 200)]]
