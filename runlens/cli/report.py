"""`runlens report RUN -o DIR`: the postmortem as Markdown, HTML, figures and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runlens.cli.shared import options as o
from runlens.cli.shared.beside import Hardware

if TYPE_CHECKING:
    from runlens.model import Report

FILES = ("report.md", "report.html", "report.json")
"""Pages of a postmortem."""
CHART_POINTS = 4000
"""Points of each chart: ten times those of `check`, so that the page can be zoomed."""


def report(
    run: o.OneRun,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the files.")] = Path(
        "postmortem"
    ),
    incident: Annotated[
        int | None, typer.Option("--incident", metavar="N", help="Tell only of this incident.", show_default=False)
    ] = None,
    select: o.Select = None,
    ignore: o.Ignore = None,
    metric: o.Metric = None,
    x: o.X = None,
    reference: o.References = None,
    evals: o.EvalResults = None,
    hardware: Hardware = None,
    require: o.Require = None,
    tokens_per_step: o.TokensPerStep = None,
    total_tokens: o.TotalTokens = None,
    config: o.ConfigPath = None,
    refresh: o.Refresh = False,
    no_cache: o.NoCache = False,
    debug: o.Debug = False,
) -> None:
    """Write the postmortem of a run: report.md, report.html, report.json, timeline.png and a figure an incident.

    Exit code 0 when it was written, whatever the verdict; 3 if the run could not be judged.
    """
    from runlens.cli.shared import progress
    from runlens.errors import UsageError
    from runlens.judging.library import report_of
    from runlens.judging.request import Request

    flags = {
        "select": o.listed(select),
        "ignore": o.listed(ignore),
        "metrics": o.pairs(metric),
        "x": x,
        "references": reference,
        "requirements": require,
        "eval_results": [evals] if evals else None,
        "hardware": hardware,
        "tokens_per_step": tokens_per_step,
        "total_tokens": total_tokens,
    }
    filters = {"refresh": refresh, "no_cache": no_cache}
    with progress.working() as count:
        result = report_of(
            Request(
                [run],
                flags,
                config,
                filters,
                chart_points=CHART_POINTS,
                read=progress.read,
                count=count,
                outputs=[output / name for name in FILES],
                debug=debug,
            )
        )
    if len(result.runs) > 1:
        names = ", ".join(r.run for r in result.runs[:5])
        raise UsageError(f"{len(result.runs)} runs are at {run!r} ({names}, …): name one, since a postmortem is of one")
    numbers = [i.number for i in result.runs[0].incidents]
    if incident is not None and incident not in numbers:
        there = f"its incidents are {', '.join(map(str, numbers))}" if numbers else "it has none"
        raise UsageError(f"the run has no incident {incident}; {there}")
    written = write(result, output, incident)
    for file in written:
        typer.echo(str(file))
    if result.verdict == "undecided":
        raise typer.Exit(3)


def write(result: Report, folder: Path, incident: int | None = None) -> list[Path]:
    """Write the files of a postmortem of one run; what is only noted (info) gets no figure of its own."""
    from runlens.files import save
    from runlens.render import html, json, png
    from runlens.render.postmortem import markdown

    run = result.runs[0]
    figures = {
        i.number: f"incident-{i.number}.png"
        for i in run.incidents
        if i.steps is not None and i.severity.rank >= 1 and incident in (None, i.number)
    }
    files = markdown.FigureFiles("timeline.png" if run.charts else "", figures if run.charts else {})
    pages = (
        markdown.render(result, 0, files, incident),
        html.render(result, incident=incident),
        json.render(result),
    )
    content = {name: page.encode() for name, page in zip(FILES, pages, strict=True)}
    if files.timeline:
        content[files.timeline] = png.render(result, 0)
    for number, name in files.incidents.items():
        content[name] = png.render(result, 0, incident=number)
    for name, data in content.items():
        save(folder / name, data)
    return [folder / name for name in content]
