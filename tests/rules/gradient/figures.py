"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

import numpy as np

from runlens.rules.gradient.dead import DeadGradient
from runlens.rules.gradient.loss_scale import LossScaleCollapse
from runlens.rules.gradient.non_finite import NonFiniteGradient
from runlens.rules.gradient.surge import GradientSurge
from tests.figures import case
from tests.rules.saying import at_random, run_of, told


@case
def dead_at_random():
    return at_random(DeadGradient())


@case
def loss_scale_at_random():
    return at_random(LossScaleCollapse())


@case
def non_finite_at_random():
    return at_random(NonFiniteGradient())


@case
def surge_at_random():
    return at_random(GradientSurge())


NOISE = np.exp(0.1 * np.random.default_rng(1).standard_normal(700))
LOSS = np.exp(np.log(2 + 8 * (1 + np.arange(700) / 20) ** -0.6) + 0.01 * np.random.default_rng(2).standard_normal(700))


@case
def surges():
    out = []
    for times in (2.5, 2.9, 3.2, 4.0, 20.0):
        for points in (1, 2, 5, 40, 300):
            norm = NOISE.copy()
            norm[400 : 400 + points] *= times
            out.append(told(GradientSurge(), run_of({"grad_norm": norm, "loss": LOSS})))
    for at in (40, 68, 72, 690):
        norm = NOISE.copy()
        norm[at:] *= 5
        out.append(told(GradientSurge(), run_of({"grad_norm": norm})))
    for later in (-6, -4, 0, 3, 13, 15, 60):
        for kept in (0.0, 0.4):
            norm, loss = NOISE.copy(), LOSS.copy()
            norm[400:420] *= 6
            loss[400 + later : 410 + later] *= 2
            loss[400 + later :] *= 1 + kept
            out.append(told(GradientSurge(), run_of({"grad_norm": norm, "loss": loss})))
    norm = NOISE.copy()
    norm[300:303] *= 6
    norm[340:344] *= 6
    out.append(told(GradientSurge(), run_of({"grad_norm": norm})))
    return [*out, [told(GradientSurge(), run_of({"grad_norm": norm[280 : 280 + n]})) for n in (49, 50, 51)]]


@case
def surges_of_long_logs():
    out = []
    slow = np.exp(0.1 * np.random.default_rng(3).standard_normal(21_000) - np.arange(21_000) / 15_000)
    for n in (19_999, 20_000, 21_000):
        for times in (2.0, 3.4, 6.0):
            norm = slow[:n].copy()
            norm[9000:9004] *= times
            out.append(told(GradientSurge(), run_of({"grad_norm": norm})))
            norm = slow[:n].copy()
            norm[-9:] *= times
            out.append(told(GradientSurge(), run_of({"grad_norm": norm})))
    return out


@case
def norms_that_are_not_finite():
    out = []
    for points in (1, 2, 3, 4, 7, 8, 9, 10, 11, 71, 72, 73):
        for at in (0, 1, 3, 200, 700 - points):
            norm = NOISE.copy()
            norm[at : at + points] = np.inf
            out += [
                told(NonFiniteGradient(), run_of({"grad_norm": norm, **more})) for more in ({}, {"loss_scale": 4.0})
            ]
    for loss in (LOSS, np.where(np.arange(700) > 690, np.inf, LOSS)):
        norm = NOISE.copy()
        norm[[100, 300, 699]] = np.inf
        out.append(told(NonFiniteGradient(), run_of({"grad_norm": norm, "loss": loss, "loss_scale": 4.0})))
    return out


@case
def norms_that_are_dead():
    out = []
    for points in (8, 9, 10, 11, 100, 699, 700):
        for pace in (0.0, 0.01, 0.03, 0.3):
            norm, loss = NOISE.copy(), LOSS.copy()
            norm[700 - points :] = 0.0
            loss[700 - points :] = loss[700 - points] * np.exp(-pace * np.linspace(0, 1, points))
            loss *= np.exp(0.001 * np.random.default_rng(4).standard_normal(700))
            out += [told(DeadGradient(), run_of({"grad_norm": norm, **more})) for more in ({"loss": loss}, {})]
    norm = np.zeros(60)
    return [*out, [told(DeadGradient(), run_of({"grad_norm": norm, "lr": lr})) for lr in (0 * norm, norm + 1e-4)]]


@case
def scales_that_collapse():
    out = []
    for most in (32.0, 64.0, 65.0, 2.0**16):
        for end in (2.0, 1.0, 0.6, 0.5, 0.49, 2.0**-9):
            for points in (8, 9, 10, 11, 40):
                scale = np.full(60, most)
                scale[60 - points :] = end
                out.append(told(LossScaleCollapse(), run_of({"loss_scale": scale, "loss": LOSS[:60]})))
    return [*out, [told(LossScaleCollapse(), run_of({"loss_scale": scale[:n]})) for n in (9, 10)]]
