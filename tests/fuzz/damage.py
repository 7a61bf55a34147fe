"""What happens to files: bits flip, pieces go missing, come twice or change places, tails tear or fill with zeros."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

TEXT_TOKENS = (
    b'"', b"'", b",", b";", b"\t", b"\n", b"\r\n", b"\r", b"{", b"}", b"[", b"]", b":", b"NaN", b"-Infinity", b"1e999",
    b"\0", b"null", b'"step":', b"step", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"9" * 30, b"-", b"1_0", b" ", b"#",
    b"\\", b"\\u0000", b"1,234", b"0x10", b"\xe2\x80\xae", b"=1+1", b"loss", b"/", b"%", b"e5", b"[" * 40, b'{"a":' * 9,
)  # fmt: skip


def damaged(draw: Random, raw: bytes, tokens: Sequence[bytes] = TEXT_TOKENS, most: int = 5) -> bytes:
    """The bytes with one to `most` pieces of damage."""
    out = bytearray(raw)
    for _ in range(draw.randint(1, most)):
        at = draw.randrange(len(out) + 1)
        size = draw.choice((1, 1, 2, 7, 40, 400))
        kind = draw.randrange(10)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            out[at : at + size] = b""
        elif kind == 2:
            out[at:at] = draw.choice(tokens)
        elif kind == 3:
            out[at : at + len(token)] = (token := draw.choice(tokens))
        elif kind == 4:
            begin = draw.randrange(len(out) + 1)
            out[at:at] = out[begin : begin + size]
        elif kind == 5:
            out[at : at + size] = bytes(min(size, max(len(out) - at, 0)))
        elif kind == 6:
            out[at:at] = draw.randbytes(size)
        elif kind == 7:
            del out[at:]
        elif kind == 8:
            out += bytes(size)
        elif at < len(out):
            out[at] = draw.choice((0, 0x7F, 0x80, 0xFF, out[at] + 1 & 0xFF))
    return bytes(out)


def lines_changed(draw: Random, lines: list[str]) -> list[str]:
    """Whole lines left out, doubled, cut, joined or out of place."""
    out = list(lines)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(out)) if out else 0
        kind = draw.randrange(6)
        if not out:
            break
        if kind == 0:
            del out[at]
        elif kind == 1:
            out.insert(draw.randrange(len(out) + 1), out[at])
        elif kind == 2:
            out[at] = out[at][: draw.randrange(len(out[at]) + 1)]
        elif kind == 3 and at + 1 < len(out):
            out[at : at + 2] = [out[at] + out[at + 1]]
        elif kind == 4:
            out.insert(draw.randrange(len(out)), out.pop(at))
        else:
            out.insert(at, "")
    return out


def any_number(draw: Random) -> float:
    """A float of any kind, the odd ones often."""
    kind = draw.randrange(8)
    if kind == 0:
        return draw.choice((0.0, -0.0, 5e-324, 1e-308, 1.7e308, -1.7e308, 1e16, 2.0**53, 2.0**63, float("inf")))
    if kind == 1:
        return float("nan")
    if kind == 2:
        return float(draw.randint(-(10**6), 10**9))
    return draw.choice((1, -1)) * draw.random() * 10.0 ** draw.randint(-8, 8)
