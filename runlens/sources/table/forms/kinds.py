"""What the cells of a column hold, and whether a cell is the like of those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from runlens.sources.table.cells import number, says_nothing

Kind = Literal["number", "cut", "words", "blank"]


def usual(rows: Sequence[Sequence[str]], at: int) -> frozenset[Kind]:
    """The kinds of cell that are no surprise in a column, by rows that are known to be whole; blanks never are one.

    Whole numbers alone may go on with a point, as a counter that becomes a mean does.
    """
    cells = [row[at] for row in rows if at < len(row) and not says_nothing(row[at])]
    kinds: set[Kind] = {"words" if number(cell) is None else "number" for cell in cells} or {"number", "words"}
    if not cells or any(_is_whole(cell) for cell in cells):
        kinds.add("cut")
    return frozenset(kinds | {"blank"})


def kind_at(cells: Sequence[str], at: int) -> Kind:
    """The kind of one cell of a row; `cut` for a whole number with nothing but digits behind it.

    That is what is left of a number whose decimal comma divides cells (`2,345`).
    """
    cell = cells[at]
    if says_nothing(cell):
        return "blank"
    if number(cell) is None:
        return "words"
    following = cells[at + 1].strip() if at + 1 < len(cells) else ""
    return "cut" if _is_whole(cell) and following.isdigit() else "number"


def _is_whole(cell: str) -> bool:
    return cell.strip().lstrip("+-").isdigit()
