"""How a page of text is to look where it goes: width, colour and signs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal, TypedDict


class Look(TypedDict):
    """What the renderers of pages take."""

    width: int | None
    color: bool
    unicode: bool


Color = Literal["auto", "always", "never"]


def look(output: Path | None, color: Color = "auto") -> Look:
    """For a file (`output`) or standard output (None): full width and colour only where somebody looks at it.

    `COLUMNS` sets the width; without it the terminal's own, or None. Of colour `color` decides, then `FORCE_COLOR`,
    which asks for it where nobody looks (a log of a build), `NO_COLOR` and `TERM=dumb`, which take it away.
    """
    isatty = output is None and sys.stdout.isatty()
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() and int(columns) > 0 else None
    if width is None and isatty:
        width = os.get_terminal_size(sys.stdout.fileno()).columns or None
    utf8 = output is not None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return Look(width=width, color=color == "always" or (color == "auto" and _colored(output, isatty)), unicode=utf8)


def _colored(output: Path | None, isatty: bool) -> bool:
    if output is None and os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return isatty and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
