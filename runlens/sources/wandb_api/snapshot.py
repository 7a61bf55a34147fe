"""What one query tells of a run: identity, size, state, config, summary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runlens.sources.dates import unix_time
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.server.client import Client
from runlens.sources.wandb_api.server.queries import RUN, RUN_FILES

_FROM_ENVIRONMENT = ("host", "program", "codePath", "args", "os", "python", "gpu", "gpu_count", "cpu_count", "slurm")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run as the server shows it now."""

    id: str
    """The server's own id, another one when a run of the same name is made anew."""
    name: str
    state: str
    created: str
    heartbeat: str
    lines: int | None
    """Rows of history that the server counts; None where it does not say."""
    last_step: int | None
    width: float
    """Values in a row, on average; 0 where the server does not count them."""
    config: Mapping[str, Any]
    """As stored: `{key: {"value": …}}`, W&B's own under `_wandb`."""
    summary: Mapping[str, Any]
    about: Mapping[str, Any]
    """Tags, commit, group, job type, user."""

    @property
    def identity(self) -> dict[str, str]:
        """What stays the same as long as the run is the same."""
        return {"id": self.id, "created": self.created}

    @property
    def signature(self) -> dict[str, Any]:
        """What changes whenever the run has changed: the summary's step and time are for servers without heartbeat."""
        moved = [self.summary.get(key) for key in ("_step", "_timestamp", "_runtime")]
        return {
            "lines": self.lines,
            "last_step": self.last_step,
            "heartbeat": self.heartbeat,
            "state": self.state,
            "moved": json.loads(json.dumps(moved, default=str)),
        }


def of_node(node: Mapping[str, Any]) -> Snapshot:
    """A snapshot from the server's answer; fields that an older server leaves out are unknown or empty."""
    summary = _object(node.get("summaryMetrics"))
    keys = _object(node.get("historyKeys"))
    lines, last = node.get("historyLineCount"), keys.get("lastStep")
    if not isinstance(last, int) or (last < 0 and lines):
        last = summary.get("_step")
    user = node.get("user")
    about = {
        "tags": [str(t) for t in node.get("tags") or ()],
        "commit": node.get("commit"),
        "group": node.get("group"),
        "job_type": node.get("jobType"),
        "user": user.get("username") if isinstance(user, Mapping) else None,
        "created": node.get("createdAt"),
    }
    return Snapshot(
        id=str(node.get("id") or ""),
        name=str(node.get("displayName") or node.get("name") or ""),
        state=str(node.get("state") or ""),
        created=str(node.get("createdAt") or ""),
        heartbeat=str(node.get("heartbeatAt") or ""),
        lines=lines if isinstance(lines, int) else None,
        last_step=int(last) if isinstance(last, (int, float)) and last == last else None,
        width=_values(keys.get("keys")) / lines if isinstance(lines, int) and lines > 0 else 0.0,
        config=_object(node.get("config")),
        summary=summary,
        about={key: value for key, value in about.items() if value},
    )


def _values(keys: object) -> int:
    """Values logged in all, from the counts that the server keeps by key and type."""
    entries = keys.values() if isinstance(keys, dict) else ()
    counts = [c for entry in entries if isinstance(entry, dict) for c in entry.get("typeCounts") or ()]
    return sum(c["count"] for c in counts if isinstance(c, dict) and isinstance(c.get("count"), int))


def take(client: Client, address: Address) -> Snapshot | None:
    """Ask for a run: one request. None if the server shows no such run."""
    names = {"entity": address.entity, "project": address.project, "name": address.run}
    data = client.graphql(RUN, names)
    node = (data.get("project") or {}).get("run")
    return of_node(node) if isinstance(node, Mapping) else None


def environments(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What each start of the run wrote about its machine, in order of start; empty for older clients."""
    own = snapshot.config.get("_wandb")
    own = own.get("value", own) if isinstance(own, Mapping) else {}
    written = own.get("e") if isinstance(own, Mapping) else None
    found = [e for e in written.values() if isinstance(e, dict)] if isinstance(written, Mapping) else []
    return sorted(found, key=lambda e: str(e.get("startedAt") or ""))


def about_machine(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Command, host and hardware, from what a start of the run wrote."""
    found = {key: environment[key] for key in _FROM_ENVIRONMENT if environment.get(key)}
    program, args = environment.get("program"), environment.get("args")
    if program:
        found["command"] = " ".join([str(program), *(str(a) for a in args or () if a is not None)])
    return found


def metadata_file(client: Client, address: Address) -> dict[str, Any]:
    """`wandb-metadata.json` of a run whose config does not tell about its machine; empty if there is none."""
    names = {"entity": address.entity, "project": address.project, "name": address.run}
    data = client.graphql(RUN_FILES, {**names, "fileNames": ["wandb-metadata.json"]})
    edges = (((data.get("project") or {}).get("run") or {}).get("files") or {}).get("edges") or []
    url = (edges[0].get("node") or {}).get("directUrl") if edges else None
    return client.small_json(url) if isinstance(url, str) else {}


_CLOCKS_APART = 60.0
"""Seconds by which the clocks of a server and of a training machine may differ."""


def starts(snapshot: Snapshot) -> tuple[float, ...]:
    """Wall times at which the run was started or resumed, as far as they were kept: at least the last.

    A resumed run may hold its newest start alone; that it was created well before then tells of the first.
    """
    found = sorted(t for e in environments(snapshot) if (t := unix_time(e.get("startedAt"))) is not None)
    created = unix_time(snapshot.created)
    if created is not None and (not found or created < found[0] - _CLOCKS_APART):
        found.insert(0, created)
    return tuple(found)


def _object(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value, strict=False)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
