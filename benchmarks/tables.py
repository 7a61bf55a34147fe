"""Tables of the quality page, and shares with their intervals."""

from __future__ import annotations

import numpy as np

Tally = list[bool]
"""What was found of what could be found."""


def wilson(found: Tally) -> str:
    """Share in per cent, with the 95 % Wilson score interval."""
    n, z = len(found), 1.96
    if not n:
        return "-"
    p = sum(found) / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return f"{100 * p:.0f} % ({100 * max(low, 0.0):.0f}–{100 * high:.0f}, n = {n})"


def table(title: str, rows: list[tuple[str, ...]], heads: tuple[str, ...]) -> str:
    """A Markdown table."""
    lines = [f"**{title}**", "", "| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])
