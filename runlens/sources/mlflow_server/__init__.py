"""Runs at an MLflow server, by its REST API: every point of every metric. The MLflow package is not needed."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from runlens.errors import NoRunFound, NotALog
from runlens.model import Run, RunRef
from runlens.sources.mlflow_server.address import Address, parse
from runlens.sources.mlflow_server.client import CONNECTIONS, Client
from runlens.sources.naming import printable
from runlens.sources.trackers.points import STATES, Points, as_logged, cell, setting

__all__ = ["at", "parse", "read"]


def at(address: Address, **filters: object) -> list[RunRef]:
    """The run of a name that `parse` understood, or all runs with metrics of an experiment, the earliest first.

    Raises
    ------
    NoRunFound
        The server knows no such experiment or run, or the experiment has no run with metrics.
    ConfigError, AccessRefused, SourceDown, ReadError
    """
    if address.run and (address.server or not address.experiment):
        return [_ref(address, address.run)]
    client = Client(address)
    try:
        experiment = address.experiment if address.server else _experiment(client, address.experiment)
        runs = [run for run in client.runs(experiment) if (run.get("data") or {}).get("metrics")]
    finally:
        client.close()
    if address.run:
        runs = [r for r in runs if address.run in (_info(r, "run_id"), _info(r, "run_uuid"), _name(r))]
    if not runs:
        what = f"run {printable(address.run)}" if address.run else "run"
        raise NoRunFound(f"{printable(address.location)} has no {what} with metrics at {client.host}")
    runs.sort(key=lambda r: cell(_info(r, "start_time") or 0))
    names = [_name(r) for r in runs]
    return [
        _ref(address, run_id, name if name and names.count(name) == 1 else run_id)
        for run_id, name in zip([_info(r, "run_id") for r in runs], names, strict=True)
    ]


def read(ref: RunRef) -> Run:
    """Read a run that `at` found: its metrics as written, parameters as configuration, name, state and times.

    Raises
    ------
    NotALog
        It has no metrics.
    NoRunFound, AccessRefused, SourceDown, ReadError
    """
    address = parse(ref.location)
    if address is None:
        raise NoRunFound(f"{printable(ref.location)} names no run at an MLflow server")
    read_at = clock.time()
    client = Client(address)
    try:
        found = client.get("runs/get", run_id=address.run).get("run") or {}
        data = found.get("data") or {}
        names = list(dict.fromkeys(str(m.get("key")) for m in data.get("metrics") or ()))
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            histories = list(pool.map(lambda name: client.history(address.run, name), names))
    finally:
        client.close()
    points = Points()
    for name, history in zip(names, histories, strict=True):
        points.add(name, *_columns(history))
    series = points.series()
    if not series:
        raise NotALog(f"the run {printable(ref.id)} at {client.host} has no metrics; nothing was logged to it yet")
    experiment, run_id = _info(found, "experiment_id"), _info(found, "run_id") or address.run
    started = cell(_info(found, "start_time") or "nan")
    return Run(
        id=ref.id,
        name=_name(found) or run_id[:8],
        source=ref.location,
        state=STATES.get(_info(found, "status"), "unknown"),
        config={str(p.get("key")): setting(p.get("value")) for p in data.get("params") or ()},
        series=series,
        notes=points.notes(printable(ref.location)),
        starts=(started / 1e3,) if np.isfinite(started) else (),
        url=f"{client.pages}/#/experiments/{experiment}/runs/{run_id}",
        read_at=read_at,
    )


def _columns(history: Iterable[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step, time and value of the points of a metric, in the order written: servers sort them as they like."""
    rows = [(cell(m.get("step") or 0), cell(m.get("timestamp")), cell(m.get("value"))) for m in history]
    step, time, value = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    order = np.argsort(time, kind="stable")
    return step[order], time[order], as_logged(value[order])


def _experiment(client: Client, name: str) -> str:
    """The id of an experiment of that name, or that is its id."""
    try:
        found = client.get("experiments/get-by-name", experiment_name=name)
    except NoRunFound:
        if not name.isdecimal():
            raise
        found = client.get("experiments/get", experiment_id=name)
    return str((found.get("experiment") or {}).get("experiment_id"))


def _ref(address: Address, run: str, name: str = "") -> RunRef:
    one = replace(address, run=run) if address.server else Address("", run)
    return RunRef("mlflow_server", one.location, name or run)


def _info(run: dict[str, Any], key: str) -> str:
    return str((run.get("info") or {}).get(key) or "")


def _name(run: dict[str, Any]) -> str:
    tags = {t.get("key"): t.get("value") for t in (run.get("data") or {}).get("tags") or ()}
    return _info(run, "run_name") or str(tags.get("mlflow.runName") or "")
