"""The groups of a pattern that fits a line: which of them are numbers of it, and which are metrics; which split and
which writer it tells; and what of a line is a bar that another line is glued to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from runlens.sources.text.frameworks import BAR, RANKS
from runlens.sources.text.pairs import Field, Place
from runlens.sources.text.words import EPOCH, METRIC, STEP

_BEHIND = re.compile(r"[^\]\[{]*\](?=\s*[A-Za-z\[(])")
"""The end of a bar before something else; a dictionary there is the Hugging Face Trainer's, and stands at its step."""


def all_numbers(found: re.Match[str], numbers: dict[int, int]) -> bool:
    """Whether the counters that a pattern found are numbers, not parts of names."""
    starts = [found.start(name) for name in found.groupdict() if name != "split" and found[name] is not None]
    return all(start in numbers for start in starts)


def named_groups(found: re.Match[str], numbers: dict[int, int]) -> tuple[Field, ...]:
    """The metrics of groups that are called `x_` and their name, or `n_` where the line says the negative; a group
    `over` is what they are divided by.
    """
    over = numbers[found.start("over")] if found.groupdict().get("over") is not None else -1
    return tuple(
        Field(name[2:], Place((numbers[found.start(name)],), -1.0 if name[0] == "n" else 1.0, over))
        for name, text in found.groupdict().items()
        if name.startswith(("x_", "n_")) and text is not None and found.start(name) in numbers
    )


def without_bar(line: str) -> str:
    """The line, blank where a bar was drawn before it.

    A bar ends in no line end, so that what is printed next stands behind it: ` 18%|#8  | 175/1000 [1:42<8:05]Epoch 1:
    accuracy: 0.07`. Where that names a step or an epoch of its own, what the bar counts is none of its business.
    """
    bar = BAR.search(line) if "%" in line else None
    end = _BEHIND.match(line, bar.end()) if bar is not None else None
    if end is None:
        return line
    rest = line[end.end() :]
    if (STEP.search(rest) or EPOCH.search(rest)) and METRIC.search(rest) and BAR.search(rest) is None:
        return " " * end.end() + rest
    return line


def writer_of(
    line: str, numbers: dict[int, int], used: set[int], forms: Sequence[re.Pattern[str]] = RANKS
) -> Place | int | None:
    """The rank that wrote a line: a number of it, or one that is part of a word; None if it does not say."""
    for form in forms:
        found = form.search(line, 0, 200)
        if found is None:
            continue
        number = numbers.get(found.start("rank"))
        if number is None:
            return int(found["rank"])
        if number not in used:
            used.add(number)
            return Place((number,))
    return None


def split_of(word: str) -> str:
    """`val`, `test` or empty for what a pattern calls the split."""
    low = word.lower()
    held_out = low.startswith(("val", "eval", "dev", "held", "cv", "saving dict", "fit progress"))
    return "test" if low.startswith(("test", "finished")) else "val" if held_out else ""
