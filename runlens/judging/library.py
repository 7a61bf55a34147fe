"""From names of runs to a report, with configuration, known findings and earlier nights: one way for all callers."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from runlens import sources
from runlens.errors import NoRunFound
from runlens.judging.baseline import notes
from runlens.judging.engines import LOCAL
from runlens.judging.gate import EXIT_CODES, verdict
from runlens.judging.kept import Kept, judged
from runlens.judging.report import Report
from runlens.judging.request import Plan, Request, found, planned, spare_inputs
from runlens.model import ReadOptions, RunRef, RunReport, Severity


def check(
    *runs: str | Path,
    config: str | Path | None = None,
    select: str | Sequence[str] = (),
    ignore: str | Sequence[str] = (),
    fail_on: str | Severity | None = None,
    metrics: Mapping[str, str] | None = None,
    references: str | Path | Sequence[str | Path] = (),
    requirements: str | Sequence[str] = (),
    evals: str | Path | None = None,
    hardware: str | Path | None = None,
    tokens_per_step: float | None = None,
    total_tokens: str | float | None = None,
    baseline: str | Path | None = None,
    baseline_runs: str | Path | Sequence[str | Path] = (),
    last: int = 7,
    nights: str | Path | None = None,
    x: str = "",
    exclude: str | Sequence[str] = (),
    gitignore: bool = True,
    strict: bool = False,
    jobs: int | None = None,
    engine: str = LOCAL,
    keep: str | Path | None = None,
    **filters: Any,
) -> Report:
    """Judge runs, as `runlens check` does.

    Parameters
    ----------
    *runs : str or Path
        Each in any form that `runlens check` takes: a log file, a folder of one or many runs, an address.
    config : str or Path, optional
        The configuration file; the nearest `runlens.toml` or `[tool.runlens]` if not given. What is given below
        counts for more.
    select, ignore : str or sequence of str
        Rules to judge by and to leave out, by code or prefix.
    fail_on : {"info", "warning", "error"}, optional
        Lowest severity that fails.
    metrics : mapping, optional
        Role to logged name, such as `{"train_loss": "my/loss"}`.
    references, requirements : str or sequence of str
        What the evals are compared with, and what they must reach, such as `"hellaswag>=0.55@1T"`.
    evals : str or Path, optional
        Folder of results of lm-evaluation-harness, lighteval or OLMES of the run's checkpoints.
    hardware : str or Path, optional
        Log of nvidia-smi that was written beside the run, or `prometheus://HOST:9090?match={…}`.
    tokens_per_step : float, optional
        Tokens of one step, where the log does not tell.
    total_tokens : str or float, optional
        Tokens planned for the run, such as `"3T"`.
    baseline : str or Path, optional
        File of known findings; they do not fail.
    baseline_runs : str, Path or sequence of them
        Earlier runs or folders of them; is this one unlike the `last` good ones?
    last : int
    nights : str or Path, optional
        File of the records of nights: the good ones are held against, and each run judged now is recorded.
    x : str
        The column that is the x axis, of a table.
    exclude : str or sequence of str
        Patterns of names, or of paths below a folder, that are passed over, such as `"old/*"`.
    gitignore : bool
        False to read what `.gitignore` files in a folder leave out, too.
    strict : bool
        Leave the whole undecided where a file looked like a log and was not read.
    jobs : int, optional
        Runs judged at once; -1 takes every core.
    engine : str
        Who judges: `local`, or the address of a cluster, `dask://HOST:PORT` or `ray://HOST:PORT`.
    keep : str or Path, optional
        Folder of verdicts: unchanged runs that stand in it are not judged again.
    **filters
        Which runs of a W&B project, and how the cache is used: `filters`, `state`, `tags`, `limit`, `refresh`,
        `no_cache`.

    Returns
    -------
    Report
        One part for each run, never fewer: what could not be read or judged says so, and is never passed.

    Raises
    ------
    UsageError
        A name that stands for no run (`NoRunFound`), or a setting that makes no sense (`ConfigError`).
    ReadError
        What was named cannot be looked at. (A run that cannot be read is a failure in the report.)
    """
    given = {
        "select": _codes(select),
        "ignore": _codes(ignore),
        "fail_on": fail_on.value if isinstance(fail_on, Severity) else fail_on,
        "metrics": dict(metrics or {}),
        "references": _several(references),
        "requirements": _several(requirements),
        "eval_results": [str(evals)] if evals else [],
        "hardware": str(hardware) if hardware else None,
        "tokens_per_step": tokens_per_step,
        "total_tokens": str(total_tokens) if total_tokens else None,
        "baseline": str(baseline) if baseline else None,
    }
    request = Request(
        [str(run) for run in runs],
        given,
        Path(config) if config is not None else None,
        filters,
        ReadOptions(x=x),
        _several(baseline_runs),
        last,
        Path(nights) if nights is not None else None,
        jobs,
        engine,
        Path(keep) if keep is not None else None,
        say=logging.getLogger("runlens").info,
        search=sources.Search(exclude=_several(exclude), gitignore=gitignore),
        strict=strict,
    )
    return report_of(request)


def report_of(request: Request, plan: Plan | None = None) -> Report:
    """Find, read and judge, each run once.

    Parameters
    ----------
    request : Request
    plan : Plan, optional
        What the request comes to with the settings, where that is known already.

    Raises
    ------
    NoRunFound
        If there is none of the runs that were named (a server may tell so only when it is asked for the history).
    """
    from runlens import __version__
    from runlens.judging.over_nights import over_nights

    plan = plan or planned(request)
    search = request.searching()
    refs = found(request, plan.config, request.names, search)
    spare_inputs(plan, refs)
    if request.baseline_runs or plan.nights is not None:  # what a run says then depends on others
        runs = over_nights(plan, refs)
        for run in runs:
            plan.request.each(run)
    else:
        runs = by_themselves(plan, refs)
    gone = [failure for run in runs for failure in run.failures if failure.missing]
    if len(gone) == len(runs):
        raise NoRunFound(gone[0].message)
    unread = tuple(search.unread)
    overall = verdict(runs)
    if plan.strict and unread and overall == "pass":
        overall = "undecided"
    said = sources.in_one_sentence(unread)
    return Report(
        version=__version__,
        created=plan.created,
        verdict=overall,
        exit_code=EXIT_CODES[overall],
        runs=runs,
        fail_on=plan.fail_on,
        notes=(*notes(runs, plan.known, plan.now.date()), *search.notes, *([said] if said else [])),
        asked=tuple(map(sources.without_secrets, request.names)),
        unread=unread,
    )


def by_themselves(plan: Plan, refs: Sequence[RunRef]) -> tuple[RunReport, ...]:
    """Each run judged by itself."""
    from runlens import __version__

    request = plan.request
    keep = Kept(request.keep, __version__) if request.keep is not None else None
    judged_by = plan.judged_by(refs, request.learned, request.chart_points)
    if request.judge is not None:
        return tuple(request.judge(judged_by, request.read))
    runs = judged(judged_by, plan.engine(len(refs)), keep=keep, read=request.read)
    return tuple(_counted(runs, [ref.id for ref in refs], request))


def _counted(runs: Iterator[RunReport], names: Sequence[str], request: Request) -> Iterator[RunReport]:
    """The runs as they come, each told and counted."""
    request.count(0, len(names), names[0] if names else "")
    for done, run in enumerate(runs, 1):
        request.each(run)
        request.count(done, len(names), names[done] if done < len(names) else "")
        yield run


def _several(given: str | Path | Sequence[str | Path]) -> list[str]:
    """One name or many, as many."""
    return [str(given)] if isinstance(given, str | Path) else [str(name) for name in given]


def _codes(given: str | Sequence[str]) -> list[str]:
    """Codes, also several in one text with commas."""
    return [part.strip() for text in _several(given) for part in text.split(",") if part.strip()]
