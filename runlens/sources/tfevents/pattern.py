"""Records that repeat: where the headers of the next segment are, if it goes on as the last one did.

A training loop logs the same tags in the same order, so the lengths of records have a period. Headers that stand where
the period puts them need no search; each is compared in full, and a single one that differs leaves it to the search.
"""

from __future__ import annotations

import numpy as np

from runlens.sources.tfevents.crc32c import U8
from runlens.sources.tfevents.headers import FRAME, HEADER, I64, header_of

_PROBE = 24
"""Lengths that are compared when a period is looked for."""
_LONGEST = 4096
"""Longest period, records."""


class Pattern:
    """The period of the lengths of a file's records."""

    def __init__(self) -> None:
        self._cycle: I64 = np.empty(0, np.int64)  # lengths of the records of one period, beginning with the next

    def note(self, lengths: I64) -> None:
        """Look for a period in the lengths of the records of a segment, whose next is expected to begin a new one."""
        recent = lengths[-2 * _LONGEST :]
        period = len(self._cycle)
        if not _repeats(recent, period):
            period = _period(recent)
        self._cycle = recent[len(recent) - period :]

    def expect(self, data: U8) -> tuple[I64, I64] | None:
        """Starts and lengths of the records in `data`, the last of which may not be whole; None if it differs.

        Every header in `data` that a reader who follows the chain of records would meet is among them, and is valid.
        """
        if not len(self._cycle):
            return None
        sizes = self._cycle + FRAME
        times = len(data) // int(sizes.sum()) + 1
        starts = np.concatenate([[0], np.cumsum(np.tile(sizes, times))[:-1]])
        starts = starts[: int(np.searchsorted(starts, len(data) - HEADER, side="right"))]
        if not len(starts):
            return None
        lengths = np.tile(self._cycle, times)[: len(starts)]
        headers = np.ndarray((len(data) - HEADER + 1,), f"V{HEADER}", data, strides=(1,))[starts]
        wanted = np.tile(header_of(self._cycle), (times, 1))[: len(starts)]
        return (starts, lengths) if bool((headers.view("<u4").reshape(-1, 3) == wanted).all()) else None


def _period(lengths: I64) -> int:
    """Smallest period with which the sequence ends, 0 if there is none that is seen twice."""
    if len(lengths) < 2 * _PROBE:
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(lengths, _PROBE)
    same = np.flatnonzero((windows[:-1] == lengths[-_PROBE:]).all(axis=1))
    for place in same[::-1][:4].tolist():
        period = len(windows) - 1 - place
        if _repeats(lengths, period):
            return int(period)
    return 0


def _repeats(lengths: I64, period: int) -> bool:
    """Whether the sequence ends with the same period twice."""
    return 0 < 2 * period <= len(lengths) and bool((lengths[-period:] == lengths[-2 * period : -period]).all())
