"""The x axis, checked and never trusted: every series is put on the training step.

What a log calls its step may count calls of the logger (W&B `_step` under the HF Trainer, nanoGPT, torchtune, …),
samples (DeepSpeed), micro-batches (litgpt), epochs (Keras, timm, evals of many trainers) or seconds (system metrics).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlens.growing import equal, every
from runlens.model import AnySeries, PlacedSeries, Run, Series
from runlens.roles.foreign import agrees, foreign
from runlens.roles.names.claim import Claim
from runlens.roles.numbers import middle
from runlens.run_config import STEP_SERIES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Placing:
    """How a series came onto the training step."""

    how: Literal["as-logged", "counter", "divided", "wall-time"] = "as-logged"
    said: str = ""
    """What was done, for people; empty if nothing was."""


AS_LOGGED = Placing()
BY_WALL_TIME = Placing("wall-time", "placed by wall time")


@dataclass(slots=True)
class StepAxis:
    """Where a run's training step stands, and how to put a series on it."""

    reference: Series | None
    """The series of training itself whose x axis the others are compared with."""
    lookup: Series | None = None
    """Series whose value is the training step at each raw x, where the raw x is something else."""
    divisor: float = 1.0
    """Raw x of the reference for each training step (samples or micro-batches), where no series tells."""
    note: str = ""
    """What dividing does to the reference, for people; empty if its x axis is the training step."""
    _placed: dict[int, tuple[Series, PlacedSeries, Placing]] = field(default_factory=dict)
    """What was placed, by the identity of the raw series, which is kept so that no other can take its id."""
    _steps_of: dict[tuple[object, ...], list[tuple[Series, Ints | None, Placing]]] = field(default_factory=dict)
    """Steps that were worked out, for series with the very same x axis: hundreds of them are logged together."""

    def place(self, series: Series, claim: Claim) -> tuple[PlacedSeries, Placing]:
        """Put a series on the training step.

        Parameters
        ----------
        series : Series
            As read: raw x axis.
        claim : Claim
            What its name says, in particular of its x axis.

        Returns
        -------
        PlacedSeries
            `step` is the training step; the raw x axis where nothing better is known. Columns that stay are shared
            with the raw series, and the same series gives the same object again.
        Placing
            What was done.
        """
        if id(series) not in self._placed:
            steps, placing = self._steps(series, claim) if len(series) else (None, AS_LOGGED)
            placed = PlacedSeries(series.name, series.step if steps is None else steps, series.time, series.value)
            self._placed[id(series)] = series, placed, placing
        _, placed, placing = self._placed[id(series)]
        return placed, placing

    def _steps(self, series: Series, claim: Claim) -> tuple[Ints | None, Placing]:
        """Training steps of a series' points, None if its own are right; and what was done.

        Worked out once for all series with equal columns of x and time: length and ends do not make them equal.
        """
        some = slice(None, None, max(1, len(series) // 8))  # sorts them apart, so that few are compared whole
        key = len(series), claim.axis, series.step[some].tobytes(), series.time[some].tobytes()
        alike = self._steps_of.setdefault(key, [])
        for other, steps, placing in alike:
            if same_x(series, other):
                return steps, placing
        steps, placing = self._worked_out(series, claim)
        alike.append((series, steps, placing))
        return steps, placing

    def raw_per_step(self) -> float:
        """Raw x for each training step where a series tells it (micro-batches under accumulation), else 1."""
        if self.lookup is None or len(self.lookup) < 2:
            return 1.0
        done = float(self.lookup.value[-1] - self.lookup.value[0])
        gone = float(self.lookup.step[-1] - self.lookup.step[0])
        return gone / done if done > 0 and gone > 0 else 1.0

    def _worked_out(self, series: Series, claim: Claim) -> tuple[Ints | None, Placing]:
        monitor = claim.axis in ("wall", "seconds")
        if self.lookup is not None and not monitor and claim.axis != "epochs":
            return look_up(self.lookup, series), Placing("counter", f"x axis read through {self.lookup.name}")
        reference = self.reference
        if reference is None or reference.name == series.name or (not monitor and same_x(series, reference)):
            return self._divided(series)
        if monitor or foreign(series, reference, claim):
            at = by_time(self._own(reference), series)
            if at is not None and not agrees(series.step, at, reference):
                return at, BY_WALL_TIME
            return None, AS_LOGGED
        return self._divided(series)

    def _divided(self, series: Series) -> tuple[Ints | None, Placing]:
        if self.divisor == 1.0:
            return None, AS_LOGGED
        return _int(series.step / self.divisor), Placing("divided", self.note)

    def _own(self, reference: Series) -> PlacedSeries:
        """The reference on training steps."""
        step = reference.step
        if self.lookup is not None:
            step = look_up(self.lookup, reference)
        elif self.divisor != 1.0:
            step = _int(reference.step / self.divisor)
        return PlacedSeries(reference.name, step, reference.time, reference.value)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedByName(Mapping[str, PlacedSeries]):
    """Every raw series of a run on the training step, placed when it is first asked for."""

    series: Mapping[str, Series]
    claims: Mapping[str, Claim]
    axis: StepAxis

    def __getitem__(self, name: str) -> PlacedSeries:
        return self.axis.place(self.series[name], self.claims.get(name, UNKNOWN))[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)


UNKNOWN = Claim("other")
"""What a name says that was not understood: nothing of its x axis."""


def same_x(one: AnySeries, other: AnySeries) -> bool:
    """Whether two series stand at the same x values and wall times, point by point; NaN times are the same."""
    if not equal(one.step, other.step):
        return False
    # bits are compared, since comparing NaN as equal takes three passes and a copy
    return one.time is other.time or every("same bits", (one.time, other.time), _same_bits)


def _same_bits(one: Floats, other: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(one.view(np.int64) == other.view(np.int64))


def step_axis(run: Run, claims: Mapping[str, Claim], reference: Series | None, batch_size: float | None) -> StepAxis:
    """Find the training step of a run.

    Parameters
    ----------
    run : Run
        As read.
    claims : mapping
        What the names say.
    reference : Series or None
        The training series that all others are compared with.
    batch_size : float or None
        Samples per step, if known; needed where the x axis counts samples.
    """
    if reference is None or len(reference) == 0:
        return StepAxis(None)
    if run.x_is_step:
        return StepAxis(reference)
    others = [name for name, claim in claims.items() if claim.role == "step"]
    named = [name for name in others if claims[name].origin == "user"]
    for name in dict.fromkeys([*named, run.step_metric, *STEP_SERIES, *others]):
        counter = run.series.get(name)
        claim = claims.get(name)
        if counter is None or (claim is not None and claim.role not in ("step", "other")):
            continue
        if name != run.step_metric and claim is not None and claim.role != "step":
            continue
        if _is_counter_of(counter, reference):
            if np.array_equal(counter.value, counter.step):
                return StepAxis(reference)
            return StepAxis(reference, lookup=counter)
    axis = claims[reference.name].axis if reference.name in claims else ""
    if axis == "samples" and batch_size:
        note = f"x axis counts samples: divided by the batch size {batch_size:g}"
        return StepAxis(reference, divisor=float(batch_size), note=note)
    return StepAxis(reference)


_FARTHEST = 2.0**62
"""Beyond it a number is no step, and overflows."""
_MOVES = 0.1
"""Share of points at which a counter of steps grows at least, unless it counts one by one (micro-batches, calls)."""


def _is_counter_of(counter: Series, reference: Series) -> bool:
    """Whether a series counts steps and is there where the reference is.

    It must be finite, never fall within an attempt, change, and stand on 90 % of the reference's x values
    (or have as many points over the same range: open_lm logs one row for each metric).
    """
    if len(counter) < 2 or not bool(np.isfinite(counter.value).all()):
        return False
    falls = (np.diff(counter.value) < 0) & (np.diff(counter.step) >= 0)
    if float(np.mean(falls)) > 0.01 or counter.value[0] == counter.value.max():
        return False
    if float(np.mean(counter.value == np.floor(counter.value))) < 0.9:  # fairseq's `update` is a share of an epoch
        return False
    grown = np.diff(counter.value)
    if float(np.mean(grown > 0)) < _MOVES and middle(grown[grown > 0]) > 1:  # what is done in a row, not what was done
        return False
    present = float(np.mean(np.isin(reference.step, counter.step)))
    covers = counter.step.min() <= np.quantile(reference.step, 0.05) and counter.step.max() >= np.quantile(
        reference.step, 0.95
    )
    return present >= 0.9 or (bool(covers) and len(counter) >= 0.9 * len(reference))


def look_up(counter: Series, series: Series) -> Ints:
    """Training steps of a series' points: the counter's value at the same raw x, or the last one before it."""
    if bool(np.all(np.diff(counter.step) >= 0)):
        return _last_before(counter.step.astype(np.float64), counter.value, series.step.astype(np.float64))
    if bool(np.isfinite(counter.time).all()) and bool(np.isfinite(series.time).all()):
        order = np.argsort(counter.time, kind="stable")
        return _last_before(counter.time[order], counter.value[order], series.time)
    parts = counter.attempts()
    out = np.empty(len(series), dtype=np.int64)
    done = 0
    for i, part in enumerate(series.attempts()):
        own = parts[min(i, len(parts) - 1)]
        steps = _last_before(own.step.astype(np.float64), own.value, part.step.astype(np.float64))
        out[done : done + len(part)] = steps
        done += len(part)
    return out


def by_time(reference: PlacedSeries, series: Series) -> Ints | None:
    """Training steps of a series by its wall times: the reference's last step at or before each; None without times."""
    known = np.isfinite(reference.time)
    if int(known.sum()) < 2 or not bool(np.isfinite(series.time).all()):
        return None
    time, step = reference.time[known], reference.step[known]
    order = np.argsort(time, kind="stable")
    return _last_before(time[order], step[order].astype(np.float64), series.time)


def reference_of(run: Run, ranked: Sequence[str]) -> Series | None:
    """The first series of training that has at least two points, by the names in order of preference."""
    for name in ranked:
        if len(run.series[name]) >= 2:
            return run.series[name]
    return run.series[ranked[0]] if ranked else None


def _last_before(x: Floats, y: Floats, at: Floats) -> Ints:
    return _int(y[np.maximum(np.searchsorted(x, at, side="right") - 1, 0)])


def _int(value: Floats) -> Ints:
    return np.rint(np.clip(value, -_FARTHEST, _FARTHEST)).astype(np.int64)
