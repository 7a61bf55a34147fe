"""`runlens check RUN...`: judge runs; the exit code is the gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from runlens.cli.shared import completing
from runlens.cli.shared import options as o
from runlens.cli.shared.beside import Hardware


def check(
    runs: o.RunsOrHere = None,
    format: o.Formats = None,
    output: o.Output = None,
    report: Annotated[
        list[str] | None,
        o.option(
            "--report",
            metavar="FORMAT=FILE",
            help="Write another format as well; repeatable.",
            section=o.OUTPUT,
            autocompletion=completing.reports,
        ),
    ] = None,
    png: o.Png = None,
    color: o.Color = "auto",
    quiet: o.Quiet = False,
    show_files: o.ShowFiles = False,
    select: o.Select = None,
    ignore: o.Ignore = None,
    metric: o.Metric = None,
    x: o.X = None,
    exclude: o.Exclude = None,
    no_gitignore: o.NoGitignore = False,
    config: o.ConfigPath = None,
    jobs: o.Jobs = None,
    engine: o.Engine = "local",
    keep: o.Keep = None,
    fail_on: o.FailOn = None,
    exit_zero: o.ExitZero = False,
    strict: o.Strict = False,
    baseline: Annotated[
        str | None,
        o.option(
            "--baseline",
            metavar="FILE",
            help="Known findings, from `runlens baseline`; they do not fail.",
            section=o.GATE,
        ),
    ] = None,
    baseline_runs: Annotated[
        list[str] | None,
        o.option(
            "--baseline-runs",
            metavar="RUN",
            help="Earlier runs, or a folder of them: is this one unlike them? Repeatable.",
            section=o.GATE,
        ),
    ] = None,
    last: Annotated[
        int,
        o.option(
            "--last",
            metavar="N",
            help="How many good baseline runs count, the newest [default: 7].",
            section=o.GATE,
            min=1,
        ),
    ] = 7,
    nights: Annotated[
        Path | None,
        o.option(
            "--nights",
            metavar="FILE",
            help="Record of nights: hold against those that were good, and add this one; see `runlens nights`.",
            section=o.GATE,
        ),
    ] = None,
    reference: o.References = None,
    evals: o.EvalResults = None,
    hardware: Hardware = None,
    require: o.Require = None,
    axis: o.Axis = None,
    tokens_per_step: o.TokensPerStep = None,
    total_tokens: o.TotalTokens = None,
    filter: o.Filter = None,
    state: o.State = None,
    tag: o.Tag = None,
    limit: o.Limit = None,
    refresh: o.Refresh = False,
    no_cache: o.NoCache = False,
    wandb_summary: Annotated[
        bool,
        o.option("--wandb-summary", help="Write verdict, counts and action into the W&B run.", section=o.AFTER),
    ] = False,
    wandb_alert: Annotated[
        bool, o.option("--wandb-alert", help="Raise a W&B alert for a run that fails.", section=o.AFTER)
    ] = False,
    slack: Annotated[
        bool,
        o.option("--slack", help="Send failed runs to the webhook in RUNLENS_SLACK_WEBHOOK.", section=o.AFTER),
    ] = False,
    debug: o.Debug = False,
) -> None:
    """Judge runs: throughput, loss, gradients, schedule, hardware, evals and the log itself.

    Exit code 0: nothing at or above --fail-on. 1: findings. 2: wrong use, or no such run. 3: could not judge.
    """
    from runlens.cli.shared import after, progress, stdin
    from runlens.cli.shared import output as out
    from runlens.cli.shared.streams import Streams
    from runlens.judging.library import report_of
    from runlens.judging.request import Request, planned
    from runlens.sources.unread import Search, silent

    wanted = out.destinations(out.only(format), output, report or [])
    out.check_png(png)
    flags = {
        "select": o.listed(select),
        "ignore": o.listed(ignore),
        "fail_on": out.severity(fail_on),
        "metrics": o.pairs(metric),
        "x": x,
        "references": reference,
        "requirements": require,
        "eval_results": [evals] if evals else None,
        "hardware": hardware,
        "tokens_per_step": tokens_per_step,
        "total_tokens": total_tokens,
        "baseline": baseline,
        "rules": o.axis_setting(axis),
    }
    filters = {"filters": filter, "state": state, "tags": tag, "limit": limit, "refresh": refresh, "no_cache": no_cache}
    request = Request(
        stdin.held(runs or ["."]),
        flags,
        config,
        filters,
        baseline_runs=baseline_runs or (),
        last=last,
        nights=nights,
        jobs=jobs,
        engine=engine,
        keep=keep,
        read=None if quiet else progress.read,
        say=progress.say,
        search=Search(
            exclude=exclude or (),
            gitignore=not no_gitignore,
            step=silent if quiet else progress.looking(),
        ),
        strict=strict,
        outputs=[
            *(old for name, file in wanted if file is not None for old in out.replaced(name, file)),
            *([png] if png is not None else []),
        ],
        debug=debug,
    )
    if show_files:
        from runlens.cli.shared.files import listed

        typer.echo(listed(request), nl=False)
        raise typer.Exit
    plan = planned(request)
    with Streams(wanted, plan.created) as streams, progress.working(quiet) as count:
        result = report_of(request, replace(plan, request=replace(request, count=count, each=streams.add)))
    out.write(result, streams.rest, color)
    if png is not None:
        out.write_png(result, png)
    after.check(
        result, wandb_summary=wandb_summary, wandb_alert=wandb_alert, slack=slack, step_summary=wanted[0][0] == "github"
    )
    raise typer.Exit(0 if exit_zero and result.exit_code == 1 else result.exit_code)
