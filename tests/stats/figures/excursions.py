"""Figures of where a curve leaves its level, how high noise reaches, and how an excursion ends."""

from __future__ import annotations

import numpy as np

from runlens.stats.excursions import level, outcome, pyramid, scan, search, shift, spikescore, tail
from tests.figures import case, decay, rng

WANT = search.Sensitivity()


def added(excess, n=1200, at=600, sigma=0.01, seed=0, every=1):
    """Step and curve of a decay with something on top of it from position `at` on."""
    step, y = decay(n, sigma, seed, every)
    t = np.arange(n - at, dtype=np.float64)
    y[at:] += excess(t)
    return step, y


def told(step, y, want=WANT, **options):
    """Each excursion with its ending and its kind."""
    found = pyramid.all_excursions(y, step, want)
    out = []
    for i, one in enumerate(found):
        until = found[i + 1].first if i + 1 < len(found) else len(y)
        end = outcome.ending(y, step, one, until, *outcome.limits(step, 500, 5000), **options)
        out.append([one, end, shift.kind_of(y, step, one, end, until)])
    return out


@case
def levels_and_noise():
    out = []
    for n, every in ((5, 1), (60, 1), (900, 1), (300, 50)):
        step, y = decay(n, 0.02, n, every)
        made = level.fit(y, step)
        out += [made.expected, made.recent, made.sigma, level.settled_from(step, 16), level.settled_from(step, 4)]
        out += [level.decay_rate(y, step, k) for k in (0, 1, 2, n // 2, n)]
        y[n // 2 :] += 1.0
        made = level.fit(y, step)
        level.patch(made, y, step, n // 2, n, n // 2, float(step[n // 2]))
        out += [made.expected, made.recent, made.sigma]
    step, y = decay(9000, 0.05)
    return [
        *out,
        level.decay_rate(y, step, 9000),
        level.log_steps(-5.0, np.array([-3.0, 0, 7])),
        level.fit(y, step + 1e6),
    ]


@case
def levels_about_a_blow_up():
    out = []
    for rise in (0.1, 0.4, 0.55, 0.8, 2.0):
        step, y = added(lambda t, rise=rise: rise + 0.1 * rng(2).standard_normal(len(t)), n=500, at=200)
        made = level.fit(y, step)
        out += [made.sigma[180:210], made.expected[195:240]]
    return out


@case
def tails_of_noise():
    out = []
    for n in (19, 20, 30, 60, 300, 2000, 9000):
        for wide in (0.5, 1.0):
            for z in (rng(n).standard_normal(n), rng(n).standard_t(3, n), rng(n).exponential(1, n) - 1):
                made = tail.fit_tail(wide * z)
                out += [made, [made.bar(k, of) for k, of in scan.RISES]]
                out.append([made.quantile(p) for p in (0.4, 0.1, 0.02, 1e-3, 1e-7)])
    return [*out, tail.thinned(np.arange(600_000.0)), tail.gaussian(0.3)]


@case
def bars_of_curves():
    out = []
    for n in (10, 60, 400, 3000):
        for kind in range(4):
            step, y = decay(n, 0.0)
            white = 0.02 * rng(kind).standard_normal(n)
            slow = np.convolve(0.05 * rng(9).standard_normal(n + 8), np.ones(9) / 9, "valid")
            y += (white, slow, 0.02 * rng(3).standard_t(2.5, n), np.where(rng(4).random(n) < 0.02, 0.3, white))[kind]
            made = level.fit(y, step)
            out += [scan.bars_of(y, made, 0.001, sigmas, lasting) for sigmas, lasting in ((6.0, 1.0), (3.0, 0.75))]
            z = scan.standardise(y, made, 0, n, 0.001)
            bars = scan.bars_of(y, made, 0.001, 3.0, 1.0)
            out += [z, [scan.next_departure(y, made, bars, 0.03, 0.001, start, 60) for start in (4, n // 2)]]
    return out


@case
def points_that_stand_clear():
    out = []
    for count, much in ((1, 0.3), (2, 0.3), (3, 0.3), (3, 0.12), (6, 0.08), (12, 0.07), (1, 0.1), (2, 0.09)):
        step, y = decay(2000, 0.01, 5)
        at = np.linspace(300, 1900, count).astype(int)
        y[at] += much * (1 + 0.4 * np.arange(count) / count)
        made = level.fit(y, step)
        out += [scan.bars_of(y, made, 0.001, 6.0, 1.0), told(step, y)]
    return out


@case
def spikes_of_each_height_and_width():
    out = []
    for width in (1, 2, 3, 5, 9, 15, 17, 60):
        for height in (0.02, 0.029, 0.031, 0.05, 0.065, 0.08, 0.12, 0.5):
            out.append(told(*added(lambda t, h=height, w=width: np.where(t < w, h, 0.0), seed=width)))
            out.append(told(*added(lambda t, h=height, w=width: np.where(t < w, -h, 0.0), seed=width)))
    return out


@case
def spikes_by_the_settings():
    out = []
    for want in (
        search.Sensitivity(sigmas=4.0), search.Sensitivity(sigmas=9.0), search.Sensitivity(rise=0.1),
        search.Sensitivity(tolerance=0.05), search.Sensitivity(grain=0.2), search.Sensitivity(lasting=0.5),
    ):  # fmt: skip
        bumps = [added(lambda t, h=height: h * np.exp(-t / 20), seed=3) for height in (0.045, 0.08, 0.15)]
        out += [told(*bump, want) for bump in bumps]
    return out


@case
def ways_to_end():
    out = []
    for fade in (3.0, 8.0, 30.0, 100.0, 400.0):
        for left in (0.0, 0.04, 0.1, 0.3):
            for height in (0.2, 0.6, 1.5):
                excess = lambda t, f=fade, k=left, h=height: k + h * np.exp(-t / f)  # noqa: E731
                out.append(told(*added(excess, seed=int(fade))))
    for n in (605, 607, 608, 612, 624, 640, 700):
        out += [told(*added(lambda t: 0.3 + 0.01 * t, n=n)), told(*added(lambda t: 0.5 * np.exp(-t / 99), n=n))]
        out.append(told(*added(lambda t: 0.3 + 0 * t, n=n), lost_for_good=True))
    for slope in (0.0002, 0.0006, 0.0015, 0.004):
        out.append(told(*added(lambda t, s=slope: np.minimum(s * t, 1.6))))
        out.append(told(*added(lambda t, s=slope: s * t, n=1600, at=500, sigma=0.04)))
    return out


@case
def grounds_that_change():
    out = []
    for much in (-0.3, -0.1, -0.06, -0.04, 0.04, 0.07, 0.15, 0.3):
        out += [told(*added(lambda t, m=much: m + 0 * t, at=at)) for at in (100, 400, 900, 1190)]
        for slow in (2.0, 4.0, 12.0, 60.0):
            out.append(told(*added(lambda t, m=much, s=slow: m * (1 - np.exp(-t / s)))))
            out.append(told(*added(lambda t, m=much, s=slow: m * (1 + 0.8 * np.exp(-t / s)))))
        out.append(told(*added(lambda t, m=much: np.where(t < 40, m, -0.12))))
        out.append(told(*added(lambda t, m=much: np.where(t < 300, m * (1 - t / 300), 0.0), at=300)))
    return out


@case
def spikes_in_company():
    out = []
    for apart in (5, 12, 17, 25, 40, 120, 400):
        for fade in (3.0, 12.0, 80.0):

            def excess(t, apart=apart, fade=fade):
                later = np.maximum(t - apart, 0)
                return 0.8 * np.exp(-t / fade) + np.where(t >= apart, 0.5 * np.exp(-later / fade), 0.0)

            out.append(told(*added(excess)))
    early = (5, 12, 30, 64, 70)
    return [*out, [told(*added(lambda t: 1.5 * np.exp(-t / 6), at=start, n=400)) for start in early]]


@case
def creeps_and_humps():
    out = []
    for seed in range(3):
        for sigma in (0.03, 0.08):
            for fade in (40, 150, 600):
                hump = lambda t, f=fade, s=sigma: 2.6 * s * np.exp(-t / f)  # noqa: E731
                out.append(told(*added(hump, n=3000, at=1500, sigma=sigma, seed=seed)))
            for rise in (0.3, 1.0):
                creep = lambda t, r=rise: r * t / 2000 + np.where(t > 900, 0.6, 0.0)  # noqa: E731
                out.append(told(*added(creep, n=3000, at=1000, sigma=sigma, seed=seed)))
    return out


@case
def scores_of_spikes():
    x = rng(1).normal(0, 1, 700)
    x[[90, 128, 129, 300]] += (6.0, 7.0, 2.0, 9.0)
    return [700 * spikescore.share_far_above(x, w, d) for w in (64, 128, 699, 700) for d in (2.0, 6.0)]


@case
def limits_of_recovery():
    return [outcome.limits(np.arange(n) * e, 500, 5000) for n in (1, 2, 3, 30, 200, 30_000) for e in (1.0, 40.0)]


@case
def events_at_random():
    out = []
    for seed in range(220):
        r = rng(seed)
        n, every = int(r.choice([30, 90, 200, 500, 900])), int(r.choice([1, 1, 20]))
        step, y = decay(n, float(r.choice([0.003, 0.01, 0.04])), seed, every)
        for _ in range(int(r.integers(1, 4))):
            at = int(n * r.uniform(0.02, 0.98))
            t = np.arange(n - at, dtype=np.float64)
            height = float(r.choice([-0.3, -0.08, 0.04, 0.07, 0.15, 0.4, 1.0]))
            fade = float(r.choice([1.0, 4.0, 15.0, 60.0, 300.0]))
            left = float(r.choice([0.0, 0.0, 0.3, 0.6, 1.0]))
            rise = np.minimum(1.0, (t + 1) / float(r.choice([1, 1, 4, 40])))
            y[at:] += height * rise * (left + (1 - left) * np.exp(-t / fade))
        out.append(told(step, y))
    return out


@case
def flat_curves():
    out = []
    for n in (8, 20, 300):
        for height in (0.02, 0.5):
            y = np.ones(n)
            y[n // 2 :] += height
            out.append(told(np.arange(float(n)), y))
            y[n // 2 + 3 :] = 1.0
            out.append(told(np.arange(float(n)), y))
    return out
