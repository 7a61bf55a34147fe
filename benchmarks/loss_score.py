"""What a rule said of one run, held against what was planted; sums with bootstrap intervals over runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Claim:
    """One incident as a rule reports it."""

    first: float
    last: float
    """Steps, inclusive."""
    outcome: str = ""
    """Empty for rules that name none."""
    loud: bool = True
    """Whether it stops a gate or wakes somebody: `warning` or above."""


@dataclass(frozen=True)
class Event:
    """One incident that is there."""

    first: float
    last: float
    """Steps, inclusive."""
    margin: float
    """Steps by which a claim's onset may be off."""
    outcomes: tuple[str, ...] = ()
    """What a right judgement may say; empty where none is asked."""


@dataclass(frozen=True)
class Tally:
    """Counts of one run; sums of many are made by `total`."""

    events: int = 0
    found: int = 0
    false: int = 0
    """Claims away from all events."""
    false_loud: int = 0
    repeats: int = 0
    """Further claims inside an event that was found already."""
    judged: int = 0
    """Events found for which an outcome was asked."""
    right: int = 0


def match(claims: Iterable[Claim], events: Sequence[Event]) -> tuple[Tally, list[float]]:
    """Each event takes the claim whose onset is nearest, if that is within its margin; a claim serves once.

    Returns
    -------
    (Tally, list of float)
        The counts, and the onset errors in steps.
    """
    left = sorted(claims, key=lambda c: c.first)
    found = judged = right = 0
    errors = []
    for event in events:
        near = [c for c in left if abs(c.first - event.first) <= event.margin]
        if not near:
            continue
        best = min(near, key=lambda c: abs(c.first - event.first))
        left.remove(best)
        found += 1
        errors.append(abs(best.first - event.first))
        if event.outcomes and best.outcome:
            judged += 1
            right += best.outcome in event.outcomes
    away = [c for c in left if not any(e.first - e.margin <= c.first <= e.last + e.margin for e in events)]
    tally = Tally(len(events), found, len(away), sum(c.loud for c in away), len(left) - len(away), judged, right)
    return tally, errors


def total(tallies: Sequence[Tally]) -> Floats:
    """Counts run by run, shape (runs, fields of Tally)."""
    return np.array([[getattr(t, f.name) for f in fields(Tally)] for t in tallies], dtype=np.float64)


def recall(sums: Floats) -> Floats:
    """Events found of all, from sums of counts in the last axis."""
    return _ratio(sums[..., 1], sums[..., 0])


def precision(sums: Floats) -> Floats:
    """Events found over those and the false claims, whatever their severity; repeats are no false claims."""
    return _ratio(sums[..., 1], sums[..., 1] + sums[..., 2])


def accuracy(sums: Floats) -> Floats:
    """Outcomes that are right of those judged."""
    return _ratio(sums[..., 6], sums[..., 5])


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


def interval(counts: Floats, measure: object, draws: int = 1000, seed: int = 0) -> tuple[float, float, float]:
    """A measure with its 95 % bootstrap interval over runs.

    Where all runs agree on 0 or 1 the bootstrap has no width: the bound is then that of the rule of three, 3 / n.
    """
    assert callable(measure)
    whole = float(measure(counts.sum(axis=0)))
    n = len(counts)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=draws)
    sampled = measure(weights @ counts)
    low, high = np.nanquantile(sampled, (0.025, 0.975)) if np.isfinite(sampled).any() else (np.nan, np.nan)
    if low == high == 1.0:
        low = max(0.0, 1.0 - 3.0 / n)
    if low == high == 0.0:
        high = min(1.0, 3.0 / n)
    return whole, float(low), float(high)


def shown(counts: Floats, measure: object) -> str:
    """`0.993 (0.985-1.000)`, or a dash."""
    value, low, high = interval(counts, measure)
    return "-" if np.isnan(value) else f"{value:.3f} ({low:.3f}-{high:.3f})"
