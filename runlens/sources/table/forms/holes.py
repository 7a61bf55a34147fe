"""Lines with zeros in them: a crash kept the length of a file, or a hole in it, and lost what stood there."""

from __future__ import annotations

from collections.abc import Sequence


def beside_hole(line: str, cells: list[str], width: int, before: Sequence[Sequence[str]]) -> list[str]:
    """The cells of a line with zeros in it; none where cells are missing, so that nothing tells which are left.

    Parameters
    ----------
    line : str
        As it stands in the file.
    cells : list of str
        Those of the line without the zeros at its ends.
    width : int
        Cells of a row.
    before : sequence of sequence of str
        The rows before it.

    Returns
    -------
    list of str
        A cell with zeros in it keeps them, and one beside zeros that is shorter than those before gets one: its other
        digits may have been lost, and neither is a number.
    """
    if not cells or (len(cells) < width and "\0" in line.rstrip("\0")):
        return []
    cut = ([0] if line.startswith("\0") else []) + ([len(cells) - 1] if line.endswith("\0") else [])
    for at in cut:
        least = min((len(row[at].strip()) for row in before if at < len(row) and row[at].strip()), default=0)
        if len(cells[at].strip()) < least:
            cells[at] = f"\0{cells[at]}"
    return cells
