"""The bytes of a console log in stretches of whole lines: unpacked, without colours, each redraw of a bar a line."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, cast

from runlens.sources.naming import in_words
from runlens.sources.table.forms.boxed import unboxed
from runlens.sources.table.forms.packed import BROKEN, wide
from runlens.sources.text.tables import copypasted
from runlens.sources.text.tongues import in_english
from runlens.sources.text.words import MEASURED, spaced

_PACKED: dict[str, Callable[[Path], object]] = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}
SIZE = 1 << 18
"""Bytes of a stretch: what a core's cache holds with the arrays made of it."""
_COLOUR = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_=>78])|[\x00\x08]")
_DOTTED = re.compile(rb"(?<!\d)(\d{4})\.(\d\d)\.(\d\d)(?=[ T_,|-]{1,3}\d\d:\d\d:\d\d)")
"""A date whose parts are set apart by points, which would be read as one number and a fraction."""
_GLUED = re.compile(rb"^(?:(epoch|Epoch|iter|step)(?=\d+[ \t:,]+[\d.]+\s*$)|(\d+)_(?=\d*\.\d+\s*$))", re.MULTILINE)
"""A step glued to its word or its value, on a line of nothing else: `epoch12  0.25`, `12_0.25`."""
_SENTENCE = re.compile(
    rb"(?m)^(?:[Tt]he[ \t]+)?(?P<metric>(?:(?:[Tt]rain(?:ing)?|[Vv]al(?:idation)?|[Tt]est)[ \t]+)?"
    rb"(?:[Ll]oss|[Aa]ccuracy))"
    rb"[ \t]+of[ \t]+(?P<epoch>[Ee]poch[ \t]*\d+)[ \t]*(?:is|was)[ \t]*[:=]?[ \t]*(?=[-+]?(?:\.?\d|nan\b|inf\b))"
)
"""A row told as a sentence: `The loss of epoch 3 is: 6.83`, its words often glued to the number (`epoch3is:6.83`)."""
_ON_IMAGES = re.compile(
    rb"(?:\b[Tt]est(?:ing)? )?\b([Aa]cc(?:uracy)?)(?: of (?:the )?\w+)? on (?:the )?(?:\d+ )?"
    rb"([Tt]est|[Tt]rain(?:ing)?|[Vv]al(?:idation)?)(?:ing)? (?:images|samples|examples|data)"
    rb"[ \t]*(?:is)?[ \t]*[:=]?[ \t]*(?=\d)"
)
"""A score told as a sentence, as in a tutorial: `Accuracy of the network on the 10000 test images: 54 %`."""
_CIFAR_BAR = re.compile(rb"\[[=>.]*\] +Step: [\w.]+ \| Tot: [\w.]+ \| ")
"""The bar of pytorch-cifar with the time of a batch and that of all so far, which have as many forms as units."""
_OVERFLOW = re.compile(
    rb"(?im)^.*\boverflow\b.*(?:reducing (?:loss scale )?to|setting loss scale to)[: ]+"
    rb"(?=\d+(?:\.\d+)?(?:e[-+]?\d+)?\s*$)"
)
"""What apex, DeepSpeed and fairseq print where gradients of fp16 overflow: the loss scale from here on."""
_NTH = re.compile(rb"(?i)(?<![\w.])(\d+)(?:st|nd|rd|th)[ \t]+(step|iteration|epoch|batch|round)(?![a-z])")
"""A counter told as an ordinal number: `144th step`."""
_EPOCH_DOT = re.compile(rb"(?i)(?<![a-z])(epoch)\.(?=\d)")
_LOOKED = 1 << 14
"""Bytes of a stretch in which such a date is looked for: a log that writes them has one in its first lines."""
_RUN_ON = 1 << 13
"""Bytes of a line from which on it may be many that were written without a line end."""
_HEAD = re.compile(rb"\s*(?P<words>[A-Za-z][A-Za-z_ \t]{0,30}[:#=]?[ \t]*\[?)\d+(?P<next>[^\d\n]{1,30})\d")
_ROWS = 8
"""Times that its beginning must come again."""
_UNEVEN = 4
"""Times the usual distance of two beginnings that the widest may be: rows are about as long as each other."""
_LONGEST = 1 << 24
"""A line longer than this is cut: no line of metrics is, and a file without line ends must not fill the memory."""


def open_log(path: Path) -> BinaryIO:
    """A log as bytes, unpacked by its suffix."""
    return cast(BinaryIO, _PACKED[path.suffix.lower()](path)) if is_packed(path) else path.open("rb")


def called_for(path: Path) -> str:
    """The metric that a log is named for, such as `train_loss.txt`; empty for any other."""
    stem = path.name.split(".")[0]
    return stem if MEASURED.search(spaced(stem)) else ""


def is_packed(path: Path) -> bool:
    """Whether a log is packed, by its suffix."""
    return path.suffix.lower() in _PACKED


