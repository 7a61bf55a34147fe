"""`runlens watch RUN`: follow a live run; say what is new; alert; metrics for Prometheus."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from runlens.cli.shared import options as o

if TYPE_CHECKING:
    from runlens.judging.news import Memory
    from runlens.judging.request import Request
    from runlens.model import Report

SLACK, WEBHOOK = "RUNLENS_SLACK_WEBHOOK", "RUNLENS_WEBHOOK"


def watch(
    runs: o.Runs,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", help="Seconds between two looks.", min=1)
    ] = 60.0,
    looks: Annotated[
        int | None,
        typer.Option(
            "--looks",
            metavar="N",
            help="Stop after so many looks [default: when every run has ended].",
            min=1,
            show_default=False,
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics",
            metavar="FILE",
            help="Keep an OpenMetrics file there, for a node exporter's textfile.",
            show_default=False,
        ),
    ] = None,
    slack: Annotated[bool, typer.Option("--slack", help=f"Alert through the webhook in {SLACK}.")] = False,
    webhook: Annotated[bool, typer.Option("--webhook", help=f"Send the report to the address in {WEBHOOK}.")] = False,
    level: Annotated[
        Literal["info", "warning", "error"], typer.Option("--level", help="Lowest severity that alerts.")
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

    Ends when every run has finished or crashed, after --looks, or at Ctrl-C; the exit code is that of the last look.
    """
    from runlens.cli.shared import progress
    from runlens.judging.news import Memory, ended
    from runlens.judging.request import Request
    from runlens.model import Severity
    from runlens.watching.gauges import Gauges

    gauges = Gauges(metrics, time.time) if metrics is not None else None
    floor = Severity(level).rank
    _check_channels(slack=slack, webhook=webhook)
    flags = {
        "select": o.listed(select),
        "ignore": o.listed(ignore),
        "metrics": o.pairs(metric),
        "references": reference,
        "requirements": require,
    }
    request, memory, code, looked = Request(runs, flags, config, read=progress.read, debug=debug), Memory(), 3, 0
    try:
        while True:
            report = _look(request, first=looked == 0)
            looked += 1
            code = 3 if report is None else report.exit_code
            if report is not None:
                alert = _told(report, memory, floor)
                if gauges is not None:
                    gauges.write(report)
                if alert is not None:
                    _send(alert, floor, slack=slack, webhook=webhook)
                request = _now_live(request, report)
            if report is not None and ended(report):
                if gauges is not None:
                    gauges.write(report, over=True)
                break
            if looked == looks:
                break
            time.sleep(interval)
    except KeyboardInterrupt:
        typer.echo(f"runlens: stopped after {looked} look{'' if looked == 1 else 's'}", err=True)
    raise typer.Exit(code)


def _look(request: Request, *, first: bool) -> Report | None:
    """The runs as they stand; None, said in one sentence, where a later look cannot read them.

    At the first look a wrong name or address is an error as everywhere: nobody is helped by waiting for it.
    """
    from runlens.cli.shared.printing import plain
    from runlens.errors import NoRunFound, ReadError
    from runlens.judging.library import report_of

    try:
        return report_of(request)
    except (ReadError, NoRunFound) as error:
        if first:
            raise
        typer.echo(f"runlens: this look failed, the watch goes on: {plain(str(error))}", err=True)
        return None


def _now_live(request: Request, report: Report) -> Request:
    """From the second look on: runs that do not say that they have ended are live, since somebody watches them."""
    import dataclasses

    from runlens.config import Learned
    from runlens.judging.news import ENDED
    from runlens.rules.log.stale import StaleRun

    live = not any(run.state in ENDED for run in report.runs)
    learned = Learned("runlens watch", {StaleRun.code: {"live": True}} if live else {})
    return dataclasses.replace(request, learned=learned)


def _told(report: Report, memory: Memory, floor: int) -> Report | None:
    """Print what is new, and what cannot be read any more; the report of what deserves an alert, if anything does."""
    from runlens.cli.shared.output import echo
    from runlens.cli.shared.printing import plain
    from runlens.judging.news import only

    alerts = []
    for run in report.runs:
        news = memory.news(run)
        for finding in news:
            where = f" {_steps(*finding.steps)}" if finding.steps else ""
            line = f"{report.created} {run.run} {finding.severity.value} {finding.code}{where}: {finding.message}"
            echo(plain(line))
        for trouble in memory.troubles(run):
            typer.echo(f"runlens: {plain(run.run)}: {plain(trouble)}", err=True)
        alerts.append((run.run, tuple(f for f in news if f.severity.rank >= floor)))
    return only(report, alerts) if any(findings for _, findings in alerts) else None


def _steps(first: int, last: int) -> str:
    """Steps without commas, for those who cut the line up again."""
    return f"step {first}" if first == last else f"steps {first}-{last}"


def _check_channels(*, slack: bool, webhook: bool) -> None:
    """Refuse channels that cannot work before the first look, not at the first incident, days later."""
    from runlens.notify.address import check_address
    from runlens.notify.slack import slack_client

    if slack:
        slack_client(os.environ.get(SLACK, ""))
    if webhook:
        check_address(os.environ.get(WEBHOOK, ""), WEBHOOK)


def _send(report: Report, floor: int, *, slack: bool, webhook: bool) -> None:
    """Send the alert; a channel that is down is said, and the watch goes on."""
    from runlens.errors import SourceDown
    from runlens.notify.slack import slack_news
    from runlens.notify.webhook import webhook as post
    from runlens.render import render

    channels: list[Callable[[], None]] = []
    if slack:
        channels.append(lambda: slack_news(report, os.environ.get(SLACK, ""), floor))
    if webhook:
        channels.append(lambda: post(render(report, "json"), os.environ.get(WEBHOOK, "")))
    for send in channels:
        try:
            send()
        except SourceDown as error:
            typer.echo(f"runlens: {error}", err=True)
