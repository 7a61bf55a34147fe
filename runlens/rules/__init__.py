"""RULES: every rule class, written out, in order of code."""

from __future__ import annotations

from runlens.rules.base import Rule
from runlens.rules.throughput import ThroughputDrift, ThroughputDrop
from runlens.rules.throughput_pauses import RecurringDips, Stall

RULES: tuple[type[Rule], ...] = (
    ThroughputDrop,
    ThroughputDrift,
    RecurringDips,
    Stall,
)
