"""Fewer points for drawing, with every extreme kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from runlens.growing import blocks
from runlens.stats.spans import AT_ONCE, spans

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

LONG = 256
"""Points of a bucket from which on its length is rounded up."""


def extremes(value: npt.NDArray[np.float64], points: int) -> npt.NDArray[np.int64]:
    """Positions of about `points` values that keep the minimum and maximum of every bucket.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        NaN and infinities are allowed: the first NaN of each bucket that holds one is kept, so a gap stays visible.
    points : int
        At least 4. With `n <= points` every position is returned.

    Returns
    -------
    ndarray of int64
        Increasing; holds 0 and n - 1. Up to 1.5 times `points` where there are NaN, and an eighth
        fewer where buckets are long (`LONG`). Empty for an empty input.

    Notes
    -----
    One pass over the data; the buckets are of equal length in points, not in steps.
    """
    n = len(value)
    if n <= max(points, 4):
        return np.arange(n, dtype=np.int64)
    buckets = max(points // 2 - 1, 1)
    size = _round_up(-(-n // buckets))
    start = np.arange(0, n, size)
    low, high, hole = (_of_each(name, value, size, find) for name, find in _FOUND.items())
    holes = hole >= 0
    kept = [np.array([0, n - 1]), start + low, start + high, start[holes] + hole[holes]]
    index = np.sort(np.concatenate(kept)).astype(np.int64)  # np.unique would load numpy.ma
    return index[np.diff(index, prepend=-1) > 0]


def _round_up(size: int) -> int:
    """The size of a bucket; of a long one in eighths of an octave, so that it stays for long while a curve grows."""
    step = 1 << max(size.bit_length() - 4, 0) if size >= LONG else 1
    return -(-size // step) * step


def _of_each(name: str, value: Floats, size: int, find: Callable[[Floats], Places]) -> Places:
    """Places in each bucket; the last one may be short."""
    whole = len(value) // size
    if size < LONG:  # it is another size soon, and few points
        found = _piece_by_piece(value[: whole * size].reshape(-1, size), find)
    else:
        found = blocks(("decimated", name), value, size, lambda rows: _piece_by_piece(rows, find))
    rest = value[whole * size :]
    return np.append(found, find(rest[None])) if len(rest) else found


def _piece_by_piece(rows: Floats, find: Callable[[Floats], Places]) -> Places:
    """What is found of rows, of some at a time: temporary arrays stay small."""
    parts = [find(rows[a:b]) for a, b in spans(len(rows), max(AT_ONCE // max(rows.shape[1], 1), 1))]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _lowest(rows: Floats) -> Places:
    return np.asarray(np.where(np.isnan(rows), np.inf, rows).argmin(axis=1))


def _highest(rows: Floats) -> Places:
    return np.asarray(np.where(np.isnan(rows), -np.inf, rows).argmax(axis=1))


def _first_hole(rows: Floats) -> Places:
    missing = np.isnan(rows)
    return np.where(missing.any(axis=1), missing.argmax(axis=1), -1)


_FOUND = {"lowest": _lowest, "highest": _highest, "hole": _first_hole}
