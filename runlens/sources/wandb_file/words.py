"""Words in history rows, such as the name of a phase, beside the numbers that `rows` reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np

from runlens.sources import wandb_shape
from runlens.sources.wandb_file.wire import Ints
from runlens.sources.worded import LONGEST, Texts

_WIDEST = 6 * LONGEST + 2
"""Bytes of the JSON text of the longest word, each sign written as an escape: longer ones are sentences."""


@dataclass(slots=True)
class Said:
    """The texts of some rows, as JSON."""

    row: list[int] = field(default_factory=list)
    key: list[int] = field(default_factory=list)
    value: list[bytes] = field(default_factory=list)

    def add(self, raw: bytes, row: Ints, key: Ints, start: Ints, stop: Ints) -> None:
        """Values of some rows at `raw[start:stop]`; those that are no texts are passed over."""
        quote = np.frombuffer(raw, np.uint8)[start] == ord('"')
        which = np.flatnonzero(quote & (stop > start))
        self.row += row[which].tolist()
        self.key += key[which].tolist()
        last = np.minimum(stop[which], start[which] + _WIDEST + 1)
        self.value += [raw[a:b] for a, b in zip(start[which].tolist(), last.tolist(), strict=True)]

    def add_slow(self, row: int, found: list[tuple[int, bytes]]) -> None:
        """Keys and values of one row that was read by itself."""
        for key, value in found:
            self.row.append(row)
            self.key.append(key)
            self.value.append(value[: _WIDEST + 1])


class Words:
    """The words of a file by the number of their key."""

    def __init__(self) -> None:
        self.texts: dict[int, Texts] = {}
        self._known: dict[bytes, str | None] = {}

    def add(self, said: Said, place: Ints) -> None:
        """Texts of rows, with the place of each row among all."""
        rows: dict[int, list[tuple[int, str]]] = {}
        for row, key, value in zip(said.row, said.key, said.value, strict=True):
            word = self._word(value)
            if word is None:
                continue
            rows.setdefault(key, []).append((int(place[row]), word))
        for key, cells in rows.items():
            cells.sort(key=lambda cell: cell[0])
            self.texts.setdefault(key, Texts()).add([row for row, _ in cells], [word for _, word in cells])

    def _word(self, value: bytes) -> str | None:
        """The text that a JSON value is, None for one that is a number in quotes, or no sound text."""
        if len(value) > _WIDEST:
            return value.decode("utf-8", "replace")
        if value in self._known:
            return self._known[value]
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        word = found if isinstance(found, str) and wandb_shape.number(found) is None else None
        if len(self._known) < 1 << 16:
            self._known[value] = word
        return word
