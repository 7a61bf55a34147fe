"""A short name of whatever a verdict depends on: the same in every process, another if anything in it is another."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Set
from enum import Enum
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from runlens.model import Reference, Run, RunRef
from runlens.model.twin import Twin

if TYPE_CHECKING:
    from runlens.judging.one import Settings

SHARED = (Reference, Twin, Run)
"""What the settings of many runs have in common, and is large."""
Seen: TypeAlias = dict[int, tuple[object, bytes]]
"""Digests of what is `SHARED`, by identity; each object is held, so that no other can take its place in memory."""

_BESIDE = ("", "-wal", "-journal")
"""What SQLite writes beside a store before the store itself changes."""


def digest(value: object, seen: Seen) -> bytes:
    """32 bytes for a value of plain types, arrays, dataclasses, and collections of them.

    The order of dicts and sets does not count: that of a set of names is another in each process. Of a run counts what
    was logged, not when it was read.

    Parameters
    ----------
    value : object
    seen : dict
        What is known of those that were met before; filled.

    Raises
    ------
    TypeError
        For a value of another type, whose equality nobody could tell.
    """
    if isinstance(value, Enum):
        return _of(type(value).__qualname__, value.name.encode())
    if value is None or isinstance(value, bool | int | float | str | bytes | PurePath):
        return _of(type(value).__qualname__, repr(value).encode("utf-8", "surrogatepass"))
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.hasobject:
            return digest(array.tolist(), seen)
        return _of(f"{array.dtype.str}{array.shape}", np.ascontiguousarray(array).tobytes())
    if isinstance(value, tuple | list):
        return _of("sequence", *(digest(one, seen) for one in value))
    if isinstance(value, Mapping):
        return _of("mapping", *sorted(digest(key, seen) + digest(one, seen) for key, one in value.items()))
    if isinstance(value, Set):
        return _of("set", *sorted(digest(one, seen) for one in value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if not isinstance(value, SHARED):
            return _of_dataclass(value, seen)
        if id(value) not in seen:
            seen[id(value)] = value, _of_dataclass(value, seen)
        return seen[id(value)][1]
    raise TypeError(f"a {type(value).__qualname__} has no digest")


def footprint(ref: RunRef, settings: Settings, seen: Seen) -> bytes | None:
    """A digest of the files with sizes and times, of how they are read, and of the settings.

    Parameters
    ----------
    ref : RunRef
    settings : Settings
        Its log of GPUs is one of the files.
    seen : dict
        What runs share, such as references, is looked at once (`digest`).

    Returns
    -------
    bytes or None
        None for a run of which that cannot be told: it, or what is measured beside it, is in no files here.
    """
    if not ref.files:
        return None
    found: list[tuple[str, int, int, int]] = []
    for name in (*ref.files, *([settings.hardware] if settings.hardware else [])):
        for end in _BESIDE:
            try:
                stat = Path(f"{name}{end}").stat()
            except OSError:
                if not end:
                    return None
                continue
            found.append((f"{name}{end}", stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return digest((ref.source, ref.location, ref.id, ref.member, ref.options, found, settings), seen)


def _of_dataclass(value: object, seen: Seen) -> bytes:
    kind = type(value).__qualname__
    if isinstance(value, Run):
        said = (value.id, value.config, value.summary, value.series, value.texts, value.measured, value.unplaced)
        return _of(kind, digest(said, seen))
    names = [field.name for field in dataclasses.fields(value) if field.init]  # type: ignore[arg-type]
    return _of(kind, *(name.encode() + digest(getattr(value, name), seen) for name in names))


def _of(kind: str, *parts: bytes) -> bytes:
    made = hashlib.sha256(kind.encode())
    for part in parts:
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.digest()
