"""Rules x runs -> reports: in this process, or by the workers of an engine."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from runlens import roles, sources
from runlens.errors import NoRunFound, RunLensError
from runlens.judging.beside import with_evals_of, with_hardware_of
from runlens.judging.engines import IN_PROCESS, Engine, InProcess
from runlens.judging.engines.ahead import Ahead
from runlens.judging.engines.turns import Steps, in_turns, shared_out, through
from runlens.judging.gate import run_verdict
from runlens.judging.limits import OverBudget, budget, cut, over_memory, over_time
from runlens.judging.nights.job import job_of
from runlens.judging.one import Settings, judged_in_steps
from runlens.model import Failure, Run, RunRef, RunReport

Also = TypeVar("Also")
_SMALL = 1 << 16
"""Bytes of a run that is judged together with others: some thousand points."""


def check(
    plan: Sequence[tuple[RunRef, Settings]],
    engine: Engine = IN_PROCESS,
    *,
    read: Callable[[RunRef], Run] | None = None,
) -> Iterator[RunReport]:
    """Judge runs, in the order given, as they come.

    Parameters
    ----------
    plan : sequence of (RunRef, Settings)
    engine : Engine
        Who does the work.
    read : callable, optional
        What reads a run in this process, such as to show how far it is; `sources.read` if None, and in workers.

    Yields
    ------
    RunReport
        One for each reference, never fewer: what could not be read, or took its worker down, is a report with a
        `Failure`.
    """
    return (report for report, _ in check_and(plan, engine, _nothing, read=read))


def check_and(
    plan: Sequence[tuple[RunRef, Settings]],
    engine: Engine,
    also: Callable[[RunRef, Run, RunReport], Also],
    *,
    read: Callable[[RunRef], Run] | None = None,
) -> Iterator[tuple[RunReport, Also | None]]:
    """Judge runs, and work out something else from each while it is at hand; `also` must be fit to be sent to workers.

    Yields
    ------
    (RunReport, what `also` returned)
        None beside a run that could not be read.
    """
    if not isinstance(engine, InProcess):  # what shows progress cannot be sent to workers
        yield from engine.each(_Judging(also, None), plan, _lost)
        return
    with Ahead([ref for ref, _ in plan], read) as ahead:
        yield from engine.each(_Judging(also, ahead), plan, _lost)


@dataclass(frozen=True, slots=True)
class _Judging(Generic[Also]):
    """What engines do with runs."""

    also: Callable[[RunRef, Run, RunReport], Also]
    read: Callable[[RunRef], Run] | None

    def __call__(self, item: tuple[RunRef, Settings]) -> tuple[RunReport, Also | None]:
        """One run."""
        return judge_and(*item, self.also, self.read)

    def several(self, items: Iterable[tuple[RunRef, Settings]]) -> Iterator[tuple[RunReport, Also | None]]:
        """Small runs a rule at a time, over all of them; the budget of one is then that of all of them together.

        Who uses it up is found when each is judged by itself.
        """
        for share in shared_out(items, lambda item: _is_small(item[0])):
            limits = {settings.limits for _, settings in share}
            if len(share) > 1 and len(limits) == 1:
                try:
                    with budget(*limits), np.errstate(all="ignore"):
                        done = in_turns([_in_steps(*item, self.also, self.read) for item in share])
                except (OverBudget, MemoryError):
                    pass
                else:
                    yield from done
                    continue
            yield from map(self, share)


def _is_small(ref: RunRef) -> bool:
    """Whether a run is in a few bytes on this disk."""
    try:
        there = [os.stat(file) for file in ref.files or (ref.location,)]  # noqa: PTH116 - a Path takes twice as long
    except (OSError, ValueError):  # of a remote run, or gone
        return False
    return all(stat.S_ISREG(one.st_mode) for one in there) and sum(one.st_size for one in there) <= _SMALL


def _lost(item: tuple[RunRef, Settings], sentence: str) -> tuple[RunReport, None]:
    """A run whose worker died: it is undecided, and the report says why."""
    return _failed(item[0], Failure("read", sentence)), None


def _failed(ref: RunRef, failure: Failure) -> RunReport:
    return RunReport(
        ref.id, ref.id, ref.shown, "unknown", "undecided", None, None, 0, failures=(failure,), job=job_of(ref.id)
    )


def judge(ref: RunRef, settings: Settings, read: Callable[[RunRef], Run] | None = None) -> RunReport:
    """Read one run and judge it; a run that cannot be read gives a report that says so."""
    return judge_and(ref, settings, _nothing, read)[0]


def judge_and(
    ref: RunRef,
    settings: Settings,
    also: Callable[[RunRef, Run, RunReport], Also],
    read: Callable[[RunRef], Run] | None = None,
) -> tuple[RunReport, Also | None]:
    """`judge`, and what `also` makes of the reference, the run and its report; None if it could not be judged.

    Whatever a reader, the roles or the judging raise is contained here, as what a rule raises is in `judge_run`: one
    bad run never takes the verdicts of others.
    """
    try:
        # a log may hold any float: 1e308 squared is infinite, and no fault
        with budget(settings.limits), np.errstate(all="ignore"):
            return through(_in_steps(ref, settings, also, read))
    except OverBudget:
        failure = Failure("read", over_time(ref.shown, settings.limits))
    except MemoryError:
        if settings.debug:
            raise
        failure = Failure("read", over_memory(ref.shown, settings.limits))
    return _failed(ref, failure), None


def _in_steps(
    ref: RunRef,
    settings: Settings,
    also: Callable[[RunRef, Run, RunReport], Also],
    read: Callable[[RunRef], Run] | None,
) -> Steps[tuple[RunReport, Also | None]]:
    """`judge_and` without its budget, which is raised."""
    doing = "read"
    try:
        run = cut((read or sources.read)(ref), settings.limits)
        yield run.points
        run, unjoined = with_hardware_of(run, settings)
        run = roles.resolve(run, settings.metrics, settings.directions)
        run, apart = with_evals_of(run, settings)
        apart = (*unjoined, *apart)
        yield run.points
        doing = "judged"
        report = yield from judged_in_steps(run, settings)
        if apart:
            report = replace(report, failures=(*report.failures, *apart))
            report = replace(report, verdict=run_verdict(report, settings.fail_on))
        return report, also(ref, run, report)
    except RunLensError as error:
        if settings.debug:
            raise
        failure = Failure("read", str(error), missing=isinstance(error, NoRunFound))
    except MemoryError:
        raise
    except Exception as error:  # KeyboardInterrupt and SystemExit are none, and pass
        if settings.debug:
            raise
        failure = Failure("read", sources.unforeseen(ref.shown, doing, error))
    return _failed(ref, failure), None


def _nothing(ref: RunRef, run: Run, report: RunReport) -> None:
    """Nothing else is asked for."""
