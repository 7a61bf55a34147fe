"""GraphQL by operation: the answers to what the W&B client and RunLens ask, without a GraphQL engine."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.wandb_server.faults import Faults
from tests.wandb_server.filters import matches
from tests.wandb_server.store import Ready, RunState, Store, now

Variables = dict[str, Any]
ENTITY = "team"


class Refused(Exception):
    """A GraphQL error: message and HTTP status."""

    def __init__(self, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.status = status


def operation_of(query: str, named: str | None = None) -> str:
    """The operation's name, from the query text: the client sends an empty operationName."""
    found = re.search(r"\b(?:query|mutation)\s+(\w+)", query)
    return found[1] if found else named or ""


def dumped(answer: Any) -> bytes:
    """An answer as JSON; what is `Ready` goes in as it is."""
    ready: list[bytes] = []

    def place(part: Ready) -> str:
        ready.append(part.json)
        return f"\x00ready {len(ready) - 1}"

    text = json.dumps(answer, default=place).encode()
    for i, part in enumerate(ready):
        before, _, after = text.partition(b'"\\u0000ready %d"' % i)
        text = b"".join([before, part, after])
    return text


class Answers:
    """One method for each operation, named like it."""

    def __init__(self, store: Store, faults: Faults, base: Callable[[], str]) -> None:
        self.store, self.faults, self.base = store, faults, base

    def answer(self, operation: str, query: str, v: Variables) -> Any:
        if operation in self.faults.refuse:
            raise Refused(f'Cannot query operation "{operation}" on this server', 400)
        method = getattr(self, operation, None)
        if method is None:
            raise Refused(f'unknown operation "{operation}"', 400)
        with self.store.lock:
            return method(v, query)

    # who and where
    def Viewer(self, v: Variables, query: str) -> Any:
        teams = {"edges": [{"node": {"name": ENTITY}}]}
        return {
            "viewer": {
                "id": "VXNlcjox",
                "entity": ENTITY,
                "username": "tester",
                "email": "tester@example.com",
                "name": "Tester",
                "admin": False,
                "flags": "{}",
                "deletedAt": None,
                "apiKeys": {"edges": []},
                "teams": teams,
            }
        }

    GetViewer = GetDefaultEntity = Viewer

    def ServerFeaturesQuery(self, v: Variables, query: str) -> Any:
        return {"serverInfo": {"features": []}}

    def OrganizationCoreWeaveOrganizationID(self, v: Variables, query: str) -> Any:
        return {"entity": {"organization": None}}

    def GetProjects(self, v: Variables, query: str) -> Any:
        names = sorted({p for e, p, _ in self.store.runs if e == v.get("entity")})
        edges = [{"node": {"__typename": "Project", "id": p, "name": p, "entityName": v["entity"]}} for p in names]
        return {"models": {"pageInfo": {"endCursor": None, "hasNextPage": False}, "edges": edges}}

    # writing
    def UpsertBucket(self, v: Variables, query: str) -> Any:
        run = next((r for r in self.store.runs.values() if r.storage_id == v.get("id")), None)
        inserted = False
        if run is None:
            entity, project = v.get("entity") or ENTITY, v.get("project") or "uncategorized"
            name = v.get("name") or f"run{len(self.store.runs)}"
            run = self.store.run(entity, project, name)
            if run is None:
                run, inserted = self.store.add(entity, project, name), True
        if v.get("config"):
            run.config = json.loads(v["config"])
        if v.get("summaryMetrics"):
            run.summary = json.loads(v["summaryMetrics"])
        for ours, theirs in (
            ("display_name", "displayName"), ("tags", "tags"), ("group", "groupName"),
            ("job_type", "jobType"), ("commit", "commit"), ("state", "state"),
        ):  # fmt: skip
            if v.get(theirs):
                setattr(run, ours, v[theirs])
        run.heartbeat_at = now()
        bucket = {
            **self._run(run, full=True),
            "sweepName": None,
            "project": {
                "id": run.project, "name": run.project, "entity": {"id": run.entity, "name": run.entity},
            },
        }  # fmt: skip
        return {"upsertBucket": {"bucket": bucket, "inserted": inserted}}

    def RunResumeStatus(self, v: Variables, query: str) -> Any:
        run = self.store.run(v.get("entity") or ENTITY, v.get("project") or "", v["name"])
        entity = v.get("entity") or ENTITY
        model = {"id": v.get("project"), "name": v.get("project"), "entity": {"id": entity, "name": entity}}
        if run is None:
            return {"model": {**model, "bucket": None}}
        bucket = {
            "id": run.storage_id,
            "name": run.name,
            "summaryMetrics": json.dumps(run.summary),
            "displayName": run.display_name,
            "logLineCount": len(run.output),
            "historyLineCount": len(run.history),
            "eventsLineCount": len(run.events),
            "historyTail": json.dumps(run.history[-1:]),
            "eventsTail": json.dumps(run.events[-1:]),
            "config": json.dumps(run.config),
            "tags": run.tags,
            "notes": None,
            "wandbConfig": json.dumps({"t": 1}),
        }
        return {"model": {**model, "bucket": bucket}}

    def CreateRunFiles(self, v: Variables, query: str) -> Any:
        run = self.store.run(v["entity"], v["project"], v["run"])
        at = f"{self.base()}/storage/{v['entity']}/{v['project']}/{v['run']}"
        files = [{"name": name, "uploadUrl": f"{at}/{name}"} for name in v["files"]]
        return {
            "createRunFiles": {"runID": run.storage_id if run else "", "uploadHeaders": [], "files": files},
        }

    def RunStoppedStatus(self, v: Variables, query: str) -> Any:
        return {"project": {"run": {"stopped": False}}}

    def NotifyScriptableRunAlert(self, v: Variables, query: str) -> Any:
        run = self.store.run(v["entityName"], v["projectName"], v["runName"])
        if run is None:
            raise Refused("run not found")
        run.alerts.append(v)
        return {"notifyScriptableRunAlert": {"success": True}}

    # reading
    def _project(self, v: Variables, inner: Any) -> Any:
        if f"{v.get('entity')}/{v.get('project')}" in self.store.hidden:
            return {"project": None}
        if not self.store.of_project(v["entity"], v["project"]):
            return {"project": None}
        return {"project": inner}

    def _of_run(self, v: Variables, made: Callable[[RunState], Any], name: str = "name") -> Any:
        run = self.store.run(v["entity"], v["project"], v.get(name) or v.get("name") or v.get("run") or "")
        return self._project(v, {"internalId": "1", "run": None if run is None else made(run)})

    def _run(self, run: RunState, *, full: bool) -> dict[str, Any]:
        node: dict[str, Any] = {
            "id": run.storage_id, "projectId": "1", "tags": run.tags, "name": run.name,
            "displayName": run.display_name, "sweepName": None, "state": run.state, "group": run.group,
            "jobType": run.job_type, "commit": run.commit, "readOnly": False, "createdAt": run.created_at,
            "heartbeatAt": run.heartbeat_at, "description": None, "notes": None,
            "historyLineCount": None if self.faults.no_counts else len(run.history),
            "user": {"name": "Tester", "username": "tester"},
        }  # fmt: skip
        if full:
            head = run.history[:50]
            counts = Counter(key for line in head for key in json.loads(line))
            share = len(run.history) / max(len(head), 1)
            node |= {
                "config": json.dumps(run.config),
                "summaryMetrics": json.dumps(run.summary),
                "systemMetrics": "{}",
                "historyKeys": {
                    "sets": [],
                    "keys": {
                        key: {"typeCounts": [{"type": "number", "count": int(count * share)}]}
                        for key, count in counts.items()
                    },
                    "lastStep": max(run.steps, default=-1) - self.faults.lag,
                },
            }
        return node

    def Run(self, v: Variables, query: str) -> Any:
        full = "RunFragment" in query.replace("LightweightRunFragment", "")
        return self._of_run(v, lambda run: self._run(run, full=full))

    def RunHistoryKeys(self, v: Variables, query: str) -> Any:
        return self._of_run(v, lambda run: self._run(run, full=True))

    def Runs(self, v: Variables, query: str) -> Any:
        runs = [r for r in self.store.of_project(v["entity"], v["project"]) if matches(r, v.get("filters"))]
        runs.sort(key=lambda r: r.created_at, reverse=str(v.get("order") or "").startswith("-"))
        start, many = int(v.get("cursor") or 0), int(v.get("perPage") or 50)
        page = runs[start : start + many]
        full = "...RunFragment" in query
        edges = [{"node": self._run(r, full=full), "cursor": str(start + i + 1)} for i, r in enumerate(page)]
        return self._project(
            v,
            {
                "internalId": "1", "runCount": len(runs), "readOnly": False,
                "runs": {
                    "edges": edges,
                    "pageInfo": {
                        "endCursor": edges[-1]["cursor"] if edges else None,
                        "hasNextPage": start + many < len(runs),
                    },
                },
            },
        )  # fmt: skip

    def RunParquetHistory(self, v: Variables, query: str) -> Any:
        def made(run: RunState) -> Any:
            at = f"{self.base()}/exports/{run.entity}/{run.project}/{run.name}"
            urls = [f"{at}/{name}?signature=s3cr3t-signature" for name in run.exports]
            if run.live is not None:
                return {"parquetHistory": {"parquetUrls": urls, "liveData": run.live}}
            live = [] if self.faults.hide_live_data else [{"_step": s} for s in run.steps[run.exported :]]
            live = live[:1] if self.faults.first_live_alone else live
            return {"parquetHistory": {"parquetUrls": urls, "liveData": live}}

        return self._of_run(v, made, "runName")

    def HistoryPage(self, v: Variables, query: str) -> Any:
        def made(run: RunState) -> Any:
            first, stop = int(v["minStep"]), int(v["maxStep"])
            if run.encoded:
                return {"history": run.page(first, stop, int(v.get("pageSize") or 500))}
            lines = run.between(first, stop + 1 if self.faults.repeat_boundary else stop)
            if self.faults.pages_without_exports:
                exported = set(run.history[: run.exported])
                lines = [line for line in lines if line not in exported]
            return {"history": self._page(lines, int(v.get("pageSize") or 500))}

        return self._of_run(v, made, "run")

    def _page(self, lines: list[str], samples: int) -> list[str]:
        if self.faults.fails_above is not None and len(lines) > self.faults.fails_above:
            raise Refused("page too large", 502)
        if self.faults.lose_steps:
            lines = [line for line in lines if json.loads(line)["_step"] not in self.faults.lose_steps]
        most = min(samples, self.faults.page_cap or samples)
        if len(lines) > most:
            if self.faults.cap_keeps == "sample":
                lines = [lines[i * len(lines) // most] for i in range(most)]
            else:
                lines = lines[:most]
        if self.faults.nan_text:
            lines = [re.sub(r"(?<=[:\s])(NaN|-?Infinity)(?=[,}])", r'"\1"', line) for line in lines]
        return lines

    def SampledHistoryPage(self, v: Variables, query: str) -> Any:
        spec = json.loads(v["spec"])

        def made(run: RunState) -> Any:
            rows = map(json.loads, run.between(int(spec.get("minStep", 0)), int(spec.get("maxStep", 1 << 60))))
            keys = spec["keys"]
            return {"sampledHistory": [[{k: r[k] for k in keys} for r in rows if all(k in r for k in keys)]]}

        return self._of_run(v, made, "run")

    def RunSampledHistory(self, v: Variables, query: str) -> Any:
        spec = json.loads(v["specs"][0])
        return self.SampledHistoryPage({**v, "run": v["name"], "spec": json.dumps(spec)}, query)

    def RunFullHistory(self, v: Variables, query: str) -> Any:
        samples = int(v.get("samples") or 500)

        def made(run: RunState) -> Any:
            if "events" in query:
                most = min(samples, self.faults.events_cap)
                lines = run.events
                if len(lines) > most:
                    lines = [lines[i * len(lines) // most] for i in range(most)]
                return {"events": lines}
            return {"history": self._page(run.history, samples)}

        return self._of_run(v, made)

    def RunFiles(self, v: Variables, query: str) -> Any:
        def made(run: RunState) -> Any:
            at = f"{self.base()}/storage/{run.entity}/{run.project}/{run.name}"
            wanted = v.get("fileNames") or list(run.files)
            edges = [
                {
                    "node": {
                        "id": name, "name": name, "url": f"{at}/{name}", "directUrl": f"{at}/{name}",
                        "sizeBytes": len(run.files[name]), "mimetype": "application/json", "updatedAt": now(),
                    },
                    "cursor": name,
                }
                for name in wanted
                if name in run.files
            ]  # fmt: skip
            page = {"endCursor": None, "hasNextPage": False}
            return {"fileCount": len(run.files), "files": {"edges": edges, "pageInfo": page}}

        return self._of_run(v, made)
