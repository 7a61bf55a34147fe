"""Losses with a term whose weight ramps up, as a VAE's with an annealed KL: their sum rises with the weight."""

from __future__ import annotations

import numpy as np

from tests.rules.saying import run_of

SHAPES = ("linear", "sigmoid", "cycles")


def weight(t, first, last, shape="linear"):
    """The weight of the term at each step: 0 up to `first` and 1 from `last` on, or that again and again."""
    part = (t - first) / (last - first)
    if shape == "sigmoid":
        part = 1 / (1 + np.exp(-12 * (part - 0.5)))
        return np.where(t < first, 0.0, np.where(t > last, 1.0, part))
    if shape == "cycles":
        period = 2 * (last - first)
        return np.where(t < first, 0.0, np.clip(((t - first) % period) / (last - first), 0, 1))
    return np.clip(part, 0, 1)


def annealed(seed, n=600, shape="linear", per=1, start=0.2, noise=0.02, broken=0.0, logged=True, epochs=False):
    """A VAE: reconstruction plus weight times KL, which the model gives up as its weight rises; held out as well.

    `broken` is added, as a share of the loss and growing bit by bit, from a tenth of the log after the ramp on.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    first, last = start * n, (start + rng.uniform(0.15, 0.4)) * n
    w = weight(t, first, last, shape)
    kl = 90.0 / (1 + 2.5 * w) * (1 - np.exp(-(t + 1) / (0.05 * n)))
    recon = 90 + 450 * np.exp(-t / (0.03 * n)) - 8 * t / n + 12 * w
    loss = recon + w * kl
    bad = 1 + broken * np.clip((t - last - 0.1 * n) / (0.3 * n), 0, 1)
    columns = {}
    for split in ("train", "val"):
        columns[f"{split}/loss"] = loss * bad * np.exp(noise * rng.standard_normal(n))
    if logged:
        columns["train/kl_weight"] = w
    return run_of(columns, step=t * per, axis_name="epoch" if epochs else "step")