def stretches(
    file: BinaryIO, size: int = SIZE, broken: list[str] | None = None, most: int = 1 << 62
) -> Iterator[bytes]:
    """Whole lines, a stretch at a time; a last line without a line end, which may be torn, is a stretch of its own.

    Parameters
    ----------
    file : binary file
        UTF-8 or any code that agrees with ASCII; UTF-16 (as PowerShell redirects), with or without a mark.
    size : int
        Bytes read at once.
    broken : list of str, optional
        Takes the reason where a packed file breaks off; what stands before that is read.
    most : int
        Bytes to which it may unpack.
    """
    cutter, total = Cutter(), 0
    while block := _block(file, size, broken):
        total += len(block)
        if total > most:
            if broken is not None:
                broken.append(f"it unpacks to more than {most:,} bytes")
            break
        if whole := cutter.take(block, file):
            yield whole
    if whole := cutter.end():
        yield whole


@dataclass(slots=True)
class Cutter:
    """Cuts blocks of bytes into stretches of whole lines."""

    rest: bytes = b""
    """The beginning of a line whose end is to come."""
    first: bool = True
    dotted: bool = False
    """Whether dates have points between their parts."""
    glued: bool = False
    """Whether steps are glued to their words or values, as the first line shows."""
    decode: codecs.IncrementalDecoder | None = None

    def take(self, block: bytes, file: BinaryIO) -> bytes:
        """The whole lines that end in a block; `file` stands behind it, and may be asked for one byte more."""
        if self.first:
            self.first = False
            if code := wide(block):
                block = block.removeprefix("\ufeff".encode(code))
                self.decode = codecs.getincrementaldecoder(code)("replace")
            block = block.removeprefix(b"\xef\xbb\xbf")
            self.glued = _GLUED.match(block) is not None
        if self.decode is not None:
            block = self.decode.decode(block).encode()
        if block.endswith(b"\r"):
            block += file.read(1)
        block = self.rest + block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        cut = block.rfind(b"\n") + 1
        if not cut and len(block) < _LONGEST:
            self.rest = block
            return b""
        cut = cut or len(block)
        self.rest = block[cut:]
        self.dotted = self.dotted or _DOTTED.search(block, 0, _LOOKED) is not None
        return self._plain(block[:cut])

    def end(self) -> bytes:
        """What is left: a line without a line end."""
        return self._plain(self.rest) if self.rest else b""

    def _plain(self, text: bytes) -> bytes:
        return _plain(_GLUED.sub(rb"\1\2 ", text) if self.glued else text, self.dotted)


def _block(file: BinaryIO, size: int, broken: list[str] | None) -> bytes:
    if not isinstance(file, (gzip.GzipFile, bz2.BZ2File, lzma.LZMAFile)):
        return file.read(size)
    try:
        return file.read1(size)  # `read` keeps nothing of a block that breaks off
    except (*BROKEN, OSError) as error:
        if broken is None:
            raise
        broken[:] = [in_words(error)]  # reading on says the same again
        return b""


def unrolled(text: bytes) -> bytes:
    """The text with a line end before each row of lines that a program wrote without any.

    `train: 1 @ epoch:1/2 loss: 17.5 train: 2 @ epoch:1/2 loss: 17.6 …`: what such a line begins with, up to its second
    number, comes again and again, at about the same distance.
    """
    if not _runs_on(text):
        return text
    return b"".join(_rows_of(line) if len(line) >= _RUN_ON else line for line in text.splitlines(keepends=True))


def _runs_on(text: bytes) -> bool:
    """Whether a line may be that long: a line end is looked for backwards, from as far as such a line would go."""
    at = 0
    while len(text) - at >= _RUN_ON:
        if (at := text.rfind(b"\n", at, at + _RUN_ON) + 1) == 0:
            return True
    return False


def _rows_of(line: bytes) -> bytes:
    head = _HEAD.match(line)
    if head is None:
        return line
    again = re.compile(rb"(?<!\S)" + re.escape(head["words"]) + rb"\d+" + re.escape(head["next"]) + rb"(?=\d)")
    begins = [found.start() for found in again.finditer(line)]
    apart = sorted(b - a for a, b in pairwise([*begins, len(line)]))
    if len(begins) < _ROWS or apart[-1] > _UNEVEN * apart[len(apart) // 2]:
        return line
    return b"\n".join([line[a:b] for a, b in pairwise([*begins, len(line)])])


def _plain(text: bytes, dotted: bool) -> bytes:
    if dotted:
        text = _DOTTED.sub(rb"\1-\2-\3", text)
    if b"\x1b" in text or b"\0" in text or b"\b" in text:
        text = _COLOUR.sub(b"", text)
    text = unrolled(text)
    if b"poch." in text:
        text = _EPOCH_DOT.sub(rb"\1 ", text)
    text = copypasted(unboxed(text))
    if b"of epoch" in text or b"of Epoch" in text:
        text = _SENTENCE.sub(rb"\g<epoch> \g<metric>: ", text)
    if b" on the " in text:
        text = _ON_IMAGES.sub(rb"\2 \1: ", text)
    if b" | Tot: " in text:
        text = _CIFAR_BAR.sub(b"Tot | ", text)
    if b"th " in text:
        text = _NTH.sub(rb"\2 \1", text)
    if b"overflow" in text or b"OVERFLOW" in text:
        text = _OVERFLOW.sub(b"loss_scale: ", text)
    return in_english(text)
