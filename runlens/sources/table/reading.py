"""One file of a table, in whatever form, read into columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runlens.errors import AccessRefused, NotALog, ReadError
from runlens.model import Note
from runlens.sources.naming import in_words, printable
from runlens.sources.table.forms.delimited import Delimited
from runlens.sources.table.forms.dialect import dialect_of
from runlens.sources.table.forms.document import read_document
from runlens.sources.table.forms.jsonl import JsonLines
from runlens.sources.table.forms.lost import Lost
from runlens.sources.table.forms.packed import Broken, allowed, beginning, opened, shows_rows, stretches, whole
from runlens.sources.table.head import Form, form_of, suffix
from runlens.sources.table.store import Columns

HEAD = 1 << 16
"""Bytes at the beginning of a file by which its form is known."""


@dataclass(slots=True)
class Read:
    """What one file held."""

    columns: Columns
    notes: tuple[Note, ...]
    said: dict[str, object]
    """What stands in comments before the head."""


class Reader(Protocol):
    """What reads lines into columns."""

    doubt: int

    def add(self, raw: bytes, last: bool) -> None:
        """Add a stretch of whole lines; of the last one the last line may lack its end."""
        ...  # pragma: no cover

    def branch(self, columns: Columns, lost: Lost) -> Reader:
        """A reader that goes on from here with other columns."""
        ...  # pragma: no cover


def read_file(path: Path, cells: Callable[[Path, str], Read] | None = None) -> Read:
    """The cells of a table.

    Parameters
    ----------
    path : Path
    cells : callable, optional
        What reads them, given the path and how it is shown; all of the file is read if None.

    Raises
    ------
    NotALog
        Nothing in it is a table.
    AccessRefused, ReadError
        It cannot be opened or read.
    """
    where = printable(str(path))
    try:
        read = (cells or read_all)(path, where)
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {where}; ask its owner for read access") from error
    except (OSError, EOFError) as error:
        raise ReadError(f"{where} cannot be read ({in_words(error)}); look at the file and the disk") from error
    read.columns.settle()
    if not read.columns.parts:
        why = (
            read.notes[0].message if read.notes else "its cells hold no number" if read.columns.rows else "it is empty"
        )
        raise NotALog(f"{where} holds no row that can be read: {why}")
    return read


def head_of(path: Path) -> bytes:
    """The first bytes of a file: more where they hold no row of a table yet, since its head is that long.

    Raises
    ------
    OSError
        It cannot be opened or read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
        while not shows_rows(head) and (more := file.read(len(head))):
            head += more
        return head


def read_all(path: Path, where: str) -> Read:
    """All cells of a file, not settled. Raises as `read_file`, and OSError and EOFError as they come."""
    columns, lost = Columns(), Lost()
    raw = head_of(path)
    form = form_at(path, raw)
    if form == "parquet":
        from runlens.sources.table.forms.parquet import read_parquet

        read_parquet(path, columns)
        return Read(columns, (), {})
    if raw and not raw.strip(b"\0"):
        raise NotALog(f"{where} begins with zeros and is no table; look whether it was copied whole")
    if form is None and raw.strip():
        raise NotALog(f"{where} is no table: its first lines hold neither JSON objects nor cells that a sign divides")
    said: dict[str, object] = {}
    with opened(path, raw, len(raw) < HEAD) as file:
        if form == "document":
            why = read_document(whole(file, allowed(path, raw)).decode("utf-8", "replace").strip("\0"), columns, lost)
            if why and not columns.parts:
                raise NotALog(f"{where} holds no history: {why}")
        elif form is not None:
            pieces = _pieces(stretches(file, allowed(path, raw)), lost)
            begin = next(pieces, (b"", True))
            reader, said = begun(begin[0], form, columns, lost, where)
            reader.add(*begin)
            for piece, last in pieces:
                reader.add(piece, last)
    return Read(columns, lost.notes(where, row_of(form), path.stat().st_size), said)


def form_at(path: Path, head: bytes) -> Form | None:
    """The form of a file by its first bytes; by its name where these do not tell."""
    return form_of(head) or ("lines" if suffix(path.name) in (".jsonl", ".ndjson") else None)


def row_of(form: str | None) -> str:
    """What a line of a table is called."""
    return "row of the table" if form == "delimited" else "JSON object"


def begun(begin: bytes, form: str, columns: Columns, lost: Lost, where: str) -> tuple[Reader, dict[str, object]]:
    """What reads a table of lines that begins so, and what stands in comments before its head.

    Raises
    ------
    NotALog
        These lines are no table.
    """
    if form != "delimited":
        return JsonLines(columns, lost, logged=form == "logged"), {}
    dialect = dialect_of(beginning(begin, HEAD).decode("utf-8", "replace"))
    if dialect is None:
        raise NotALog(f"{where} is no table: its first lines have no cells in common")
    return Delimited(dialect, columns, lost), dialect.said


def _pieces(found: Iterator[bytes], lost: Lost) -> Iterator[tuple[bytes, bool]]:
    """Stretches, and whether each is the last; a file that breaks off is noted and ends there."""
    held: bytes | None = None
    try:
        for piece in found:
            if held is not None:
                yield held, False
            held = piece
    except Broken as error:
        lost.cut = str(error)
        if held is not None:
            yield held, False
        return
    if held is not None:
        yield held, True
