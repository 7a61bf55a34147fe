"""What of a file of text could not be read: lines, and bytes of a hole."""

from __future__ import annotations

from runlens.model import Note

_SHOWN = 5
"""Line numbers named in a note; more are counted."""


class Lost:
    """Lines that could not be read."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.bytes = 0
        self.zeros = 0
        """Bytes of zero: a crash left the length of the file and not its content."""
        self.entries = 0
        """Entries of a list of records that are none."""
        self.nameless = 0
        """Cells of columns that the head does not name."""
        self.cut = ""
        """Why the file breaks off, if it does."""
        self.total = 0
        """Lines of the file."""

    def branch(self) -> Lost:
        """The same, to be added to without a change of this."""
        other = Lost()
        other.lines = list(self.lines)
        for name in ("bytes", "zeros", "entries", "nameless", "cut", "total"):
            setattr(other, name, getattr(self, name))
        return other

    def add(self, line: int, size: int) -> None:
        """One line, by its number from 1 and its size in bytes."""
        self.lines.append(line)
        self.bytes += size

    def notes(self, where: str, what: str, size: int) -> tuple[Note, ...]:
        """What was lost, of a file of `size` bytes."""
        notes = []
        if self.lines:
            shown = ", ".join(map(str, self.lines[:_SHOWN])) + (", …" if len(self.lines) > _SHOWN else "")
            many = len(self.lines) > 1
            lines = f"{len(self.lines)} of {self.total} lines of {where} (line{'s' if many else ''} {shown})"
            said = f"{lines} {'are' if many else 'is'} no {what} and could not be read"
            notes.append(Note("damaged", said, len(self.lines), min(self.bytes, size), size))
        if self.entries:
            entries = f"{self.entries:,} entr{'ies' if self.entries > 1 else 'y'} of the list in {where}"
            said = f"{entries} {'are' if self.entries > 1 else 'is'} no {what} and could not be read"
            notes.append(Note("damaged", said, self.entries))
        if self.zeros:
            said = (
                f"{self.zeros:,} bytes of {where} are zeros: a crash kept the length of the file and lost what it held"
            )
            notes.append(Note("damaged", said, 0, min(self.zeros, size), size))
        if self.nameless:
            said = f"{self.nameless:,} cells of {where} are in columns that its head does not name and were left out"
            notes.append(Note("unsupported", said, self.nameless))
        if self.cut:
            said = f"the table {where} breaks off after line {self.total} ({self.cut})"
            notes.append(Note("truncated", said, 0, 0, size))
        return tuple(notes)
