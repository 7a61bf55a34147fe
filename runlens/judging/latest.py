"""Where a run stands now: last values of its main series, each device and each eval, and the lag behind references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from runlens.model import Lag, Latest, RoleSeries, Run
from runlens.rules.base import AnyRule
from runlens.rules.evals.behind_reference import BehindReference
from runlens.rules.hardware.parts.devices import per_device

MAIN = ("train_loss", "grad_norm", "learning_rate", "tokens_per_second", "samples_per_second", "step_time", "mfu")
"""Roles of which the canonical series is told."""
EVALS = ("eval_loss", "eval_score", "perplexity")
"""Roles of which every task is told."""
HARDWARE = ("gpu_temperature", "gpu_memory", "gpu_utilization", "gpu_power", "gpu_clock", "gpu_errors", "host_memory")
"""Roles of which every device is told."""
RECENT = 1000
"""Samples of a device; one without a finite value among its last so many is not told."""


def latest_of(run: Run) -> tuple[Latest, ...]:
    """The last write of each main series and eval, and the last finite sample of each device of the run.

    Parameters
    ----------
    run : Run
        Resolved. Devices of others are left out (`runlens.rules.hardware.parts.devices.is_used`); so are series without
        a point.
    """
    return (*_main(run), *_evals(run), *_hardware(run))


def lags_of(run: Run, rules: Sequence[AnyRule]) -> tuple[Lag, ...]:
    """How far the run stands behind each reference of EVAL001 that it can be compared with; empty where it has none."""
    return tuple(
        Lag(c.reference, g.group, c.axis, g.factor, g.interval, g.at)
        for rule in rules
        if rule.code == BehindReference.code and isinstance(rule, BehindReference)  # the second takes long to ask
        for c in rule.comparisons(run)
        if not c.why_not
        for g in c.groups
    )


def _main(run: Run) -> Iterator[Latest]:
    for role in MAIN:
        found = run.role(role)
        if found is not None and len(found.series):
            yield _last(found, len(found.series) - 1)


def _evals(run: Run) -> Iterator[Latest]:
    taken: set[tuple[str, str, str, str]] = set()
    for role in EVALS:
        for part in run.every(role):
            key = (role, part.task, part.metric_kind, part.setting)
            if len(part.series) and key not in taken:
                taken.add(key)
                yield _last(part, len(part.series) - 1)


def _hardware(run: Run) -> Iterator[Latest]:
    for role in HARDWARE:
        for kind in dict.fromkeys(part.metric_kind for part in run.every(role)):
            for device, part in per_device(run, role, kind).items():
                first = max(len(part.series) - RECENT, 0)
                known = np.flatnonzero(np.isfinite(part.series.value[first:]))
                if len(known):
                    yield _last(part, first + int(known[-1]), device if part.device else "")


def _last(part: RoleSeries, at: int, device: str = "") -> Latest:
    series = part.series
    time = float(series.time[at])
    return Latest(
        role=part.role,
        metric=series.name,
        unit=part.unit,
        value=float(series.value[at]),
        step=int(series.step[at]),
        time=time if np.isfinite(time) else None,
        device=device,
        kind=part.metric_kind,
        task=part.task,
        setting=part.setting,
    )
