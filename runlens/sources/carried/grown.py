"""Columns that grow in place: what is new is written behind what is there, and room doubles when it runs out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_LEAST = 1024


class Grown:
    """One column.

    Parameters
    ----------
    dtype : dtype
        Of its values.
    """

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._room: npt.NDArray[Any] = np.empty(0, dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, more: npt.NDArray[Any]) -> None:
        """Write values behind those that are there; views that were given out keep what they show."""
        length = self._length + len(more)
        if length > len(self._room):
            room = np.empty(max(length, 2 * self._length, _LEAST), self._room.dtype)
            room[: self._length] = self._room[: self._length]
            self._room = room
        self._room[self._length : length] = more
        self._length = length

    def view(self) -> npt.NDArray[Any]:
        """All values so far, not to be written to: later looks show the same ones."""
        shown = self._room[: self._length]
        shown.flags.writeable = False
        return shown
