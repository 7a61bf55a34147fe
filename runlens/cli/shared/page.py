"""How a page of text is to look where it goes: width, colour and signs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TypedDict


class Look(TypedDict):
    """What the renderers of pages take."""

    width: int | None
    color: bool
    unicode: bool


def look(output: Path | None) -> Look:
    """For a file (`output`) or standard output (None): full width and colour only where somebody looks at it.

    `COLUMNS` sets the width, `NO_COLOR` takes the colour away; without either, the terminal's own width, or None.
    """
    isatty = output is None and sys.stdout.isatty()
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() and int(columns) > 0 else None
    if width is None and isatty:
        width = os.get_terminal_size(sys.stdout.fileno()).columns or None
    utf8 = output is not None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return Look(width=width, color=isatty and not os.environ.get("NO_COLOR"), unicode=utf8)
