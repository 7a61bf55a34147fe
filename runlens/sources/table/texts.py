"""Columns of words, such as the name of a phase: kept as codes, so that a change of word has a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from runlens.sources.table.store import Columns

MOST = 64
"""Different words of a column that is kept: a run has some stages, and thousands of prompts or paths."""
LONGEST = 100
"""Characters of a word: more is a sentence."""
_REPEATED = 2
"""Cells for each different word: where every row has its own, they are names of the rows."""


@dataclass(slots=True)
class Texts:
    """The words of one column as they come in."""

    codes: dict[str, int] = field(default_factory=dict)
    """Each word and its number, in the order in which they first stand there."""
    rows: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    free: bool = False
    """True for a column of free text, of which nothing is kept."""

    def add(self, rows: Sequence[int], texts: Sequence[str]) -> None:
        """Cells of text, with their rows."""
        if self.free:
            return
        codes = self.codes
        for row, text in zip(rows, texts, strict=True):
            code = codes.get(text)
            if code is None:
                if len(codes) >= MOST or len(text) > LONGEST:
                    self.free, self.codes, self.rows, self.values = True, {}, [], []
                    return
                code = codes[text] = len(codes)
            self.rows.append(row)
            self.values.append(code)

    def where(self, keep: npt.NDArray[np.bool_], place: npt.NDArray[np.int64]) -> Texts:
        """The cells of the rows at which `keep` is true, at their new places; words are numbered anew."""
        out = Texts(free=self.free)
        names = list(self.codes)
        inside = [i for i, row in enumerate(self.rows) if keep[row]]
        out.add([int(place[self.rows[i]]) for i in inside], [names[self.values[i]] for i in inside])
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """One column of words."""

    row: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    """Which of `names` each row says."""
    names: tuple[str, ...]


def coded(columns: Columns) -> tuple[dict[str, Coded], dict[str, object]]:
    """Columns of words that change now and then, and those that say one word all along, which are configuration.

    A column that holds numbers too is one of numbers with odd cells, and one of free text is none.
    """
    found: dict[str, Coded] = {}
    constant: dict[str, object] = {}
    for name, texts in _every(columns).items():
        if name in columns.parts or texts.free or not texts.codes:
            continue
        if len(texts.rows) < _REPEATED * len(texts.codes):
            continue
        if len(texts.codes) == 1:
            constant[name] = next(iter(texts.codes))
        else:
            row, value = np.array(texts.rows, dtype=np.int64), np.array(texts.values, dtype=np.float64)
            found[name] = Coded(row, value, tuple(texts.codes))
    return found, constant


def _every(columns: Columns) -> Mapping[str, Texts]:
    out = dict(columns.texts)
    for name, cells in columns.labels.items():
        out[name] = Texts()
        out[name].add([row for row, _ in cells], [text for _, text in cells])
    return out
