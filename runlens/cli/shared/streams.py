"""Reports of many runs, written as they come, lines and tables: a sweep that is broken off leaves what it judged."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Protocol

from runlens.cli.shared.output import TABLES, echo, replaced
from runlens.cli.shared.progress import say
from runlens.errors import ConfigError, NotWritten
from runlens.files import save

if TYPE_CHECKING:
    import pandas as pd

    from runlens.model import RunReport

BATCH, EVERY = 1000, 30.0
"""Runs of one part of the tables, and seconds after which a part is written with fewer: what a kill costs at most."""


class Sink(Protocol):
    """Where runs go one by one."""

    def add(self, run: RunReport) -> None:
        """Take the next run."""
        ...  # pragma: no cover

    def close(self, whole: bool) -> str:
        """Finish; where the sweep was not `whole`, say where what was judged is."""
        ...  # pragma: no cover


class Streams:
    """Those of the outputs of a command that are written a run at a time. To be used in a `with`.

    Parameters
    ----------
    wanted : sequence of (format, file)
        As `output.destinations` gives them.
    created : str
        The time that the report bears.
    """

    def __init__(self, wanted: Sequence[tuple[str, Path | None]], created: str) -> None:
        self.sinks: list[Sink] = []
        self.rest: list[tuple[str, Path | None]] = []
        """What is written at the end."""
        for name, file in wanted:
            if name == TABLES and file is not None:
                self.sinks.append(Tables(file))
            elif name == "jsonl" and (file is None or file.is_file() or not file.exists()):  # no pipe: see `save`
                self.sinks.append(Lines(file, created))
            else:
                self.rest.append((name, file))
        self._held: list[RunReport] | None = []
        """Runs that are not there at all, until one is: of none of them there is a report."""

    def add(self, run: RunReport) -> None:
        """Write the next run."""
        if self._held is not None:
            self._held.append(run)
            if any(failure.missing for failure in run.failures):
                return
        ready, self._held = ([run] if self._held is None else self._held), None
        for one in ready:
            for sink in self.sinks:
                sink.add(one)

    def __enter__(self) -> Streams:
        """Nothing is opened before the first run is there."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the outputs; of a sweep that was broken off say where they are."""
        for sink in self.sinks:
            if left := sink.close(kind is None):
                say(left)


class Lines:
    """One line of JSON a run, in a neighbour of the file that takes its place at the end; or on standard output."""

    def __init__(self, file: Path | None, created: str) -> None:
        self.file, self.created = file, created
        self._out: IO[str] | None = None
        self._line: Callable[[RunReport], str] | None = None
        self._count = 0

    def add(self, run: RunReport) -> None:
        """Write the line of a run, so that it is there whatever comes."""
        if self._line is None:
            from runlens import __version__
            from runlens.render.jsonl import lines_for

            self._line = lines_for(__version__, self.created)
        text = self._line(run)
        if self.file is None:
            echo(text)
        else:
            try:
                self._open(self.file).write(text)
            except OSError as error:
                raise NotWritten(f"{self._part(self.file)} cannot be written: {error.strerror or error}") from error
        self._count += 1

    def close(self, whole: bool) -> str:
        """Put the file into its place, also where there was no run; or leave what was written where it is."""
        if self.file is None:
            return ""
        part = self._part(self.file)
        if whole:
            self._open(self.file).close()
            part.replace(self.file.resolve())
            return ""
        if self._out is None:
            return ""
        with contextlib.suppress(OSError):  # what a full disk did not take is tried again here
            self._out.close()
        return f"{part} holds the {self._count:,} runs that were judged"

    def _open(self, file: Path) -> IO[str]:
        if self._out is None:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                self._out = self._part(file).open("w", encoding="utf-8", buffering=1, newline="\n")
            except OSError as error:
                raise ConfigError(f"{file} cannot be written: {error.strerror or error}") from error
        return self._out

    def _part(self, file: Path) -> Path:
        target = file.resolve()
        return target.with_name(f"{target.name}.part")


class Tables:
    """Parquet in a folder: `runs/` with a row a run, `findings/` with a row a finding, both in parts that are whole."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{folder} is a file, and tables in parquet are a folder; name another")
        self.folder = folder
        self._batch: list[RunReport] = []
        self._parts = self._count = 0
        self._written = time.monotonic()

    def add(self, run: RunReport) -> None:
        """Take a run; every so often what was taken becomes a part."""
        self._batch.append(run)
        if len(self._batch) >= BATCH or time.monotonic() - self._written > EVERY:
            self._flush()

    def close(self, whole: bool) -> str:
        """Write the last part; of a sweep without a run an empty table of runs."""
        if self._batch or whole:
            self._flush()
        return "" if whole or not self._count else f"{self.folder} holds the {self._count:,} runs that were judged"

    def _flush(self) -> None:
        from runlens import frames

        if not self._parts:
            for old in replaced(TABLES, self.folder):
                old.unlink()
        elif not self._batch:
            return
        name = f"part-{self._parts:05d}.parquet"
        found = frames.findings(self._batch)
        if len(found):  # columns without a row have no type
            save(self.folder / "findings" / name, _parquet(found))
        save(self.folder / "runs" / name, _parquet(frames.runs(self._batch)))
        self._parts += 1
        self._count += len(self._batch)
        self._batch, self._written = [], time.monotonic()


def _parquet(table: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    table.to_parquet(out, index=False)
    return out.getvalue()
