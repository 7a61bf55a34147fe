"""Tables of the quality page, shares with their intervals, and the command that prints one section."""

from __future__ import annotations

import argparse
from collections.abc import Callable

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


def print_report(about: str | None, report: Callable[[bool], str]) -> None:
    """The command of a module with one section: print it, with `--quick` a small part of its runs."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small part of the runs")
    print(report(parser.parse_args().quick))
