"""Text from logs made harmless, and numbers as people read them: shared by every renderer."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime

from runlens.model.words import number as number  # renderers take all words from here
from runlens.model.words import short

NAME_LIMIT = 120
"""Characters of a metric or run name that a page shows; longer ones lose their middle."""
TEXT_LIMIT = 1200
"""Characters of a sentence that a page shows."""

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_ASCII = str.maketrans(
    {"–": "-", "—": "-", "…": "...", "×": "x", "σ": "sigma", "→": "->", "≥": ">=", "≤": "<=", "−": "-", "±": "+-",
     "·": "|", "•": "*", "°": " deg ", "λ": "lambda", "µ": "u", "’": "'", "“": '"', "”": '"', "✖": "x", "✔": "+",
     "↗": "/", "↘": "\\"}
)  # fmt: skip


def visible(text: str, limit: int = TEXT_LIMIT) -> str:
    r"""Text on one line that can do nothing but be read.

    Control characters (ANSI escapes, newlines), format characters (right-to-left marks, zero-width characters), lone
    surrogates and unassigned code points become visible escapes such as `\x1b`; the middle of what is longer than
    `limit` becomes `…`. Empty text stays empty. Escaping for a markup language is left to the one who writes it.
    """
    text = short(text, limit)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def named(text: str) -> str:
    """A run's or metric's name: `visible`, short, and never empty."""
    return visible(text, NAME_LIMIT) or "(no name)"


def ascii_only(text: str) -> str:
    """`text` for an output that is not UTF-8: the signs that RunLens uses spelt out, the rest as escapes."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def steps(span: tuple[int, int]) -> str:
    """First and last step: `1,500–1,511`, or `1,500` if they are one."""
    first, last = span
    return f"{first:,}" if first == last else f"{first:,}–{last:,}"


def amount(value: float) -> str:
    """A count in thousands, millions, billions or trillions: `42.6 M`, `1.2 T`, `980`."""
    if not math.isfinite(value):
        return number(value)
    for limit, unit in ((1e12, " T"), (1e9, " B"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= limit * 0.99995:
            return f"{value / limit * (10 if unit == ' k' else 1):.3g}{unit}"
    return f"{value:,.0f}"


def tokens(span: tuple[float, float]) -> str:
    """Tokens at the first and the last step: `24.6 M–24.8 M tokens`, or one figure if they read the same."""
    first, last = amount(span[0]), amount(span[1])
    return f"{first} tokens" if first == last else f"{first}–{last} tokens"


FIRST_DATE = 1e8
"""Seconds since the epoch (1973) below which a time counts from the start of its run (`Series.time`)."""


def clock(seconds: float) -> str:
    """Wall time in UTC, `2025-11-23 22:00`; empty if not known, out of the calendar, or a time since the start of a
    run.
    """
    if seconds < FIRST_DATE:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def days(first: float | None, last: float | None) -> str:
    """Days in UTC, `12–16 November 2026`; empty if they are not known."""
    if first is None or last is None or not clock(first) or not clock(last):
        return ""
    one, two = (datetime.fromtimestamp(t, UTC) for t in (first, last))
    month = two.strftime("%B %Y")
    if one.date() == two.date():
        return f"{two.day} {month}"
    if (one.year, one.month) == (two.year, two.month):
        return f"{one.day}–{two.day} {month}"
    year = f" {one.year}" if one.year != two.year else ""
    return f"{one.day} {one.strftime('%B')}{year} – {two.day} {month}"


def duration(seconds: float) -> str:
    """A length of time in one unit or two: `0.9 s`, `42 s`, `12 min`, `3.2 h`, `4 d 3 h`."""
    if not math.isfinite(seconds):
        return "an unknown time"
    seconds = abs(seconds)
    if seconds < 99.5:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.2g} min" if seconds < 600 else f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.2g} h" if seconds < 36000 else f"{seconds / 3600:.0f} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def gpu_time(hours: float) -> str:
    """GPU hours, in minutes of a GPU where they are few: `1,240 GPU h`, `12 GPU min`, `under a GPU min`."""
    if not math.isfinite(hours) or abs(hours) >= 0.1:
        return f"{number(hours, 3)} GPU h"
    return f"{number(hours * 60, 2)} GPU min" if abs(hours) * 60 >= 0.995 else "under a GPU min"


def plural(count: int, word: str) -> str:
    """`1 error`, `2 errors`, `1,200 runs`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
