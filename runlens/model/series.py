"""One logged metric as columns: x, wall time, value; as logged (`Series`), or on the training step (`PlacedSeries`)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from runlens.growing import chosen, last_writes, places, rises, taken


@dataclass(frozen=True, slots=True, eq=False)
class AnySeries:
    """Every point of one metric, in the order in which it was written: what raw and placed series have in common.

    Only what takes no heed of the x axis may ask for this type.

    Nothing is dropped, sorted or averaged: a step that was logged twice after a
    resume stands here twice, and NaN and infinities are kept, because both are
    evidence. The three columns have one length; an empty series is allowed.
    """

    name: str
    """The name as it was logged, unescaped (it may be hostile: renderers escape it)."""
    step: npt.NDArray[np.int64]
    """(n,) int64: the x value, on the axis that the type of the series says."""
    time: npt.NDArray[np.float64]
    """(n,) float64: wall time in seconds since the epoch, NaN where unknown; below 1e8, seconds since the start of
    the run, where only these were logged."""
    value: npt.NDArray[np.float64]
    """(n,) float64: in the unit in which the metric was logged; NaN and inf kept."""
    _latest: list[Self | None] = field(default_factory=list, init=False, repr=False)
    """What `latest` found, since many ask: nothing before the first call, None for the series itself."""

    def __post_init__(self) -> None:
        step = np.ascontiguousarray(self.step, dtype=np.int64)
        time = np.ascontiguousarray(self.time, dtype=np.float64)
        value = np.ascontiguousarray(self.value, dtype=np.float64)
        if not (step.ndim == time.ndim == value.ndim == 1 and len(step) == len(time) == len(value)):
            raise ValueError(
                f"the columns of series {self.name!r} must be 1-d and of one length, "
                f"got shapes {step.shape}, {time.shape}, {value.shape}"
            )
        object.__setattr__(self, "step", step)
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "value", value)

    def __len__(self) -> int:
        return len(self.step)

    def take(self, index: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> Self:
        """The points at `index` (positions, a boolean mask of shape (n,), or a slice)."""
        return type(self)(self.name, self.step[index], self.time[index], self.value[index])

    def where(self, keep: npt.NDArray[np.bool_]) -> Self:
        """The points at which `keep`, shape (n,), is true; the series itself, not a copy, where it is true of all."""
        return self if bool(keep.all()) else self.take(keep)

    def finite(self) -> Self:
        """The points whose value is finite; the series itself where it is so of all."""
        value, step, time = chosen("finite", (self.value, self.step, self.time), _is_finite)
        return self if value is self.value else type(self)(self.name, step, time, value)

    def timed(self) -> Self:
        """The points whose wall time is known; the series itself where it is so of all."""
        time, step, value = chosen("finite", (self.time, self.step, self.value), _is_finite)
        return self if time is self.time else type(self)(self.name, step, time, value)

    def with_value(self, value: npt.NDArray[np.float64]) -> Self:
        """The same points with other values, shape (n,), such as after a change of unit."""
        return type(self)(self.name, self.step, self.time, value)

    def attempts(self) -> tuple[Self, ...]:
        """The series cut wherever the step goes back, in the order written.

        A run that was resumed from an earlier checkpoint has one attempt for each start. A
        step that merely repeats does not cut. An empty series has no attempts.
        """
        if len(self) == 0:
            return ()
        bounds = [0, *self.falls().tolist(), len(self)]
        return tuple(self.take(slice(a, b)) for a, b in itertools.pairwise(bounds))

    def falls(self) -> npt.NDArray[np.int64]:
        """Positions at which the step is below the one before."""
        return places("falls", (self.step,), _falls, back=1)

    def latest(self) -> Self:
        """The last write of each step, sorted by step: what a chart shows.

        Steps that a later attempt never reached again are kept, so a resumed run shows its first
        attempt up to the resume and the second from there, unless the second one is shorter.
        """
        if not self._latest:
            self._latest.append(None if rises(self.step, strictly=True) else self._last_writes())
        return self._latest[0] or self

    def _last_writes(self) -> Self:
        order = last_writes(self.step)
        step, time, value = (taken(column, order) for column in (self.step, self.time, self.value))
        return type(self)(self.name, step, time, value)

    def between(self, first: int, last: int) -> Self:
        """The points whose step lies in [first, last], in the order written."""
        return self.take((self.step >= first) & (self.step <= last))


@dataclass(frozen=True, slots=True, eq=False)
class Series(AnySeries):
    """A metric as it was read: `step` is whatever the logger counted (calls, samples, epochs, seconds, or steps)."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSeries(AnySeries):
    """A metric on the training step (optimizer step): the only kind whose points may be held against another's.

    Made by the step axis (`runlens.roles.axes`), and from other placed series. It is no `Series`, so that a type
    checker refuses the one in place of the other.
    """


def _falls(step: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    return np.asarray(step[1:] < step[:-1])


def _is_finite(
    one: npt.NDArray[np.float64], step: npt.NDArray[np.int64], other: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    return np.isfinite(one)
