"""`runlens watch RUN`: follow a live run; say what is new; alert; metrics for Prometheus."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runlens.cli import options as o

if TYPE_CHECKING:
    from runlens.model import Report


def watch(
    runs: o.Runs,
    interval: Annotated[float, typer.Option("--interval", help="Seconds between two looks.", min=1)] = 60.0,
    looks: Annotated[
        int | None,
        typer.Option(
            "--looks", help="Stop after so many looks [default: when every run has ended].", show_default=False
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics", help="Keep an OpenMetrics file there, for a node exporter's textfile.", show_default=False
        ),
    ] = None,
    slack: Annotated[bool, typer.Option("--slack", help="Alert through the webhook in RUNLENS_SLACK_WEBHOOK.")] = False,
    webhook: Annotated[
        bool, typer.Option("--webhook", help="Send the report to the address in RUNLENS_WEBHOOK.")
    ] = False,
    level: Annotated[
        str, typer.Option("--level", help="Lowest severity that alerts: info, warning or error.")
    ] = "warning",
    select: o.Select = None,
    ignore: o.Ignore = None,
    metric: o.Metric = None,
    reference: o.References = None,
    require: o.Require = None,
    config: o.ConfigPath = None,
    debug: o.Debug = False,
) -> None:
    """Judge the runs again and again while they are written, and say each incident once.

    Ends when every run has finished or crashed, or after --looks; the exit code is that of the last look.
    """
    from runlens.cli import output as out
    from runlens.cli.judging import Request, judged
    from runlens.cli.printing import plain
    from runlens.model import Severity
    from runlens.watch import Memory, only

    flags = {
        "select": o.listed(select),
        "ignore": o.listed(ignore),
        "metrics": o.pairs(metric),
        "references": reference,
        "requirements": require,
    }
    floor = Severity(out.severity(level) or "warning").rank
    memory = Memory()
    looked = 0
    while True:
        report = judged(Request(runs, flags, config, debug=debug))
        looked += 1
        news = [(run.run, memory.news(run)) for run in report.runs]
        for name, findings in news:
            for finding in findings:
                where = f" steps {finding.steps[0]}-{finding.steps[1]}" if finding.steps else ""
                line = f"{report.created} {name} {finding.severity.value} {finding.code}{where}: {finding.message}"
                out.echo(plain(line))
        alerts = [(name, tuple(f for f in findings if f.severity.rank >= floor)) for name, findings in news]
        if metrics is not None:
            from runlens.render import render

            out.save(metrics, render(report, "openmetrics").encode())
        if any(findings for _, findings in alerts):
            _alert(only(report, alerts), slack=slack, webhook=webhook)
        ended = all(run.state in ("finished", "crashed") for run in report.runs)
        if ended or (looks is not None and looked >= looks):
            raise typer.Exit(report.exit_code)
        time.sleep(interval)


def _alert(report: Report, *, slack: bool, webhook: bool) -> None:
    """Send the alert; a channel that is down is said, and the watch goes on."""
    from runlens import notify
    from runlens.errors import SourceDown
    from runlens.render import render

    try:
        if slack:
            notify.slack(report, os.environ.get("RUNLENS_SLACK_WEBHOOK", ""))
        if webhook:
            notify.webhook(render(report, "json"), os.environ.get("RUNLENS_WEBHOOK", ""))
    except SourceDown as error:
        typer.echo(f"runlens: {error}", err=True)
