"""What was worked out of a curve, to be taken up when points were added: only what they cannot have changed.

Level and noise of a stretch depend on the points around it alone. Where the curve begins with the very points that it
held before, those stretches are what they were; nothing is taken on trust.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from runlens.growing import part_of
from runlens.stats.robust import Floats, Steps

Column = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Kept:
    """One curve as it was searched last."""

    y: Floats = field(default_factory=lambda: np.empty(0))
    step: Steps = field(default_factory=lambda: np.empty(0))
    columns: tuple[Column, ...] = ()
    """Its level, before noise that neighbours share was added, with room behind it."""
    taken: int = 0
    """Leading points whose level was taken over by the last `fit`."""
    settled: int = 0
    """Leading points whose level no point behind this curve can change."""
    asked: tuple[object, ...] = ()
    """What makes a point high or low enough to begin a departure."""
    looked: int = 0
    """Leading points that were asked whether they are."""
    left: bool = False
    """Whether one of those is."""
    calm: list[npt.NDArray[np.float32]] = field(default_factory=list)
    """Residuals that tails were taken from, by block."""
    by: tuple[float, float] = (np.nan, np.nan)
    """Scale of the noise and least noise that these depend on."""

    def same(self, y: Floats, step: Steps) -> int:
        """Number of leading points that are the same as before, to the last bit."""
        n = min(len(self.y), len(y))
        if self.y.dtype != y.dtype or self.step.dtype != step.dtype:
            return 0
        if _goes_on(self.y, y) and _goes_on(self.step, step):
            return n
        other = (self.y[:n].view(np.int64) != y[:n].view(np.int64)) | (self.step[:n] != step[:n])
        return int(np.argmax(other)) if other.any() else n

    def room_for(self, n: int, dtype: npt.DTypeLike, points: int) -> tuple[Column, ...]:
        """Columns for so many points, of which the first `points` are those of `columns`."""
        if not self.columns or self.columns[0].dtype != dtype or len(self.columns[0]) < n:
            room = tuple(np.empty(n + n // 2, dtype) for _ in range(3))
            for new, old in zip(room, self.columns, strict=False):
                new[:points] = old[:points]
            self.columns = room
        return tuple(column[:n] for column in self.columns)

    def departs(self, asked: tuple[object, ...], n: int, any_between: Callable[[int, int], bool]) -> bool:
        """Whether any of n points begins a departure, where those that are settled need not be asked again."""
        if asked != self.asked:
            self.asked, self.looked, self.left = asked, 0, False
        first = min(self.looked, self.taken)
        if not first:
            self.left = False
        settled = max(self.settled, first)
        self.left = self.left or any_between(first, settled)
        self.looked = settled
        return self.left or any_between(settled, n)


def _goes_on(before: npt.NDArray[Any], now: npt.NDArray[Any]) -> bool:
    """Whether an array is the column of one before, grown on."""
    old, new = part_of(before), part_of(now)
    return old is not None and new is not None and old.place == new.place


@dataclass(slots=True, eq=False)
class AllKept:
    """The same of a curve and of its medians over blocks, by their size."""

    curves: dict[int, Kept] = field(default_factory=dict)

    def of(self, size: int) -> Kept:
        """That of medians of so many points."""
        return self.curves.setdefault(size, Kept())
