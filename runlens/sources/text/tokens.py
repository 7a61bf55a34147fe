"""Text taken apart in columns: the numbers of a stretch of lines, and a hash of what stands between them.

Lines that a program prints in a loop differ in their numbers alone. So a line's *shape* is a hash of all its other
bytes, and what is worth reading closely is one line of each shape. Everything here is a few dozen numpy passes over the
bytes; no line costs interpreter time of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

_PAD = 8
"""Line ends before and after the text, so that looking a few bytes back or ahead needs no bounds."""
_LONGEST = 4096
"""Kept bytes of a line that tell it apart by their order; later ones count whatever their order."""
_random = np.random.default_rng(20240501)
_POWER: Hashes = _random.integers(1, 1 << 63, _LONGEST, dtype=np.uint64) | np.uint64(1)
_CODE: Hashes = _random.integers(1, 1 << 63, 256, dtype=np.uint64) | np.uint64(1)
_NUMBER = 10
"""The byte that stands for a number: a line end is never part of a line."""
_CODE[_NUMBER] = np.uint64(0x9E3779B97F4A7C15)


def _table(these: bytes) -> Bools:
    out = np.zeros(256, dtype=bool)
    out[list(these)] = True
    return out


_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_GLUE = _table(_LETTERS + b"_@$\\")
"""A digit right after one of these is part of a name (`top1`, `acc@5`, `layer_12`)."""
_EPOCH = b"epoch"
_NAMELIKE = _table(_LETTERS + b"0123456789_-.\\'\"@$")
"""Bytes around a word and its digits that make a name or a path of them: `model_epoch3.pth`, `'epoch3'`."""
_UNHASHED = _table(b" \t\n#=>-.*~+" + bytes(range(128, 256)))
"""Bytes that progress bars are drawn with, and blanks that align columns: they tell no shape."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The lines of a stretch, and the numbers in them."""

    text: bytes
    line: Ints
    """(n + 1,): first byte of each line, and the end of the text."""
    shape: Hashes
    """(n,): lines of one shape differ in their numbers alone; 0 for a line that holds but blanks or a rule."""
    first: Ints
    """(n + 1,): first number of each line, and their count."""
    start: Ints
    """(t,): first byte of each number."""
    end: Ints
    """(t,)"""
    value: Floats
    """(t,): NaN also for what is no number after all, such as `1.2.3`."""
    malformed: Bools
    """(t,): which are no numbers after all."""


def tokens(text: bytes) -> Tokens:
    """Take a stretch of whole lines apart.

    Parameters
    ----------
    text : bytes
        Ends in a line end, or is empty.
    """
    b = np.full(len(text) + 2 * _PAD, 10, dtype=np.uint8)
    b[_PAD:-_PAD] = np.frombuffer(text, np.uint8)
    digit = (b - np.uint8(48)) < 10
    inside = _numeric(b, digit)
    edge = inside[1:] != inside[:-1]
    bounds = np.flatnonzero(edge) + 1
    start, end = bounds[0::2], bounds[1::2]
    literal = _literal(b, start, end)
    drop = _spans(inside, start[literal], end[literal])
    inside &= ~drop
    start, end = start[~literal], end[~literal]
    ends = np.flatnonzero(b[_PAD:-_PAD] == 10) + _PAD
    line = np.concatenate([[_PAD], ends + 1]).astype(np.int64)
    malformed = _malformed(b, inside, start)
    return Tokens(
        text,
        line - _PAD,
        _shapes(b, inside, start, line),
        np.searchsorted(start, line).astype(np.int64),
        (start - _PAD).astype(np.int64),
        (end - _PAD).astype(np.int64),
        _values(b, inside, start, end, malformed),
        malformed,
    )


def _numeric(b: Bytes, digit: Bools) -> Bools:
    """Which bytes belong to a number: digits, and the dot, exponent and sign that go with them; and nan and inf."""
    inside = digit.copy()
    low = b | np.uint8(32)
    dot = np.flatnonzero(b == 46)
    after = digit[dot + 1]
    before = digit[dot - 1]
    lone = ~before & ~_GLUE[b[dot - 1]] & ~np.isin(b[dot - 1], (46, 47, 41))
    inside[dot[after & (before | lone)]] = True
    e = np.flatnonzero(low == 101)
    sign = (b[e + 1] == 45) | (b[e + 1] == 43)
    bare = (b[e - 1] == 46) & digit[e - 2]
    power = (digit[e - 1] | bare) & (digit[e + 1] | (sign & digit[e + 2]))
    inside[e[power]] = True
    inside[e[power & sign] + 1] = True
    inside[e[power & bare] - 1] = True
    _words(b, low, inside)
    signs = np.flatnonzero((b == 45) | (b == 43))
    previous = b[signs - 1]
    apart = ~_GLUE[previous] & ~inside[signs - 1] & (previous != 41) & (previous != 93)
    inside[signs[apart & inside[signs + 1]]] = True
    return inside


def _words(b: Bytes, low: Bytes, inside: Bools) -> None:
    """Mark `nan`, `inf` and `infinity` as numbers, in any case, where they are words of their own."""
    for word in (b"nan", b"inf"):
        at = np.flatnonzero(low == word[0])
        at = at[(low[at + 1] == word[1]) & (low[at + 2] == word[2])]
        if not len(at):
            continue
        at = at[~_GLUE[b[at - 1]] & ~inside[at - 1] & (b[at - 1] != 46)]
        long = np.full(len(at), word == b"inf")
        for i, letter in enumerate(b"inity", 3):
            long &= low[at + i] == letter
        size = np.where(long, 8, 3)
        next_ = b[np.minimum(at + size, len(b) - 1)]
        free = ~_GLUE[next_] & ~((next_ - np.uint8(48)) < 10)
        for length in (3, 8):
            for i in range(length):
                inside[at[free & (size == length)] + i] = True


