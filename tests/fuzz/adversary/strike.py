"""What every kind of damage begins with: which rows it strikes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.fuzz.adversary.sheet import Row, Sheet

Kind = Callable[[Random, Sheet], None]
SHARES = (0.004, 0.03, 0.3, 0.7)
"""Of the rows that are struck: below, at and above what LOG001 grades."""


def struck(draw: Random, made: Sheet) -> list[Row]:
    """Some rows, at least one; scattered, or all from one on."""
    rows, share = made.rows, draw.choice(SHARES)
    count = max(int(share * len(rows)), 1)
    if draw.random() < 0.5:
        return draw.sample(rows, count)
    begin = draw.randrange(len(rows) - count + 1)
    return rows[begin : begin + count]
