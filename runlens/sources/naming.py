"""Names of runs: unique ids, names near a misspelt one, and hostile names made fit for a message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from runlens.model import RunRef


def unique(refs: Sequence[RunRef]) -> list[RunRef]:
    """The same runs in the same order, with ids that tell them apart.

    A clash is settled by the last parts of the location, as many as are needed, and where the locations agree too
    by a number (`exp7`, `exp7 (2)`).
    """
    taken = Counter(ref.id for ref in refs)
    if len(taken) == len(refs):
        return list(refs)
    parts = {ref.location: Path(ref.location).parts for ref in refs if taken[ref.id] > 1}
    depth = 1
    while depth < max(map(len, parts.values())) and len({p[-depth:] for p in parts.values()}) < len(parts):
        depth += 1
    named = [replace(r, id="/".join(parts[r.location][-depth:])) if taken[r.id] > 1 else r for r in refs]
    seen: set[str] = set()
    out = []
    for ref in named:
        new, number = ref.id, 2
        while new in seen:
            new, number = f"{ref.id} ({number})", number + 1
        seen.add(new)
        out.append(replace(ref, id=new))
    return out


def without_secrets(name: str) -> str:
    """An address without a user, password or query that it may hold; what is no address stays as it is."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", name) is None:
        return name
    return re.sub(r"\?.*", "", re.sub(r"//[^/@]*@", "//", name))


def near(path: Path, most: int = 3) -> list[str]:
    """Existing paths whose name is close to that of a path that does not exist, best first; may be empty."""
    deepest, rest = path, []
    while not exists(deepest) and deepest != deepest.parent:
        rest.append(deepest.name)
        deepest = deepest.parent
    if not rest or not deepest.is_dir():
        return []
    try:
        beside = sorted(child.name for child in deepest.iterdir() if exists(child))
    except OSError:  # the suggestion is a courtesy; that nothing is at the path is said all the same
        return []
    missing = rest.pop()
    same = [b for b in beside if b.lower() == missing.lower()]
    found = dict.fromkeys([*same, *get_close_matches(missing, beside, n=most, cutoff=0.6)])
    tails = [deepest.joinpath(name, *reversed(rest)) for name in found]
    return [str(tail if exists(tail) else deepest / name) for tail, name in zip(tails, found, strict=True)][:most]


def exists(path: Path) -> bool:
    """Whether something is there; not what may not be looked at, or has too long a name or one with a NUL in it."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """As `exists`, of a file."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def printable(name: str, longest: int = 300) -> str:
    """A name from outside, quoted, with control characters escaped and its middle left out if it is very long."""
    safe = (
        name
        if name.isprintable()
        else "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode("ascii") for c in name)
    )
    if len(safe) > longest:
        safe = f"{safe[: longest // 2]}…{safe[-longest // 2 :]}"
    return f"'{safe}'"


def in_words(error: Exception, longest: int = 160) -> str:
    """What an error of a library says, as part of a sentence: in one line, shortened, without control characters."""
    return printable(" ".join(str(error).split()), longest)[1:-1] or type(error).__name__


def unforeseen(where: str, doing: str, error: Exception) -> str:
    """One sentence on an error that no reader raises on purpose.

    Parameters
    ----------
    where : str
        Path or address.
    doing : str
        What could not be done to it, as a participle: `read`, `judged`.
    error : Exception
        Its own words may hold much of a log, or nothing.
    """
    words, kind = in_words(error), type(error).__name__
    said = f"{kind}: {words}" if words != kind else kind
    return f"{printable(where)} could not be {doing} ({said}); leave it out, or see with --debug where it stands"
