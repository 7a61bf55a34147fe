"""Files of a folder that looked like logs and were not read: which they are, and why.

A folder of runs holds other tables and texts too, such as training data and licences. A file is worth a word if its
name or its columns say that a training was logged in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from runlens.model import Unread
from runlens.sources.naming import printable

_WORDS = re.compile(
    r"(?<![a-z])(?:log|logs|logging|train(?:ing|er)?|metrics?|scalars?|history|progress|monitor|loss(?:es)?|curves?)(?![a-z])",
    re.IGNORECASE,
)
_TEXT = re.compile(r"\.(?:log|txt|out|err)(?:\.(?:gz|bz2|xz|zst))?$", re.IGNORECASE)
_OTHER_LOGS = re.compile(
    r"(?<![a-z])(?:debug|install|pip|build|error|access|server|requirements|readme)(?![a-z])", re.IGNORECASE
)

_BEGIN = 512
"""Bytes with which files begin that may be copies."""
_ALIKE = 50
"""Files that begin alike of which each is held against those before it."""
_RANKED = re.compile(r"(?<![a-z])(?:local_|global_)?rank[ _=.-]?(?P<number>\d{1,4})(?!\d)", re.IGNORECASE)
"""The rank in the name of a log; what is numbered by GPUs, nodes or workers may be runs side by side."""


def silent(looked: int, folder: str) -> None:
    """Say nothing."""


@dataclass(slots=True)
class Search:
    """How runs are looked for in folders, and what was left out."""

    exclude: Sequence[str] = ()
    """Patterns (`fnmatch`) of names, or of paths below the named folder, that are passed over."""
    gitignore: bool = True
    """Pass over what `.gitignore` files at the named folder and below it leave out, unless they leave out every log."""
    debug: bool = False
    """Let faults of a source through with their traceback."""
    step: Callable[[int, str], None] = silent
    """Takes how many files were looked at, and where the search is, at every folder; an empty place when it is done."""
    unread: list[Unread] = field(default_factory=list)
    """Filled by the search: what looked like a log and is in no run."""
    notes: list[str] = field(default_factory=list)
    """Filled by the search: sentences on how it went."""

    def excludes(self, below: str) -> bool:
        """Whether the path below the named folder is passed over: a pattern fits it, or a folder or name in it."""
        parts = below.split("/")
        ways = [*parts, *("/".join(parts[: n + 1]) for n in range(len(parts)))]
        patterns = [p.rstrip("/").removeprefix("./") for p in self.exclude]
        return any(fnmatchcase(way, p) or fnmatchcase(way, p.removeprefix("**/")) for p in patterns for way in ways)

    def leave(self, path: Path, reason: str) -> None:
        """Note a file that is in no run."""
        self.unread.append(Unread(str(path), reason))


def is_said_to_be_a_log(path: Path) -> bool:
    """Whether the name of a file that is no log says that it is one."""
    return _WORDS.search(path.name) is not None and _OTHER_LOGS.search(path.name) is None


def is_said_to_be_another(path: Path) -> bool:
    """Whether the name of a text says that it is something else, such as a list of packages."""
    return _OTHER_LOGS.search(path.name) is not None


def is_text(path: Path) -> bool:
    """Whether a file is a text by its name, such as `train.log`; JSON documents beside logs are mostly settings."""
    return _TEXT.search(path.name) is not None


def lower_rank(path: Path) -> Path | None:
    """The log of a lower rank beside the log of a rank, such as `log_rank0.txt` beside `log_rank3.txt`; None for any
    other, and for the lowest.
    """
    found = _RANKED.search(path.name)
    if found is None:
        return None
    number = found["number"]
    others = (form for n in range(int(number)) for form in (str(n), str(n).zfill(len(number))))
    beside = (path.with_name(f"{path.name[: found.start('number')]}{n}{path.name[found.end() :]}") for n in others)
    return next((other for other in beside if other.is_file()), None)


def same_run(path: Path) -> str:
    """Why the log of a rank is left out beside that of a lower one, in a few words; empty for any other."""
    lower = lower_rank(path)
    return f"it is of the same run as {printable(lower.name)}" if lower is not None else ""


def copies(files: Iterable[Path]) -> dict[Path, Path]:
    """Files that another one says over again, byte for byte and perhaps farther, in a folder above or below: what a run
    wrote, and what was kept of it (`exp10/log.txt`, `exp10/results/log.txt`). Each with that other file.
    """
    begin: dict[bytes, list[tuple[int, Path]]] = {}
    for file in files:
        try:
            with file.open("rb") as open_file:
                begin.setdefault(open_file.read(_BEGIN), []).append((-file.stat().st_size, file))
        except OSError:
            continue  # reading it says why
    out: dict[Path, Path] = {}
    for alike in begin.values():
        alike.sort(key=lambda one: (one[0], len(one[1].parts), one[1]))
        for k, (size, file) in enumerate(alike[:_ALIKE]):
            others = (other for _, other in alike[:k] if other not in out and _one_above(other.parent, file.parent))
            whole = next((other for other in others if size and _begins_with(other, file)), None)
            if whole is not None:
                out[file] = whole
    return out


def _one_above(a: Path, b: Path) -> bool:
    return a != b and (a.is_relative_to(b) or b.is_relative_to(a))


def _begins_with(longer: Path, shorter: Path) -> bool:
    """Whether a file begins with all that another holds."""
    try:
        with longer.open("rb") as one, shorter.open("rb") as other:
            while part := other.read(1 << 16):
                if one.read(len(part)) != part:
                    return False
    except OSError:
        return False
    return True


def no_file(path: Path) -> str:
    """Why what is named like a log is no file, in a few words."""
    return "it is a pipe, socket or device" if path.exists() else "it is a link that leads nowhere"


def broken_document(path: Path, head: bytes, whole: bool) -> str:
    """Why a JSON document cannot be read at all, in a few words; empty if it can, or if its beginning does not tell.

    Parameters
    ----------
    path : Path
    head : bytes
        Its beginning.
    whole : bool
        Whether that is all of it.
    """
    if path.suffix.lower() != ".json" or not head.strip():
        return ""
    try:
        json.loads(head)
    except RecursionError:
        return "it is nested too deep"
    except ValueError:
        return "it is no whole JSON" if whole else ""
    return ""


def in_one_sentence(unread: Sequence[Unread], most: int = 3) -> str:
    """What was not read, with the reasons, the first few by name; empty if there is nothing.

    Examples
    --------
    >>> in_one_sentence([Unread("a/train.log", "no line with a step")])
    "1 file looked like a log and was not read: 'a/train.log' (no line with a step)"
    """
    if not unread:
        return ""
    shown = "; ".join(f"{printable(one.path, 120)} ({one.reason})" for one in unread[:most])
    more = f"; and {len(unread) - most:,} more (--show-files names them)" if len(unread) > most else ""
    if len(unread) == 1:
        return f"1 file looked like a log and was not read: {shown}"
    return f"{len(unread):,} files looked like logs and were not read: {shown}{more}"
