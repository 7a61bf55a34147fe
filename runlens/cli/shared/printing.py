"""Text for standard error, harmless whatever names it holds."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text with control and direction-changing characters written as escapes, newlines as spaces."""
    return "".join(
        c
        if c.isprintable() and not ("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069")
        else " "
        if c == "\n"
        else ascii(c)[1:-1]
        for c in text
    )
