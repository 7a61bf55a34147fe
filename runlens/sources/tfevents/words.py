"""Words that `add_text` wrote, such as the name of a phase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from runlens.model import Series
from runlens.sources.worded import LONGEST, Texts, coded

PLUGIN = b"text"
_SUFFIX = "/text_summary"
"""What torch's and tensorboardX's `add_text` put behind the tag."""


@dataclass(slots=True)
class Words:
    """The texts of one tag, in the order written."""

    texts: Texts = field(default_factory=Texts)
    step: list[int] = field(default_factory=list)
    time: list[float] = field(default_factory=list)

    def add(self, step: int, time: float, text: bytes) -> None:
        """One text; of a tag of sentences nothing is kept."""
        self.texts.add([len(self.step)], [text[: 4 * LONGEST + 1].decode("utf-8", "replace")])
        if self.texts.free:
            self.step, self.time = [], []
        else:
            self.step.append(step)
            self.time.append(time)


def series_of_words(
    words: Mapping[str, Words], numbers: Mapping[str, Series]
) -> tuple[dict[str, Series], dict[str, tuple[str, ...]], dict[str, object]]:
    """Series of words by name and the words that they number, and what was one word all along.

    Parameters
    ----------
    words : mapping
        By tag; the suffix that writers put behind it is taken off, but where another series is called so.
    numbers : mapping
        Series of numbers, which keep their names.
    """
    named: dict[str, Words] = {}
    for tag, one in words.items():
        stem = tag.removesuffix(_SUFFIX)
        named[tag if stem != tag and (stem in words or stem in numbers) else stem] = one
    found, constant = coded({name: one.texts for name, one in named.items()}, numbers)
    series = {
        name: Series(name, np.array(named[name].step)[w.row], np.array(named[name].time)[w.row], w.value)
        for name, w in found.items()
    }
    return series, {name: w.names for name, w in found.items()}, constant
