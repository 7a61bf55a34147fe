"""The command `runlens`: flags -> calls -> exit code. One file per command."""

from __future__ import annotations

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
    """Entry point: errors that RunLens raises on purpose become one sentence and an exit code."""
    from runlens.errors import RunLensError

    debug = "--debug" in sys.argv
    try:
        app(prog_name="runlens")
    except RunLensError as error:
        if debug:
            raise
        _complain(str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        if debug:
            raise
        _complain(f"{type(error).__name__}: {error} (this is a fault of RunLens; --debug shows where)")
        sys.exit(3)


def _complain(message: str) -> None:
    from runlens.cli.shared.printing import plain

    typer.echo(f"runlens: {plain(message)}", err=True)
