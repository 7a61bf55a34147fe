"""Figures of where a series changes for good: schedules, dips, levels, shapes."""

from __future__ import annotations

import numpy as np

from runlens.stats.changes import breaks, changepoint, progress, saturation, shapes
from tests.figures import case, decay, rng


def cosine(n, warm=20, floor=0.1):
    t = np.arange(n, dtype=np.float64)
    down = 0.5 * (1 + np.cos(np.pi * np.clip((t - warm) / max(n - warm, 1), 0, 1)))
    return t, 3e-4 * np.minimum((t + 1) / warm, 1.0) * (floor + (1 - floor) * down)


def changed(n, **at):
    """A cosine with a factor from one position to another: `p100_110=2` doubles points 100 to 109."""
    step, rate = cosine(n)
    for where, times in at.items():
        a, b = (int(x) for x in where[1:].split("_"))
        rate[a:b] *= times
    return breaks.breaks(step, rate)


@case
def bumps_and_dips_of_a_schedule():
    out = []
    for times in (0.3, 0.6, 0.66, 0.67, 0.7, 1.4, 1.48, 1.55, 1.6, 3.0, 10.0):
        out += [changed(400, p100_110=times), changed(400, p200_400=times), changed(400, p20_30=times)]
    for length in (1, 10, 30, 38, 41, 60):
        out += [changed(400, **{f"p150_{150 + length}": times}) for times in (0.1, 5.0)]
    for at in (2, 5, 12, 21, 40, 79, 81, 90):
        out += [changed(400, **{f"p{at}_{at + 6}": times}) for times in (0.1, 3.0)]
    for n in (7, 8, 9, 30):
        out.append(changed(n, p4_5=4.0))
    both = {"p100_110": 4.0, "p112_116": 4.0}
    return [*out, changed(400, **both), changed(400, p100_110=4.0, p111_113=0.1), changed(400, p395_400=4.0)]


@case
def rates_of_zero():
    out = []
    for length in (4, 5, 7, 8, 9, 40):
        out += [changed(400, **{f"p200_{200 + length}": times}) for times in (0.0, 1e-7, 1e-5)]
        out.append(changed(400, **{f"p{400 - length}_400": 0.0}))
        out.append(changed(400, **{f"p0_{length}": 0.0}))
    t, rate = cosine(400, floor=0.0)
    for digits in (3, 4, 5, 6):
        out += [breaks.breaks(t, np.round(rate * 300, digits)), breaks.quantum(np.round(rate * 300, digits))]
    out += [breaks.breaks(t, 0 * rate), breaks.breaks(t, -rate), breaks.quantum(np.array([0.0, 1, 2, 2]))]
    return [*out, breaks.quantum(np.array([1.0, 2, 3.0005])), breaks.quantum(np.array([1.0, 2, 3.002]))]


@case
def restarts_of_a_schedule():
    out = []
    for times in (1.0, 1.45, 1.6, 2.8, 3.1, 8.0):
        t, rate = cosine(400)
        rate[200:] = cosine(200)[1] * times
        out += [breaks.breaks(t, rate), breaks.jumps(t, rate)]
        rate[200:220] = np.linspace(rate[199] * 0.05, rate[199] * times, 20)
        out += [breaks.breaks(t, rate), breaks.breaks(t, rate, short=0.2), breaks.breaks(t, rate, zero=0.5)]
    for foot in (0.5, 0.6, 0.9):
        t, rate = cosine(400)
        rate[150:] = rate[149] * foot
        rate[160:] = rate[149] * 1.2
        out.append(breaks.breaks(t, rate))
        rate[155:158] = rate[149] * foot * 1.06
        out.append(breaks.breaks(t, rate))
    for every in (2, 5, 40, 100):
        t, rate = cosine(400)
        out += [breaks.jumps(t[::every], rate[::every]), breaks.breaks(t[::every], rate[::every])]
    steps = np.repeat([1.0, 0.5, 0.25, 0.1], 50)
    wild = np.exp(0.15 * rng(1).standard_normal(200).cumsum())
    return [*out, breaks.breaks(np.arange(200.0), steps), breaks.jumps(np.arange(200.0), wild)]


