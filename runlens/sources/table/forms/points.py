"""Numbers of tables with decimal commas, written with a point."""

from __future__ import annotations

import re

_POINTED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_COMMA = re.compile(r"[+-]?(?:\d*,\d*|[1-9]\d{0,2}(?:\.\d{3})+,\d+)(?:[eE][+-]?\d+)?")


def with_point(cell: str) -> str:
    """`1.234,5` and `2,345` with a decimal point; `1.234` and `1.5,2` are left as they are."""
    if not _COMMA.fullmatch(cell.strip()):
        return cell
    return cell.replace(".", "").replace(",", ".")


def whole_place(cell: str, grouped: bool) -> str:
    """A step of a table with decimal commas: `1.000` is a thousand, and `1,000` where commas set thousands apart."""
    text = cell.strip()
    if grouped:
        return text
    return text.replace(".", "") if _POINTED.fullmatch(text) else with_point(text)
