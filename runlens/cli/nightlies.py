"""`--baseline-runs`: is tonight's run unlike the last good nights?

The newest good nights become references for the evals (their spread is the band) and the band of throughput.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import typer

from runlens.cli.judging import Request
from runlens.cli.printing import plain
from runlens.errors import NoRunFound, RunLensError

SLACK_IN_BAND = 0.03
"""Throughput may lie this far outside the range of the good nights: the smallest change TPUT001 looks for."""


def compared_with(request: Request, names: Sequence[str], last: int) -> Request:
    """The request with the good nights among its references and their throughput as the expected band.

    Parameters
    ----------
    request : Request
    names : sequence of str
        Runs, or folders or projects of runs, in any form that `check` takes. Runs that are judged now are left out.
    last : int
        How many good nights count, the newest by their last wall time. A night is good if it can be judged and nothing
        in it is an error.

    Raises
    ------
    NoRunFound
        If no good night is left.
    """
    from runlens import sources
    from runlens.check import judge_run
    from runlens.cli.judging import found
    from runlens.config import load, settings_for
    from runlens.roles import resolve
    from runlens.stats.robust import median

    judged = {ref.location for ref in found(request)}
    config = load(request.config_path)
    nights: list[tuple[float, str, float | None]] = []
    for ref in found(dataclasses.replace(request, names=names)):
        if ref.location in judged:
            continue
        settings = settings_for(ref, config, {"ignore": ["EVAL", "LOG004"], **_metrics(request)}, chart_points=0)
        try:
            run = resolve(sources.read(ref), settings.metrics)
        except RunLensError as error:
            typer.echo(f"runlens: baseline run {plain(ref.id)} is left out: {plain(str(error))}", err=True)
            continue
        report = judge_run(run, settings)
        if report.verdict != "pass":
            typer.echo(f"runlens: baseline run {plain(ref.id)} is left out: its verdict is {report.verdict}", err=True)
            continue
        speed = run.role("tokens_per_second")
        typical = float(median(speed.series.value)) if speed is not None and len(speed.series) else None
        nights.append((report.time[1] if report.time else 0.0, ref.location, typical))
    if not nights:
        raise NoRunFound("none of the baseline runs could be used; name runs that pass `runlens check`")
    nights.sort(reverse=True)
    chosen = nights[:last]
    flags = dict(request.flags)
    flags["references"] = [*(flags.get("references") or ()), *(location for _, location, _ in chosen)]
    speeds = [speed for _, _, speed in chosen if speed is not None and speed == speed]
    rules = dict(flags.get("rules") or {})
    if speeds and "TPUT003" not in rules:
        rules["TPUT003"] = {"band": [min(speeds) * (1 - SLACK_IN_BAND), max(speeds) * (1 + SLACK_IN_BAND)]}
    flags["rules"] = rules
    return dataclasses.replace(request, flags=flags)


def _metrics(request: Request) -> dict[str, object]:
    return {"metrics": request.flags.get("metrics") or {}}