@case
def dips_of_a_series():
    out = [changepoint.window_lengths(a, b) for a, b in ((0, 9), (3, 3), (3, 2), (3, 100), (5, 7))]
    for seed in range(2):
        for depth in (0.02, 0.029, 0.032, 0.04, 0.1):
            for width in (2, 3, 4, 10, 60, 150, 200):
                x = rng(seed).normal(0, 0.002, 600)
                x[200 : 200 + width] -= depth
                x[600 - width // 2 :] -= depth
                out.append(changepoint.dips(x, 0.03, 3, 120))
    for n in (8, 9, 10, 30):
        x = np.zeros(n)
        x[3:6] = -1
        x[-3:] = -1
        out += [changepoint.dips(x, 0.03, 3, 9), changepoint.dips(x[:-3], 0.03, 3, 9)]
    ragged = rng(3).normal(0, 0.02, 900)
    for i in range(40):
        ragged[20 * i + 5 : 20 * i + 9] -= 0.25 + 0.01 * i
    return [*out, changepoint.dips(ragged, 0.03, 3, 40), changepoint.dips(rng(4).normal(0, 1, 500), 0.03, 3, 40)]


@case
def points_of_change():
    x = np.append(np.zeros(30), np.ones(30)) + 0.05 * rng(5).standard_normal(60)
    cases = ((0, 60), (20, 40), (-9, 99), (31, 60), (0, 30))
    return [changepoint.refine(x, a, b, *levels) for a, b in cases for levels in ((0.0, 1.0), (1.0, 0.0), (0.2, 0.9))]


@case
def stretches_without_progress():
    out = []
    for n in (31, 32, 33, 80, 700):
        for start in (0.2, 0.45, 0.6, 0.8):
            for more in (-0.2, -0.06, -0.02, 0.0, 0.02, 0.06):
                step, y = decay(n, 0.004)
                at = int(start * n)
                y[at:] = y[at] + more * np.linspace(0, 1, n - at) + 0.004 * rng(n).standard_normal(n - at)
                out += [progress.last_stall(y, step, 0.3), progress.last_stall(y, step, 0.05)]
    return out


@case
def levels_that_waver():
    out = []
    for n, seed in ((60, 0), (400, 1), (2000, 2)):
        for sigma in (0.0, 0.002, 0.02, 0.1):
            for sway in (0.0, 0.01, 0.022, 0.05, 0.12, 0.3):
                step, y = decay(n, sigma, seed)
                at = n // 3
                y[at:] = y[at] + sway * np.sin(np.arange(n - at) * 9 / n) + sigma * rng(seed).standard_normal(n - at)
                out.append(progress.last_stall(y, step, 0.25))
    step, y = decay(300, 0.01)
    return [*out, progress.last_stall(y, step, 0.2), progress.last_stall(y, 0 * step, 0.2)]


@case
def floors_neared():
    out = []
    for seed in range(4):
        for power in (0.1, 0.4, 0.8):
            for knee in (60, 200, 500):
                t = np.arange(1000.0)
                broken = 2 + 3 * (1 + np.minimum(t, knee)) ** -power
                smooth = 2 + 3 * np.exp(-t / knee)
                for y in (broken, smooth):
                    noisy = np.log(y) + 0.003 * rng(seed).standard_normal(1000)
                    out += [saturation.nears_floor(noisy, t, since, 3 * knee // 2) for since in (0, knee // 2)]
    return [*out, [saturation.nears_floor(noisy[:n], t[:n], 0, n // 2) for n in (7, 8, 9, 10, 12)]]


@case
def shapes_in_a_series():
    out = []
    for n in (8, 21, 60, 100):
        t = np.arange(n)
        for seed in range(2):
            white = 0.004 * rng(seed).standard_normal(n)
            walk = np.cumsum(0.004 * rng(seed + 9).standard_normal(n))
            for noise in (white, white + walk):
                for size in (0.0, 0.025, 0.05, 0.2):
                    half, part = size * (t >= n // 2), size * ((t >= n // 3) & (t < 2 * n // 3))
                    ramp = size * np.clip((t - n // 4) / (n / 2), 0, 1)
                    out += [shapes.shapes(noise - change, 0.03, 4.0) for change in (half, part, ramp)]
    steps = np.repeat(np.arange(12.0) % 3, 8) + 0.01 * rng(6).standard_normal(96)
    return [
        *out,
        shapes.shapes(steps, 0.03, 4.0),
        shapes.shapes(steps, 0.03, 4.0, 3),
        shapes.shapes(0 * steps, 0.03, 4.0),
    ]


@case
def descents_that_end_softly():
    out = []
    for seed in range(3):
        for soft in (0.02, 0.1, 0.3, 0.6, 1.0, 1.6):
            for power, knee in ((0.2, 150), (0.5, 400), (0.9, 60)):
                t = np.arange(800.0)
                past = np.log1p(t) - np.log1p(knee)
                level = 2 + 4 * np.exp(-power * (np.log1p(t) - soft * np.logaddexp(0, past / soft)))
                y = np.log(level) + 0.002 * rng(seed).standard_normal(800)
                arrived = min(int(knee * (1 + 2 * soft)), 780)
                out += [saturation.nears_floor(y, t, 0, arrived), saturation.nears_floor(y, t, 20, 799)]
    return out


@case
def learning_rates_at_random():
    out = []
    for seed in range(60):
        r = rng(seed)
        n = int(r.integers(20, 300))
        _, rate = cosine(n, warm=int(r.integers(1, 30)), floor=r.choice([0.0, 0.1]))
        for _ in range(int(r.integers(1, 4))):
            at, length = int(r.integers(1, n)), int(r.choice([1, 3, 5, 6, n // 12, n // 9, n]))
            rate[at : at + length] *= r.choice([0.0, 0.05, 0.5, 0.62, 0.7, 1.45, 1.6, 2.5, 4.0])
            if r.random() < 0.3:
                rate[at : at + length] *= np.linspace(0.1, 1, len(rate[at : at + length]))
        step = np.cumsum(r.choice([1, 1, 5], n)).astype(float)
        out.append(
            [breaks.breaks(step, rate), breaks.breaks(step, np.round(rate, 5)), breaks.quantum(np.round(rate, 5))]
        )
    return out


@case
def stalls_at_random():
    out = []
    for seed in range(120):
        r = rng(seed)
        n = int(r.choice([32, 45, 90, 160, 400]))
        step, y = decay(n, float(r.choice([0.001, 0.004, 0.02])), seed, int(r.choice([1, 50])))
        at = int(n * r.uniform(0.1, 0.9))
        falls = r.choice([0.0, 0.2, 0.5, 1.0]) * (y[0] - y[at]) * np.linspace(0, 1, n - at)
        y[at:] = np.mean(y[at : at + 3]) - falls + r.normal(0, r.choice([0.001, 0.01]), n - at)
        y[at:] += r.choice([0.0, 0.015, 0.04]) * np.sin(np.arange(n - at) * r.uniform(0.01, 0.3))
        out.append(progress.last_stall(y, step, float(r.choice([0.05, 0.1, 0.3, 0.5]))))
    return out
