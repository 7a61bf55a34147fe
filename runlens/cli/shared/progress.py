"""A bar with rate and remaining time on standard error, where that is a terminal; sentences anywhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from runlens.model import Run, RunRef

Show = Callable[[int, int | None], None]
"""Takes the rows so far and the rows in all (None if not known)."""

_AT_ONCE, _EVERY = 0.1, 0.2
"""Seconds until the first word of a search, and between two."""
_PATIENCE, _TICK = 2.0, 0.5
"""Seconds of judging until the first word, and between two."""
_BAR = threading.Event()
"""Set while a bar of rows is drawn."""
_WIDE = 79
_LARGE = 20_000
"""Rows that `check` fetches without a word: they take about a second."""


@contextmanager
def rows_of(name: str, *, least: int = 0) -> Iterator[Show]:
    """Show the rows of a run as they come.

    Parameters
    ----------
    name : str
        Of the run.
    least : int
        Rows that must be missing for the bar to appear.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    shown: list[Bar] = []
    began = time.monotonic()

    def show(done: int, total: int | None) -> None:
        if not shown:
            if least and (total is None or total - done < least):
                return
            _BAR.set()
            shown.append(_bar(name))
        rate = done / max(time.monotonic() - began, 1e-3)
        bar = shown[0]
        bar.update(bar.task_ids[0], completed=done, total=total, rate=f"{rate:,.0f} rows/s")

    try:
        if not least:
            show(0, None)
        yield show
    finally:
        for bar in shown:
            bar.stop()
        _BAR.clear()


def read(ref: RunRef) -> Run:
    """Read a run, with a bar where many rows of it are still to be fetched."""
    from runlens import sources

    with rows_of(ref.id, least=_LARGE) as show:
        return sources.read(ref, progress=show)


def looking() -> Callable[[int, str], None]:
    """What a search for runs says of itself: one line on a terminal, wiped in the end, and nothing elsewhere.

    Returns
    -------
    callable
        Takes how many files were looked at and the folder in which the search is, empty when it is done. The first word
        comes after a tenth of a second, then five a second.
    """
    if not sys.stderr.isatty():
        return lambda looked, folder: None
    began = last = 0.0
    wide = 0

    def step(looked: int, folder: str) -> None:
        nonlocal began, last, wide
        from runlens.cli.shared.printing import plain

        now = time.monotonic()
        began = began or now
        if not folder:
            sys.stderr.write(f"\r{' ' * wide}\r" if wide else "")
            wide = 0
        elif now - began >= _AT_ONCE and now - last >= _EVERY:
            text = f"looking for runs: {looked:,} files, now in {plain(folder)}"[:_WIDE]
            sys.stderr.write(f"\r{text.ljust(wide)}")
            last, wide = now, max(wide, len(text))
        sys.stderr.flush()

    return step


class Working:
    """A line on a terminal that says how far the judging is, from the third second on; wiped in the end.

    To be used in a `with`, and called with how many runs are done, of how many, and the name of the next one. A bar of
    rows (`rows_of`) has the terminal for itself.
    """

    def __init__(self) -> None:
        self._told = ""
        self._began = 0.0
        self._wide = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Working:
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def __call__(self, done: int, of: int, name: str) -> None:
        """Note how far it is; the first call starts the clock."""
        from runlens.cli.shared.printing import plain

        self._told = f"judging {plain(name)}" if of == 1 else f"judging runs: {done:,} of {of:,} done"
        if self._thread is None and sys.stderr.isatty():
            self._began = time.monotonic()
            self._thread = threading.Thread(target=self._tell, name="runlens-progress", daemon=True)
            self._thread.start()

    def _tell(self) -> None:
        while not self._ended.wait(_TICK):
            passed = time.monotonic() - self._began
            if passed >= _PATIENCE and not _BAR.is_set():
                text = f"{self._told}, {passed:.0f} s"[:_WIDE]
                sys.stderr.write(f"\r{text.ljust(self._wide)}")
                sys.stderr.flush()
                self._wide = max(self._wide, len(text))
        if self._wide:
            sys.stderr.write(f"\r{' ' * self._wide}\r")
            sys.stderr.flush()


def working(quiet: bool = False) -> AbstractContextManager[Callable[[int, int, str], None]]:
    """What says how far the judging is; nothing where the user wants it quiet."""
    from runlens.judging.request import uncounted

    return nullcontext(uncounted) if quiet else Working()


def say(text: str) -> None:
    """A sentence on standard error."""
    import typer

    from runlens.cli.shared.printing import plain

    typer.echo(f"runlens: {plain(text)}", err=True)


def _bar(name: str) -> Bar:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from runlens.cli.shared.printing import plain

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows  {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(escape(plain(name)), total=None, rate="")
    bar.start()
    return bar
