"""Where outputs go: standard output or files, written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runlens.errors import ConfigError, NotWritten, did_you_mean
from runlens.files import save

if TYPE_CHECKING:
    from runlens.cli.shared.page import Color
    from runlens.model import Report


TABLES = "parquet"
"""A row a run and a row a finding, in files: no text, and so no format among the others."""


def destinations(format: str, output: Path | None, extra: Sequence[str]) -> list[tuple[str, Path | None]]:
    """The formats to write, each with its file (None is standard output), checked before anything is read.

    Raises
    ------
    ConfigError
        For an unknown format, or a `--report` that is not FORMAT=FILE.
    """
    wanted: list[tuple[str, Path | None]] = [(format, output)]
    for text in extra:
        name, sign, file = text.partition("=")
        if not (sign and file):
            raise ConfigError(f"--report {text!r} must be FORMAT=FILE, such as junit=runlens.xml")
        wanted.append((name, Path(file)))
    for name, place in wanted:
        if name != TABLES:
            check_format(name)
        elif place is None:
            raise ConfigError("parquet is written into a folder; name it: -f parquet -o DIR, or --report parquet=DIR")
    _refuse_twice([file for _, file in wanted if file is not None])
    return wanted


def replaced(name: str, file: Path) -> list[Path]:
    """The files that an output in this format takes the place of: the file itself, or the parts of earlier tables."""
    if name != TABLES:
        return [file]
    return [part for table in ("runs", "findings") for part in file.glob(f"{table}/part-*.parquet")]


def only(formats: Sequence[str] | None) -> str:
    """The format of the page, of which there is one.

    Raises
    ------
    ConfigError
        If several were given: the others have --report.
    """
    if formats and len(formats) > 1:
        more = " ".join(f"--report {name}=FILE" for name in formats[1:])
        raise ConfigError(f"{len(formats)} formats were given, and one page is written: give -f {formats[0]} {more}")
    return formats[0] if formats else "terminal"


def check_png(file: Path | None) -> None:
    """Refuse a name for a figure that is none.

    Raises
    ------
    ConfigError
    """
    if file is not None and file.suffix.lower() != ".png" and not (file.exists() and not file.is_file()):
        raise ConfigError(f"--png {str(file)!r} must end in .png, which is what is written")


def _refuse_twice(files: Sequence[Path]) -> None:
    places: set[str] = set()
    for file in files:
        place = os.path.realpath(file)
        if place in places and (not file.exists() or file.is_file()):
            raise ConfigError(
                f"two reports would be written to {file}, and the second one over the first; name two files"
            )
        places.add(place)


def check_format(name: str) -> None:
    """Refuse a format that does not exist.

    Raises
    ------
    ConfigError
        The nearest format is named.
    """
    from runlens.render import FORMATS

    if name not in FORMATS:
        raise ConfigError(f"there is no format {name!r}; {did_you_mean(name, FORMATS)}")


def severity(text: str | None) -> str | None:
    """The severity given with `--fail-on`.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if text is not None and text not in ("info", "warning", "error"):
        raise ConfigError(f"--fail-on {text!r} must be info, warning or error")
    return text


def write(report: Report, wanted: Sequence[tuple[str, Path | None]], color: Color = "auto") -> None:
    """Render the report into every destination."""
    for name, file in wanted:
        if name == "terminal":
            from runlens.cli.shared.page import look
            from runlens.render import terminal

            put(terminal.render(report, **look(file, color)), file)
        elif name == TABLES and file is not None:
            from runlens.cli.shared.streams import Tables

            tables = Tables(file)
            for run in report.runs:
                tables.add(run)
            tables.close(True)
        else:
            from runlens.render import FORMATS

            put(FORMATS[name].parts(_below_the_project(report) if name == "gitlab" else report), file)


def _below_the_project(report: Report) -> Report:
    """The report with sources below the project's folder as seen from there, wherever the command was started."""
    home = Path(os.environ.get("CI_PROJECT_DIR") or ".").resolve()

    def seen(source: str) -> str:
        path = Path(source)
        there = path.exists() and path.resolve().is_relative_to(home)
        return path.resolve().relative_to(home).as_posix() if there else source

    return replace(report, runs=tuple(replace(run, source=seen(run.source)) for run in report.runs))


def put(text: str | Iterable[str], file: Path | None) -> None:
    """Write text, whole or in pieces, to a file, or to standard output (None)."""
    pieces = [text] if isinstance(text, str) else text
    if file is None:
        echo("".join(pieces))
    else:
        save(file, (piece.encode() for piece in pieces))


def echo(text: str) -> None:
    """Write text to standard output, whatever its encoding can hold.

    A reader that has seen enough (`| head`) changes nothing: the rest is dropped, the exit code is the verdict's.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        if not text.endswith("\n"):
            sys.stdout.write("\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _discard()
    except OSError as error:
        _discard()
        raise NotWritten(f"standard output cannot be written: {error.strerror or error}") from error


def _discard() -> None:
    """Send what is still in the buffer of standard output nowhere, or Python fails over it at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_png(report: Report, file: Path) -> None:
    """Draw the timeline of every run: `FILE` for one run, `FILE-stem-2.png` and so on for more."""
    from runlens.render import png

    for index in range(len(report.runs)):
        target = file if index == 0 else file.with_name(f"{file.stem}-{index + 1}{file.suffix}")
        save(target, png.render(report, index))
