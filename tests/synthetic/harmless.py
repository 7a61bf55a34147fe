"""What looks like trouble in public logs and is worth no warning, seeded: petty bumps, stalls and slow stretches."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]
Harmless = Literal["bump near zero", "hump at the start", "stall of seconds", "stall at the last point", "slow trial"]


def harmless(kind: Harmless, seed: int) -> Run:
    """A run of a few hundred points of a loss, of which nothing but the clock tells the speed.

    Parameters
    ----------
    kind : Harmless
        `bump near zero`: for a fifth of the log a loss that came from 3 stands 30 to 50 % higher at 0.05, which is less
        than 1 % of the way. `hump at the start`: a loss that rises by 30 to 80 % over its first points, as a triplet
        loss or a mean since the start does, and then comes down for good. `stall of seconds`: 10 to 55 s, of a
        program on a desk. `stall at the last point`: the checkpoint or evaluation that ends a run, beside a timer.
        `slow trial`: a third slower since its first third, but over in half a minute.
    seed : int
    """
    rng = np.random.default_rng((seed, 71))
    n = int(rng.integers(200, 800))
    t = np.arange(n)
    loss = 0.05 + 2.95 * np.exp(-t / (0.06 * n))
    each = 0.1 * np.exp(0.03 * rng.standard_normal(n))
    columns = {}
    if kind == "bump near zero":
        first = int(rng.uniform(0.5, 0.7) * n)
        loss[first : first + n // 5] += rng.uniform(0.015, 0.025)
    elif kind == "hump at the start":
        top = rng.integers(5, 8)
        rise = np.log(rng.uniform(1.3, 1.8)) * np.where(
            t < 3, 0.0, np.where(t < top, (t - 2) / (top - 2), np.exp((top - t) / (0.1 * n)))
        )
        loss = 3.0 * np.exp(rise) * (1.0 - 0.3 * t / n)
    elif kind == "stall of seconds":
        each[int(rng.uniform(0.3, 0.8) * n)] += rng.uniform(10.0, 55.0)
    elif kind == "stall at the last point":
        columns["step_time"] = each.copy()
        each[-1] += rng.uniform(6.0, 110.0)
    elif kind == "slow trial":
        each = each * (25.0 / n / 0.1)
        each[n // 3 :] *= rng.uniform(1.3, 1.6)
    columns["loss"] = loss * np.exp(0.005 * rng.standard_normal(n))
    time = 1.7e9 + np.cumsum(each)
    return resolve(Run(kind, kind, kind, series={name: Series(name, t, time, v) for name, v in columns.items()}))
