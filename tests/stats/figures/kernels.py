"""Figures of the plain statistics: location and scale, blocks, beats, noise, lags."""

from __future__ import annotations

import numpy as np

from runlens.stats import (
    blocks,
    folding,
    gap,
    lag,
    log_blocks,
    noise,
    periodicity,
    ranks,
    robust,
    smooth,
    strides,
    wander,
)
from tests.figures import case, decay, rng


@case
def lines_and_quantiles():
    x = np.append(rng(1).normal(3, 1, 40), [np.nan, np.inf])
    y = np.append(np.nan, x[:-1] * 2)
    n = 700
    long = np.cumsum(rng(2).normal(0, 1, n))
    return [
        robust.median(x), robust.mad(x), robust.mad(x, 2.0), robust.sigma(x), robust.difference_sigma(x),
        robust.difference_sigma(x[:1]),
        robust.standard_error_of_median(2.0, 10), robust.standard_error_of_median(2.0, 0),
        robust.theil_sen(x, y), *(robust.theil_sen(np.arange(n) * 1.0, long, most) for most in (300, 50)),
        [robust.quantile(x, s) for s in (0, 0.1, 0.5, 0.99, 1)],
    ]  # fmt: skip


@case
def medians_of_long_input():
    return [robust.median(rng(n).normal(0, 1, n)) for n in (4095, 4096, 4097, 4098, 9000)]


@case
def middles_of_blocks():
    x = rng(3).exponential(1, 103)
    return [
        [blocks.block_midmeans(x, k) for k in (1, 2, 3, 4, 5, 8, 9, 16, 100)],
        blocks.block_midmeans(x, 60),
        blocks.block_midmeans(x[:101], 50),
    ]


@case
def wild_points():
    x = rng(4).normal(0, 1, 60)
    x[[10, 20, 21, 40]] = [5.2, 8, 8, -4.4]
    return [blocks.without_outliers(x), blocks.without_outliers(x, 5, 3.0), blocks.without_outliers(x[:3])]


@case
def beats_taken_out():
    x = rng(5).normal(0, 0.1, 130)
    out = [folding.without_beat(x)]
    for period, depth in ((2, 0.15), (3, 0.3), (7, 0.5), (21, 1.5), (22, 1.5)):
        slow = x.copy()
        slow[period - 1 :: period] -= depth
        out.append(folding.without_beat(slow))
    for size in (11, 12, 13):
        short = np.tile([0.0, 1.0], 7)[:size] + 0.01 * x[:size]
        out.append(folding.without_beat(short))
    three = x.copy()
    for period, depth in ((2, 1.0), (5, 1.0), (13, 2.0), (17, 2.0)):
        three[period - 1 :: period] -= depth
    long = np.tile(np.append(np.zeros(63), 3.0), 7) + np.resize(x, 448)
    longer = np.tile(np.append(np.zeros(64), 3.0), 7) + np.resize(x, 455)
    return [*out, folding.without_beat(three), folding.without_beat(long), folding.without_beat(longer)]


