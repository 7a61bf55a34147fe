"""From what was pulled to a `Run`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from runlens.model import Run, Series
from runlens.sources.wandb_api import snapshot
from runlens.sources.wandb_api.address import page_of
from runlens.sources.wandb_api.pull import Pulled
from runlens.sources.wandb_shape import defined_in_config, is_series, state_of, step_metric_of, steps_at, system_name


def to_run(pulled: Pulled, run_id: str) -> Run:
    """The run, raw: every metric by its logged name over `_step`, system metrics as `system.<key>`.

    Parameters
    ----------
    pulled : Pulled
    run_id : str
        The id that is unique in the report.
    """
    rows, events, seen = pulled.history, pulled.system, pulled.snapshot
    series: dict[str, Series] = {}
    for name, column in rows.columns.items():
        if is_series(name):
            whole = len(column.rows) == len(rows)  # then all such series share the axes
            step, moment = (rows.step, rows.time) if whole else (rows.step[column.rows], rows.time[column.rows])
            series[name] = Series(name, step, moment, column.value)
    at = steps_at(rows.step, rows.time, events.time)
    for key, column in events.columns.items():
        name = system_name(key)
        if name not in series:
            series[name] = Series(name, at[column.rows], events.time[column.rows], column.value)
    sizes = {name: len(s) for name, s in series.items() if not name.startswith("system.")}
    return Run(
        id=run_id,
        name=seen.name or pulled.address.run,
        source=f"wandb://{pulled.address.path}",
        url=page_of(pulled.address, pulled.server),
        state=state_of(seen.state),
        entity=pulled.address.entity,
        project=pulled.address.project,
        config=MappingProxyType(config_of(seen.config) | {"_wandb": {**seen.about, **pulled.machine}}),
        summary=MappingProxyType({k: v for k, v in seen.summary.items() if k != "_wandb"}),
        series=MappingProxyType(series),
        notes=pulled.notes,
        starts=snapshot.starts(seen),
        step_metric=step_metric_of(defined_in_config(seen.config), sizes),
        read_at=time.time(),
    )


def config_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The user's config without W&B's wrapping (`{key: {"value": …, "desc": …}}`) and own entries."""
    return {
        key: entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry
        for key, entry in stored.items()
        if key not in {"_wandb", "wandb_version"}
    }
