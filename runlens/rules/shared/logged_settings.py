"""Settings that a run logs: those that make a step longer, and those that change what is learnt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from runlens.model import PlacedSeries, Run

_NAME = re.compile(
    r"(^|[/_.\- ])(seq(uence)?[_-]?len(gth)?s?|context[_-]?len(gth)?|block[_-]?size"
    r"|(grad(ient)?[_-]?)?acc(um\w*)?([_-]?steps)?|num[_-]?micro[_-]?batches|batch[_-]?size"
    r"|resolution|ima?ge?[_-]?size|num[_-]?frames)$"
)
_PLAN = re.compile(
    r"(^|[/_.\- ])((data|train(ing)?|curriculum)?[_-]?(stage|phase)|curriculum([_-]?\w+)?|disc\w*[_-](factor|weight)"
    r"|difficulty|dataset[_-]?(id|index|idx))$"
)
_WORDED = re.compile(
    r"(^|[/_.\- ])(phase|stage|split|curriculum|difficulty|dataset|data[_-]?(source|set|mix\w*)?|corpus|mixture|mix"
    r"|subset|domain|task|regime|recipe|period)([_-]?name)?$"
)
"""What a series of words is called that says what is learnt."""
_ACCURACY = re.compile(r"(^|[/_.\- ])acc$")
AROUND = 20
"""Logged values on either side of a change that must be equal: the longest sequence of each batch is no setting."""


SettingEvidence = TypedDict("SettingEvidence", {"metric": str, "from": float | str, "to": float | str})
"""A setting that was changed; its words where words were logged."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that was changed."""

    metric: str
    before: float | str
    after: float | str

    def evidence(self) -> SettingEvidence:
        """For machines."""
        return {"metric": self.metric, "from": self.before, "to": self.after}

    def words(self) -> str:
        """Such as `train/seq_len went from 4,096 to 32,768`."""
        return f"{self.metric} went from {_shown(self.before)} to {_shown(self.after)}"


def raised_setting(run: Run, before: tuple[int, int], after: tuple[int, int]) -> Setting | None:
    """The setting that stood at one value up to a change of speed and stands at a higher one from there on.

    Parameters
    ----------
    run : Run
    before, after : (int, int)
        First and last step of the fast and of the slow stretch.
    """
    changed = _changed(run, _NAME, before, after)
    return next((s for s in changed if 0 < _size(s.before) < _size(s.after)), None)


def changed_plan(run: Run, before: tuple[int, int], after: tuple[int, int]) -> Setting | None:
    """The stage, phase or switch of the loss that stood at one value up to a change of the loss, and at another since.

    Parameters
    ----------
    run : Run
    before, after : (int, int)
        First and last step of the stretches before and after.
    """
    return next(_changed(run, _PLAN, before, after), None)


def longer_there(run: Run, there: npt.NDArray[np.int64], elsewhere: npt.NDArray[np.int64]) -> Setting | None:
    """The setting, stage or phase that nearly always differs between slow steps and others, and explains them.

    Parameters
    ----------
    run : Run
    there, elsewhere : ndarray of int64
        Slow steps, and normal ones.

    Returns
    -------
    Setting or None
        A setting that is higher at nine of ten slow steps than at nine of ten others, or a stage that is another.
    """
    if not len(there) or not len(elsewhere):
        return None
    for pattern, any_change in ((_NAME, False), (_PLAN, True)):
        for name, series in _settings(run, pattern):
            known = series.where(np.isfinite(series.value))
            if len(known) < 2:
                continue
            slow, fast = (
                known.value[np.clip(np.searchsorted(known.step, at, side="right") - 1, 0, len(known) - 1)]
                for at in (there, elsewhere)
            )
            if name in run.texts:
                if (worded := _another_word(slow, fast)) is not None:
                    return Setting(name, *(_said(run, name, v) for v in worded))
                continue
            low, high = np.quantile(slow, [0.1, 0.9])
            apart = low > np.quantile(fast, 0.9) or (any_change and high < np.quantile(fast, 0.1))
            if apart:
                return Setting(name, float(np.median(fast)), float(np.median(slow)))
    return None


def _another_word(slow: npt.NDArray[np.float64], fast: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """The commonest words of normal steps and of slow ones, if nine of ten slow ones and one of ten others have it."""
    usual, word = _commonest(fast), _commonest(slow)
    apart = float(np.mean(slow == word)) >= 0.9 and float(np.mean(fast == word)) <= 0.1
    return (usual, word) if apart else None


def _commonest(codes: npt.NDArray[np.float64]) -> float:
    found, counts = np.unique(codes, return_counts=True)
    return float(found[np.argmax(counts)])


def _settings(run: Run, pattern: re.Pattern[str]) -> list[tuple[str, PlacedSeries]]:
    """Series of such names: looked for once a run, which may hold thousands, and hundreds of incidents that ask."""

    def find() -> list[tuple[str, PlacedSeries]]:
        return [(name, run.placed[name].latest()) for name in run.placed if _is_one(run, name, pattern)]

    return run.once(f"settings {pattern.pattern}", find)


def _is_one(run: Run, name: str, pattern: re.Pattern[str]) -> bool:
    low = name.lower()
    if name in run.texts:
        return pattern is _PLAN and _WORDED.search(low) is not None
    return pattern.search(low) is not None and _ACCURACY.search(low) is None


def _changed(run: Run, pattern: re.Pattern[str], before: tuple[int, int], after: tuple[int, int]) -> Iterator[Setting]:
    """Settings of such names that stood at one value at the end of one span, and at another since the next began."""
    for name, series in _settings(run, pattern):
        old, new = _within(series, before)[-AROUND:], _within(series, after)[:AROUND]
        if _steady(old) and _steady(new) and old[0] != new[0]:
            yield Setting(name, _said(run, name, float(old[0])), _said(run, name, float(new[0])))


def _said(run: Run, name: str, value: float) -> float | str:
    """A value as it was logged: the word that it stands for, where words were."""
    return run.texts[name][int(value)] if name in run.texts else value


def _size(value: float | str) -> float:
    return 0.0 if isinstance(value, str) else value


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,.6g}"


def _within(series: PlacedSeries, span: tuple[int, int]) -> npt.NDArray[np.float64]:
    first, stop = np.searchsorted(series.step, span[0]), np.searchsorted(series.step, span[1], side="right")
    return series.value[first:stop]


def _steady(values: npt.NDArray[np.float64]) -> bool:
    return len(values) > 0 and bool(np.all(values == values[0]))