def _literal(b: Bytes, start: Ints, end: Ints) -> Bools:
    """Which numbers are parts of names: `top1`, `layers.0`, `mAP50-95`, `loss/3`."""
    one, two = b[start - 1], b[start - 2]
    clock = ((one == 84) & ((two - np.uint8(48)) < 10)) | ((one == 95) & (two == 39))  # the T of an ISO date
    joined = (one == 46) | (one == 45) | (one == 47)
    literal: Bools = (_GLUE[one] & ~clock) | (joined & (_GLUE[two] | (two == 46)))
    follows = ((one == 46) | (one == 45))[1:] & (end[:-1] == start[1:] - 1)
    while bool((more := follows & literal[:-1] & ~literal[1:]).any()):  # a name of several numbers
        literal[1:] |= more
    literal[
        _of_an_epoch(b, start, end, np.flatnonzero(literal & (((one | np.uint8(32)) == _EPOCH[-1]) | (one == 46))))
    ] = False
    return literal


def _of_an_epoch(b: Bytes, start: Ints, end: Ints, these: Ints) -> Ints:
    """Which numbers count an epoch although they stand right behind the word: `[epoch3] loss=2.1`, `Epoch.3 loss`."""
    at = start[these] - 1
    at = at - (b[at] == 46)
    for back, letter in enumerate(reversed(_EPOCH)):
        stays = (b[at - back] | np.uint8(32)) == letter
        these, at = these[stays], at[stays]
    before, after = b[at - len(_EPOCH)], b[end[these]]
    return np.asarray(these[~(_NAMELIKE[before] & (before != 45)) & (before != 47) & ~_NAMELIKE[after]])


def _spans(like: Bools, start: Ints, end: Ints) -> Bools:
    """True inside the spans."""
    if not len(start):
        return np.zeros_like(like)
    change = np.zeros(len(like) + 1, dtype=np.int8)
    change[start] = 1
    change[end] -= 1
    return np.asarray(np.cumsum(change[:-1], dtype=np.int8).astype(bool), dtype=bool)


def _shapes(b: Bytes, inside: Bools, start: Ints, line: Ints) -> Hashes:
    symbol = b.copy()
    symbol[start] = _NUMBER
    keep = ~(inside | _UNHASHED[b])
    keep[start] = True
    kept = np.flatnonzero(keep)
    first = np.searchsorted(kept, line)
    size = np.diff(first)
    kept = kept[: first[-1]]
    rank = np.arange(len(kept), dtype=np.int32) - np.repeat(first[:-1].astype(np.int32), size)  # 4 bytes: half the time
    code = _CODE.take(symbol.take(kept))
    code *= _POWER.take(rank & np.int32(_LONGEST - 1))
    out = np.zeros(len(size), dtype=np.uint64)
    some = size > 0
    if bool(some.any()):
        out[some] = np.add.reduceat(code, first[:-1][some])
    return out


def _values(b: Bytes, inside: Bools, start: Ints, end: Ints, bad: Bools) -> Floats:
    """The numbers, parsed in one go; those that are none, such as `1.2.3`, NaN."""
    if not len(start):
        return np.empty(0)
    text = np.where(inside, b, np.uint8(32))
    for i in np.flatnonzero(bad):
        text[start[i] : end[i]] = 32
        text[start[i]] = 48
    value = np.fromstring(text.tobytes(), dtype=np.float64, sep=" ")
    value[bad] = np.nan
    return value


def _malformed(b: Bytes, inside: Bools, start: Ints) -> Bools:
    """Numbers with two dots, two exponents, or a dot after the exponent."""
    bad = np.zeros(len(start), dtype=bool)
    odd = np.flatnonzero(inside & ((b == 46) | ((b | np.uint8(32)) == 101)))
    if len(odd):
        of = np.searchsorted(start, odd, side="right") - 1
        again = of[1:] == of[:-1]
        wrong = again & ~((b[odd[1:]] != 46) & (b[odd[:-1]] == 46))
        bad[of[1:][wrong]] = True
    return bad


def is_behind_a_dot(taken: Tokens, numbers: Ints) -> Bools:
    """Which numbers are the end of something else, such as 2.2 of `8/.2.2`."""
    text = np.frombuffer(taken.text, np.uint8)
    return np.isin(text[np.maximum(taken.start[numbers] - 1, 0)], (ord("."), ord(",")))


def digits_alone(taken: Tokens, numbers: Ints) -> Bools:
    """Which numbers are written with digits alone, behind a sign or none: `2.000` and `2e3` are whole, too."""
    text = np.frombuffer(taken.text, np.uint8)
    odd = (text - np.uint8(ord("0"))) >= 10
    start = taken.start[numbers]
    start = start + np.isin(text[start], (ord("-"), ord("+")))
    spans = np.column_stack([start, taken.end[numbers]]).ravel()
    return ~np.logical_or.reduceat(odd, spans)[::2]


def are_decimals(taken: Tokens, whole: Ints, after: Ints) -> Bools:
    """Which pairs of numbers are one with a decimal comma: a whole one, the comma, and digits alone."""
    text, value = np.frombuffer(taken.text, np.uint8), taken.value[after]
    start, end = taken.start[after], taken.end[after]
    good: Bools = digits_alone(taken, whole) & (start == taken.end[whole] + 1)
    digits = (text[start] - np.uint8(ord("0"))) < 10  # no sign, no dot
    return np.asarray(good & digits & (np.mod(value, 1.0) == 0.0) & (value < 10.0 ** (end - start)))
