"""Settings that a run logs: those that make a step longer, and those that change what is learnt."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from runlens.model import Run, Series

_NAME = re.compile(
    r"(^|[/_.\- ])(seq(uence)?[_-]?len(gth)?s?|context[_-]?len(gth)?|block[_-]?size"
    r"|(grad(ient)?[_-]?)?acc(um\w*)?([_-]?steps)?|num[_-]?micro[_-]?batches|batch[_-]?size"
    r"|resolution|ima?ge?[_-]?size|num[_-]?frames)$"
)
_PLAN = re.compile(
    r"(^|[/_.\- ])((data|train(ing)?|curriculum)?[_-]?(stage|phase)|curriculum([_-]?\w+)?|disc\w*[_-](factor|weight)"
    r"|difficulty|dataset[_-]?(id|index|idx))$"
)
_ACCURACY = re.compile(r"(^|[/_.\- ])acc$")
AROUND = 20
"""Logged values on either side of a change that must be equal: the longest sequence of each batch is no setting."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that was changed."""

    metric: str
    before: float
    after: float

    def evidence(self) -> dict[str, object]:
        """For machines."""
        return {"metric": self.metric, "from": self.before, "to": self.after}

    def words(self) -> str:
        """Such as `train/seq_len went from 4,096 to 32,768`."""
        return f"{self.metric} went from {self.before:,.6g} to {self.after:,.6g}"


def raised_setting(run: Run, before: tuple[int, int], after: tuple[int, int]) -> Setting | None:
    """The setting that stood at one value up to a change of speed and stands at a higher one from there on.

    Parameters
    ----------
    run : Run
    before, after : (int, int)
        First and last step of the fast and of the slow stretch.
    """
    for name, series in _named(run, _NAME):
        old, new = _value(series, before, last=True), _value(series, after, last=False)
        if old is not None and new is not None and 0 < old < new:
            return Setting(name, old, new)
    return None


def changed_plan(run: Run, before: tuple[int, int], after: tuple[int, int]) -> Setting | None:
    """The stage, phase or switch of the loss that stood at one value up to a change of the loss, and at another since.

    Parameters
    ----------
    run : Run
    before, after : (int, int)
        First and last step of the stretches before and after.
    """
    for name, series in _named(run, _PLAN):
        old, new = _value(series, before, last=True), _value(series, after, last=False)
        if old is not None and new is not None and old != new:
            return Setting(name, old, new)
    return None


def _named(run: Run, pattern: re.Pattern[str]) -> list[tuple[str, Series]]:
    """The series of such names, looked for once a run: it may hold thousands, and hundreds of incidents that ask."""

    def found() -> list[tuple[str, Series]]:
        kept = [name for name in run.series if pattern.search(name.lower()) and not _ACCURACY.search(name.lower())]
        return [(name, run.series[name].latest()) for name in kept]

    return run.once(f"settings {pattern.pattern}", found)


def _value(series: Series, span: tuple[int, int], last: bool) -> float | None:
    """The value at which a series of its latest writes stands at the end, or at the start, of a span of steps."""
    first, stop = np.searchsorted(series.step, span[0]), np.searchsorted(series.step, span[1], side="right")
    part = series.value[first:stop]
    part = part[-AROUND:] if last else part[:AROUND]
    return float(part[0]) if len(part) and bool(np.all(part == part[0])) else None
