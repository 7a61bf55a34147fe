"""Kinds of W&B records: which record of a segment is a history row, a summary, a configuration, …

The field that says what a record is comes last: its number, its mailbox and whose it is stand before it.
"""

from __future__ import annotations

import numpy as np

from runlens.sources.wandb_file.framing import Segment
from runlens.sources.wandb_file.wire import Ints, fields, varints

HISTORY, SUMMARY, CONFIG, STATS, METRIC, RUN, EXIT = 2, 3, 5, 7, 12, 17, 18
_BESIDE = (1, 16, 19, 200)
"""Fields of a record that do not say what it is: number, control, uuid, info."""
_IS_BESIDE = np.zeros(256, np.bool_)
_IS_BESIDE[list(_BESIDE)] = True


def kinds(segment: Segment) -> tuple[Ints, Ints, Ints, int]:
    """What each record of a segment is.

    Returns
    -------
    kind : ndarray of int64, shape (n,)
        Field number such as `HISTORY`; 0 for a record that says nothing or is no message.
    start, stop : ndarray of int64, shape (n,)
        Where that field's content stands in `segment.raw`.
    bad : int
        Records that are no messages.
    """
    buffer = np.frombuffer(segment.raw, np.uint8)
    count = len(segment.start)
    kind = np.zeros(count, np.int64)
    begin, end = segment.start.copy(), segment.start.copy()
    odd: list[int] = []
    lane, at = np.arange(count), segment.start
    while len(lane):
        inside = at < segment.stop[lane]
        if not inside.all():
            lane, at = lane[inside], at[inside]
        tag, after = varints(buffer, at)
        value, after = varints(buffer, after)
        number, wire = tag >> 3, tag & 7
        length = np.where(wire == 2, value, 0)
        # Compared by what is left: a hostile length added to a place goes beyond 64 bits and comes back negative.
        strange = (tag < 0) | (value < 0) | ((wire != 2) & (wire != 0)) | (length > segment.stop[lane] - after)
        stop = after + np.where(strange, 0, length)
        if strange.any():
            odd += lane[strange].tolist()
        says = ~strange & (wire == 2) & ~_IS_BESIDE[np.minimum(number, 255)]
        hit = lane[says]
        kind[hit], begin[hit], end[hit] = number[says], after[says], stop[says]
        odd += hit[stop[says] != segment.stop[hit]].tolist()  # what follows may be no message
        on = ~strange & ~says
        lane, at = lane[on], stop[on]
    bad = 0
    for i in odd:
        try:
            kind[i], begin[i], end[i] = _slow(segment.raw, int(segment.start[i]), int(segment.stop[i]))
        except ValueError:
            kind[i], bad = 0, bad + 1
    return kind, begin, end, bad


def _slow(raw: bytes, start: int, stop: int) -> tuple[int, int, int]:
    """Kind of one record and where its content stands, by walking all of its fields."""
    for number, value in list(fields(raw[start:stop])):
        if number not in _BESIDE and isinstance(value, bytes):
            at = raw.index(value, start, stop) if value else stop
            return number, at, at + len(value)
    return 0, stop, stop
