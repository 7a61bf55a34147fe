"""Where a curve can be back at a level at all: blocks that stay away from it are passed over as one."""

from __future__ import annotations

import numpy as np

from runlens.stats.robust import Floats, Steps
from runlens.stats.rolling import trailing_median

BLOCK = 1 << 9
"""Points of a block; `AT_ONCE` blocks are looked over at a time."""
AT_ONCE = 128
ROUNDING = 1e-9
"""Share of the numbers that two ways of taking the same median may differ by."""


def coming_median(x: Floats, count: int) -> Floats:
    """Median of each point and those to come, `count` in all, fewer at the end."""
    return trailing_median(x[::-1], count)[::-1]


class Ahead:
    """Lowest and highest median of `count` points to come in each block of a curve, worked out where asked for.

    A curve that falls in a hundred thousand places, and never comes back from any, is so looked over once, and each
    fall costs its blocks.
    """

    def __init__(self, raw: Floats, step: Steps, count: int) -> None:
        self.raw, self.count = raw, count
        blocks = -(-len(raw) // BLOCK)
        ends = np.minimum(np.arange(1, blocks + 1) * BLOCK + count, len(step))
        self.last_step: Steps = step[ends - 1]
        """The last step that a median of each block looks at, shape (blocks,)."""
        self.low = np.full(blocks, -np.inf)
        self.high = np.full(blocks, np.inf)
        self.bottom, self.top = self.low.copy(), self.high.copy()
        self.known = 0

    def first_possible(self, at: int, sign: int, far: float, slope: Floats | None = None) -> int:
        """First position from `at` on whose block may hold a median that is not beyond a height; n if there is none.

        Parameters
        ----------
        at : int
        sign : int
            +1: not above `far`; -1: not below it.
        far : float
            Height, in the unit of the curve.
        slope : ndarray of float64, shape (blocks,), optional
            What is to be taken off `far` in each block at most.
        """
        block = at // BLOCK
        while block < len(self.low):
            self._know(block + 1)
            some = slice(block, max(self.known, block + 1))
            limit = far if slope is None else far - slope[some]
            near = ROUNDING * np.abs(limit)
            possible = self.low[some] <= limit + near if sign > 0 else self.high[some] >= limit - near
            where = np.flatnonzero(possible)
            if len(where):
                return max(at, (block + int(where[0])) * BLOCK)
            block = some.stop
        return len(self.raw)

    def peak(self, sign: int, first: int, last: int) -> int:
        """Position of the highest (`sign` 1) or lowest (-1) point in [first, last), the first of them."""
        begin, end = -(-first // BLOCK), last // BLOCK
        whole = sign * (self.top if sign > 0 else self.bottom)[begin:end]
        if not len(whole) or not np.isfinite(whole).all():
            return first + int(np.argmax(sign * self.raw[first:last]))
        high = (begin + int(np.argmax(whole))) * BLOCK
        parts = (first, begin * BLOCK), (high, high + BLOCK), (end * BLOCK, last)
        tops = [a + int(np.argmax(sign * self.raw[a:b])) for a, b in parts if b > a]
        return max(tops, key=lambda at: sign * self.raw[at])

    def _know(self, blocks: int) -> None:
        """Look over the blocks before this one that nobody has asked for yet, the last of them alone if it is far."""
        if blocks <= self.known:
            return
        first = max(self.known, blocks - 1)
        last = min(len(self.low), first + AT_ONCE)
        part = self.raw[first * BLOCK : last * BLOCK + self.count]
        starts = np.arange(0, last - first) * BLOCK
        medians = coming_median(part, self.count)
        both = (medians, self.low, self.high), (part, self.bottom, self.top)
        for values, low, high in both:
            held = values[: (last - first) * BLOCK]
            low[first:last], high[first:last] = np.minimum.reduceat(held, starts), np.maximum.reduceat(held, starts)
        self.known = last
