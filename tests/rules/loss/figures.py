"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from runlens.rules.loss.dead import DeadLoss
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from tests.figures import case
from tests.rules.saying import START, at_random, run_of, told
from tests.synthetic import loss as made


@case
def dead_at_random():
    return at_random(DeadLoss())


@case
def frequency_at_random():
    return at_random(SpikeFrequency())


@case
def non_finite_at_random():
    return at_random(NonFiniteLoss())


@case
def shift_at_random():
    return at_random(LossShift())


@case
def spike_at_random():
    return at_random(LossSpike())


@case
def stalled_at_random():
    return at_random(StalledLoss())


def judged(run):
    return [told(rule, run) for rule in (LossSpike(), LossShift(), SpikeFrequency(), StalledLoss(), DeadLoss())]


def curve(n=600, sigma=0.01, seed=0, every=1):
    t = np.arange(n)
    y = np.log(2 + 8 * (1 + t / 20) ** -0.6) + sigma * np.random.default_rng(seed).standard_normal(n)
    return t * every, np.exp(y)


@case
def made_curves():
    kinds = (*made.FAULTY, *made.CLEAN, *made.STAGES, "nan")
    return [judged(made.make(seed, points, kind).run) for seed in range(3) for points in (60, 400) for kind in kinds]


@case
def losses_that_are_dead():
    out = []
    for points in (4, 5, 6, 19, 20, 21, 100):
        for value in (0.0, 1.7):
            _, loss = curve(120)
            loss[-points:] = value
            out.append(told(DeadLoss(), run_of({"loss": loss})))
            out.append(told(DeadLoss(), run_of({"loss": loss[-points:]})))
    for share in (0.0, 0.01, 0.03):
        _, loss = curve(200)
        loss[np.random.default_rng(1).random(200) < share] = 0.0
        loss[-6:] = 0.0
        out.append(told(DeadLoss(), run_of({"loss": loss})))
    paces = [np.round(3 * halves ** np.arange(900), 4) for halves in (0.5, 0.7, 0.9, 0.99)]  # by itself down to zero
    out += [told(DeadLoss(), run_of({"loss": loss})) for loss in paces]
    for digits in (1, 2, 3, 5):
        _, loss = curve(300, 0.004)
        loss[-30:] = loss[-31]
        out.append(told(DeadLoss(), run_of({"loss": np.round(loss, digits)})))
    for sway in (0.0, 0.2, 0.3, 0.5, 1.0):  # how often the values before it turn
        loss = 3 - 0.001 * np.arange(100.0)
        loss[:60][np.random.default_rng(2).random(60) < sway] += 0.05
        loss[60:] = 2.5
        out.append(told(DeadLoss(), run_of({"loss": loss})))
    return out


@case
def losses_that_stall():
    out = []
    for n in (90, 99, 100, 101, 400):
        for since in (0.3, 0.5, 0.65, 0.68, 0.72, 0.8):
            for rate in (1.0, 0.32, 0.28, 0.1):
                _, loss = curve(n, 0.003, n)
                at = int(since * n)
                loss[at:] = loss[at] * np.exp(0.003 * np.random.default_rng(3).standard_normal(n - at))
                lr = np.where(np.arange(n) < at, 1.0, rate)
                out.append(told(StalledLoss(), run_of({"loss": loss, "lr": 3e-4 * lr})))
    for power in (0.02, 0.1, 0.25, 0.5):
        loss = 4 * (1 + np.minimum(np.arange(500), 200)) ** -power
        noise = np.exp(0.002 * np.random.default_rng(4).standard_normal(500))
        out.append(told(StalledLoss(), run_of({"loss": loss * noise, "lr": np.full(500, 3e-4)})))
        out.append(told(StalledLoss(), run_of({"loss": loss * noise})))
    return out


@case
def spikes_so_often():
    out = []
    for count in (2, 3, 5, 6, 7, 12):
        for points in (2, 8):
            for places in (np.linspace(0.1, 0.9, count), 0.95 - 0.8 * 0.6 ** np.arange(count)):
                _, loss = curve(1500, 0.01, count)
                for at in (1500 * places).astype(int):
                    loss[at : at + points] *= 2
                out.append(told(SpikeFrequency(), run_of({"loss": loss})))
    heavy = curve(1800)[1] * np.exp(np.where(np.random.default_rng(5).random(1800) < 0.012, 0.2, 0.0))
    return [*out, told(SpikeFrequency(), run_of({"loss": heavy})), told(SpikeFrequency(), run_of({"loss": heavy[:49]}))]


