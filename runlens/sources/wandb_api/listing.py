"""The runs of a project, filtered by the server, and once more here in case it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from runlens.errors import ConfigError, NoRunFound
from runlens.model import RunRef
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.server.client import Client
from runlens.sources.wandb_api.server.queries import RUNS

STATES = ("running", "finished", "crashed", "failed", "killed", "preempting", "preempted", "pending")
_TERM = re.compile(r"^\s*([^=!<>~]+?)\s*(!=|>=|<=|=|>|<|~)\s*(.*?)\s*$")
_SIGNS = {"=": "$eq", "!=": "$ne", ">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte", "~": "$regex"}


def query(filters: str | None, states: Sequence[str], tags: Sequence[str]) -> dict[str, Any]:
    """The server's filter (MongoDB style) from the command line's.

    Parameters
    ----------
    filters : str, optional
        A JSON object that W&B understands (`{"config.lr": {"$gt": 0.001}}`), or terms joined by commas:
        `config.lr>=0.001,displayName~^gpt`.
    states, tags : sequence of str
        Any of the states; all of the tags.

    Raises
    ------
    ConfigError
        The filter is neither, or a state is not one of W&B's.
    """
    unknown = [s for s in states if s not in STATES]
    if unknown:
        raise ConfigError(f"W&B knows no state {unknown[0]!r}; it has {', '.join(STATES)}")
    parts: list[dict[str, Any]] = [_parsed(filters)] if filters and filters.strip() else []
    if states:
        parts.append({"state": {"$in": list(states)}})
    parts += [{"tags": {"$in": [tag]}} for tag in tags]
    return parts[0] if len(parts) == 1 else {"$and": parts} if parts else {}


def _parsed(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"--filter is no JSON object: {error}") from None
        if not isinstance(found, dict):
            raise ConfigError("--filter must be a JSON object")
        return found
    terms = []
    for term in text.split(","):
        match = _TERM.match(term)
        if match is None:
            raise ConfigError(
                f'--filter {term!r} must be KEY=VALUE (or != < <= > >= ~), or JSON such as {{"config.lr": 1}}'
            )
        key, sign, raw = match.groups()
        try:
            value = raw if sign == "~" else json.loads(raw)
        except ValueError:
            value = raw
        terms.append({key: value if sign == "=" else {_SIGNS[sign]: value}})
    return terms[0] if len(terms) == 1 else {"$and": terms}


def runs(
    client: Client,
    address: Address,
    *,
    filters: str | None,
    states: Sequence[str],
    tags: Sequence[str],
    limit: int | None,
) -> list[RunRef]:
    """References to the runs of a project, the newest first.

    Raises
    ------
    NoRunFound
        There is no such project for this login, or no run of it matches.
    ConfigError
        A filter that makes no sense.
    """
    variables: dict[str, Any] = {
        "project": address.project,
        "entity": address.entity,
        "order": "-created_at",
        "filters": json.dumps(query(filters, states, tags)),
        "cursor": None,
        "perPage": 50 if limit is None else max(1, min(limit, 50)),
    }
    found: dict[str, RunRef] = {}
    while True:
        project = client.graphql(RUNS, variables).get("project")
        if not isinstance(project, dict):
            raise NoRunFound(
                f"{client.login.host} shows no project {address.path} to this login; check the name and the login"
            )
        page = project.get("runs") or {}
        for edge in page.get("edges") or ():
            node = edge.get("node") or {}
            has = node.get("tags")
            wanted = (not states or node.get("state") in states) and (has is None or set(tags) <= set(has))
            if wanted and node.get("name"):
                one = Address(address.entity, address.project, str(node["name"]), cache=address.cache)
                found.setdefault(one.run, RunRef("wandb_api", one.location, one.run))
        info = page.get("pageInfo") or {}
        cursor = info.get("endCursor")
        if (limit is not None and len(found) >= limit) or not info.get("hasNextPage") or cursor == variables["cursor"]:
            break
        variables["cursor"] = cursor
    if not found:
        narrowed = " that matches the filters" if filters or states or tags else ""
        raise NoRunFound(f"the project {address.path} at {client.login.host} has no run{narrowed}")
    return list(found.values())[:limit]
