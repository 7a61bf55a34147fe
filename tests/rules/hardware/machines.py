"""Machines without noise, one row each half minute: what is planted is all that there is."""

from __future__ import annotations

import numpy as np

from tests.rules.saying import START, run_of

ROWS = 200


def machine(what, value, rows=ROWS, gpus=1, seconds=30.0, speed=1000.0, times=True, later=0.0, **more):
    """A run that logs `what` of some devices, `value` on the first and its first value on the others.

    Rows come so many seconds `later` than every `seconds`.
    """
    row = np.arange(rows)
    value = np.broadcast_to(np.asarray(value, float), (rows,))
    columns = {f"system.gpu.{g}.{what}": value if g == 0 else np.full(rows, value[0]) for g in range(gpus)}
    columns["tokens_per_sec_per_gpu"] = np.broadcast_to(np.asarray(speed, float), (rows,))
    columns |= {name.replace("__", "."): np.broadcast_to(np.asarray(v, float), (rows,)) for name, v in more.items()}
    time = START + row * seconds + later if times else np.full(rows, np.nan)
    return run_of(columns, step=(row + 1) * 10, time=time)


def stretch(low, high, first=80, points=40, rows=ROWS):
    """A level that is left for some points."""
    value = np.full(rows, float(low))
    value[first : first + points] = high
    return value
