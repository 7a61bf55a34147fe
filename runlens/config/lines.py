"""On which line of a TOML file a setting stands, for messages: the parser keeps no positions."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line, counted from 1, on which a setting or the nearest table around it begins; None if neither is found.

    Parameters
    ----------
    text : str
        The file.
    path : sequence of str or int
        Keys from the top, and the number of the entry, from 0, after the name of an array of tables.
    """
    best: tuple[int, int] | None = None
    table: list[str | int] = []
    entries: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        key = None if header else _KEY.match(line)
        if header:
            names = _parts(header[2])
            if header[1] == "[[":
                entries[names] = entries.get(names, -1) + 1
            table = []
            for i, name in enumerate(names, 1):
                table.append(name)
                if names[:i] in entries:
                    table.append(entries[names[:i]])
            here = table
        elif key:
            here = [*table, *_parts(key[1])]
        else:
            continue
        depth = len(here)
        if list(path[:depth]) == here and (best is None or depth > best[0]):
            best = depth, number
    return best[1] if best else None


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
