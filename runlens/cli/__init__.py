"""The command `runlens`: flags -> calls -> exit code. One file per command."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from typing import Annotated

import typer

from runlens import __version__
from runlens.cli.commands import Commands

__all__ = ["app", "main"]

app = typer.Typer(
    name="runlens",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich's help costs a quarter of a second and says no more
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"runlens {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """Judge ML training runs the way an experienced training engineer would."""


def main() -> None:
    """Entry point: errors that RunLens raises on purpose become one sentence and an exit code.

    `--debug` adds the traceback and leaves the code as it is: to a shell 1 means findings, and Python's own is 1.
    """
    from runlens.errors import RunLensError

    _open_what_is_closed()
    _do_without_an_ear()
    _end_on_sigterm()
    try:
        app(prog_name="runlens")
    except RunLensError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: a fault is told in a sentence, too
        code = _interrupted(error)
        if code is not None:
            sys.exit(code)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT) and error.filename is None:
            _complain(f"what was to be written could not be: {error.strerror}")
            sys.exit(3)
        _complain(f"{type(error).__name__}: {error} (this is a fault of RunLens; --debug shows where)")
        sys.exit(3)


def _complain(message: str) -> None:
    from runlens.cli.shared.printing import plain

    if "--debug" in sys.argv:
        import traceback

        typer.echo(traceback.format_exc(), err=True, nl=False)
    typer.echo(f"runlens: {plain(message)}", err=True)


def _interrupted(error: BaseException | None) -> int | None:
    """The code of Ctrl-C or SIGTERM, if the error came up while the stack was unwound after one; else None."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return 128 + signal.SIGINT
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            return error.code
        error = error.__context__
    return None


def _open_what_is_closed() -> None:
    """Give standard output and error a place if the caller closed them (`>&-`): the next file opened would get it."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            stream = open(number, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for good
            setattr(sys, name, stream)


class _Unheard(io.TextIOWrapper):
    """Standard error that may be full or cut off: nobody is told then, and the exit code is what it would have been."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            _to_nowhere(2)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _to_nowhere(2)


def _to_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def _do_without_an_ear() -> None:
    """Let no sentence for standard error change the exit code, where it is the process's own."""
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        own = sys.stderr
        sys.stderr = _Unheard(own.buffer, encoding=own.encoding, errors=own.errors, line_buffering=True)


def _end_on_sigterm() -> None:
    """Let SIGTERM unwind the stack as Ctrl-C does, so that nothing is left behind, and end with its code, 143."""

    def ended(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, ended)
