"""`runlens show RUN`: what was logged, and which series plays which role."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from runlens.cli import options as o


def show(
    run: o.OneRun,
    metric: o.Metric = None,
    format: Annotated[str, typer.Option("--format", "-f", help="terminal or json.")] = "terminal",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write there instead of standard output.", show_default=False)
    ] = None,
    config: o.ConfigPath = None,
    debug: o.Debug = False,
) -> None:
    """Show the logged series of a run, the roles they play and why, and those that were not understood."""
    from runlens import sources
    from runlens.cli.output import echo, save
    from runlens.config import load, settings_for
    from runlens.errors import ConfigError
    from runlens.roles import resolve

    if format not in ("terminal", "json"):
        raise ConfigError(f"--format {format!r} must be terminal or json")
    given = o.pairs(metric)
    refs = sources.discover(run)
    if len(refs) > 1:
        some = ", ".join(ref.location for ref in refs[:5]) + (", …" if len(refs) > 5 else "")
        raise ConfigError(f"{run} holds {len(refs):,} runs; name one of them: {some}")
    settings = settings_for(refs[0], load(config), {"metrics": given} if given else {})
    resolved = resolve(sources.read(refs[0]), settings.metrics)
    if format == "json":
        from runlens.render.show_json import render as as_json

        text = as_json(resolved)
    else:
        from runlens.render.show import render

        isatty = output is None and sys.stdout.isatty()
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdigit() and int(columns) > 0 else None if not isatty else _columns()
        utf8 = output is not None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        text = render(resolved, width=width, color=isatty and not os.environ.get("NO_COLOR"), unicode=utf8)
    if output is None:
        echo(text)
    else:
        save(output, text.encode())


def _columns() -> int:
    return os.get_terminal_size(sys.stdout.fileno()).columns or 100
