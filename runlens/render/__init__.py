"""Pure functions from a `Report` to text or bytes; FORMATS names those that give text, a line each.

Help, messages, goldens and tests go by FORMATS alone; nothing heavy is imported here.

A figure is `runlens.render.png.render(report, run_index) -> bytes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from runlens.errors import ConfigError

if TYPE_CHECKING:
    from runlens.model import Report


@dataclass(frozen=True, slots=True)
class Format:
    """One output format; its module is imported when it is first used."""

    name: str
    suffix: str
    """Usual end of a file name, with the dot."""
    about: str
    """One line for `--help`."""

    def render(self, report: Report) -> str:
        """The report in this format, ending in a newline."""
        render: Callable[[Report], str] = import_module(f"runlens.render.{self.name}").render
        return render(report)

    def parts(self, report: Report) -> Iterator[str]:
        """The same in pieces, where the format is long and is made a run at a time."""
        module = import_module(f"runlens.render.{self.name}")
        parts: Callable[[Report], Iterator[str]] | None = getattr(module, "parts", None)
        return parts(report) if parts is not None else iter([module.render(report)])


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        f.name: f
        for f in (
            Format("terminal", ".txt", "the page for people"),
            Format("json", ".json", "the whole report; every other format can be made from it"),
            Format("jsonl", ".jsonl", "one line of JSON a run, without the charts"),
            Format("markdown", ".md", "for a pull request or a step summary"),
            Format("junit", ".xml", "a suite for each run, a case for each rule"),
            Format("github", ".txt", "workflow annotations, one a run"),
            Format("gitlab", ".json", "GitLab's code quality report"),
            Format("openmetrics", ".prom", "for a textfile collector or a push gateway"),
            Format("badge", ".json", "a badge for shields.io: the verdict, and how many good nights were before"),
            Format("concise", ".txt", "one line a finding, for grep: RUN:CODE severity steps message"),
            Format("html", ".html", "one self-contained page with charts"),
        )
    }
)
"""Name to format, in the order in which help lists them."""


def named() -> str:
    """The names of all formats, for help."""
    *first, last = FORMATS
    return f"{', '.join(first)} or {last}"


def render(report: Report, format: str) -> str:
    """The report as text of the named format.

    Raises
    ------
    ConfigError
        If there is no such format.
    """
    if format not in FORMATS:
        close = get_close_matches(format, FORMATS, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(FORMATS)}."
        raise ConfigError(f"There is no output format {format!r}: {hint}")
    return FORMATS[format].render(report)