@case
def spikes_and_what_stands_beside_them():
    out = []
    norm = np.exp(0.1 * np.random.default_rng(6).standard_normal(600))
    for early in (0, 1, 6, 9, 20, 63, 65):
        for times in (1.5, 1.9, 2.2, 8.0):
            step, loss = curve()
            loss[300:306] *= 2
            grad = norm.copy()
            grad[300 - early : 306] *= times
            out.append(told(LossSpike(), run_of({"loss": loss, "grad_norm": grad}, step=step)))
    for away in (-40, -10, 0, 6, 12, 30, 34):
        for times in (1.3, 1.6, 1.0):
            step, loss = curve()
            loss[300:340] *= np.exp(0.4 * np.exp(-np.arange(40) / 12))
            rate = np.where(np.arange(600) < 300 + away, 0.5, 0.5 * times) * np.minimum(np.arange(600) / 50 + 0.02, 1)
            rate[60:120] *= 2
            out.append(told(LossSpike(), run_of({"loss": loss, "lr": 3e-4 * rate}, step=step)))
    for away in (-3, 0, 2, 14, 18):
        step, loss = curve()
        loss[300:330] *= 1.5
        run = run_of({"loss": loss}, step=step)
        out.append(told(LossSpike(), replace(run, starts=(START, START + 300 - away))))
        again = np.concatenate([step[: 300 - away], step[280 - away :]])
        out.append(told(LossSpike(), run_of({"loss": loss[again]}, step=again, time=START + np.arange(len(again)))))
    for back in (0.85, 0.92, 1.0):
        step, loss = curve()
        loss[300:] = np.exp(np.log(loss[0]) * back) * (1 + np.arange(300) / 20) ** -0.3
        out.append(told(LossSpike(), run_of({"loss": loss}, step=step)))
    for name in ("stage", "batch_size", "curriculum_difficulty"):
        for at in (280, 296, 300, 310, 330):
            step, loss = curve()
            loss[300:] *= 1.2
            out.append(
                [
                    told(r, run_of({"loss": loss, name: 1.0 + (step >= at)}, step=step))
                    for r in (LossSpike(), LossShift())
                ]
            )
    for fall in (0.5, 0.65, 0.75, 1.0):
        for away in (-12, -4, 4, 12):
            step, loss = curve()
            loss[300:] *= 0.85
            rate = np.where(step < 300 + away, 1.0, fall)
            out.append(told(LossShift(), run_of({"loss": loss, "lr": 3e-4 * rate}, step=step)))
    return out


@case
def losses_that_blow_up_early_or_only_rise():
    out = []
    for n in (9, 10, 12, 40, 200):
        for rise in (0.02, 0.04, 0.2, 0.8, 2.0):
            noise = 0.01 * np.random.default_rng(n).standard_normal(n)
            out.append(judged(run_of({"loss": np.exp(1 + noise + rise * np.linspace(0, 1, n))})))
            jump = np.where(np.arange(n) < 4, 0.0, rise) * np.exp(-np.arange(n) / n)
            out.append(judged(run_of({"loss": np.exp(1 + noise + jump)})))
    for points in (1, 2, 3, 9, 10, 11):
        for at in (0, 100, 300 - points):
            _, loss = curve(300)
            loss[at : at + points] = np.nan
            out.append(told(NonFiniteLoss(), run_of({"loss": np.where(np.isnan(loss), np.inf, loss)})))
    return out


@case
def losses_that_are_smoothed():
    out = []
    for window in (1, 5, 20, 60):
        for height in (0.0, 0.1, 0.6):
            _, loss = curve(900, 0.03, window)
            loss[500:520] *= np.exp(height)
            mean = np.convolve(np.concatenate([np.full(window - 1, loss[0]), loss]), np.ones(window) / window, "valid")
            out.append(judged(run_of({"loss": mean})))
    epoch = [curve(300, 0.03)[1][k * 60 : (k + 1) * 60].cumsum() / np.arange(1, 61) for k in range(5)]
    return [*out, judged(run_of({"loss": np.concatenate(epoch)}))]
