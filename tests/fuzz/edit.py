"""Small texts, such as a number in a cell, with a letter more, less or other than they had: a microsecond each."""

from __future__ import annotations

import re
from random import Random

from tests.fuzz.damage import any_number

LETTERS = "0123456789..,eE+-_ xaniNftr'()[]:/%\u00a0\u0663\u2212~"
"""What stands in numbers, dates, durations and their neighbours; nothing that divides cells or lines."""
WORDS = (
    "", "nan", "NaN", "-inf", "Infinity", "None", "null", "N/A", "true", "False", "1e999", "-1e-999", "0x1p3", "1_000",
    "1,234", "1 234.5", "12:30", "1:02:03", "2h 3m", "2026-01-02 03:04:05", "3/400", "[2.5]", "tensor(2.5)",
    "2.5 nats", "50%", "1.2.3", "--1", "+.5", "5.", ".e5", "9" * 40, "1e5000", "\u00bd", "\u0663.\u0661",
)  # fmt: skip
PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
"""A number that every reader must read as it is."""
BLANK = frozenset({"", "none", "null", "na", "n/a", "#n/a", "<na>", "-", "--", "?"})
_NON_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def numbers(draw: Random, count: int = 24) -> list[str]:
    """Numbers as programs write them, to be edited."""
    made = [repr(any_number(draw)) for _ in range(count // 3)]
    return made + [f"{10 * draw.random():.{draw.randrange(7)}f}" for _ in range(count - len(made))]


def edited(draw: Random, text: str, letters: str = LETTERS, words: tuple[str, ...] = WORDS) -> str:
    """The text with one change, or two in one of four."""
    bits = draw.getrandbits(62)
    for _ in range(2 if bits & 3 == 0 else 1):
        bits >>= 2
        kind, at, letter = bits & 7, (bits >> 3) % (len(text) + 1), letters[(bits >> 13) % len(letters)]
        bits >>= 26
        if kind < 2:
            text = text[:at] + letter + text[at:]
        elif kind < 4:
            text = text[:at] + letter + text[at + 1 :]
        elif kind == 4:
            text = text[:at] + text[at + 1 :]
        elif kind == 5:
            text = text[:at]
        elif kind == 6:
            text = text[:at] + text[at // 2 :]
        else:
            text = words[(bits >> 4) % len(words)]
    return text


def bytes_edited(draw: Random, raw: bytes, words: tuple[bytes, ...]) -> bytes:
    """Bytes with one change: a bit, a byte, a few left out or doubled, a piece of the format put in."""
    bits = draw.getrandbits(62)
    kind, at, more = bits & 7, (bits >> 3) % (len(raw) + 1), bits >> 30
    if kind < 3:
        at = min(at, len(raw) - 1)
        return raw[:at] + bytes([raw[at] ^ 1 << (more & 7)]) + raw[at + 1 :]
    if kind == 3:
        return raw[:at] + bytes([more & 255]) + raw[at + 1 :]
    if kind == 4:
        return raw[:at] + raw[at + 1 + (more & 3) :]
    if kind == 5:
        return raw[:at] + raw[max(at - 1 - (more & 15), 0) :]
    word = words[more % len(words)]
    return raw[:at] + word + (raw[at:] if kind == 6 else raw[at + len(word) :])


def must_be(text: str) -> float | None:
    """The number that a text says beyond doubt; None where it says none, or one that can be read in two ways."""
    text = text.strip()
    if PLAIN.fullmatch(text) or _NON_FINITE.fullmatch(text):
        return float(text)
    return None


def may_be(text: str) -> set[str]:
    """All numbers, as `repr` writes them, that a person might take an odd text for: anything else is made up."""
    text = text.strip()
    bare = re.sub(r"[\s,'_\u00a0\u202f]", "", text)
    found = set()
    swapped = text.replace(".", "").replace(",", ".") if "," in text else text
    for one in (text, bare, swapped, text.replace(",", "."), *re.findall(r"[-+.\w]+", text), *re.findall(r"\d+", text)):
        try:
            found.add(repr(float(one)))
        except ValueError:
            continue
    if text.lower() in ("true", "false"):
        found.add(repr(float(text.lower() == "true")))
    return found


def is_blank(text: str) -> bool:
    """Whether a text says nothing, so that nobody misses it."""
    return text.strip().lower() in BLANK
