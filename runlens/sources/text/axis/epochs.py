"""Which epoch each line of a log belongs to: the one told above it, or below where an epoch is summed up at its end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.sources.text.rows import Rows

Floats = npt.NDArray[np.float64]

_TOLD = 0.9
"""Share of the beginnings of an epoch, by the count of its batches, that come right after a line that tells one."""


def epochs_of(rows: Rows) -> Floats:
    """The epoch of each line; shape (n,), NaN where none is told.

    `Epoch 3` stands above its batches in most logs. Where a whole epoch of batches comes before the first one is told,
    and their count begins anew right after each line that tells one, it is the last word of an epoch (`Epoch [0]/[199]
    Training Loss: 0.07`): lines are of the epoch told next, those after the last one of the epoch after it. Where a
    part of an epoch comes first, the log was cut, and the part is of the epoch before the first that is told.
    """
    own = rows.counters["epoch"]
    training = rows.measure & ~rows.held_out & rows.of_kind("row", "bar")
    count = np.where(np.isfinite(rows.counters["it"]), rows.counters["it"], rows.counters["step"])
    inner = np.flatnonzero(training & np.isnan(own) & np.isfinite(count))
    said = np.flatnonzero(np.isfinite(own) & ~rows.held_out)
    begun = np.flatnonzero(np.diff(count[inner]) < 0)
    if not len(begun) or not len(said) or inner[0] > said[0]:
        return carried(own)
    between = np.searchsorted(said, inner[begun]) < np.searchsorted(said, inner[begun + 1])
    if float(np.mean(between)) < _TOLD:
        return carried(own)
    if count[inner[0]] > np.median(count[inner[begun + 1]]):
        out = carried(own)
        out[: said[0]] = own[said[0]] - 1.0
        return out
    known = np.flatnonzero(np.isfinite(own))
    after = np.searchsorted(known, np.arange(len(own)))
    return np.append(own[known], own[known[-1]] + 1.0)[after]


def carried(value: Floats) -> Floats:
    """The last known value at or before each line, NaN before the first."""
    at = np.where(np.isfinite(value), np.arange(len(value)), -1)
    at = np.maximum.accumulate(at) if len(at) else at
    return np.where(at >= 0, value[np.maximum(at, 0)], np.nan) if len(at) else value
