"""Trackers' stores on this disk: MLflow's files and database, trackio's database, Comet's archives, Sacred's runs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from runlens.errors import AccessRefused, NotALog, ReadError
from runlens.model import Run, RunRef
from runlens.sources.contract import Look
from runlens.sources.naming import in_words, printable
from runlens.sources.trackers import archive, sqlite

_KINDS = ("mlflow_files", "mlflow_db", "trackio", "comet", "sacred", "numbered")


class Tracker(Protocol):
    """What the module of each tracker offers; imported when its first store turns up."""

    def owns(self, head: bytes, path: Path) -> bool:
        """Whether a file is part of one of its stores."""
        ...  # pragma: no cover

    def runs(self, files: Sequence[Path], look: Look) -> list[RunRef]:
        """The runs in these files, each with the tracker's name before `:` in `RunRef.member`."""
        ...  # pragma: no cover

    def read_run(self, ref: RunRef, key: str) -> Run:
        """One run; `key` is what stands after `:` in `RunRef.member`."""
        ...  # pragma: no cover


def claims(head: bytes, path: Path) -> bool:
    """Whether a file is part of a store, by its first bytes and, of databases, by their tables."""
    return _kind(head, path) is not None


def refs(files: Sequence[Path], look: Look) -> list[RunRef]:
    """The runs of stores: one of many files (MLflow), or many of one file (databases)."""
    groups: dict[str, list[Path]] = {}
    for file in files:
        if file.name == "meta.yaml":
            kind: str | None = "mlflow_files"
        else:
            with file.open("rb") as opened:
                kind = _kind(opened.read(4096), file)
        if kind is not None:
            groups.setdefault(kind, []).append(file)
    out = []
    for kind in _KINDS:
        if kind in groups:
            try:
                out += _tracker(kind).runs(groups[kind], look)
            except sqlite.FAULTS as error:
                raise ReadError(_broken(str(groups[kind][0]), error)) from error
    if look.named and groups and not out:
        raise NotALog(f"{printable(str(files[0]))} is a tracker's store and holds no run with a metric; name another")
    return out


def read(ref: RunRef) -> Run:
    """Read one run of a store: its metrics as written, parameters as configuration, name, state and times.

    Raises
    ------
    NotALog
        The run has no metrics.
    AccessRefused, ReadError
        The store cannot be opened or read.
    """
    kind, _, key = ref.member.partition(":")
    where = printable(ref.location)
    try:
        run = _tracker(kind).read_run(ref, key)
    except PermissionError as error:
        raise AccessRefused(f"no permission to read {where}; ask its owner for read access") from error
    except sqlite.FAULTS as error:
        raise ReadError(_broken(ref.location, error)) from error
    except (*archive.FAULTS, OSError) as error:
        raise ReadError(f"{where} cannot be read ({in_words(error)}); look at the file and the disk") from error
    if not run.points:
        raise NotALog(f"the run {printable(run.name)} in {where} has no metrics; nothing was logged to it yet")
    return run


def _tracker(kind: str) -> Tracker:
    return cast(Tracker, import_module(f"runlens.sources.trackers.{kind}"))


def _kind(head: bytes, path: Path) -> str | None:
    return next((kind for kind in _KINDS if _tracker(kind).owns(head, path)), None)


def _broken(path: str, error: Exception) -> str:
    return (
        f"the database {printable(path)} cannot be read ({in_words(error)}); copy it while nobody writes to it, and "
        "read the copy"
    )
