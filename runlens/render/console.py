"""From parts of a page to its text: one console for every page, and none that depends on where it runs."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from runlens.render.text import ascii_only

WIDEST = 160
"""Columns: longer lines are not read."""


class Page:
    """A console that writes into memory and knows nothing of the terminal or the environment.

    Parameters
    ----------
    width : int or None
        Columns asked for.
    usual : int
        Columns if none are asked for.
    narrowest : int
        Columns below which the page cannot be read; the width is kept between this and `WIDEST`.
    color : bool
        Whether to write ANSI colours (the terminal's own sixteen).
    unicode : bool
        False for an output that is not UTF-8: only ASCII is written.
    """

    def __init__(self, width: int | None, usual: int, narrowest: int, color: bool, unicode: bool) -> None:
        self.width = min(max(width or usual, narrowest), WIDEST)
        self._unicode = unicode
        self._stream = StringIO()
        self.console = Console(
            file=self._stream, width=self.width, force_terminal=color, color_system="standard" if color else None,
            no_color=not color, highlight=False, emoji=False, markup=False, legacy_windows=False, safe_box=not unicode,
            _environ={},
        )  # fmt: skip

    def text(self) -> str:
        """What was printed: no line ends in spaces, the last one in a newline."""
        lines = self._stream.getvalue().rstrip("\n").split("\n")
        text = "\n".join(line.rstrip() for line in lines) + "\n"
        return text if self._unicode else ascii_only(text)