@case
def blocks_of_log_steps():
    step, y = decay(900)
    out = []
    for n in (2, 10, 70, 900):
        x, at = log_blocks.log_steps(step[:n]), step[:n]
        out += [x, *log_blocks.log_blocks(y[:n], at), *log_blocks.log_blocks(y[:n], at, n // 3)]
    return out


@case
def noise_of_falling_curves():
    out = []
    for n, sigma in ((6, 0.02), (40, 0.02), (300, 0.002), (1500, 0.05)):
        _, y = decay(n, sigma)
        nothing = np.zeros(n)
        lost = np.where(np.arange(n) > n // 2, 0.03 * 1.5, 0.0)
        behind = (0, 30, 60, 70, 800, 1000, 1100)
        out += [noise.noise(y, nothing, points, ends) for points in behind for ends in (True, False)]
        out += [noise.noise(y, lost, 0, True), noise.noise(np.where(nothing == 0, y, np.nan), lost * 0.6, 500, False)]
        y = y.copy()
        y[n // 2 : n // 2 + 3] = np.nan
        out.append(noise.noise(y, nothing, 0, True))
    louder = np.where(np.arange(1200) < 600, 0.01, 0.04) * rng(6).standard_normal(1200)
    rounded = np.round(decay(600, 0.004)[1], 2)
    return [*out, noise.noise(louder, np.zeros(1200), 0, True), noise.noise(rounded, np.zeros(600), 0, True)]


@case
def beats_of_events():
    out = []
    for miss in (0, 2, 5, 6, 12, 30):
        places = np.arange(0, 1000, 100.0)
        places[[3, 6]] += miss
        out += [periodicity.beat(places, 1.0), periodicity.beat(places, 10.0), periodicity.in_a_row(places, 1.0)]
    for skip in (2, 3, 4, 5):
        places = np.cumsum([0, 50, 50, 50, 50, 50 * skip, 50, 50 * skip, 50]).astype(float)
        out.append(periodicity.beat(places, 1.0))
    equal = np.array([5.0, 5.0, 5.0, 9.0])
    return [*out, periodicity.beat(equal, 1.0), *(periodicity.beat(np.arange(n) * 7.0, 0.0) for n in range(5))]


@case
def rows_of_events():
    out = []
    for seed in range(6):
        for n, every, extra in ((5, 500, 3), (9, 400, 12), (25, 150, 60), (60, 70, 200)):
            chance = rng(seed).uniform(0, 4000, extra)
            places = np.sort(np.concatenate([np.arange(1, n) * float(every), chance]))
            out.append([int(periodicity.in_a_row(places, t).sum()) for t in (0.5, 1.0, 3.0)])
    close = np.array([0, 100, 200, 300, 1000, 1790.0, 5000, 5001])
    return [*out, periodicity.in_a_row(close, 1.0), periodicity.in_a_row(np.arange(3.0) * 5, 0.1)]


@case
def ranks_that_lag():
    out = []
    for seed in range(3):
        for much in (1.02, 1.04, 1.0499, 1.0501, 1.06, 1.1):
            x = 1 + rng(seed).normal(0, 0.004, (6, 20))
            x[2, 4:12] *= much
            x[4, [5, 6, 8, 11, 14, 15]] *= much
            out += [ranks.laggards(x, 1.05, 6.0, 3), ranks.laggards(x, 1.01, 3.0, 2)]
    still = np.ones((3, 3))
    still[0] *= np.array([1.05, 1.0181, 1.019])
    return [*out, [ranks.laggards(still, 1.01, 6.0, windows) for windows in (2, 3, 4)]]


@case
def strides_of_logs():
    out = []
    for dense, wide in ((1, 2), (1, 3), (2, 4), (2, 5), (10, 21), (1, 4), (7, 1000), (1, 1 << 21)):
        for count in (40, 100):
            step = np.cumsum(np.concatenate([np.full(100, dense), np.full(count, wide)]))
            kept = strides.evened(step)
            out += [strides.main_stride(step), -1 if kept is None else kept, strides.gap_range(step)]
    back = np.concatenate([np.arange(0, 50, 10), np.arange(20, 90, 10)])
    return [*out, strides.main_stride(back), strides.gap_range(back), strides.evened(np.arange(3) * 9)]


@case
def curves_smoothed():
    x = np.log(np.geomspace(1e9, 1e11, 20))
    out = []
    for bend in (0.5, 1.5, 3, 6, 12):
        y = np.tanh(bend * (x - x.mean())) + 0.01 * rng(7).standard_normal(20)
        for sd in (0.005, 0.01, 0.02, 0.05, 0.2):
            made = smooth.smooth(x, y, sd)
            out += [made.width, made(np.array([x[0] - 1, x[3] + 0.01, x[-1] + 2]))]
    for y in (np.array([1.0, 2, 3]), np.array([1.0, 3, 2, 2.5, 2]), rng(8).normal(0, 1, 9)):
        out += [smooth.checkpoint_noise(y, 0.1), smooth.checkpoint_noise(y, 0.1, 9.0)]
    return [*out, smooth.local_line(np.array([0.0, 5.0, 5.5]), np.array([0.0, 4.9, 2.0]), 0.1)]


@case
def lags_behind():
    x = np.log(np.geomspace(1e9, 1e11, 24))
    out = []
    for much, trend, sd, offset in (
        (1.0, 0, 0.002, 0.002), (2.0, 0.8, 0.0005, 0.0005), (1.6, -0.7, 0.0005, 0.0005), (9.0, 0.0, 0.01, 0.02),
        (0.3, 0.0, 0.005, 0.001), (1.5, 0.25, 0.002, 0.002),
    ):  # fmt: skip
        tasks = []
        for task in range(3):
            at = x[-5 - task : -1]
            y = 0.25 + 0.05 * (x - x[0]) + sd * rng(task).standard_normal(24)
            value = 0.25 + 0.05 * (at - np.log(much * (1 + task / 9)) - trend * (at - at[-1]) - x[0])
            tasks.append(lag.explain(lag.paired(x, y, at, value, sd, offset, 1 / (1 + task)), at[-1]))
        out += [lag.lag_of(tasks, x[-5:-1]), lag.lag_of(tasks, x[-5:-1], True), lag.lag_of(tasks[:1], x[-3:-1])]
        out += [lag.lag_of(tasks[:1], x[-5:-1])]
    return out


@case
def wanders():
    return [[w.matrices, w.log_det] for w in (wander.whitening(8), wander.whitening(30))]


@case
def gaps_behind():
    x = np.log(np.geomspace(1e9, 1e11, 24))
    out = []
    for offset in (0.002, 0.02):
        for behind in (0.0, 0.004, 0.03):
            pairs = []
            for task in range(3):
                at = x[-5 - task :]
                y = 0.25 + 0.05 * (x - x[0]) + 0.004 * rng(task).standard_normal(24)
                value = 0.25 + 0.05 * (at - x[0]) - behind * (1 + task / 4)
                pairs.append(lag.paired(x, y, at, value, 0.004, offset, 1 / (1 + task)))
            tasks = [lag.explain(pair, x[-1]) for pair in pairs]
            for weights in (np.ones(3), np.array([1.0, 2, 5])):
                out += [gap.gap_of(tasks, weights), gap.gap_of(tasks, weights, 1.5), gap.course_of(pairs, weights)]
    return out
