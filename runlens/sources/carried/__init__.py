"""Runs that are read look by look: what was read is kept, and only what was written since is read.

What comes of it is what `runlens.sources.read` gives at the same moment. Where that is not certain, the whole log is
read: a file that shrank or was replaced, a head that changed, lines that mean something else beside others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from runlens.model import Run, RunRef


class Carried(Protocol):
    """One run, and what was read of it."""

    ref: RunRef
    """Which run: another file of it may be added."""

    def read(self) -> Run:
        """The run as it is now. Raises a `ReadError` of `runlens.errors`."""
        ...  # pragma: no cover


def carried(ref: RunRef) -> Carried | None:
    """What reads a run look by look, None for a form that is read whole each time, and for a part of a file."""
    make = _FORMS.get(ref.source) if not ref.copy_of else None
    return make(ref) if make is not None else None


def _table(ref: RunRef) -> Carried | None:
    if ref.member:  # the rows of one training among those of others
        return None
    from runlens.sources.carried.table import CarriedTable

    return CarriedTable(ref)


def _event_files(ref: RunRef) -> Carried:
    from runlens.sources.carried.event_files import CarriedEventFiles

    return CarriedEventFiles(ref)


def _wandb_file(ref: RunRef) -> Carried:
    from runlens.sources.carried.wandb_file import CarriedWandbFile

    return CarriedWandbFile(ref)


_FORMS: dict[str, Callable[[RunRef], Carried | None]] = {
    "table": _table,
    "tensorboard": _event_files,
    "wandb_file": _wandb_file,
}
