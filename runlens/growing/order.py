"""Which point of each step was written last, for steps that go back where a run is resumed."""

from __future__ import annotations

import numpy as np

from runlens.growing.column import Fact, Grown, Values, keep, known, parts_of


def last_writes(step: Values) -> Values:
    """Positions of the last point of each step, sorted by step.

    Parameters
    ----------
    step : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of int64, shape (m,), m <= n
        A column that grows as long as steps come that are beyond all others.
    """
    parts = parts_of((step,))
    if parts is None or not len(step):
        return _sorted_out(step)
    fact = known("last writes", parts, len(step))
    if fact is None or (fact.done < len(step) and not _goes_on(step, fact)):
        found = _sorted_out(step)
        order = Grown(np.int64)
        order.extend(found)
        keep("last writes", parts, len(step), order)
        return order.view()
    if fact.done < len(step):
        fact.value.extend(np.arange(fact.done, len(step)))
        fact.done = len(step)
    shown: Values = fact.value.view()
    return shown


def taken(column: Values, at: Values) -> Values:
    """`column[at]`, for positions that grow with the column."""
    parts = parts_of((column, at))
    if parts is None or parts[0].first:
        return column[at]
    fact = known("taken", parts, len(at)) or keep("taken", parts, 0, Grown(column.dtype))
    if fact.done < len(at):
        fact.value.extend(column[at[fact.done :]])
        fact.done = len(at)
    shown: Values = fact.value.view()
    return shown


def _goes_on(step: Values, fact: Fact) -> bool:
    """Whether all steps that are new lie beyond those that were sorted."""
    top, new = step[fact.value.view()[-1]], step[fact.done :]
    return bool(new[0] > top and np.all(new[1:] > new[:-1]))


def _sorted_out(step: Values) -> Values:
    order = np.argsort(step, kind="stable")
    ordered = step[order]
    return np.asarray(order[np.append(ordered[1:] != ordered[:-1], True)] if len(step) else order)
