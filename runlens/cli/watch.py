"""`runlens watch RUN`: follow live runs; say what is new; alert; metrics for Prometheus."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from runlens.cli.shared import options as o
from runlens.cli.shared.beside import Hardware
from runlens.cli.shared.channels import CHANNEL, SLACK, TOKEN, WEBHOOK, channels

ENDING, ALERTS = "When it ends", "Alerts"


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
    slack: Annotated[
        bool,
        o.option(
            "--slack",
            help=f"Alert through the webhook in {SLACK}, or as the app of {TOKEN} in {CHANNEL}, which answers in "
            "threads.",
            section=ALERTS,
        ),
    ] = False,
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures/--no-pictures",
            help="As the app of Slack (files:write), put a picture of each incident into its thread.",
            rich_help_panel=ALERTS,
        ),
    ] = True,
    webhook: Annotated[
        bool, o.option("--webhook", help=f"Send what is new to the address in {WEBHOOK}.", section=ALERTS)
    ] = False,
    webhook_form: Annotated[
        str,
        o.option(
            "--webhook-form",
            metavar="FORM",
            help="What it takes: runlens, alertmanager, pagerduty, discord or teams [default: runlens].",
            section=ALERTS,
        ),
    ] = "runlens",
    wandb_alert: Annotated[
        bool, o.option("--wandb-alert", help="Raise an alert at W&B, once for each error.", section=ALERTS)
    ] = False,
    heartbeat: Annotated[
        str | None,
        o.option(
            "--heartbeat",
            metavar="TIME",
            help="Tell the channels that the watch is alive, such as every 24h [default: never].",
            section=ALERTS,
        ),
    ] = None,
    state: Annotated[
        Path | None,
        o.option(
            "--state",
            metavar="FILE",
            help="What was told and what is still to be sent, so that a restart tells nothing twice and loses nothing "
            "[default: a file for these runs in the user's state folder where there are channels, else none].",
            section=ALERTS,
        ),
    ] = None,
    level: Annotated[
        Literal["info", "warning", "error"],
        typer.Option("--level", help="Lowest severity that alerts.", rich_help_panel=ALERTS),
    ] = "warning",
    select: o.Select = None,
    ignore: o.Ignore = None,
    metric: o.Metric = None,
    reference: o.References = None,
    require: o.Require = None,
    hardware: Hardware = None,
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
    from runlens.files import spare
    from runlens.judging.request import Request
    from runlens.model import Severity
    from runlens.watching.ends import moment_of, seconds_of
    from runlens.watching.gauges import Gauges
    from runlens.watching.life import Lives
    from runlens.watching.looker import Looker
    from runlens.watching.pictures import Pictures
    from runlens.watching.state import default_file
    from runlens.watching.told import Told
    from runlens.watching.watch import Watch

    flags = {
        "select": o.listed(select),
        "ignore": o.listed(ignore),
        "metrics": o.pairs(metric),
        "references": reference,
        "requirements": require,
        "hardware": hardware,
    }
    spare([state] if state is not None else [], runs)  # before the first look: what is no state is set aside
    outputs = [metrics] if metrics is not None else []
    request = Request(runs, flags, config, read=progress.read, outputs=outputs, debug=debug)
    lives = Lives(seconds_of(idle, "--idle") if idle else math.inf)
    extra: dict[str, Any] = {}
    drawn = Pictures(lives, time.time, progress.say) if pictures else None
    to = channels(slack=slack, webhook=webhook, form=webhook_form, wandb_alert=wandb_alert, extra=extra, pictures=drawn)
    told = Told(
        say=progress.say,
        print=lambda text: echo(plain(text)),
        clock=time.time,
        lives=lives,
        floor=Severity(level).rank,
        channels=to,
        file=state or (default_file(runs) if to else None),
        extra=extra,
    )
    whole = Watch(
        look=Looker(request, lives, time.time, progress.say),
        lives=lives,
        told=told,
        names=runs,
        clock=time.time,
        sleep=time.sleep,
        say=progress.say,
        interval=interval,
        looks=looks,
        until=moment_of(until, "--until", time.time()) if until else None,
        gauges=Gauges(metrics, time.time) if metrics is not None else None,
        heartbeat=seconds_of(heartbeat, "--heartbeat") if heartbeat else None,
        debug=debug,
    )
    raise typer.Exit(whole.run())
