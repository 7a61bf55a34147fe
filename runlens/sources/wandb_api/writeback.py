"""Writing to W&B, only when asked: the verdict into a run's summary, an alert for errors."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runlens.errors import AccessRefused, RunLensError, UsageError
from runlens.model import Report, RunReport, Severity
from runlens.sources.wandb_api.address import Address, parse

if TYPE_CHECKING:
    from runlens.sources.wandb_api.server.client import Client

_PREFIX = "runlens/"
_LONGEST = 2_000
"""Characters of an alert's text; W&B sends it on to Slack and mail."""


def write(report: Report, *, summary: bool, alert: bool) -> None:
    """Write what was found into the W&B runs of a report.

    Parameters
    ----------
    report : Report
    summary : bool
        Put verdict, counts and action under `runlens/…` into the summary of each run. A run that is still logging
        sends its own summary again and again, and may write over them.
    alert : bool
        Raise one alert for each run with findings of severity error that are not suppressed.

    Raises
    ------
    UsageError
        None of the runs is at W&B. Runs that could not be read are passed over: the report says so already.
    AccessRefused, SourceDown, NoRunFound, ReadError
        The first failure, after all other runs were written.
    """
    named = [(run, address) for run in report.runs if (address := _at_wandb(run)) is not None]
    if not named:
        raise UsageError("nothing was written to W&B: none of these runs is there")
    runs = [(run, address) for run, address in named if all(f.stage != "read" for f in run.failures)]
    if not runs:
        return
    from runlens.sources.wandb_api.server.client import Client
    from runlens.sources.wandb_api.server.login import login

    failed: list[RunLensError] = []
    client = Client(login(runs[0][1]), connections=1)
    try:
        for run, address in runs:
            try:
                if summary:
                    _write_summary(client, address, summary_of(run, report.version))
                if alert and (said := alert_of(run)):
                    _raise_alert(client, address, said)
            except RunLensError as error:
                failed.append(error)
    finally:
        client.close()
    if failed:
        raise failed[0]


def _at_wandb(run: RunReport) -> Address | None:
    """Where the run is, if it is at W&B."""
    address = parse(run.source) if run.source.startswith("wandb://") else None
    return address if address is not None and address.run else None


def summary_of(run: RunReport, version: str) -> dict[str, object]:
    """Entries for the summary of a run."""
    counts = Counter(f.severity for f in run.findings if f.suppressed is None)
    found: dict[str, object] = {
        "verdict": run.verdict,
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "infos": counts[Severity.INFO],
        "version": version,
    }
    if run.action is not None:
        found |= {"action": run.action.kind, "action_reason": run.action.reason}
    return {f"{_PREFIX}{key}": value for key, value in found.items()}


@dataclass(frozen=True, slots=True)
class Alert:
    """What W&B sends on."""

    title: str
    text: str


def alert_of(run: RunReport) -> Alert | None:
    """The alert for a run, or None if it has no error that counts."""
    errors = [f for f in run.findings if f.severity == Severity.ERROR and f.suppressed is None]
    if not errors:
        return None
    lines = [f"{f.code} {f.name}: {f.message}" for f in errors]
    if run.action is not None:
        lines.append(f"What to do: {run.action.kind}. {run.action.reason}")
    text = "\n".join(_printable(line) for line in lines)
    title = f"RunLens: {len(errors)} error{'s' if len(errors) != 1 else ''} in {_printable(run.name)}"
    return Alert(title[:200], text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _write_summary(client: Client, address: Address, entries: dict[str, object]) -> None:
    from runlens.sources.wandb_api import fallback, snapshot
    from runlens.sources.wandb_api.server.client import QueryRefused
    from runlens.sources.wandb_api.server.queries import WRITE_SUMMARY

    try:
        seen = snapshot.take(client, address)
        if seen is None:
            raise fallback.missing(client.login, address)
        whole = {**seen.summary, **entries}
        names = {"entity": address.entity, "project": address.project, "name": address.run}
        data = client.graphql(WRITE_SUMMARY, {"id": seen.id, **names, "summaryMetrics": json.dumps(whole)})
    except QueryRefused:
        fallback.SdkRun(client.login, address).update_summary(entries)
        return
    if not ((data.get("upsertBucket") or {}).get("bucket") or {}).get("id"):
        raise AccessRefused(f"{client.login.host} did not take the summary of {address.path}; ask for write access")


def _raise_alert(client: Client, address: Address, alert: Alert) -> None:
    from runlens.sources.wandb_api.server.queries import NOTIFY

    variables = {
        "entityName": address.entity,
        "projectName": address.project,
        "runName": address.run,
        "title": alert.title,
        "text": alert.text,
        "severity": "ERROR",
    }
    data = client.graphql(NOTIFY, variables)
    if not (data.get("notifyScriptableRunAlert") or {}).get("success"):
        raise AccessRefused(f"{client.login.host} did not take the alert for {address.path}; ask for write access")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
