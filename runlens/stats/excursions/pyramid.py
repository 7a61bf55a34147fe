"""Slow excursions: the same search on medians of 4, 16, 64 … points, where a creep is as steep as a spike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from runlens.growing import all_finite
from runlens.growing import blocks as of_blocks
from runlens.stats.excursions.ahead import coming_median
from runlens.stats.excursions.kept import AllKept
from runlens.stats.excursions.search import Excursion, Sensitivity, belongs, excursions, joined
from runlens.stats.robust import Floats, Steps, median
from runlens.stats.rolling import block_median

STRIDE = 4
"""Points per block grow by this factor from level to level."""
CREEP = 0.25
"""A rise that sets in when less than this share of it is done has its own onset, not that of the creep before it."""
LASTING = 0.75
"""Of blocks, three of five or five of nine need not stand as high as single points: 4.5 standard deviations in place
of 6. Of humps of 2.5 point deviations that fade over 150 points, 18 of 24 are then found (9 before). It costs one false
alarm in 10.4 M clean points of the quality benchmark (three in all), and none on the public curves."""
FEWEST = 32
"""Blocks below which a level has no noise to speak of."""


def all_excursions(y: Floats, step: Steps, want: Sensitivity, kept: AllKept | None = None) -> list[Excursion]:
    """Excursions of a curve at every pace, each once, in order of onset (see `excursions`)."""
    found = excursions(y, step, want, kept.of(1) if kept is not None else None)
    size = STRIDE
    while len(y) // size >= FEWEST:
        blocks = _blocks_without(y, found, size)
        finite = all_finite(blocks)
        known = np.arange(len(blocks)) if finite else np.flatnonzero(np.isfinite(blocks))
        if len(known) >= FEWEST:
            before = kept.of(size) if kept is not None else None
            begin = of_blocks("first", step, size, lambda x: x[:, 0])
            if not finite:
                blocks, begin = blocks[known], begin[known]
            for slow in excursions(blocks, begin, replace(want, lasting=LASTING), before):
                if slow.sign > 0:
                    found = _with(found, _on_points(y, slow, known, size), y, size)
        size *= STRIDE
    return [one for one in found if one.sign * (y[one.peak] - one.level) > want.rise]


def _blocks_without(y: Floats, found: list[Excursion], size: int) -> Floats:
    """Medians of blocks of `size` points without those that lie in excursions that came back."""
    blocks = of_blocks("median", y, size, lambda x: block_median(x.reshape(-1), size))
    whole = len(blocks) * size
    left_out = [(one.first, min(one.end, whole)) for one in found if one.back and one.first < whole]
    touched = np.zeros(len(blocks), dtype=bool)
    for first, end in left_out:
        touched[first // size : -(-end // size)] = True
    at = np.flatnonzero(touched)
    if len(at):
        blocks = blocks.copy()
        rest = y[:whole].reshape(-1, size)[at].ravel()
        for first, end in left_out:
            start = int(np.searchsorted(at, first // size)) * size + first % size
            rest[start : start + end - first] = np.nan
        blocks[at] = block_median(rest, size)
    return blocks


def _on_points(y: Floats, slow: Excursion, kept: npt.NDArray[np.int64], size: int) -> Excursion:
    """An excursion of blocks in positions of the points; the onset where the points first stay above the noise."""
    block = int(kept[slow.first])
    low, high = max(0, (block - 1) * size), min(len(y), (block + 1) * size)
    ahead = coming_median(y[low : high + size], size)[: high - low]
    calm = np.flatnonzero(ahead <= slow.level + slow.sigma)
    first = min(low + (int(calm[-1]) + 1 if len(calm) else 0), len(y) - 1)
    end = max(int(kept[slow.end]) * size if slow.back else len(y), first + 1)
    return replace(slow, first=first, end=end, peak=first + int(np.argmax(y[first:end])))


def _with(found: list[Excursion], slow: Excursion, y: Floats, size: int) -> list[Excursion]:
    """`found` and a slow excursion, unless it is one of them; those that it grew into become one with it."""
    kept: list[Excursion] = []
    for known in found:
        if known.sign < 0:
            kept.append(known)
            continue
        length = known.end - known.first
        if known.first - 2 * size <= slow.first < known.end + max(2 * size, length):
            return found  # the same, or its tail
        if not slow.first < known.first < slow.end:
            kept.append(known)
        elif not known.back and not slow.back and _creep(y, slow, known) < CREEP:
            return found
        elif not known.back or belongs(y, slow, known):
            slow = joined(y, slow, known)
        else:
            kept.append(known)
    return sorted([*kept, slow], key=lambda e: e.first)


def _creep(y: Floats, slow: Excursion, known: Excursion) -> float:
    """Share of the whole rise that was done when the faster part of it set in."""
    whole = median(y[known.first : known.end]) - slow.level
    return (median(y[(slow.first + known.first) // 2 : known.first]) - slow.level) / whole if whole > 0 else 1.0
