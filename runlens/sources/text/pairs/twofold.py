"""Names that stand apart from their values: before the step (`Cost after iteration 100: 0.5`), or one for two splits,
such as `loss (train/val): 0.51/0.62` and `Train/Val acc: 91.2% | 88.0%`.
"""

from __future__ import annotations

import re

from runlens.sources.text.words import METRIC

_TRAIN = r"tr(?:n|ain(?:ing)?)?"
_HELD = r"va(?:l(?:id(?:ation)?)?)?|te(?:st(?:ing)?)?|dev|eval(?:uation)?"
_SPLITS = re.compile(
    rf"(?<![a-z])(?:(?P<a>{_TRAIN})[ _]?(?P<of>\w+)? ?[/&] ?(?P<b>{_HELD})"
    rf"|(?P<c>{_HELD})[ _]?(?P<of_held>\w+)? ?[/&] ?(?P<d>{_TRAIN}))(?![a-z])",
    re.IGNORECASE,
)
"""Both splits in a name, in either order; a metric may stand behind the first alone, as behind both."""
_BEHIND = re.compile(r"[ \t]*[/|,][ \t]*(?=[-+.\d]|nan|inf)", re.IGNORECASE)
_BEFORE_COUNTER = re.compile(
    r"(?P<name>[A-Za-z][\w ()%/-]*?)[ \t]+(?:after|at|for|in|on)[ \t]+(?:the[ \t]+)?(?:end of[ \t]+)?"
    r"(?:[A-Za-z_]+[ \t]*[:#(\[=]?[ \t]*)$"
)
_LOOKED = 300
"""Characters before a counter in which a name may stand: the pattern takes the square of them."""
AFTER_COUNTER = re.compile(r"[)\]]?[ \t]*(?:[:=]|is|was|->)[ \t]*")
"""What may stand between the counter and the value of a name that came before it."""
COUNTED = re.compile(r"(?<![a-z])(?:acc(?:uracy)?|correct|hits?|score)(?![a-z])", re.IGNORECASE)
"""Metrics that are told as how many of how many, with blanks about the slash, too: `Accuracy: 9830 / 10000`."""
_ALL = re.compile(r"[ \t]*/[ \t]*(?=\d+(?:\.0+)?(?!\d|\.\d))")
_EDGES = " ()[]/|_-"


def two_names(name: str) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """The names of both values and the split of each (empty for training); None where a name is of one value.

    Examples
    --------
    >>> two_names("loss (train/val)")
    (('train loss', ''), ('val loss', 'val'))
    >>> two_names("test/train acc")
    (('test acc', 'test'), ('train acc', ''))
    >>> two_names("val/loss")
    """
    found = _SPLITS.search(name)
    if found is None:
        return None
    first, second = (found["a"] or found["c"]), (found["b"] or found["d"])
    shared = found["of"] or found["of_held"] or ""
    around = " ".join((name[: found.start()].strip(_EDGES), name[found.end() :].strip(_EDGES))).strip()
    if not shared and not around:
        return None  # `train/val: 5/3` measures nothing that is known
    told = (around or shared, around or shared)
    if shared and around:
        told = (shared, around)
    one, two = ((_split(first), told[0]), (_split(second), told[1]))
    return (f"{one[0] or 'train'} {one[1]}", one[0]), (f"{two[0] or 'train'} {two[1]}", two[0])


def before_counter(gap: str) -> str:
    """The name before a counter that parts it from its value; empty where none is there.

    Examples
    --------
    >>> before_counter("Cost after iteration ")
    'Cost'
    >>> before_counter("Training loss (for one batch) at step ")
    'Training loss (for one batch)'
    """
    found = _BEFORE_COUNTER.search(gap[-_LOOKED:])
    return found["name"].strip() if found is not None and METRIC.search(found["name"]) else ""


def second_number(line: str, end: int, numbers: dict[int, int]) -> int:
    """Where the second of two values begins behind the first, which ends at `end`; -1 where none is there."""
    found = _BEHIND.match(line, end)
    return found.end() if found is not None and found.end() in numbers else -1


def total_number(line: str, end: int, numbers: dict[int, int]) -> int:
    """Where the whole number begins of which the one before, which ends at `end`, counts a part; -1 for none.

    It stands behind a slash: behind a comma or a bar comes what the line tells next, `acc: 0.91, 12.3s`, and two
    fractions are two scores.
    """
    found = _ALL.match(line, end)
    return found.end() if found is not None and found.end() in numbers else -1


def _split(word: str) -> str:
    low = word.lower()
    return "" if low.startswith("tr") else "test" if low.startswith("te") else "val"
