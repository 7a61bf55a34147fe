"""Words that lines say of what is trained, such as `phase=anneal`: each shape has its own, as codes."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from runlens.model import Series
from runlens.sources.text.words import HELD_OUT, TRAINING
from runlens.sources.worded import MOST

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STAGE = re.compile(
    r"(?<![\w/.-])(?P<name>(?:\w+[/_.-])?(?:phase|stage|curriculum|regime|mixture|dataset|domain|corpus|subset|task)"
    r"(?:[_-]?name)?)['\"]?[ \t]*[:=][ \t]*['\"\[(]*(?P<word>[A-Za-z][\w.+-]*)",
    re.IGNORECASE,
)
"""A word for the stage, and which it is. A number there is a metric like any other."""
DONE = re.compile(
    r"(?<![a-z])(?:training|complete[d]?|finished|done|start(?:s|ed|ing)?|begin(?:s|ning)?|global|communication|number"
    r"|INFO|flwr|server)(?![a-z])",
    re.IGNORECASE,
)
"""Words that a heading of an epoch or a round may hold, and is one all the same."""
Words = tuple[tuple[str, str], ...]


def words_in(line: str) -> Words:
    """Names and words that a line says, each name once; those of a split (`phase: train`) are none."""
    found: dict[str, str] = {}
    for said in STAGE.finditer(line):
        word = said["word"]
        if not (HELD_OUT.fullmatch(word) or TRAINING.fullmatch(word)):
            found.setdefault(said["name"], word)
    return tuple(found.items())


def split_headed(line: str) -> str:
    """`train`, `val` or `test` where a heading of an epoch says one of them (`Eval epoch: 4`), empty where it does not.

    Examples
    --------
    >>> split_headed("Eval epoch: 4"), split_headed("Test epoch 4"), split_headed("Training epoch: 4")
    ('val', 'test', 'train')
    >>> split_headed("Epoch 4"), split_headed("Train and val epoch 4")
    ('', '')
    """
    held, trained = HELD_OUT.search(line), TRAINING.search(line)
    if (held is None) == (trained is None):
        return ""
    return "train" if held is None else "test" if held[0].lower().startswith("test") else "val"


class Worded:
    """Words as they come in, layout by layout."""

    def __init__(self) -> None:
        self._codes: dict[str, dict[str, int]] = {}
        self._parts: dict[str, list[tuple[Ints, int]]] = {}

    def add(self, words: Words, at: Ints) -> None:
        """What the lines at these positions say."""
        for name, word in words:
            codes = self._codes.setdefault(name, {})
            self._parts.setdefault(name, []).append((at, codes.setdefault(word, len(codes))))

    def series(self, step: Ints, time: Floats) -> tuple[dict[str, Series], dict[str, tuple[str, ...]], dict[str, str]]:
        """Series of codes, their words, and what was the same all along.

        Parameters
        ----------
        step : ndarray of int64, shape (n,)
        time : ndarray of float64, shape (n,)
            Of all lines, by position.
        """
        out: dict[str, Series] = {}
        constant: dict[str, str] = {}
        for name, parts in self._parts.items():
            words = list(self._codes[name])
            if len(words) == 1:
                constant[name] = words[0]
            elif len(words) <= MOST:
                at = np.concatenate([rows for rows, _ in parts])
                value = np.repeat([float(code) for _, code in parts], [len(rows) for rows, _ in parts])
                order = np.argsort(at, kind="stable")
                out[name] = Series(name, step[at[order]], time[at[order]], value[order])
        return out, {name: tuple(self._codes[name]) for name in out}, constant
