"""What one cell of a table says: a number, however it is written, a place on an axis, a time, or nothing."""

from __future__ import annotations

import re

from runlens.sources import wandb_shape
from runlens.sources.dates import unix_time
from runlens.sources.table.names import is_axis, is_time

MISSING = frozenset({"", "none", "null", "na", "n/a", "#n/a", "<na>", "-", "--", "?"})
"""What writers put into cells that say nothing."""

_NUMERIC = re.compile(r"[+-]?(\d[\d.]*|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}([,' \u00a0\u202f])\d{3}(\1\d{3})*(\.\d*)?([eE][+-]?\d+)?")
_WRAPPED = re.compile(
    r"(?:(?:torch\.)?tensor|tf\.Tensor|(?:Device)?Array|np\.(?:float|int)\d+|array|)\s*"
    r"[(\[]{1,2}\s*([^\s,()\[\]]+)\s*,?\s*\]?(?:,\s*\w+\s*=.*)?[)\]]"
    r"|<tf\.Tensor:[^<>]*\bnumpy=([^\s,()\[\]<>]+)>"
)
"""A number as Python prints a tensor or a NumPy scalar: `tensor(2.31, device='cuda:0')`, `[2.31]`, `tf.Tensor(2.31,
shape=(), dtype=float32)`; of two numbers none is meant."""
_RATE = re.compile(r"([+-]?[\d.,]+(?:[eE][+-]?\d+)?)[ _]?(?:[A-Za-z]{1,12}/(?:s|sec|second|it|iter|step|sample|min))")
"""A rate with its unit: `36.42_samples/s`, `4.5 it/s`, `0.2 s/it`."""
_OF = re.compile(r"(?:[A-Za-z ]+[:\s])?\s*(\d+)\s*(?:/|of)\s*\d+")
"""A place of so many: `2/400`."""
_COUNTED = re.compile(r"[A-Za-z_]+[\s:_-]*(\d+)")
"""A place with its word: `epoch 3`."""
_CLOCK = re.compile(r"(?:(\d+) days?,? )?(\d+):(\d\d)(?::(\d\d(?:\.\d*)?))?")
_SPAN = re.compile(r"(?:(\d+)d)?\s*(?:(\d+(?:\.\d+)?)h)?\s*(?:(\d+(?:\.\d+)?)m)?\s*(?:(\d+(?:\.\d*)?)s)?")


def number(value: object, name: str = "") -> float | None:
    """A cell as a number, or None if it says none.

    Parameters
    ----------
    value : object
        JSON value or text of a cell. Flags are 0 and 1; `NaN` and `Infinity` are numbers, as text too; a list that
        holds one number is that number.
    name : str
        The column: under that of an axis `2/400` is 2, under that of a time dates and durations are seconds.
    """
    found = wandb_shape.number(value)
    if found is not None:
        return found
    if isinstance(value, list):
        return number(value[0]) if len(value) == 1 and not isinstance(value[0], (list, str)) else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _NUMERIC.fullmatch(text):
        try:
            return float(text)
        except ValueError:
            return None
    if is_axis(name) and (counted := _OF.fullmatch(text) or _COUNTED.fullmatch(text)):
        return float(counted[1])
    if is_time(name) and (time := _date(text) if _date(text) is not None else _duration(text)) is not None:
        return time
    if grouped := _GROUPED.fullmatch(text):
        return float(text.replace(grouped[1], ""))
    if rate := _RATE.fullmatch(text):
        return number(rate[1])
    if len(text) < 200 and (wrapped := _WRAPPED.fullmatch(text)):
        return number(wrapped[1] or wrapped[2])
    return None


def says_nothing(value: object) -> bool:
    """Whether a cell that is no number is empty, rather than something that cannot be read."""
    return value is None or (isinstance(value, str) and value.strip().lower() in MISSING)


def _date(text: str) -> float | None:
    """An ISO 8601 date as unix seconds; without a zone it is taken for UTC."""
    if len(text) < 8 or not text[:4].isdigit() or text[2] == ":":
        return None
    return unix_time(text.replace("/", "-"))


def _duration(text: str) -> float | None:
    """`1 day, 2:03:04`, `0:49:00`, `49:00` or `1h 2m 3s` in seconds."""
    if found := _CLOCK.fullmatch(text):
        days, first, second, third = (float(part or 0) for part in found.groups())
        hours, minutes, seconds = (first, second, third) if found[4] else (0.0, first, second)
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    found = _SPAN.fullmatch(text)
    if found and any(found.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return None
