"""A run that was found, and what the user said of how to read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says of how logs are to be read; an empty field leaves it to the reader.

    A source names the fields that it obeys (`options` of its entry in `runlens.sources.registry`); others are refused.
    """

    x: str = ""
    """The column that is the x axis of a table."""


AS_FOUND = ReadOptions()
"""The reader finds everything out."""


@dataclass(frozen=True, slots=True)
class RunRef:
    """One run that was found, not yet read: cheap to make, cheap to send to a worker."""

    source: str
    """Which reader understands it: the name of an entry of `runlens.sources.registry.SOURCES`."""
    location: str
    """Path, address or `entity/project/run_id`, as the reader needs it."""
    id: str
    """Short name that is unique among the runs of one command: path below the root, or run id."""
    files: tuple[str, ...] = ()
    """The files that make up the run, in the order in which they are to be read; empty for remote runs."""
    member: str = ""
    """Which of several runs of one file or store it is, in the reader's own terms; empty where there is but one."""
    options: ReadOptions = AS_FOUND
    """What the user said of how to read it."""
    copy_of: str = ""
    """The address of which `location` is a copy on this disk; empty for what is read where it is."""

    @property
    def shown(self) -> str:
        """Where it is, for people."""
        return self.copy_of or self.location

    @property
    def shown_files(self) -> tuple[str, ...]:
        """What makes up the run, for people."""
        return tuple(file.replace(self.location, self.shown, 1) for file in self.files) or (self.shown,)
