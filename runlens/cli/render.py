"""`runlens render REPORT.json -f FORMAT`: any output again from a saved JSON report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from runlens.cli.shared import options as o


def render(
    report: Annotated[
        Path, typer.Argument(metavar="REPORT.json", help="A report saved by `check -f json`.", show_default=False)
    ],
    format: o.Format = "terminal",
    output: o.Output = None,
    png: o.Png = None,
    debug: o.Debug = False,
) -> None:
    """Make any output again from a saved report: the same bytes as doing it at once."""
    from runlens.cli.shared import output as out
    from runlens.files import content_of, spare
    from runlens.judging.about import described
    from runlens.render.json import parse

    wanted = out.destinations(format, output, [])
    spare([file for file in (output, png) if file is not None], [report])
    saved = parse(content_of(report), str(report))
    saved = replace(saved, runs=tuple(run if run.about else described(run) for run in saved.runs))
    out.write(saved, wanted)
    if png is not None:
        out.write_png(saved, png)
