"""What was worked out of a curve, to be taken up when points were added: only what they cannot have changed.

Level and noise of a stretch depend on the points around it alone. Where the curve begins with the very points that it
held before, those stretches are what they were; nothing is taken on trust.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runlens.stats.robust import Floats, Steps


@dataclass(slots=True, eq=False)
class Kept:
    """One curve as it was searched last."""

    y: Floats = field(default_factory=lambda: np.empty(0))
    step: Steps = field(default_factory=lambda: np.empty(0))
    columns: tuple[npt.NDArray[np.floating], ...] = ()
    """Its level, before noise that neighbours share was added."""
    taken: int = 0
    """Leading points whose level was taken over by the last `fit`."""
    calm: list[npt.NDArray[np.float32]] = field(default_factory=list)
    """Residuals that tails were taken from, by block."""
    by: tuple[float, float] = (np.nan, np.nan)
    """Scale of the noise and least noise that these depend on."""

    def same(self, y: Floats, step: Steps) -> int:
        """Number of leading points that are the same as before, to the last bit."""
        n = min(len(self.y), len(y))
        if self.y.dtype != y.dtype or self.step.dtype != step.dtype:
            return 0
        other = (self.y[:n].view(np.int64) != y[:n].view(np.int64)) | (self.step[:n] != step[:n])
        return int(np.argmax(other)) if other.any() else n


@dataclass(slots=True, eq=False)
class AllKept:
    """The same of a curve and of its medians over blocks, by their size."""

    curves: dict[int, Kept] = field(default_factory=dict)

    def of(self, size: int) -> Kept:
        """That of medians of so many points."""
        return self.curves.setdefault(size, Kept())
