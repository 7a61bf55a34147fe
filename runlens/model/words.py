"""Words that messages, pages and figures share, each spelt one way."""

from __future__ import annotations

SMALLEST = 0.01
"""Percent below which nobody needs the number."""
_CAPITALS = frozenset({"gpu", "mfu", "tflops"})


def percent(share: float, signed: bool = False) -> str:
    """A share as percent, with two significant digits and whole from 10 % on: `61 %`, `6.1 %`, `0.61 %`.

    Parameters
    ----------
    share : float
        0.61 is 61 %.
    signed : bool
        Write a plus before an increase too.
    """
    size = abs(100.0 * share)
    if 0 < size < SMALLEST:
        return f"less than {SMALLEST} %"
    sign = "-" if share < 0 else "+" if signed else ""
    return f"{sign}{size:,.0f} %" if size >= 9.95 else f"{sign}{size:.2g} %"


def role_words(role: str) -> str:
    """A role as words: `GPU errors` for `gpu_errors`."""
    return " ".join(part.upper() if part in _CAPITALS else part for part in role.split("_"))
