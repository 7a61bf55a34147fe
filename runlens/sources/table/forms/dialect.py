"""How a table of text is written: what divides its cells, where its head is, and how it writes numbers."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from runlens.sources.table.cells import number, says_nothing
from runlens.sources.table.forms.boxed import unboxed_rows
from runlens.sources.table.names import is_axis

DELIMITERS = (",", ";", "\t", "|")
BLANKS = " "
"""Stands for any number of blanks and tabs."""
_COMMENT = ("#", "//", "%")
_SAMPLE = 50
_COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
_POINT = re.compile(r"[+-]?\d+\.\d+(e[+-]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written: shared by all who ask, so nobody changes it."""

    delimiter: str
    """One of `DELIMITERS`, `BLANKS`, or empty for a table of one column."""
    names: list[str]
    """Of the columns; empty where the table has no head."""
    first: int
    """Line, from 0, at which the rows begin."""
    decimal_comma: bool = False
    grouped_steps: bool = False
    """Whether a comma in a step sets its thousands apart, though it is the decimal sign elsewhere."""
    said: dict[str, object] = field(default_factory=dict)
    """What a comment before the head says in JSON, as in stable-baselines3's `monitor.csv`."""


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line; a quote that never ends is taken for a part of its cell."""
    if delimiter == BLANKS:
        return line.split()
    if not delimiter:
        return [line]
    if '"' not in line:
        return line.split(delimiter)
    if line.count('"') % 2 == 0:
        return next(csv.reader([line], delimiter=delimiter))
    return [cell.strip('"') for cell in line.split(delimiter)]


def head_and_rows(text: str, most: int) -> tuple[list[str], list[list[str]]]:
    """The names of the columns and the cells of the rows in the first `most` lines that say anything.

    Names are empty where the table has no head; both are empty where the lines make no table.
    """
    lines = [line for line in text.splitlines()[: 2 * most] if line.strip()][:most]
    dialect = dialect_of("\n".join(lines))
    if dialect is None:
        return [], []
    return dialect.names, [cells_of(line, dialect.delimiter) for line in lines[dialect.first :]]


@lru_cache(maxsize=4)  # of one file it is asked eight times, before the next is opened
def dialect_of(text: str) -> Dialect | None:
    """The dialect by the first lines of a file, None if these are no table.

    Parameters
    ----------
    text : str
        The beginning of a file; its last line may be cut.
    """
    lines = unboxed_rows(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > 1:
        lines.pop()
    comments: list[str] = []
    at = 0
    while at < len(lines) and (not lines[at].strip() or lines[at].lstrip().startswith(_COMMENT)):
        if lines[at].strip():
            comments.append(lines[at].strip())
        at += 1
    body = [line for line in lines[at : at + _SAMPLE] if line.strip("\0 \t")]
    if not body:
        return None
    delimiter = _delimiter(body)
    if delimiter is None:
        return None
    head = [cell.strip() for cell in cells_of(body[0], delimiter)]
    headed = any(number(cell) is None and not says_nothing(cell) for cell in head)
    if headed and delimiter == "," and len(body) > 1 and len(cells_of(body[1], ",")) != len(head) + 1:
        return Dialect(",", apart(head), at + 1, said=_json_of(comments))  # of nearly all: no row has more to say
    rows = [cells_of(line, delimiter) for line in body[1:]]
    names: list[str] = []
    if headed:
        names = head
        at += 1
    elif comments and len(said := _uncommented(comments[-1], delimiter)) == len(head):
        names, rows = said, [head, *rows]
    else:
        rows = [head, *rows]
    if (
        names
        and rows
        and delimiter
        and len(rows[0]) == len(names) + 1
        and len(set(map(len, rows))) == 1
        and rows[0][-1]
        and _are_named(rows, names)
    ):
        names = ["", *names]  # written with the names of the rows, which have no head (R)
    comma = _decimal_comma(rows, names, delimiter)
    grouped = comma and _grouped_steps(rows, names)
    return Dialect(delimiter, apart(names), at, comma, grouped, _json_of(comments))


def _are_named(rows: list[list[str]], names: list[str]) -> bool:
    """Whether the first cells of rows that are longer than the head are the rows' names.

    No two of them are alike, and where the head names a step, the cells that then stand under it rise: those of a table
    whose decimal commas nobody quoted are cut in two, and stand under other names.
    """
    if len({row[0] for row in rows}) < len(rows):
        return False
    at = next((i for i, name in enumerate(names, 1) if is_axis(name)), None)
    steps = [number(row[at], names[at - 1]) for row in rows] if at is not None else []
    known = [step for step in steps if step is not None]
    risen = sum(b > a for a, b in pairwise(known))
    return not known or len(rows) == 1 or 2 * risen >= len(rows) - 1


def apart(names: list[str]) -> list[str]:
    """The names, with a number behind those that were there before."""
    met: Counter[str] = Counter()
    out = []
    for name in names:
        met[name] += 1
        out.append(name if met[name] == 1 else f"{name} ({met[name]})")
    return out


def _delimiter(body: list[str]) -> str | None:
    """What divides the cells: what does so in most lines in the same way."""
    best, most = None, 0.0
    quoted = any('"' in line for line in body)
    for rank, delimiter in enumerate((*DELIMITERS, BLANKS)):
        if len(cells_of(body[0], delimiter)) < 2:
            continue
        if quoted or delimiter == BLANKS:
            counts = [len(cells_of(line, delimiter)) for line in body]
        else:
            counts = [line.count(delimiter) + 1 for line in body]
        width, times = (counts[0], len(counts)) if len(set(counts)) == 1 else Counter(counts).most_common(1)[0]
        head = counts[0]
        if (delimiter == "\t" and width < 2) or (delimiter == BLANKS and not _mostly_numbers(body)):
            continue  # a first line with tabs above `epoch: 1, train: 26.1` is no head
        score = times / len(body) + 0.5 * (head == width) + 0.02 * min(head, 10) - 0.001 * rank
        if score > most:
            best, most = delimiter, score
    if best is None and len(body) > 1 and all(number(line.strip()) is not None for line in body[1:]):
        return ""
    return best


def _mostly_numbers(body: list[str]) -> bool:
    cells = [cell for line in body[1:] for cell in line.split()]
    widths = {len(line.split()) for line in body[1:]}
    return len(body) > 2 and len(widths) == 1 and sum(number(c) is not None for c in cells) > 0.5 * len(cells)


def _decimal_comma(rows: list[list[str]], names: list[str], delimiter: str) -> bool:
    """Whether `2,345` is 2.345.

    It is where a semicolon divides the cells, as spreadsheets write in countries that use it. Elsewhere it is unless
    the commas can all set thousands apart: three digits follow each, no number begins with a zero, and smaller
    numbers stand without one, or points stand as well. A step that has a comma sets its thousands apart.
    """
    if delimiter == ";":
        return True
    if delimiter == ",":
        return False
    of = [(names[i] if i < len(names) else "", cell.strip()) for row in rows for i, cell in enumerate(row)]
    commas = [cell for name, cell in of if _COMMA.fullmatch(cell) and not is_axis(name)]
    if not commas or any("," in cell and is_axis(name) for name, cell in of):
        return False
    if not all(_THOUSANDS.fullmatch(cell) for cell in commas):
        return True
    plain = [cell for name, cell in of if not is_axis(name) and number(cell) is not None and "," not in cell]
    return not plain


def _grouped_steps(rows: list[list[str]], names: list[str]) -> bool:
    """Whether `1,000` is the step of a thousand where other cells may have a decimal comma.

    No cell beside the steps has a comma and some have a point, so that nothing speaks for a decimal comma.
    """
    of = [(names[i] if i < len(names) else "", cell.strip()) for row in rows for i, cell in enumerate(row)]
    steps = [cell for name, cell in of if is_axis(name) and "," in cell]
    others = [cell for name, cell in of if not is_axis(name)]
    return (
        all(_THOUSANDS.fullmatch(cell) for cell in steps)
        and not any(_COMMA.fullmatch(cell) for cell in others)
        and any(_POINT.fullmatch(cell) for cell in others)
    )


def _uncommented(comment: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in cells_of(comment.lstrip("#/% \t"), delimiter)]


def _json_of(comments: list[str]) -> dict[str, object]:
    said: dict[str, object] = {}
    for comment in comments:
        try:
            found = json.loads(comment.lstrip("#/% \t"))
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            said |= found
    return said
