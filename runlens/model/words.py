"""Words that messages, pages and figures share, each spelt one way."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

SMALLEST = 0.01
"""Percent below which nobody needs the number."""
_PLAIN = re.compile(r"[!#$%&'*+,\-./:;=?@A-Z_a-z~0-9\[\]()]{1,2000}")
"""What an address is written with (RFC 3986): no blank, no quote, no sign of markup."""
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


def number(value: float, digits: int = 4) -> str:
    """A number with `digits` significant digits: `11.19`, `27,300`, `0.003`, `3e-4`, `NaN`, `Infinity`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e9 or size < 1e-3:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    decimals = max(digits - 1 - math.floor(math.log10(size)), 0)
    text = f"{round(value, decimals):,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def some(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are: `a, b, c and 2 more`."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def short(text: str, limit: int) -> str:
    """Text of at most `limit` characters, the middle of what is longer given up for `…`."""
    if len(text) <= limit:
        return text
    keep = max(limit - 1, 2)
    return text[: keep - keep // 3] + "…" + text[len(text) - keep // 3 :]


def plus_minus(value: float, spread: float | None, unit: str = "") -> str:
    """A value with its spread, to the digits that the spread allows: `13,980 ± 60 tokens/s`, `2.310 ± 0.012`.

    Parameters
    ----------
    value : float
    spread : float or None
        In the unit of the value; None or 0 where nothing is known of it.
    unit : str
    """
    tail = f" {unit}" if unit else ""
    if spread is None or not math.isfinite(spread) or spread <= 0 or not math.isfinite(value):
        return number(value) + tail
    places = -math.floor(math.log10(spread))  # one digit of the spread, two where it begins with a 1
    places += spread * 10.0**places < 2
    if places > 12 or abs(value) >= 1e15:
        return number(value) + tail
    shown = max(places, 0)
    return f"{round(value, places):,.{shown}f} ± {round(spread, places):,.{shown}f}{tail}"


def web_address(text: str) -> str:
    """`text` if it is an address of the web without a password, else nothing: anybody may have written a report."""
    try:
        url = urlsplit(text)
        safe = url.scheme in ("http", "https") and bool(url.hostname) and "@" not in url.netloc
    except ValueError:
        return ""
    return text if safe and _PLAIN.fullmatch(text) else ""
