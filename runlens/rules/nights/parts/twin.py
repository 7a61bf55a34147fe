"""A run as the twin of others: its training curves in blocks, its evals, and what it came to."""

from __future__ import annotations

import numpy as np

from runlens.comparison.curves import ROLES
from runlens.model import PlacedSeries, RoleSeries, Run
from runlens.model.twin import Score, Twin, TwinCurve
from runlens.rules.nights.parts.measures import quantities
from runlens.run_config.flat import flat
from runlens.stats.robust import Floats, median

CURVES = ("train_loss", "grad_norm")
"""Roles whose curves twins have in common step by step."""
BLOCKS = 48
"""Blocks that a curve is cut into: enough to see from where on two curves part."""
FEWEST = 8
"""Points below which a curve is no twin's."""
MOST = 400
"""Checkpoints of an eval that are kept, and names of series: a record of a night stays small."""
LONG, IDLE = 3600.0, 0.2
"""Seconds, and share of its length, without a point after which a run goes on in name alone."""
_HARDWARE = ("gpu_", "host_", "world_size")


def twin_of(run: Run) -> Twin:
    """What a comparison needs of a resolved run; small, since many nights are kept at once."""
    return run.once("twin", lambda: _twin(run))


def _twin(run: Run) -> Twin:
    curves = {}
    for role in CURVES:
        found = run.role(role)
        curve = _blocks(found.series) if found is not None else None
        if curve is not None:
            curves[role] = curve
    span = run.step_range()
    times = run.time_at(np.array(span)) if span else np.array([np.nan, np.nan])
    logged = [r for role in ROLES for r in run.every(role) if not r.derived]
    hardware = {r.series.name for role, group in run.roles.items() if role.startswith(_HARDWARE) for r in group}
    hardware |= {r.series.name for group in run.roles.values() for r in group if r.device}
    others = set(run.placed) - hardware - {r.series.name for r in logged}
    return Twin(
        run.name,
        curves,
        {r.series.name: score for r in logged if (score := _score(r)) is not None},
        quantities(run),
        frozenset(sorted(others)[:MOST]),
        span[1] if span else None,
        "unknown" if run.state == "running" and _stands_still(run, times) else run.state,
        float(times[0]),
        float(times[1]),
        flat(run.config),
    )


def _stands_still(run: Run, times: Floats) -> bool:
    """Whether a run that is said to go on has logged nothing for long: one that was killed leaves that word behind."""
    return bool(run.read_at - times[1] > max(LONG, IDLE * (times[1] - times[0])))


def _blocks(series: PlacedSeries) -> TwinCurve | None:
    """Medians of blocks of equally many points; None for a curve that is short or not positive."""
    latest = series.latest()
    known = latest.where(np.isfinite(latest.value) & (latest.value > 0.0))
    if len(known) < FEWEST or len(known) < 0.9 * len(latest):
        return None
    parts = np.array_split(np.arange(len(known)), min(BLOCKS, len(known)))
    step = np.array([float(known.step[part].mean()) for part in parts])
    return TwinCurve(step, np.array([median(known.value[part]) for part in parts]), series.name)


def _score(r: RoleSeries) -> Score | None:
    """An eval at its checkpoints, the newest of many; None if none of its values is finite."""
    latest = r.series.latest()
    known = latest.where(np.isfinite(latest.value))
    if not len(known):
        return None
    value = known.value[-MOST:].astype(np.float64)
    fraction = r.role == "eval_score" and bool((np.abs(value) <= 1.0).all())
    direction = r.direction if r.role == "eval_score" else "down"
    return Score(known.step[-MOST:].astype(np.float64), value, direction, fraction)
