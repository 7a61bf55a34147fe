"""A table's bytes, unpacked, in stretches that end with a line."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

STRETCH = 1 << 23
"""Bytes taken at a time."""
_BLOCK = 1 << 18
MOST = 1 << 30
"""Bytes to which any packed file may unpack."""
RATIO = 200
"""Times its own size to which a larger one may: logs pack to a twentieth, a bomb of one byte to a thousandth."""
LONGEST_LINE = 1 << 28
"""Bytes without the end of a line: no table has such rows, and each further stretch is joined to them."""
LONGEST_HEAD = 1 << 22
"""Bytes in which the head of a table and its first row must stand: some 100,000 names."""
_LINES = 3
_MAGIC = ((b"\x1f\x8b", ".gz"), (b"BZh", ".bz2"), (b"\xfd7zXZ", ".xz"), (b"\x28\xb5\x2f\xfd", ".zst"))
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before the mark of UTF-16 that it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SHOWN = 512
"""Bytes that show how wide letters are."""
_FEW = 16
"""Letters below which nothing is said of that."""
BROKEN = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
"""What is raised where a packed file breaks off."""


class Broken(EOFError):
    """A packed file breaks off."""

    def __init__(self, why: str, before: bytes) -> None:
        super().__init__(why)
        self.before = before
        """What was read since the last stretch."""


def packing(path: Path) -> str:
    """How a file is packed, by its first bytes: `.gz`, `.bz2`, `.xz`, `.zst`, or empty.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    with path.open("rb") as file:
        return packing_of(file.read(8))


def packing_of(head: bytes) -> str:
    """How a file is packed that begins so."""
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


