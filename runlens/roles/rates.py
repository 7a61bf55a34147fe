"""Rates: the scope of those whose name does not tell it, and running means turned back into rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from runlens.model import PlacedSeries, RoleSeries
from runlens.roles.names.claim import Claim
from runlens.roles.names.pattern import EVAL, compiled
from runlens.roles.names.take_apart import normalise, take_apart
from runlens.roles.numbers import middle

_SPEED = frozenset({"tokens_per_second", "samples_per_second", "tflops", "mfu", "step_time", "data_time"})
_HELD_OUT = compiled(EVAL)
_RATE = compiled(r"(samples?|examples?|tokens?|steps?|batch(es)?|iter(ation)?s?|it)_per_s(ec(ond)?)?$")


def of_training(claim: Claim, name: str) -> Claim:
    """The claim, but to no role where it is a rate or a timer of evaluation: its speed is not that of training.

    Parameters
    ----------
    claim : Claim
        What the name says, and the data allow.
    name : str
        As logged, such as `eval/samples_per_second`.
    """
    if claim.role not in _SPEED or not (claim.split == "eval" or _of_held_out(name)):
        return claim
    why = f"{claim.why}; of evaluation, which is no speed of training"
    return replace(claim, role="other", unit="", flags=claim.flags | {"known"}, why=why)


@lru_cache(maxsize=4096)  # the runs of a fleet log the same names
def _of_held_out(name: str) -> bool:
    return _HELD_OUT.search(take_apart(name).normal) is not None


def has_speed_of_evaluation(names: Iterable[str]) -> bool:
    """Whether a name is a rate of evaluation, such as `eval/samples_per_second`."""
    return any(_RATE.search(name) and _HELD_OUT.search(name) for name in map(normalise, names))


def without_running_mean(role: str, series: PlacedSeries) -> PlacedSeries:
    """A mean since the start as the rate of each interval: (r_n t_n - r_{n-1} t_{n-1}) / (t_n - t_{n-1}).

    Parameters
    ----------
    role : str
        A time per step (`step_time`) is weighted by steps, a rate by wall time.
    series : PlacedSeries
        Of n points, each the mean since the first one.

    Returns
    -------
    PlacedSeries
        n - 1 points; unchanged if the times (or steps) do not grow strictly, or there are fewer than three points.
    """
    at = (series.step.astype(np.float64) if role == "step_time" else series.time).copy()
    if len(series) < 3 or not bool(np.all(np.diff(at) > 0)):
        return series
    at -= at[0] - (at[1] - at[0])  # the first point covers an interval like the second's
    total = series.value * at
    return PlacedSeries(series.name, series.step[1:], series.time[1:], np.diff(total) / np.diff(at))


def with_scopes(groups: Mapping[str, list[RoleSeries]]) -> dict[str, list[RoleSeries]]:
    """Give a scope to rates whose name tells none, by the ratio to another rate whose scope is known."""
    out = {role: list(group) for role, group in groups.items()}
    for role in ("tokens_per_second", "samples_per_second", "tflops"):
        group = out.get(role, [])
        per_gpu = [_middle(r) for r in group if r.scope == "per_gpu"]
        whole = [_middle(r) for r in group if r.scope == "global"]
        for i, r in enumerate(group):
            if r.scope != "unknown" or not (per_gpu or whole):
                continue
            ratio = _middle(r) / per_gpu[0] if per_gpu else whole[0] / _middle(r)
            if ratio > 1.5 and abs(ratio - round(ratio)) < 0.05 * ratio:
                group[i] = replace(
                    r, scope="global" if per_gpu else "per_gpu", why=f"{r.why}; {round(ratio)} x its twin"
                )
    return out


def _middle(r: RoleSeries) -> float:
    finite = r.series.value[np.isfinite(r.series.value)]
    return middle(finite) if len(finite) else float("nan")
