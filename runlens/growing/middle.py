"""The median of a column that grows, exact: values around it are kept in order, of all others how many there are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from runlens.growing.column import Values, keep, known, part_of, parts_of
from runlens.growing.ranks import ranked

_FEW = 512
"""Values up to which sorting all of them takes less time than finding two by rank."""
_KEPT = 4096
"""Values that are kept on each side of the median: new ones may move it as far before all are looked at again."""


@dataclass(slots=True)
class _Around:
    """The values near the median."""

    below: int
    """Finite values that are smaller than all of `near`."""
    count: int
    """Finite values in all."""
    near: Values
    """In order, each of its values as often as it was found in the column."""

    def take(self, new: Values) -> None:
        """Add finite values."""
        low, high = self.near[0], self.near[-1]
        self.count += len(new)
        self.below += int(np.count_nonzero(new < low))
        inside = np.sort(new[(new >= low) & (new <= high)])
        if len(inside):
            self.near = np.insert(self.near, np.searchsorted(self.near, inside), inside)

    def middle(self) -> float | None:
        """The median; None where it is not among the values that are kept."""
        upper = self.count // 2 - self.below
        lower = upper if self.count % 2 else upper - 1
        if lower < 0 or upper >= len(self.near):
            return None
        return float(self.near[upper]) if self.count % 2 else float(0.5 * (self.near[upper] + self.near[lower]))


def median(column: Values) -> float:
    """Median of the finite values of an array, NaN if there is none; of an even number the mean of the middle two."""
    parts = parts_of((column,))
    if parts is None or len(column) <= 2 * _KEPT:
        return _plain(column[np.isfinite(column)])
    if parts[0].first > 1 or len(column) < len(parts[0].column) - parts[0].first:  # a stretch that may move
        n = len(column)
        found = ranked(parts[0], n, (n - 1) // 2, n // 2)
        return _plain(column[np.isfinite(column)]) if found is None else 0.5 * (found[0] + found[1])
    key = "median", _KEPT
    fact = known(key, parts, len(column))
    if fact is not None:
        around: _Around = fact.value
        if fact.done < len(column):
            new = column[fact.done :]
            around.take(new[np.isfinite(new)])
            fact.done = len(column)
        if (middle := around.middle()) is not None:
            return middle
    finite = column[np.isfinite(column)]
    if len(finite) <= 2 * _KEPT:
        return _plain(finite)
    begun = _begun(finite)
    keep(key, parts, len(column), begun)
    return begun.middle() or 0.0


def by_rank(column: Values, low: int) -> tuple[float, float]:
    """The values of a column of finite numbers that `low` and `low + 1` others are below, or the last one twice."""
    n = len(column)
    high = min(low + 1, n - 1)
    part = part_of(column)
    found = ranked(part, n, low, high) if part is not None else None
    if found is not None:
        return found
    some = np.partition(column, (low, high)) if n > _FEW else np.sort(column)
    return float(some[low]), float(some[high])


def _begun(values: Values) -> _Around:
    half = len(values) // 2
    values.partition((half - _KEPT, min(half + _KEPT, len(values) - 1)))
    low, high = values[half - _KEPT], values[min(half + _KEPT, len(values) - 1)]
    near = values[(values >= low) & (values <= high)]
    return _Around(int(np.count_nonzero(values < low)), len(values), np.sort(near))


def _plain(values: Any) -> float:
    n = len(values)
    if not n:
        return math.nan
    values.partition(n // 2)
    upper = values[n // 2]
    return float(upper if n % 2 else 0.5 * (upper + values[: n // 2].max()))
