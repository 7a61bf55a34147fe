"""Rates, times and costs as people write them."""

from __future__ import annotations

from runlens.rules.throughput.parts.signal import RateSignal


def number(x: float) -> str:
    """A rate for people: whole with commas from a thousand up, else four digits."""
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.4g}"


def unit_of(signal: RateSignal) -> str:
    """Unit of a signal with its scope, such as `tokens/s per GPU`; `of peak` for MFU, which is a share."""
    if signal.unit == "fraction":
        return "of peak"
    return f"{signal.unit} per GPU" if signal.per_gpu else signal.unit


def fall(signal: RateSignal, before: float, after: float) -> str:
    """Such as `from 16,379 to 15,398 tokens/s per GPU`."""
    return f"from {number(before)} to {number(after)} {unit_of(signal)}"


def amount(hours: float, unit: str) -> str:
    """Three digits and a unit that fits: `25 GPU minutes` rather than `0.42 GPU hours`."""
    if hours < 1.0:
        small, name = (hours * 60, "minutes") if hours * 60 >= 1.0 else (hours * 3600, "seconds")
        return f"{small:.2g} {unit.replace('hours', name)}"
    return f"{hours:,.3g} {unit}" if hours < 1000 else f"{hours:,.0f} {unit}"


def duration(seconds: float) -> str:
    """Such as `20 s`, `0.057 s`, `12 min` or `3.4 h`."""
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
