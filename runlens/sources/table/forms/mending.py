"""Rows of delimited text that are not as their head wants them: how they are meant, if that can be seen."""

from __future__ import annotations

from collections.abc import Sequence

from runlens.sources.table.cells import number
from runlens.sources.table.forms.dialect import BLANKS, DELIMITERS, cells_of


def mended(cells: list[str], line: str, wanted: int, delimiter: str) -> list[str]:
    """The cells of a line that has not as many as the head, `wanted`, if it can be seen how it is meant."""
    if len(cells) > wanted and not any(cell.strip() for cell in cells[wanted:]):
        return cells[:wanted]
    for other in (*DELIMITERS, BLANKS):
        found = cells_of(line, other) if other != delimiter else []
        if len(found) == wanted > 1 and 2 * sum(number(cell) is not None for cell in found) >= wanted:
            return found
    return cells


def trusted(cells: list[str], rows: Sequence[list[str]]) -> list[str]:
    """The cells of a last line without an end, whose last cell may be torn (2.3 of 2.345), after the rows before it.

    It is taken if it is as long as the shortest of its kind; a whole number, if it is as long as the one before.
    """
    at = len(cells) - 1
    text = cells[at].strip()
    before = [row[at].strip() for row in rows if len(row) > at and row[at].strip()]
    pointed = "." in text
    least = min(map(len, before), default=0) if pointed else max(map(len, before[-1:]), default=0)
    if before and len(text) >= least and (pointed or not any("." in cell for cell in before)):
        return cells
    return cells[:-1]
