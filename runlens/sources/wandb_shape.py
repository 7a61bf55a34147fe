"""What a W&B run looks like once read, the same from the API and from a `.wandb` file.

History keys keep their logged names (nested keys joined by a dot), x is `_step`, the time is `_timestamp`; keys that
begin with an underscore are W&B's own and no series. System metrics are `system.<key>`, placed on the step that was
current when they were measured.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from runlens.model import State

_NON_FINITE = {
    sign + word: value
    for word, positive in (("nan", math.nan), ("inf", math.inf), ("infinity", math.inf))
    for sign, value in (("", positive), ("+", positive), ("-", -positive))
} | {
    sign + word: value
    for word, positive in (("1.#qnan", math.nan), ("1.#snan", math.nan), ("1.#ind", math.nan), ("1.#inf", math.inf))
    for sign, value in (("", positive), ("-", -positive))
}
_NON_FINITE |= {"nan(ind)": math.nan, "-nan(ind)": math.nan}
"""As Python, JavaScript and C write them: glibc prints a NaN whose sign bit is set as `-nan`, Microsoft's C library
what it is in words (`1.#QNAN`, `-nan(ind)`)."""


def number(value: object) -> float | None:
    """A logged JSON value as a number, or None if it is none: null, text, a list, media.

    NaN and infinities arrive as numbers or as text (`"NaN"`, `"Infinity"`), depending on the server; both are
    numbers. Booleans are 0 and 1. Integers too large for a float are infinite.
    """
    if isinstance(value, (int, float)):  # bool is an int
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str) and len(value) < 10:
        return _NON_FINITE.get(value.strip().lower())
    return None


def is_series(name: str) -> bool:
    """Whether a history key is a metric: W&B's own keys (`_step`, `_runtime`, `_wandb`, …) are not."""
    return not name.startswith("_")


def system_name(key: str) -> str:
    """The series name of a system metric, with or without its prefix: `gpu.0.temp` -> `system.gpu.0.temp`."""
    return key if key.startswith("system.") else f"system.{key}"


def steps_at(
    step: npt.NDArray[np.int64], time: npt.NDArray[np.float64], at: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The step that was current at given times: that of the last history row written at or before each.

    Parameters
    ----------
    step, time : ndarray, shape (n,)
        `_step` and `_timestamp` of the history rows, in the order written; rows without a time are passed over.
    at : ndarray of float64, shape (m,)
        Times of the system metrics, s since the epoch.

    Returns
    -------
    ndarray of int64, shape (m,)
        The first step for times before the first row; 0 for a run without history.
    """
    known = np.isfinite(time)
    if not known.any():
        return np.zeros(at.shape, dtype=np.int64)
    sorted_time, sorted_step = (time, step) if known.all() else (time[known], step[known])
    if np.any(sorted_time[1:] < sorted_time[:-1]):
        order = np.argsort(sorted_time, kind="stable")
        sorted_time, sorted_step = sorted_time[order], sorted_step[order]
    found: npt.NDArray[np.int64] = sorted_step[np.maximum(np.searchsorted(sorted_time, at, side="right") - 1, 0)]
    return found


@dataclass(frozen=True, slots=True)
class Defined:
    """One `define_metric`: which series it is about, and the series that is their step."""

    name: str
    """Exact name, or empty if it is a pattern."""
    glob: str
    """Pattern such as `train/*`, or empty."""
    step_metric: str
    """Empty if it names none."""


def defined_in_config(config: Mapping[str, object]) -> tuple[Defined, ...]:
    """The `define_metric` calls, from the `_wandb` entry of a run's config.

    W&B keeps them under `m` as records keyed by protobuf field number: 1 name, 2 glob, 4 step metric by name,
    5 step metric as a 1-based index into the list (`MetricRecord` in wandb_internal.proto).
    """
    own = config.get("_wandb")
    if isinstance(own, Mapping) and isinstance(own.get("value"), Mapping):
        own = own["value"]
    records = own.get("m") if isinstance(own, Mapping) else None
    if not isinstance(records, list):
        return ()
    records = [r for r in records if isinstance(r, Mapping)]
    names = [str(r.get("1") or "") for r in records]
    found = []
    for record, name in zip(records, names, strict=True):
        index, by_name = record.get("5"), record.get("4")
        step = str(by_name or "")
        if not step and isinstance(index, int) and 1 <= index <= len(names):
            step = names[index - 1]
        found.append(Defined(name, str(record.get("2") or ""), step))
    return tuple(found)


def step_metric_of(defined: Iterable[Defined], sizes: Mapping[str, int]) -> str:
    """The series that is the training step of most of what was logged, by the run's own `define_metric` calls.

    Parameters
    ----------
    defined : iterable of Defined
    sizes : mapping of str to int
        Points of each series. Where several step metrics are defined (`train/step`, `eval/step`), the one whose
        series hold the most points is taken.

    Returns
    -------
    str
        Empty if none is defined, was logged, or is other than `_step`.
    """
    rules = [d for d in defined if d.step_metric in sizes]
    weight: dict[str, int] = {}
    for name, size in sizes.items():
        exact = [d for d in rules if d.name == name]
        matching = exact or [d for d in rules if d.glob and fnmatchcase(name, d.glob)]
        if matching and name != matching[0].step_metric:
            weight[matching[0].step_metric] = weight.get(matching[0].step_metric, 0) + size
    return max(weight, key=lambda name: weight[name]) if weight else ""


def state_of(said: object) -> State:
    """W&B's state of a run in RunLens's words: failed, killed and preempted runs count as crashed."""
    word = str(said or "").lower()
    if word == "running":
        return "running"
    if word == "finished":
        return "finished"
    if re.fullmatch(r"crashed|failed|killed|preempt(ed|ing)", word):
        return "crashed"
    return "unknown"
