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
    r"|INFO|flwr|server|epoch[ _]time|time|took|elapsed)(?![a-z])",
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


_BEFORE_WORDS = re.compile(r"^[^A-Za-z]*(?:(?:INFO|DEBUG)(?![A-Za-z])[^A-Za-z]*)?")
_LONGEST = 120
_OF_A_HEADING = frozenset(
    (
        "start",
        "starting",
        "begin",
        "beginning",
        "run",
        "running",
        "perform",
        "performing",
        "phase",
        "stage",
        "mode",
        "loop",
        "set",
        "data",
        "dataset",
        "result",
        "results",
        "error",
        "errors",
        "metric",
        "metrics",
        "performance",
        "stats",
        "statistics",
        "on",
        "the",
        "model",
        "network",
    )
)


def heading(line: str) -> str:
    """`train`, `val` or `test` where a line is nothing but a heading that says one of them, empty for any other.

    Examples
    --------
    >>> heading("Test Error: "), heading("--- Validation ---"), heading("[10:00:00] INFO Start training")
    ('test', 'val', 'train')
    >>> heading("Validation loss 0.5"), heading("Training and validation"), heading("Test the waters")
    ('', '', '')
    """
    if len(line) > _LONGEST or not (HELD_OUT.search(line) or TRAINING.search(line)):
        return ""
    rest = _BEFORE_WORDS.sub("", line)
    words = re.findall(r"[A-Za-z]+", rest)
    others = [w for w in words if not (HELD_OUT.fullmatch(w) or TRAINING.fullmatch(w))]
    if any(c.isdigit() for c in rest) or not all(w.lower() in _OF_A_HEADING for w in others):
        return ""
    return split_headed(rest)


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
