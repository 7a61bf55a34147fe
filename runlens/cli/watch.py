"""`runlens watch RUN`: follow live runs; say what is new; alert; metrics for Prometheus."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from runlens.cli.shared import options as o

if TYPE_CHECKING:
    from runlens.model import Report

SLACK, WEBHOOK = "RUNLENS_SLACK_WEBHOOK", "RUNLENS_WEBHOOK"
ENDING = "When it ends"


def watch(
    runs: o.Runs,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", help="Seconds between two looks.", min=1)
    ] = 60.0,
    looks: Annotated[
        int | None,
        o.option("--looks", metavar="N", help="Stop after so many looks.", section=ENDING, min=1),
    ] = None,
    until: Annotated[
        str | None,
        o.option(
            "--until",
            metavar="WHEN",
            help="Watch until then, such as 2026-12-24T18:00 (UTC) or 12h from now, though all runs have ended "
            "[default: until every run has ended].",
            section=ENDING,
        ),
    ] = None,
    idle: Annotated[
        str | None,
        o.option(
            "--idle",
            metavar="TIME",
            help="A run counts as ended that has logged nothing new for so long, such as 6h: folders and tables never "
            "say that they end [default: never].",
            section=ENDING,
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

    Ends when every run has finished, crashed or is gone, after --looks, at --until, or at Ctrl-C. The exit code is 4 if
    a run crashed, 6 if one is gone, 5 if one is stalled, else that of the last look, as of `check`.
    """
    from runlens.cli.shared import progress
    from runlens.cli.shared.output import echo
    from runlens.cli.shared.printing import plain
    from runlens.judging.request import Request
    from runlens.model import Severity
    from runlens.watching.ends import moment_of, seconds_of
    from runlens.watching.gauges import Gauges
    from runlens.watching.life import Lives
    from runlens.watching.looker import Looker
    from runlens.watching.told import Told
    from runlens.watching.watch import Watch

    flags = {
        "select": o.listed(select),
        "ignore": o.listed(ignore),
        "metrics": o.pairs(metric),
        "references": reference,
        "requirements": require,
    }
    request = Request(runs, flags, config, read=progress.read, debug=debug)
    lives = Lives(seconds_of(idle, "--idle") if idle else math.inf)
    floor = Severity(level).rank
    whole = Watch(
        look=Looker(request, lives, time.time, progress.say),
        lives=lives,
        told=Told(progress.say, floor, _channels(floor, slack=slack, webhook=webhook)),
        names=runs,
        clock=time.time,
        sleep=time.sleep,
        say=progress.say,
        print=lambda text: echo(plain(text)),
        interval=interval,
        looks=looks,
        until=moment_of(until, "--until", time.time()) if until else None,
        gauges=Gauges(metrics, time.time) if metrics is not None else None,
        debug=debug,
    )
    raise typer.Exit(whole.run())


def _channels(floor: int, *, slack: bool, webhook: bool) -> dict[str, Callable[[Report], None]]:
    """Where to alert; channels that cannot work are refused before the first look, not at the first incident."""
    from runlens.notify.address import check_address
    from runlens.notify.slack import slack_client, slack_news
    from runlens.notify.webhook import webhook as post
    from runlens.render import render

    channels: dict[str, Callable[[Report], None]] = {}
    if slack:
        slack_client(os.environ.get(SLACK, ""))
        channels["Slack"] = lambda report: slack_news(report, os.environ.get(SLACK, ""), floor)
    if webhook:
        check_address(os.environ.get(WEBHOOK, ""), WEBHOOK)
        channels["a webhook"] = lambda report: post(render(report, "json"), os.environ.get(WEBHOOK, ""))
    return channels
