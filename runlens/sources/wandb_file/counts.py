"""Small messages of two counters, such as the step of a row and the seconds of a time, read as columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.sources.wandb_file.slow import slow_counts
from runlens.sources.wandb_file.wire import varints

Ints = npt.NDArray[np.int64]


def counts(raw: bytes, place: Ints) -> Ints:
    """Fields 1 and 2 of the small messages at `place`, as `Values.place` has them.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Zero where a field is left out (protobuf leaves out zeros) and where there is no message at all.
    """
    buffer = np.frombuffer(raw, np.uint8)
    out = np.zeros((len(place), 2), np.int64)
    lane = np.flatnonzero(place[:, 1] > place[:, 0])
    at = place[lane, 0]
    odd: list[int] = []
    for column, tag in enumerate((0x08, 0x10)):
        has = buffer[at] == tag
        has &= at < place[lane, 1]
        value, after = varints(buffer, at + 1)
        strange = has & ((value < 0) | (after > place[lane, 1]))
        odd += lane[strange].tolist()
        has &= ~strange
        out[lane[has], column] = value[has]
        at = np.where(has, after, at)
    odd += lane[at != place[lane, 1]].tolist()
    for i in set(odd):
        out[i] = slow_counts(raw[int(place[i, 0]) : int(place[i, 1])])
    return out
