"""One row of a `.wandb` file at a time: what the side-by-side parser gives must equal this, and odd rows come here."""

from __future__ import annotations

import json
import math
import re

from runlens.sources import wandb_shape
from runlens.sources.nested import flat
from runlens.sources.wandb_file.wire import double, fields, signed, text, zigzag

LONGEST_WORD = 16
"""Bytes: longer JSON texts that do not begin as numbers are none."""
_NUMBER = re.compile(rb"-?[0-9](?:[0-9.eE+-]*[0-9])?")
BLANKS = b" \t\r\n"
"""What may stand around a JSON value and says nothing."""
_WORDS = {b"true": 1.0, b"false": 0.0, b"NaN": math.nan, b"Infinity": math.inf, b"-Infinity": -math.inf}


def slow_row(message: bytes, item: int) -> tuple[list[tuple[str, float]], list[tuple[str, bytes]], bytes | None]:
    """Key and value of each number in one row, key and JSON text of each text, and the row's field 2.

    Raises
    ------
    ValueError
        The bytes are no message.
    """
    out: list[tuple[str, float]] = []
    words: list[tuple[str, bytes]] = []
    place: bytes | None = None
    for number, content in fields(message):
        if number == item and isinstance(content, bytes):
            key: list[str] = []
            value: float | None = None
            said = b""
            for inner, part in fields(content):
                if inner in (1, 2):
                    key.append(text(part))
                elif inner == 16 and isinstance(part, bytes):
                    said = part.strip(BLANKS)
                    value = number_of(said)
                elif inner == 4:
                    value = float(signed(part))
                elif inner == 5:
                    value = float(zigzag(part))
                elif inner == 6:
                    value = double(part)
            name = ".".join(key)
            if key and value is not None:
                out.append((name, value))
            elif key and said[:1] == b'"':
                words.append((name, said))
            elif key and said[:1] == b"{":
                _add_nested(name, said, out, words)
        elif number == 2 and isinstance(content, bytes):
            place = content
    return out, words, place


def number_of(value: bytes) -> float | None:
    """The number that a JSON text stands for, or None: `1`, `1e5`, `NaN`, `-Infinity`, `true`, `"NaN"` are numbers."""
    if _NUMBER.fullmatch(value) is not None:
        try:
            return float(value)
        except ValueError:
            return None
    if value in _WORDS:
        return _WORDS[value]
    if value[:1] != b'"' or len(value) > LONGEST_WORD:
        return None
    try:
        return wandb_shape.number(json.loads(value))
    except ValueError:
        return None


def _add_nested(name: str, value: bytes, out: list[tuple[str, float]], words: list[tuple[str, bytes]]) -> None:
    """Add what a nested dict holds, as older clients log one in the JSON text of one item; nothing of media."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return
    for inner, cell in flat({name: found}, "."):
        number = wandb_shape.number(cell)
        if number is not None:
            out.append((inner, number))
        elif isinstance(cell, str):
            words.append((inner, json.dumps(cell).encode()))


def slow_counts(message: bytes) -> tuple[int, int]:
    """Fields 1 and 2 of a small message as ints, zero where left out; both zero if it is no message."""
    found = {1: 0, 2: 0}
    try:
        found |= {number: signed(value) for number, value in fields(message) if number in found}
    except ValueError:  # a row whose place cannot be told stands at 0, as one that says none
        return 0, 0
    return found[1], found[2]
