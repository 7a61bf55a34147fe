"""What is folded of a column point by point: its least value, whether it rises, how many points are of some kind."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from runlens.growing.column import Values, grows, keep, known, part_of, parts_of

Found = TypeVar("Found")


def folded(
    key: Hashable,
    columns: tuple[Values, ...],
    part: Callable[..., Found],
    merge: Callable[[Found, Found], Found],
    back: int = 0,
) -> Found:
    """What `part` finds of columns, where `merge` makes of what it finds of two pieces what it finds of both.

    Parameters
    ----------
    key : hashable
        What it is: the same for the same `part`.
    columns : tuple of ndarray, each of shape (n,)
    part : callable
        Takes a piece of each column. Must be exact: of sums of floats the order of adding shows.
    merge : callable
    back : int
        Points before a piece that are given to `part` with it, such as 1 for what looks at neighbours.

    Returns
    -------
    what `part` returns
        Also for no point, if `part` takes that.
    """
    length = len(columns[0])
    parts = parts_of(columns)
    if parts is None or not length:
        return part(*columns)
    key = "folded", key, len(parts)
    fact = known(key, parts, length)
    if fact is None:
        found = part(*columns)
    elif fact.done == length:
        return fact.value  # type: ignore[no-any-return]
    else:
        begin = max(fact.done - back, 0)
        found = merge(fact.value, part(*(column[begin:] for column in columns)))
    keep(key, parts, length, found)
    return found


def every(key: Hashable, columns: tuple[Values, ...], holds: Callable[..., Values], back: int = 0) -> bool:
    """Whether something holds of every point; `holds` takes columns and returns an ndarray of bool."""
    if not grows():
        return bool(holds(*columns).all())
    if not back and len(columns) == 1:  # what holds of a whole column holds of each stretch
        part = part_of(columns[0])
        if part is not None and part.first and every(key, (part.column.view(),), holds):
            return True
    return folded(("every", key), columns, lambda *some: bool(holds(*some).all()), _both, back)


def counted(key: Hashable, columns: tuple[Values, ...], holds: Callable[..., Values], back: int = 0) -> int:
    """Points of which something holds, as `every`; with `back`, `holds` returns False for the first ones of a piece."""
    if not grows():
        return int(np.count_nonzero(holds(*columns)))
    return folded(("counted", key), columns, lambda *some: int(np.count_nonzero(holds(*some))), _sum, back)


def equal(one: Values, other: Values) -> bool:
    """`np.array_equal` of two columns."""
    return one is other or (len(one) == len(other) and every("equal", (one, other), np.equal))


def all_finite(column: Values) -> bool:
    """Whether every value is finite; True for none."""
    return every("finite", (column,), np.isfinite)


def some_finite(column: Values) -> bool:
    """Whether any value is finite; False for none."""
    return folded("some finite", (column,), lambda x: bool(np.isfinite(x).any()), _either)


def rises(column: Values, strictly: bool = False) -> bool:
    """Whether no value is below the one before (`strictly`: nor equal to it); False where a NaN stands beside one."""
    if strictly:
        return every("rises strictly", (column,), lambda x: x[1:] > x[:-1], back=1)
    return every("rises", (column,), lambda x: x[1:] >= x[:-1], back=1)


def least(column: Values) -> Any:
    """`column.min()`; raises ValueError for no value."""
    return folded("least", (column,), np.min, np.minimum) if grows() else column.min()


def greatest(column: Values) -> Any:
    """`column.max()`; raises ValueError for no value."""
    return folded("greatest", (column,), np.max, np.maximum) if grows() else column.max()


def _sum(one: int, other: int) -> int:
    return one + other


def _either(one: bool, other: bool) -> bool:
    return one or other


def _both(one: bool, other: bool) -> bool:
    return one and other