def opened(path: Path, head: bytes | None = None, whole: bool = False) -> BinaryIO:
    """A file for reading, unpacked by what its first bytes say; these are read if they are not given.

    `whole` says that the first bytes are all of it, so that a small file need not be opened again.
    """
    kind = packing(path) if head is None else packing_of(head)
    if kind == ".gz":
        return cast(BinaryIO, gzip.GzipFile(path))
    if kind == ".bz2":
        return cast(BinaryIO, bz2.BZ2File(path))
    if kind == ".xz":
        return cast(BinaryIO, lzma.LZMAFile(path))
    if kind == ".zst":
        import pyarrow

        return cast(BinaryIO, pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd"))
    file = cast(BinaryIO, io.BytesIO(head)) if head is not None and whole else path.open("rb")
    head = file.read(_SHOWN)
    file.seek(3 if head.startswith(codecs.BOM_UTF8) else 0)
    if wide(head):  # PowerShell's `>` writes it; such files are small
        with file:
            file.seek(0)
            return io.BytesIO(text_of(file.read()).encode("utf-8", "replace"))
    return file


def shows_rows(head: bytes) -> bool:
    """Whether the first bytes of a file tell its form: some lines, or anything else than text of long lines."""
    text = head.lstrip()
    long = len(head) < LONGEST_HEAD and head.count(b"\n") < _LINES
    return not long or text[:1] in (b"{", b"[", b"") or b"\0" in head or head.startswith(tuple(m for m, _ in _MAGIC))


def beginning(text: bytes, most: int) -> bytes:
    """So many bytes from the beginning of a text, or more if its first lines are longer than that."""
    end = -1
    for _ in range(_LINES):
        end = text.find(b"\n", end + 1, LONGEST_HEAD)
        if end < 0:
            return text[:LONGEST_HEAD]
    return text[: max(end + 1, most)]


def unpacked(head: bytes, most: int = 1 << 16) -> bytes:
    """The beginning of a file as it is once unpacked, from its own beginning; as it is if it is not packed.

    It is longer than `most` where so many bytes hold no row of a table, since its head is that long.
    """
    found = _unpacked(head, most)
    return found if shows_rows(found) else _unpacked(head, LONGEST_HEAD)


def _unpacked(head: bytes, most: int) -> bytes:
    kind = packing_of(head)
    try:
        if kind == ".gz":
            return zlib.decompressobj(31).decompress(head, most)
        if kind == ".bz2":
            return bz2.BZ2Decompressor().decompress(head, most)
        if kind == ".xz":
            return lzma.LZMADecompressor().decompress(head, most)
        if kind == ".zst":
            return _zstd_head(head, most)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return b""
    return head


def _zstd_head(head: bytes, most: int) -> bytes:
    import pyarrow

    stream: Any = pyarrow.CompressedInputStream(io.BytesIO(head), "zstd")
    out = b""
    try:
        while len(out) < most and (more := stream.read(4096)):
            out += more
    except OSError:  # the head ends within a frame: what came before is what was asked for
        pass
    return out


def allowed(path: Path, head: bytes | None = None) -> int:
    """Bytes to which a file may unpack: one that is packed no bomb; any number for one that is not packed."""
    packed = packing(path) if head is None else packing_of(head)
    return max(MOST, RATIO * path.stat().st_size) if packed else 1 << 62


def whole(file: BinaryIO, most: int) -> bytes:
    """All bytes of a file.

    Raises
    ------
    Broken
        It unpacks to more than it may.
    """
    pieces: list[bytes] = []
    left = most
    while piece := file.read(STRETCH):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            raise Broken(f"it unpacks to more than {most:,} bytes, which no log does", b"")
    return b"".join(pieces)


def stretches(file: BinaryIO, most: int = 1 << 62) -> Iterator[bytes]:
    """The bytes of a file in pieces of whole lines; only the last may lack the end of its line.

    Parameters
    ----------
    file : binary file
    most : int
        Bytes that are read.

    Raises
    ------
    Broken
        After the last whole piece, where a packed file breaks off, unpacks to more than it may, or holds a line that
        is longer than `LONGEST_LINE`.
    """
    total = 0
    packed = isinstance(file, (gzip.GzipFile, bz2.BZ2File, lzma.LZMAFile)) or not hasattr(file, "peek")
    rest = b""
    while True:
        try:
            piece = rest + (_some(file) if packed else file.read(STRETCH))
        except Broken as error:
            before = rest + error.before
            yield before[: before.rfind(b"\n") + 1]
            raise
        if len(piece) == len(rest):
            break
        total += len(piece) - len(rest)
        why = f"it unpacks to more than {most:,} bytes" if total > most else ""
        if len(rest) > LONGEST_LINE:
            why = f"a line of more than {LONGEST_LINE:,} bytes has no end"
        if why:
            yield piece[: piece.rfind(b"\n") + 1]
            raise Broken(why, b"")
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield piece[:cut]
        rest = piece[cut:]
    if rest:
        yield rest


def _some(file: BinaryIO) -> bytes:
    """The next stretch of a packed file, read block by block so that what comes before a break is kept."""
    read = getattr(file, "read1", file.read)
    pieces: list[bytes] = []
    size = 0
    while size < STRETCH:
        try:
            piece = read(_BLOCK)
        except (*BROKEN, OSError) as error:
            raise Broken(str(error), b"".join(pieces)) from error
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def lines_of(raw: bytes) -> list[str]:
    """The lines of a stretch without their ends; the last is empty if the stretch ends with the end of a line."""
    return raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def wide(head: bytes) -> str:
    """The encoding of a text whose letters take two or four bytes each, empty for any other.

    By its byte-order mark, or by the zeros that stand in every other byte of what is written in letters of ASCII.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    shown = head[:_SHOWN]
    zeros = shown[::2].count(0), shown[1::2].count(0)
    if len(shown) >= 2 * _FEW and max(zeros) >= 0.45 * len(shown) and not min(zeros):
        return "utf-16-le" if zeros[1] else "utf-16-be"
    return ""


def text_of(raw: bytes) -> str:
    """Text of bytes: UTF-8, or what `wide` finds; bytes that are neither become U+FFFD."""
    return raw.decode(wide(raw) or "utf-8", "replace").removeprefix("\ufeff")
