"""What `.gitignore` files leave out of a folder, by git's own rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runlens.sources.naming import printable

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAME = ".gitignore"
_EVERYTHING = frozenset({"*", "/*", "**", "/**", "!.gitignore", "!/.gitignore"})
"""All that stands in a file by which a tool keeps its own folder out of git, such as one of runs: it says what is not
to be committed, and nothing of what is to be judged."""


class Ignored:
    """The `.gitignore` files at a folder and below it, as a walk from the top meets them."""

    def __init__(self, root: Path, heed: bool = True) -> None:
        self.root = root
        self.heed = heed
        """False to leave nothing out."""
        self.left_out = False
        """Whether any file was left out."""
        self.logs: list[Path] = []
        """Those among them that are logs by their names."""
        self._specs: dict[Path, GitIgnoreSpec] = {}
        self._hidden: set[Path] = set()

    def enter(self, folder: Path, files: list[str]) -> bool:
        """Look at a folder; True if all in it is left out.

        Parameters
        ----------
        folder : Path
            At or below the root; those above it come before.
        files : list of str
            Names of the files in it.
        """
        if folder.parent in self._hidden or (folder != self.root and self.leaves_out(folder, folder=True)):
            self._hidden.add(folder)
            return True
        if self.heed and NAME in files:
            self._read(folder)
        return False

    def leaves_out(self, path: Path, *, folder: bool = False) -> bool:
        """Whether a file or folder of a folder that was entered is left out: the nearest file that speaks decides."""
        if not self._specs:
            return False
        for above in path.parents:
            spec = self._specs.get(above)
            if spec is not None:
                said = spec.check_file(path.relative_to(above).as_posix() + ("/" if folder else "")).include
                if said is not None:
                    return said
            if above == self.root:
                break
        return False

    def leave(self, file: Path, *, log: bool) -> None:
        """Note a file that is left out."""
        self.left_out = True
        if log:
            self.logs.append(file)

    def said(self) -> str:
        """Which logs were left out, in one sentence for people; empty if none was."""
        if not self.logs:
            return ""
        many, first = len(self.logs), printable(str(self.logs[0]), 120)
        what, such = ("1 log is", "") if many == 1 else (f"{many:,} logs are", "such as ")
        return f"{what} left out by a {NAME}, {such}{first}; --no-gitignore reads them"

    def _read(self, folder: Path) -> None:
        try:
            lines = (folder / NAME).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:  # it says nothing that can be known
            return
        said = {line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")}
        if said <= _EVERYTHING:
            return
        from pathspec import GitIgnoreSpec

        self._specs[folder] = GitIgnoreSpec.from_lines(lines)
