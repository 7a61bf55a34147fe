"""Cells that say a number with its unit: `350ms`, `12.5k tok/s`, `1.2 s/it`, `1.3GB`, `85.2%`."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from runlens.sources.table.names import is_axis
from runlens.sources.units import MANY, MEMORY, PER_STEP, SECONDS, STEPS_PER_SECOND, TIMES

_QUANTITY = re.compile(
    r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)[ _]?(?:([KkMBGT])(?=[ _]|$)[ _]?)?"
    r"([A-Za-z\xb5%][A-Za-z/]*)?"
)
_RATE = re.compile(r"[A-Za-z]{1,12}/(?:s|sec|second)(?:/[A-Za-z]{1,8})?")
_FLOPS = re.compile(r"[KMGTP]?FLOP[sS]?(?:/s)?(?:/GPU)?")
_OTHERS = frozenset({"W", "MHz", "GHz", "C"})
_SPEEDS = frozenset({"step_time", "data_time", "samples_per_second", "tokens_per_second", "tflops"})
_COUNT = re.compile(
    r"(?<![a-z])(?:tok(?:en)?s?|samples?|steps?|examples?|images?|frames?|speed|throughput|rate|seen|flops|tps|fps)(?![a-z])"
)
"""What is counted in thousands and millions: `7B` of a column `size` is the name of a model."""
_IN_UNIT = re.compile(r"(?<![a-z])(ms|msec|us|mins?|minutes|h|hrs?|hours)\)?$", re.IGNORECASE)
_TIME = re.compile(r"(?<![a-z])(?:time|secs?|seconds|latency)(?![a-z])", re.IGNORECASE)
_PERCENT = re.compile(r"%|(?<![a-z])(?:pct|percent)", re.IGNORECASE)


class Quantity(NamedTuple):
    """A number and what it is a number of."""

    value: float
    unit: str
    """`s` for lengths of time; `%`; `K` and the like where the suffix of a count is all; else as written."""


def quantity(text: str) -> Quantity | None:
    """A cell that says a number with its unit, or None: a number alone, or one with another word.

    Examples
    --------
    >>> quantity("350ms"), quantity("12.5k tok/s"), quantity("1.2 s/it")
    (Quantity(value=0.35, unit='s'), Quantity(value=12500.0, unit='tok/s'), Quantity(value=1.2, unit='s/it'))
    >>> quantity("1.2"), quantity("3 apples")
    (None, None)
    """
    found = _QUANTITY.fullmatch(text) if len(text) < 40 else None
    if found is None or not (found[2] or found[3]):
        return None
    value = float(found[1]) * MANY.get(found[2] or "", 1.0)
    unit = found[3] or ""
    if not unit:
        return Quantity(value, found[2])
    length, _, step = unit.partition("/")
    if length in TIMES and (not step or step in PER_STEP):
        return Quantity(value * SECONDS[TIMES[length]], "s/it" if step else "s")
    if _RATE.fullmatch(unit) or _FLOPS.fullmatch(unit) or unit in _OTHERS or unit in MEMORY or unit == "%":
        return Quantity(value, unit)
    return None


class Measured:
    """The cells of one column that say their unit."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.texts: list[str] = []
        self.cells: list[Quantity] = []
        self.unit = ""
        """That of the first cell that a name should tell: not seconds, shares and plain counts."""

    def branch(self) -> Measured:
        """The same, to be added to without a change of this."""
        other = Measured()
        other.rows, other.texts, other.cells = list(self.rows), list(self.texts), list(self.cells)
        return other

    def take(self, row: int, cell: Quantity, text: str) -> None:
        """Keep a cell until it is known whether the column is one of such cells."""
        self.rows.append(row)
        self.texts.append(text)
        self.cells.append(cell)

    def numbers(self, name: str) -> list[float]:
        """The cells of the commonest kind of unit, in the unit of the first of them; NaN for others. Sets `unit`.

        Lengths of time are in seconds, but where the name says milliseconds or minutes; shares are fractions, but
        where it says percent.
        """
        kinds = Counter(_kind(cell.unit) for cell in self.cells)
        usual = kinds.most_common(1)[0][0]
        return [self._number(name, *cell) if _kind(cell.unit) == usual else math.nan for cell in self.cells]

    def scaled(self, name: str) -> bool:
        """Whether a number without a unit would be another one beside these: 350 beside `350ms`, 85 beside `85%`."""
        return any(cell.unit in ("s", "%") for cell in self.cells) and not (
            _PERCENT.search(name) or _IN_UNIT.search(name)
        )

    def _number(self, name: str, value: float, unit: str) -> float:
        if unit in MANY:
            return value if is_axis(name) or _COUNT.search(name.lower()) else math.nan
        if unit == "%":
            return value if _PERCENT.search(name) else value / 100.0
        if unit == "s":
            told = _IN_UNIT.search(name)
            return value / SECONDS[TIMES[told[1].lower()]] if told else value
        if not self.unit:
            self.unit = "s/it" if unit in STEPS_PER_SECOND and _TIME.search(name) else unit
        if self.unit == unit:
            return value
        if unit in MEMORY and self.unit in MEMORY:
            return value * MEMORY[unit] / MEMORY[self.unit]
        if "s/it" in (self.unit, unit):
            return 1.0 / value if value else math.nan
        return value  # other words for steps a second


def _kind(unit: str) -> str:
    """What can be turned into one another."""
    if unit in MANY:
        return "count"
    if unit in MEMORY:
        return "bytes"
    return "pace" if unit == "s/it" or unit in STEPS_PER_SECOND else unit


def named(name: str, unit: str, columns: Iterable[str]) -> str:
    """The name of a column that says what its cells say: `speed` becomes `speed (tok/s)`, if no other is called so.

    A rate or a time whose name is understood keeps it.
    """
    from runlens.roles.names.reading import read_name

    every = frozenset(columns)
    if not unit or unit.lower() in name.lower() or f"{name} ({unit})" in every:
        return name
    claim = None if unit in MEMORY or unit in _OTHERS else read_name(name, every)
    return name if claim is not None and claim.role in _SPEEDS else f"{name} ({unit})"
