"""Damage to the text or bytes of a form; parquet has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from tests.fuzz.adversary.sheet import Sheet
from tests.fuzz.adversary.strike import SHARES


def _ends(draw: Random, made: Sheet, text: str) -> bytes:
    """Line ends of several kinds."""
    lines = text.split("\n")
    kinds = draw.choice(
        (("\r\n",), ("\r",), ("\n", "\r\n"), ("\n", "\r"), ("\r\n", "\r", "\n"), ("\n", "\r\r\n"), ("\n\n", "\n"))
    )
    return "".join(line + draw.choice(kinds) for line in lines).encode()


def _marked(draw: Random, made: Sheet, text: str) -> bytes:
    """A byte-order mark before, and one in the middle where the second file begins."""
    lines = text.split("\n")
    head = lines[:1] if "loss" in lines[0] and "{" not in lines[0] else []
    cut = draw.randrange(2, len(lines) - 2)
    one, two = lines[:cut], [*head, *lines[cut:]]
    return "\n".join(one).encode("utf-8-sig") + b"\n" + "\n".join(two).encode("utf-8-sig")


def _trailing(draw: Random, made: Sheet, text: str) -> bytes:
    """A delimiter, or a comma of JSON, behind some rows."""
    sign = made.delimiter if made.delimiter in text.split("\n")[0] else ","
    share = draw.choice(SHARES)
    return "\n".join(line + sign * (bool(line) and draw.random() < share) for line in text.split("\n")).encode()


def _joined(draw: Random, made: Sheet, text: str) -> bytes:
    """Two rows on one line."""
    lines = text.split("\n")
    for _ in range(draw.choice((1, 2, 10))):
        at = draw.randrange(2, len(lines) - 3)
        lines[at : at + 2] = [lines[at] + draw.choice(("", " ")) + lines[at + 1]]
    return "\n".join(lines).encode()


def _torn(draw: Random, made: Sheet, text: str) -> bytes:
    """The end is missing."""
    raw = text.encode()
    cut = draw.choice((1, 2, 3, 8, 20, len(raw) // 3))
    made.blind = True
    return raw[:-cut]


def _holed(draw: Random, made: Sheet, text: str) -> bytes:
    """Zeros in place of a stretch, at the end, or put in between."""
    raw = text.encode()
    at, size = draw.randrange(60, len(raw)), draw.choice((1, 7, 512))
    made.blind = True
    return draw.choice(
        (raw[:at] + bytes(size) + raw[at + size :], raw[:at] + bytes(size) + raw[at:], raw + bytes(size))
    )


def _wide(draw: Random, made: Sheet, text: str) -> bytes:
    """UTF-16 and UTF-32 with and without marks, Latin-1 in the head."""
    return text.encode(draw.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig")))


def _odd_letters(draw: Random, made: Sheet, text: str) -> bytes:
    """Bytes that are no UTF-8 in some cells, and odd ends of lines."""
    raw = bytearray(text.encode())
    for _ in range(draw.choice((1, 5, 20))):
        at = draw.randrange(60, len(raw))
        raw[at:at] = draw.choice((b"\xff", b"\xe9", b"\x0b", b"\x0c", b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8", b"\x1a"))
    return bytes(raw)


def _spread(draw: Random, made: Sheet, text: str) -> bytes:
    """Objects over several lines, some or all."""
    share = draw.choice((0.03, 0.5, 1.0))
    return re.sub(r"\{.*\}", lambda m: m[0].replace(", ", ",\n  ") if draw.random() < share else m[0], text).encode()


def _other_sign(draw: Random, made: Sheet, text: str) -> bytes:
    """Another delimiter from some row on."""
    lines = text.split("\n")
    sign = next((s for s in ",;\t|" if s in lines[0]), ",")
    other = draw.choice([s for s in (",", ";", "\t", "|", "  ") if s != sign])
    at = draw.randrange(2, len(lines) - 2)
    return "\n".join([*lines[:at], *(line.replace(sign, other) for line in lines[at:])]).encode()


def _lone_sign(draw: Random, made: Sheet, text: str) -> bytes:
    """Commas in numbers that nobody quoted."""
    return re.sub(r"(\d)\.(\d{5})", lambda m: f"{m[1]},{m[2]}" if draw.random() < 0.3 else m[0], text).encode()


def _all_signs(draw: Random, made: Sheet, text: str) -> bytes:
    """Decimal commas in every number, between commas that divide."""
    return text.replace(".", ",").encode()


def _cut_archive(draw: Random, made: Sheet, text: str) -> bytes:
    """A gzip that breaks off, or has rubbish or a second one behind."""
    import gzip

    raw = text.encode()
    kind = draw.randrange(4)
    if kind == 0:
        made.blind = True
        packed = gzip.compress(raw)
        return packed[: draw.randrange(40, len(packed))]
    if kind == 1:
        return gzip.compress(raw) + bytes(512)
    if kind == 2:
        return gzip.compress(raw) + b"rubbish behind it"
    half = raw.index(b"\n", len(raw) // 2) + 1
    return gzip.compress(raw[:half]) + gzip.compress(raw[half:])


Written = Callable[[Random, Sheet, str], bytes]
TEXTS: dict[str, Written] = {
    "ends of lines": _ends,
    "two files": _marked,
    "a sign behind": _trailing,
    "rows joined": _joined,
    "torn": _torn,
    "zeros": _holed,
    "wide letters": _wide,
    "odd letters": _odd_letters,
    "objects spread": _spread,
    "another sign": _other_sign,
    "commas in numbers": _lone_sign,
    "commas in all numbers": _all_signs,
    "an archive": _cut_archive,
}
