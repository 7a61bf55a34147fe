"""One of several runs of a file or folder by its own name: `train.log#2`, `train.log/2`, `mlruns#RUN`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from runlens.errors import NoRunFound
from runlens.model import RunRef
from runlens.sources import registry
from runlens.sources.contract import AppendedSource
from runlens.sources.naming import exists, is_file, printable

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
        every = find(path)
        if not any(member in (ref.member, ref.id) for ref in every):  # the others take reading
            every = every + _all_trainings(every)
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
    if sign and whole and member and exists(Path(whole).expanduser()):
        yield Path(whole).expanduser(), member
    path = Path(name).expanduser()
    for above in path.parents:
        if is_file(above):
            yield above, path.relative_to(above).as_posix()
            return


def _all_trainings(refs: Sequence[RunRef]) -> list[RunRef]:
    """All trainings of the files of these runs, also those that were given up for the next one."""
    files = dict.fromkeys(
        replace(ref, id=ref.id.removesuffix(f"/{ref.member}"), member="")
        for ref in refs
        if len(ref.files) == 1 and registry.entry(ref.source).appended
    )
    return [one for ref in files for one in cast(AppendedSource, registry.entry(ref.source).module()).members(ref)]
