"""The command `runlens`: flags -> calls -> exit code. One file per command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from runlens import __version__

__all__ = ["app", "main"]


def _app() -> typer.Typer:
    from importlib import import_module

    cli = typer.Typer(
        name="runlens",
        no_args_is_help=True,
        rich_markup_mode=None,  # rich's help costs a quarter of a second and says no more
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @cli.callback()
    def options(
        version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
    ) -> None:
        """Judge ML training runs the way an experienced training engineer would."""
        if version:
            typer.echo(f"runlens {__version__}")
            raise typer.Exit

    for name in ("check", "show", "report", "compare", "watch", "pull", "render", "rule", "baseline", "config"):
        try:
            module = import_module(f"runlens.cli.{name}")
        except ModuleNotFoundError:
            continue
        cli.command(name)(getattr(module, name))
    for name in ("reference", "cache"):
        try:
            module = import_module(f"runlens.cli.{name}")
        except ModuleNotFoundError:
            continue
        cli.add_typer(module.app, name=name)
    return cli


app = _app()


def main() -> None:
    """Entry point: errors that RunLens raises on purpose become one sentence and an exit code."""
    from runlens.errors import RunLensError

    debug = "--debug" in sys.argv
    try:
        app()
    except RunLensError as error:
        if debug:
            raise
        _complain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:
        if debug:
            raise
        _complain(f"{type(error).__name__}: {error} (this is a fault of RunLens; --debug shows where)")
        sys.exit(3)


def _complain(message: str) -> None:
    from runlens.cli.printing import plain

    typer.echo(f"runlens: {plain(message)}", err=True)
