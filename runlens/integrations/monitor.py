"""Judge a training from within, in memory: tell each incident once, stop the run or call a function."""

from __future__ import annotations

import datetime
import logging
import math
import time
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from runlens import roles
from runlens.config import load, settings_for
from runlens.judging.gate import EXIT_CODES, verdict
from runlens.judging.news import Memory
from runlens.judging.one import judge_run
from runlens.judging.report import Report
from runlens.model import Finding, Run, Series, Severity, State

logger = logging.getLogger("runlens")

OnNews = Callable[[tuple[Finding, ...], Report], object]


@dataclass(slots=True)
class _Column:
    """One metric as it was logged."""

    step: array[int] = field(default_factory=lambda: array("q"))
    time: array[float] = field(default_factory=lambda: array("d"))
    value: array[float] = field(default_factory=lambda: array("d"))


class Monitor:
    """What was logged so far, judged every so many steps.

    A look takes 0.1 to 0.3 s and reads no file. Whatever goes wrong in it is logged under `runlens` and never reaches
    the training.

    Parameters
    ----------
    every : int
        Steps between two looks.
    stop_on : {"error", "warning"} or None
        `should_stop` becomes true when something new and at least this bad is found.
    on_news : callable, optional
        Takes the new findings and the report; without it they are logged as warnings.
    level : {"info", "warning", "error"}
        Lowest severity that is news.
    name : str
    settings : mapping, optional
        The run's own hyperparameters, which tell batch size, precision, planned steps and the like.
    evals_reference : str or sequence of str
        What the evals are compared with, as `--reference` takes it.
    config : str or Path, optional
        The configuration file; the nearest `runlens.toml` or `[tool.runlens]` if not given.
    **given
        Settings that count for more than the file: `select`, `ignore`, `fail_on`, `metrics`, `requirements`,
        `tokens_per_step`, `total_tokens`.

    Raises
    ------
    ConfigError
        A setting that makes no sense: at once, not hours later.

    Examples
    --------
    >>> monitor = Monitor(every=500, stop_on="error")
    >>> for step in range(10_000):
    ...     monitor.log({"loss": 2.0, "lr": 3e-4}, step)
    ...     if monitor.should_stop:
    ...         break
    >>> monitor.finish().passed
    True
    """

    def __init__(
        self,
        every: int = 500,
        *,
        stop_on: str | None = None,
        on_news: OnNews | None = None,
        level: str = "warning",
        name: str = "run",
        settings: Mapping[str, object] | None = None,
        evals_reference: str | Sequence[str] = (),
        config: str | Path | None = None,
        **given: Any,
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be 1 step or more, not {every}")
        self.every, self.name, self.settings = every, name, dict(settings or {})
        self._level = Severity(level)
        self.stop_on = Severity(stop_on) if stop_on is not None else None
        self._on_news = on_news or _logged
        references = [evals_reference] if isinstance(evals_reference, str) else list(evals_reference)
        self._judged_by = settings_for(
            name, load(Path(config) if config else None), {"references": references, **given}
        )
        self._columns: dict[str, _Column] = {}
        self._told = Memory()
        self._looked_at: int | None = None
        self._now = math.nan
        self.should_stop = False
        """Whether something new and bad enough was found."""
        self.report: Report | None = None
        """Of the last look; None before the first."""

    def log(self, values: Mapping[str, object], step: int, time_s: float | None = None) -> None:
        """Take the metrics of one step, and look where it is time to.

        Parameters
        ----------
        values : mapping of str to number
            Numbers, and tensors or arrays of one element; what is no number is left out.
        step : int
            The optimizer step.
        time_s : float, optional
            Wall time, s since the epoch; now if not given.
        """
        self._now = now = time.time() if time_s is None else time_s
        for name, value in values.items():
            number = _number(value)
            if number is not None:
                column = self._columns.setdefault(str(name), _Column())
                column.step.append(int(step))
                column.time.append(now)
                column.value.append(number)
        if self._looked_at is None:
            self._looked_at = step
        if step - self._looked_at >= self.every:
            self._looked_at = step
            self._look("running")

    def check(self, state: State = "running") -> Report:
        """Judge what was logged so far."""
        series = {name: _series(name, column) for name, column in self._columns.items()}
        run = Run(self.name, self.name, "memory", state, self.settings, series=series, read_at=self._now)
        judged = judge_run(roles.resolve(run, self._judged_by.metrics, self._judged_by.directions), self._judged_by)
        from runlens import __version__

        overall = verdict([judged])
        created = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Report(__version__, created, overall, EXIT_CODES[overall], (judged,), self._judged_by.fail_on)

    def finish(self) -> Report:
        """The last look, at a run that has ended."""
        self._look("finished")
        return self.report if self.report is not None else self.check("finished")

    def _look(self, state: State) -> None:
        try:
            self.report = self.check(state)
            news = tuple(f for f in self._told.news(self.report.runs[0]) if f.severity.rank >= self._level.rank)
            if news:
                self._on_news(news, self.report)
        except Exception:  # a training is worth more than what watches it
            logger.exception("RunLens could not look at the run at step %s; the training goes on", self._looked_at)
            return
        if self.stop_on is not None and any(f.severity.rank >= self.stop_on.rank for f in news):
            self.should_stop = True


def _series(name: str, column: _Column) -> Series:
    step, clock, value = np.array(column.step), np.array(column.time), np.array(column.value)
    return Series(name, step.astype(np.int64), clock, value)


def _number(value: object) -> float | None:
    """A number, or a tensor of one element, as a float; None for all else."""
    if isinstance(value, bool | str | bytes) or value is None:
        return None
    try:
        item = getattr(value, "item", None)
        return float(item() if callable(item) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        return None
    except OverflowError:
        return math.inf


def _logged(news: Iterable[Finding], report: Report) -> None:
    action = report.action
    for finding in news:
        logger.warning("%s %s: %s", finding.severity.value, finding.code, finding.message)
    if action is not None and action.headline:
        logger.warning("→ %s", action.headline)
