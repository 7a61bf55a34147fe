"""The one run that `show` and `compare` take, and what was left out where it was looked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import typer

from runlens.cli.shared.progress import say
from runlens.config import Config, looked_for
from runlens.errors import ConfigError
from runlens.model import AS_FOUND, ReadOptions, RunRef
from runlens.sources import Search, discover, in_one_sentence
from runlens.sources.naming import printable

_OF_SEVERAL = re.compile(r"(\d+) of \d+(?:, without .*)?", re.DOTALL)
"""What a training of a folder of event files is called inside: its number, and what is said of the others."""


@dataclass
class OneRun:
    """How a folder is looked through for its one run."""

    config: Config
    exclude: Sequence[str] = ()
    gitignore: bool = True
    strict: bool = False
    search: Search = field(default_factory=Search)

    def found(self, name: str, options: ReadOptions = AS_FOUND) -> RunRef:
        """The run that a name stands for; what was left out is said on standard error.

        Raises
        ------
        ConfigError
            The name stands for several runs.
        """
        given: dict[str, Any] = {"exclude": self.exclude}
        self.search = looked_for(Search(gitignore=self.gitignore), self.config, given)
        refs = discover(name, options=options, search=self.search)
        if len(refs) > 1:
            named = (_name_of(ref) for ref in refs[:5])
            some = ", ".join(map(printable, named)) + (", …" if len(refs) > 5 else "")
            raise ConfigError(f"{name} holds {len(refs):,} runs; name one of them: {some}")
        for note in (*self.search.notes, in_one_sentence(self.search.unread)):
            if note:
                say(note)
        return refs[0]

    def leave(self, code: int = 0) -> None:
        """End the command with its exit code, or with 3 instead of 0 if files that count were not read."""
        strict = self.strict or bool(self.config.values.get("strict"))
        if code or (strict and self.search.unread):
            raise typer.Exit(code or 3)


def _name_of(ref: RunRef) -> str:
    """What a run of several can be named by: its place, and its member where several share that place."""
    numbered = _OF_SEVERAL.fullmatch(ref.member)
    member = numbered[1] if numbered else ref.member
    return f"{ref.shown}#{member}" if member and not member.endswith(":") else ref.shown  # a kind of store names no run
