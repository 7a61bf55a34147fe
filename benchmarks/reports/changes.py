"""Steps of a curve that set in somewhere: what goes wrong, what looks alike, and what is not logged."""

from __future__ import annotations

import numpy as np

from benchmarks.reports.shapes import Curve, step


@step
def _times(c: Curve, at: float, factor: float, until: float = 2.0) -> None:
    c.y[c.after(at, until)] *= factor


@step
def _plus(c: Curve, at: float, change: float, until: float = 2.0) -> None:
    c.y[c.after(at, until)] += change


@step
def _grow(c: Curve, at: float, factor: float, until: float = 1.0) -> None:
    c.y *= factor ** np.clip((c.u - at) / (until - at), 0, 1)


@step
def _swell(c: Curve, at: float, factor: float, until: float = 1.0) -> None:
    c.y *= 1 + (factor - 1) * np.clip((c.u - at) / (until - at), 0, 1)


@step
def _to(c: Curve, at: float, value: float, width: float) -> None:
    part = np.clip((c.u - at) / width, 0, 1)
    c.y = c.y * (1 - part) + value * part


@step
def _spike(c: Curve, at: float, height: float, width: float, stays: float = 0.0) -> None:
    since = (c.u - at) / width
    part = np.where(since < 0, 0.0, stays + (1 - stays) * np.exp(-np.maximum(since, 0)))
    c.y *= 1 + height * part


@step
def _bump(c: Curve, at: float, height: float, width: float) -> None:
    c.y += height * np.exp(-np.maximum((c.u - at) / width, 0)) * (c.u >= at)


@step
def _bursts(c: Curve, at: float, until: float, count: float, height: float, width: float) -> None:
    for place in np.sort(c.rng.uniform(at, until, int(count))):
        _spike(c, float(place), height * float(c.rng.uniform(0.6, 1.4)), width)


@step
def _set(c: Curve, at: float, value: float, until: float = 2.0) -> None:
    c.y[c.after(at, until)] = value


@step
def _nan(c: Curve, at: float, until: float = 2.0) -> None:
    c.y[c.after(at, until)] = np.nan


@step
def _freeze(c: Curve, at: float, spread: float = 0.0) -> None:
    rows = np.flatnonzero(c.after(at))
    c.y[rows] = c.y[rows[0]] * np.exp(spread * c.rng.normal(size=len(rows)))


@step
def _every(c: Curve, period: float, factor: float, at: float = 0.0, until: float = 2.0) -> None:
    rows = (np.arange(len(c.t)) % int(period) == 0) & c.after(at, until)
    c.y[rows] *= factor * np.exp(0.05 * c.rng.normal(size=int(rows.sum())))


@step
def _halve(c: Curve, at: float, rows: float, floor: float) -> None:
    times = np.floor(np.maximum(np.arange(len(c.t)) - at * len(c.t) + rows, 0) / rows)
    c.y = np.maximum(c.y * 0.5**times, floor)


@step
def _only(c: Curve, period: float, until: float = 2.0) -> None:
    kept = (np.arange(1, len(c.t) + 1) % int(period) == 0) & (c.u < until)
    c.none |= ~kept


@step
def _gone(c: Curve, at: float, until: float = 2.0) -> None:
    c.none |= c.after(at, until)


@step
def _clip(c: Curve, low: float, high: float) -> None:
    c.y = np.clip(c.y, low, high)


@step
def _peak(c: Curve) -> None:
    c.y = np.maximum.accumulate(c.y)


@step
def _round(c: Curve, digits: float) -> None:
    c.y = np.round(c.y, int(digits))


@step
def _floor(c: Curve) -> None:
    c.y = np.floor(c.y)


@step
def _ramp(c: Curve, at: float, value: float, until: float) -> None:
    rows = c.after(at, until)
    first = c.y[np.flatnonzero(rows)[0]]
    c.y[rows] = first + (value - first) * (c.u[rows] - at) / (until - at)
    c.y[c.after(until)] = value


@step
def _climbing(c: Curve, at: float, each: float) -> None:
    c.y += each * np.maximum(np.arange(len(c.t)) - at * len(c.t), 0)


@step
def _halving(c: Curve) -> None:
    c.y *= 0.5 ** np.arange(len(c.t))
    c.none |= c.y < 1e-300


@step
def _tidy(c: Curve) -> None:
    c.y = 2.0 ** np.round(np.log2(c.y))
