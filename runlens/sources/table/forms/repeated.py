"""Keys that stand more than once in one JSON object: parsers keep the last value and say nothing of the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence

from runlens.sources.table.store import Columns

Pairs = list[tuple[str, object]]


def count_repeated(text: str, rows: Sequence[dict[str, object]], columns: Columns) -> None:
    """Count the cells of rows whose key stands again in the same object.

    Parameters
    ----------
    text : str
        What `rows` were parsed from. It is parsed once more where it may hold more keys than they do, by a look at its
        colons; that is so for objects within objects, and for texts that look like keys.
    rows : sequence of dict
    columns : Columns
        Added to.
    """
    if text.count('":') == sum(map(len, rows)) and " :" not in text and "\t:" not in text:
        return
    json.loads(text, object_pairs_hook=counting(columns))


def counting(columns: Columns) -> Callable[[Pairs], dict[str, object]]:
    """What `json.loads` takes as `object_pairs_hook` to count them as it goes."""

    def kept(pairs: Pairs) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            for key, times in Counter(key for key, _ in pairs).items():
                columns.repeat(key, times - 1)
        return found

    return kept
