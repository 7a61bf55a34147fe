"""Columns that are made of others point by point, or block by block, and grow with them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from runlens.growing.column import Grown, Values, grows, keep, known, parts_of
from runlens.growing.folds import every

_TOGETHER = 1 << 12
"""Points whose sum is taken at once."""


def mapped(
    key: Hashable, columns: tuple[Values, ...], find: Callable[..., Values], back: int = 0, short: int = 0
) -> Values:
    """What `find` makes of columns, where the value of a point depends on it and a few before it alone.

    Parameters
    ----------
    key : hashable
        What it is: the same for the same `find`.
    columns : tuple of ndarray, each of shape (n,)
    find : callable
        Takes a piece of each column and returns as many values, less `short`.
    back : int
        Points before one that its value depends on.
    short : int
        Points at the beginning of a piece that get no value, at most `back`.

    Returns
    -------
    ndarray, shape (n - short,)
        A view of a column that grows, where all `columns` are.
    """
    length = len(columns[0])
    parts = parts_of(columns)
    if parts is None or length <= back:
        return find(*columns)
    first, held = parts[0].first, len(parts[0].column)
    if back == short and length < held and all((p.first, len(p.column)) == (first, held) for p in parts):
        # what it is of a stretch it is of the whole column
        whole = mapped(key, tuple(part.column.view() for part in parts), find, back, short)
        return whole[first : first + length - short]
    key = "mapped", key, len(parts)
    fact = known(key, parts, length)
    if fact is None:
        values = find(*columns)
        made = Grown(values.dtype)
        made.extend(values)
        keep(key, parts, length, made)
        return made.view()
    made, done = fact.value, fact.done
    if done < length:
        values = find(*(column[done - back :] for column in columns))
        made.extend(values[len(values) - (length - done) :])
        fact.done = length
    shown: Values = made.view()
    return shown


def differences(column: Values) -> Values:
    """`np.diff(column)`."""
    if not grows():
        return np.asarray(column[1:] - column[:-1])
    return mapped("differences", (column,), np.diff, back=1, short=1)


def chosen(key: Hashable, columns: tuple[Values, ...], wanted: Callable[..., Values]) -> tuple[Values, ...]:
    """The points of columns at which `wanted` is true; the columns themselves where it is of all.

    Parameters
    ----------
    key : hashable
        What it is: the same for the same `wanted`.
    columns : tuple of ndarray, each of shape (n,)
    wanted : callable
        Takes a piece of each column and returns an ndarray of bool that depends on each point alone.

    Notes
    -----
    Those of a stretch that does not reach from the beginning to the end are chosen anew each time.
    """
    if not grows():
        keeps = wanted(*columns)
        return columns if bool(keeps.all()) else tuple(column[keeps] for column in columns)
    if every(("chosen", key), columns, wanted):
        return columns
    parts = parts_of(columns)
    length = len(columns[0])
    if parts is None or any(part.first + length < len(part.column) or part.first > 1 for part in parts):
        keeps = wanted(*columns)
        return tuple(column[keeps] for column in columns)
    key = "chosen", key, len(parts)
    fact = known(key, parts, length) or keep(key, parts, 0, tuple(Grown(column.dtype) for column in columns))
    if fact.done < length:
        new = tuple(column[fact.done :] for column in columns)
        keeps = wanted(*new)
        for made, column in zip(fact.value, new, strict=True):
            made.extend(column[keeps])
        fact.done = length
    return tuple(made.view() for made in fact.value)


def places(key: Hashable, columns: tuple[Values, ...], holds: Callable[..., Values], back: int = 0) -> Values:
    """Positions at which something holds, in order; `holds` as of `mapped`, with no value for the first `back` points.

    Returns
    -------
    ndarray of int64, shape (k,)
    """
    length = len(columns[0])
    parts = parts_of(columns)
    if parts is None or length <= back:
        return np.asarray(holds(*columns).nonzero()[0]) + back
    key = "places", key, len(parts)
    fact = known(key, parts, length) or keep(key, parts, back, Grown(np.int64))
    if fact.done < length:
        begin = fact.done - back
        fact.value.extend(np.flatnonzero(holds(*(column[begin:] for column in columns))) + fact.done)
        fact.done = length
    shown: Values = fact.value.view()
    return shown


def total(column: Values) -> float:
    """The sum of floats, added block by block: it does not depend on when they came."""
    whole = blocks("sum", column, _TOGETHER, lambda x: x.sum(axis=1))
    return float(whole.sum() + column[len(whole) * _TOGETHER :].sum())


def blocks(key: Hashable, column: Values, size: int, find: Callable[[Values], Values]) -> Values:
    """What `find` makes of each whole block of so many points.

    Parameters
    ----------
    key : hashable
        What it is: the same for the same `find`.
    column : ndarray, shape (n,)
    size : int
        Points of a block.
    find : callable
        Takes an array of shape (k, size), not to be written to, and returns one value for each row.

    Returns
    -------
    ndarray, shape (n // size,)
    """
    whole = len(column) // size
    parts = parts_of((column,))
    if parts is None or not whole:
        return find(column[: whole * size].reshape(-1, size))
    key = "blocks", key, size
    fact = known(key, parts, whole)
    if fact is None:
        values = find(column[: whole * size].reshape(-1, size))
        made = Grown(values.dtype)
        made.extend(values)
        keep(key, parts, whole, made)
        return made.view()
    if fact.done < whole:
        fact.value.extend(find(column[fact.done * size : whole * size].reshape(-1, size)))
        fact.done = whole
    shown: Values = fact.value.view()
    return shown


def ordered(column: Values, size: int) -> Values:
    """The values of each whole block of so many points, in order; shape (n // size, size)."""
    whole = len(column) // size
    parts = parts_of((column,))
    if parts is None:
        return np.sort(column[: whole * size].reshape(-1, size), axis=1)
    key = "ordered", size
    fact = known(key, parts, whole) or keep(key, parts, 0, Grown(column.dtype))
    if fact.done < whole:
        new = np.sort(column[fact.done * size : whole * size].reshape(-1, size), axis=1)
        fact.value.extend(new.ravel())
        fact.done = whole
    return np.asarray(fact.value.view()[: whole * size].reshape(-1, size))


def once(key: Hashable, column: Values, find: Callable[[Values], Any]) -> Any:
    """What `find` makes of a stretch of a column, asked for once as long as it is the same stretch."""
    parts = parts_of((column,))
    if parts is None:
        return find(column)
    fact = known(("once", key), parts, len(column))
    if fact is not None and fact.done == len(column):
        return fact.value
    found = find(column)
    keep(("once", key), parts, len(column), found)
    return found


def pieces(key: Hashable, column: Values, size: int, over: int, find: Callable[[Values], Any]) -> list[Any]:
    """What `find` makes of stretches that begin at each `size`-th point and reach `over` points into the next.

    Parameters
    ----------
    key : hashable
        What it is: the same for the same `find`.
    column : ndarray, shape (n,)
    size, over : int
    find : callable

    Returns
    -------
    list
        One for each stretch of more than `over` points; the last one may be short.
    """
    n = len(column)
    whole = max(n - over, 0) // size
    parts = parts_of((column,))
    key = "pieces", key, size, over
    fact = known(key, parts, whole) if parts is not None else None
    found = list(fact.value) if fact is not None else []
    for k in range(len(found), -(-max(n - over, 0) // size)):
        found.append(find(column[k * size : (k + 1) * size + over]))
    if parts is not None and whole:
        keep(key, parts, whole, tuple(found[:whole]))
    return found
