"""Series of words, such as the name of a phase: kept as codes, so that a change of word has a step."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runlens.model import Note, Series
from runlens.model.words import percent
from runlens.sources.naming import printable

MOST = 64
"""Different words of a series that is kept: a run has some stages, and thousands of prompts or paths."""
LONGEST = 100
"""Characters of a word: more is a sentence."""
_REPEATED = 2
"""Cells for each different word: where every row has its own, they are names of the rows."""


@dataclass(slots=True)
class Texts:
    """The words of one series as they come in."""

    codes: dict[str, int] = field(default_factory=dict)
    """Each word and its number, in the order in which they first stand there."""
    rows: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    free: bool = False
    """True for free text, of which nothing is kept."""
    cells: int = 0
    """Cells of text in all, of free text too."""

    def add(self, rows: Sequence[int], texts: Sequence[str]) -> None:
        """Cells of text, with their rows."""
        self.cells += len(rows)
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

    def branch(self) -> Texts:
        """The same, to be added to without a change of this."""
        return Texts(dict(self.codes), list(self.rows), list(self.values), self.free, self.cells)

    def where(self, keep: npt.NDArray[np.bool_], place: npt.NDArray[np.int64]) -> Texts:
        """The cells of the rows at which `keep` is true, at their new places; words are numbered anew."""
        out = Texts(free=self.free)
        names = list(self.codes)
        inside = [i for i, row in enumerate(self.rows) if keep[row]]
        out.add([int(place[self.rows[i]]) for i in inside], [names[self.values[i]] for i in inside])
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """One series of words."""

    row: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    """Which of `names` each row says."""
    names: tuple[str, ...]


def coded(texts: Mapping[str, Texts], numbers: Container[str]) -> tuple[dict[str, Coded], dict[str, object]]:
    """Words that change now and then, and those of series that say one word all along, which are configuration.

    Parameters
    ----------
    texts : mapping of str to Texts
        By the name of the series.
    numbers : container of str
        Names of series that hold numbers: one that holds words too is one of numbers with odd cells. One of free text
        is none.
    """
    found: dict[str, Coded] = {}
    constant: dict[str, object] = {}
    for name, one in texts.items():
        if name in numbers or one.free or not one.codes or len(one.rows) < _REPEATED * len(one.codes):
            continue
        if len(one.codes) == 1:
            constant[name] = next(iter(one.codes))
        else:
            row, value = np.array(one.rows, dtype=np.int64), np.array(one.values, dtype=np.float64)
            found[name] = Coded(row, value, tuple(one.codes))
    return found, constant


def words_among(texts: Mapping[str, Texts], numbers: Mapping[str, Series]) -> list[Note]:
    """A note for each series of numbers some of whose cells are words, which are no points of it."""
    notes = []
    for name, one in texts.items():
        if name in numbers and one.cells:
            share = one.cells / (one.cells + len(numbers[name]))
            of = f"of {printable(name)} ({percent(share)})"
            said = f"1 value {of} is a word" if one.cells == 1 else f"{one.cells:,} values {of} are words"
            said = f"{said} among numbers and left out"
            notes.append(Note("unsupported", said, one.cells, series=name, share=share))
    return notes


def one_numbering(parts: Sequence[Mapping[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """The words of attempts of one run, each of which numbers its own, in one order."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: tuple(dict.fromkeys(word for part in parts for word in part.get(name, ()))) for name in names}


def renumbered(series: Series, words: Sequence[str], among: Sequence[str]) -> Series:
    """A series of words with the numbers that these have in another order."""
    place = np.array([among.index(word) for word in words], dtype=np.float64)
    return Series(series.name, series.step, series.time, place[series.value.astype(np.int64)])
