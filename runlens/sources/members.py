"""One of several runs of a file or folder by its own name: `train.log#2`, `train.log/2`, `mlruns#RUN`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from runlens.errors import NoRunFound
from runlens.model import RunRef
from runlens.sources import registry
from runlens.sources.contract import AppendedSource
from runlens.sources.naming import printable

_SHOWN = 12


def one_of(name: str, find: Callable[[Path], list[RunRef]]) -> list[RunRef]:
    """The run that a name means by a file or folder and what one of its runs is called; none where it means no such.

    Parameters
    ----------
    name : str
        Nothing on the disk is called so.
    find : callable
        The runs at a path that exists.

    Raises
    ------
    NoRunFound
        The file is there and holds several runs, none of which is called so.
    """
    for path, member in _splits(name):
        refs = find(path)
        every = refs + [more for ref in refs for more in _given_up(ref)]
        found = [ref for ref in every if member in (ref.member, ref.id)] or [
            ref for ref in every if ref.member and ref.id.endswith("/" + member)
        ]
        if found:
            return found[:1]
        if len(every) > 1 or any(ref.member for ref in every):
            names = list(dict.fromkeys(ref.member or ref.id for ref in every))
            shown = ", ".join(printable(n) for n in names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
            raise NoRunFound(
                f"{printable(str(path))} holds no run {printable(member)}; it holds {shown}: name one after #"
            )
    return []


def _splits(name: str) -> Iterator[tuple[Path, str]]:
    """What exists of a name, and what follows it: after the last `#`, or below a path that is a file."""
    whole, sign, member = name.rpartition("#")
    if sign and whole and member and _is_there(Path(whole).expanduser()):
        yield Path(whole).expanduser(), member
    path = Path(name).expanduser()
    for above in path.parents:
        if _is_file(above):
            yield above, path.relative_to(above).as_posix()
            return


def _given_up(ref: RunRef) -> list[RunRef]:
    source = registry.entry(ref.source) if ref.files or ref.location else None
    if source is None or not source.appended or len(ref.files) > 1:
        return []
    name = ref.id.removesuffix(f"/{ref.member}") if ref.member else ref.id
    return cast(AppendedSource, source.module()).members(replace(ref, id=name, member=""))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
