"""What the module of a source must offer, and what it is told: mypy holds each against it in `registry.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from runlens.model import ReadOptions, Run, RunRef
    from runlens.sources.unread import Search

HEAD = 1 << 16
"""Bytes at the beginning of a file by which a source may claim it."""

Progress = Callable[[int, int | None], None]
"""Takes the rows so far and the rows in all (None if not known)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What `refs` is told about where its files were found."""

    root: Path
    """The folder that the user named; the folder of the file, if it was a file. Ids are paths below it."""
    options: ReadOptions
    """What the user said of how to read."""
    named: bool = False
    """True for a file that the user named: it is a run, and reading it says what is wrong with it. In a folder, files
    that turn out to be something else are passed over."""
    beside: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """All files below the root by source, for one that leaves a run to a fuller log of it."""


class Source(Protocol):
    """What every source offers."""

    def read(self, ref: RunRef) -> Run:
        """The run, raw: roles are resolved elsewhere. Raises a `ReadError` of `runlens.errors`."""
        ...  # pragma: no cover


class FileSource(Source, Protocol):
    """A source whose runs are files."""

    def claims(self, head: bytes, path: Path) -> bool:
        """Whether a file whose name says nothing is one of its own, by its first `HEAD` bytes."""
        ...  # pragma: no cover

    def refs(self, files: Sequence[Path], look: Look) -> list[RunRef]:
        """The runs of its files (sorted): one of many files, many of one file (`RunRef.member`), or one of each."""
        ...  # pragma: no cover


class TellingSource(FileSource, Protocol):
    """A source that passes over some of its files in a folder."""

    def left_out(self, path: Path, look: Look) -> str:
        """Why a file is in no run, in a few words; empty for one that does not look like a log."""
        ...  # pragma: no cover


class AppendedSource(FileSource, Protocol):
    """A source whose files may hold several trainings, one after another."""

    def members(self, ref: RunRef) -> list[RunRef]:
        """All trainings of the file of a reference that names none, also those that were given up for the next one;
        none if it holds but one.
        """
        ...  # pragma: no cover


class AddressSource(Protocol):
    """A source whose runs have addresses; `read` is that of the source that its references name."""

    def parse(self, text: str) -> Any:
        """What a name stands for, in the source's own terms, or None where it has not the form of one."""
        ...  # pragma: no cover

    def at(self, address: Any, **filters: Any) -> list[RunRef]:
        """The runs at what `parse` returned; filters only where the entry takes them."""
        ...  # pragma: no cover


class SearchedSource(Protocol):
    """A source of addresses below which files of any other source may lie."""

    def parse(self, text: str) -> Any:
        """As `AddressSource.parse`."""
        ...  # pragma: no cover

    def at(self, address: Any, options: ReadOptions, search: Search) -> list[RunRef]:
        """The runs at what `parse` returned, by references of those sources; `search` is filled as for a folder."""
        ...  # pragma: no cover


class SlowSource(Source, Protocol):
    """A source that says how far it is."""

    def read(self, ref: RunRef, *, progress: Progress | None = None) -> Run:
        """As `Source.read`."""
        ...  # pragma: no cover
