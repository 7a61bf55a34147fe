"""Steps of a curve that hold for all of a run: its course, its noise, and what it is counted from."""

from __future__ import annotations

import numpy as np

from benchmarks.reports.shapes import Curve, step


@step
def _decay(c: Curve, first: float, last: float, steep: float = 0.7) -> None:
    fall = (1 + 100 * c.t) ** -steep
    end = 101**-steep
    c.y = last + (first - last) * (fall - end) / (1 - end)


@step
def _fall(c: Curve, first: float, last: float, speed: float = 5.0) -> None:
    c.y = last + (first - last) * np.exp(-speed * c.t)


@step
def _line(c: Curve, first: float, last: float) -> None:
    c.y = first + (last - first) * c.t


@step
def _cosine(c: Curve, peak: float, last: float, warm: float = 0.03) -> None:
    shape = 0.5 * (1 + np.cos(np.pi * np.clip((c.t - warm) / (1 - warm), 0, 1)))
    c.y = np.where(c.t < warm, peak * c.t / max(warm, 1e-9), last + (peak - last) * shape)


@step
def _linear(c: Curve, peak: float, last: float, warm: float = 0.03) -> None:
    shape = 1 - np.clip((c.t - warm) / (1 - warm), 0, 1)
    c.y = np.where(c.t < warm, peak * c.t / max(warm, 1e-9), last + (peak - last) * shape)


@step
def _stable(c: Curve, peak: float, last: float, decay: float, warm: float = 0.02) -> None:
    shape = 1 - np.clip((c.t - decay) / (1 - decay), 0, 1)
    c.y = np.where(c.t < warm, peak * c.t / max(warm, 1e-9), last + (peak - last) * shape)


@step
def _wave(c: Curve, part: float, periods: float) -> None:
    c.y *= 1 + part * np.sin(2 * np.pi * periods * c.u)


@step
def _noise(c: Curve, part: float, memory: float = 0.3) -> None:
    white = c.rng.normal(size=len(c.t)) * np.sqrt(1 - memory**2)
    for i in range(1, len(white)):
        white[i] += memory * white[i - 1]
    c.y *= np.exp(part * white)


@step
def _heavy(c: Curve, part: float) -> None:
    c.y *= np.exp(part * np.clip(c.rng.standard_t(3, size=len(c.t)), -8, 8))


@step
def _add(c: Curve, spread: float) -> None:
    c.y += spread * c.rng.normal(size=len(c.t))


@step
def _stairs(c: Curve, count: float, drop: float) -> None:
    c.y *= (1 - drop) ** np.floor(np.minimum(c.t, 0.9999) * count)


@step
def _saw(c: Curve, count: float, height: float) -> None:
    c.y += height * ((c.t * count) % 1)


@step
def _climb(c: Curve, count: float, height: float) -> None:
    c.y += height * np.floor(np.minimum(c.t, 0.9999) * count)


@step
def _double(c: Curve, count: float) -> None:
    c.y *= 2.0 ** np.floor(c.t * count)


@step
def _level(c: Curve, value: float) -> None:
    c.y = np.full(len(c.t), value)


@step
def _count(c: Curve, each: float) -> None:
    c.y = each * c.step


@step
def _timer(c: Curve, unit: float) -> None:
    c.y = unit * c.seconds


@step
def _rate(c: Curve, amount: float) -> None:
    c.y = amount / c.seconds


@step
def _cycles(c: Curve, peak: float, last: float, count: float) -> None:
    c.y = last + (peak - last) * 0.5 * (1 + np.cos(np.pi * ((np.minimum(c.t, 0.9999) * count) % 1)))


@step
def _cycled(c: Curve, count: float, height: float) -> None:
    high = 0.5 * (1 + np.cos(np.pi * ((np.minimum(c.t, 0.9999) * count) % 1)))
    c.y *= 1 + height * high * (c.t * count >= 1)


@step
def _waves(c: Curve, peak: float, halves: float) -> None:
    c.y = peak * 0.5 * (1 + np.cos(np.pi * halves * c.t))
