"""`--baseline-runs`: is tonight's run unlike the last good nights?

The newest good nights become a band for the evals and a band for the throughput.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

import typer

from runlens.cli.shared.judging import Request, found, judged
from runlens.cli.shared.printing import plain
from runlens.config import Learned
from runlens.errors import ConfigError, NoRunFound
from runlens.model import Reference, Run


def compared_with(request: Request, names: Sequence[str], last: int) -> Request:
    """The request, with what the good nights say wherever the user says nothing.

    Parameters
    ----------
    request : Request
    names : sequence of str
        Runs, or folders or projects of runs, in any form that `check` takes. Runs that are judged now are left out.
    last : int
        How many good nights count, the newest by their last wall time. A night is good if it can be read and
        nothing in it fails, by tonight's settings and known findings. One that these settings do not judge (only
        EVAL001 is selected, which wants a reference) is not bad for that.

    Raises
    ------
    NoRunFound
        If no good night is left.
    """
    from runlens import roles, sources
    from runlens.config import in_force, load

    tonight = {os.path.realpath(ref.location) for ref in found(request)}
    nights = dataclasses.replace(request, names=names, chart_points=0)
    refs = [ref for ref in found(nights) if os.path.realpath(ref.location) not in tonight]
    if not refs:
        raise NoRunFound(f"--baseline-runs: {', '.join(names)} holds no run but those that are judged")
    good = []
    for ref, report in zip(refs, judged(nights, refs).runs, strict=True):
        if report.verdict != "fail" and not report.failures:
            good.append((report.time[1] if report.time else 0.0, ref))
        else:
            why = report.failures[0].message if report.failures else f"its verdict is {report.verdict}"
            typer.echo(f"runlens: baseline run {plain(ref.id)} is left out: {plain(why)}", err=True)
    if not good:
        raise NoRunFound("none of the baseline runs could be used; name runs in which nothing fails")
    good.sort(key=lambda night: night[0], reverse=True)
    config = load(request.config_path)
    runs = []
    for _, ref in good[:last]:
        values = in_force(config, request.flags, ref.id).values
        run = roles.resolve(sources.read(ref), values["metrics"])
        runs.append((run, values["tokens_per_step"]))
    typer.echo(f"runlens: held against {', '.join(plain(run.name) for run, _ in runs)}", err=True)
    return dataclasses.replace(request, learned=learned(runs))


def learned(runs: Sequence[tuple[Run, float | None]]) -> Learned:
    """What good nights (each with the tokens of a step, if given) say of their evals and their throughput."""
    from runlens.rules.throughput.outside_band import OutsideBand, band_of

    name = f"the last {len(runs)} good nights" if len(runs) > 1 else "the last good night"
    bands = [band for run, _ in runs if (band := band_of(run)) is not None]
    rules = (
        {OutsideBand.code: {"band": (min(low for low, _ in bands), max(high for _, high in bands))}} if bands else {}
    )
    return Learned(name, rules, evals(runs, name))


def evals(runs: Sequence[tuple[Run, float | None]], name: str) -> tuple[Reference, ...]:
    """The evals of the nights as one reference with a band; none where no night has evals."""
    from runlens.references import build, combine

    parts = []
    for run, tokens_per_step in runs:
        try:
            parts.append(build(run, tokens_per_step))
        except ConfigError:  # a night without evals says nothing about them
            continue
    return (combine(parts, name),) if parts else ()
