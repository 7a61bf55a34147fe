"""The proof: the real client logs online to a loopback server, and the real `wandb.Api` and RunLens read it back."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import pytest

from runlens import sources
from runlens.model import Run
from tests.wandb_server import KEY, Server, environment

FIXTURES = Path(__file__).parents[2] / "fixtures" / "runs"

LOG = """
import json, math, sys, time
import wandb

def start(name, **more):
    settings = wandb.Settings(x_stats_sampling_interval=0.5)
    named = {"project": "proj", "entity": "team", "id": name, "name": "name of " + name, "mode": "online"}
    return wandb.init(**named, settings=settings, **more)

run = start("mixed", config={"lr": 0.1, "model": {"width": 3}}, tags=["big"])
run.define_metric("train/step")
run.define_metric("train/*", step_metric="train/step")
for i in range(120):
    row = {"train/loss": 3.0 - 0.01 * i, "train/step": 10 * i, "nest": {"a": i, "b": {"c": 2.0 * i}}}
    if i == 7: row["train/loss"] = math.nan
    if i == 8: row["train/loss"] = math.inf
    if i == 9: row["train/loss"] = -math.inf
    if i == 10: row |= {"none": None, "flag": True, "text": "hello", "list": [1, 2], "hist": wandb.Histogram([1, 2, 3])}
    if i % 10 == 3: row["eval/acc"] = i / 120
    if i in (20, 90): run.log(row, step=1000 * i)
    else: run.log(row)
time.sleep(2.5)
run.finish()

run = start("resumed")
for i in range(60):
    run.log({"loss": 2.0 - 0.01 * i})
run.finish()
run = start("resumed", resume="must")
for i in range(40):
    run.log({"loss": 1.0 - 0.01 * i})
run.finish()

run = start("replayed")
with open(sys.argv[1]) as file:
    for line in file:
        row = json.loads(line)
        run.log(row["values"] | {"_timestamp": row["time"]}, step=row["step"])
run.finish()
"""

SCAN = """
import json, sys, wandb
api = wandb.Api(timeout=30)
found = {}
for name in ("mixed", "resumed", "replayed"):
    run = api.run("team/proj/" + name)
    rows = list(run.scan_history(page_size=700, use_cache=False))
    events = run.history(stream="system", samples=10_000, pandas=False)
    found[name] = {"rows": rows, "events": events, "state": run.state, "config": run.config, "tags": run.tags}
print(json.dumps(found, default=str))
"""
LEAVE = """
import os, sys
sys.stdout.flush()
os._exit(0)
"""
"""The end of a script that reads: the service that the client starts for itself may hang as the script leaves."""


def client(script: str, variables: dict[str, str], *arguments: str) -> str:
    """Run the real client in a process of its own. It writes into files: its service would hold a pipe open."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env={**os.environ, **variables}, stdout=out, stderr=err, timeout=120, check=False,
        )  # fmt: skip
        written, said = (file.seek(0) or file.read() for file in (out, err))
    assert done.returncode == 0, said
    assert KEY not in written + said
    return written


def read_by_client(script: str, variables: dict[str, str]) -> Any:
    """What a script that prints JSON reads through the real client."""
    return json.loads(client(script + LEAVE, variables))


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str], Path]]:
    """A server to which the real client has logged three runs, and the client's variables and folder."""
    home = tmp_path_factory.mktemp("wandb")
    events = sources.read(sources.discover(str(FIXTURES / "lr_bump"))[0])
    rows: dict[int, dict[str, Any]] = {}
    for name, series in events.series.items():
        for step, time, value in zip(series.step.tolist(), series.time.tolist(), series.value.tolist(), strict=True):
            rows.setdefault(step, {"step": step, "time": time, "values": {}})["values"][name] = value
    replay = home / "replay.jsonl"
    replay.write_text("".join(json.dumps(rows[step]) + "\n" for step in sorted(rows)))
    with Server() as server:
        server.faults.pages_without_exports = True
        variables = environment(server.url, home / "home")
        client(LOG, variables, str(replay))
        yield server, variables, home / "home"


@pytest.fixture
def here(logged: tuple[Server, dict[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """This process is logged in as the client was, with a cache of its own."""
    for name, value in logged[1].items():
        if name != "TMPDIR":
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("RUNLENS_CACHE_DIR", str(tmp_path / "cache"))
    return logged[0]


def flat(row: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a row as the SDK hands it over, nested keys joined by a dot."""
    for key, value in row.items():
        if isinstance(value, dict) and "_type" not in value:
            yield from flat(value, f"{prefix}{key}.")
        elif isinstance(value, (int, float)):
            yield f"{prefix}{key}", float(value)


def points_of_rows(rows: list[dict[str, Any]]) -> dict[str, list[tuple[int, float, str]]]:
    found: dict[str, list[tuple[int, float, str]]] = {}
    for row in sorted(rows, key=lambda r: r["_step"]):
        for name, value in flat(row):
            if not name.startswith("_"):
                found.setdefault(name, []).append((row["_step"], row["_timestamp"], repr(value)))
    return found


def points_of_run(run: Run, system: bool = False) -> dict[str, list[tuple[int, float, str]]]:
    return {
        name: [(s, t, repr(v)) for s, t, v in zip(x.step.tolist(), x.time.tolist(), x.value.tolist(), strict=True)]
        for name, x in run.series.items()
        if name.startswith("system.") == system
    }


def read(name: str) -> Run:
    return sources.read(sources.discover(f"team/proj/{name}")[0])


def test_both_read_the_same_history_live_then_partly_then_all_exported(
    here: Server, logged: tuple[Server, dict[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampled = 0
    for part, upto in (("live", None), ("half", 60), ("all", -1)):
        for name in ("mixed", "resumed", "replayed"):
            run = here.store.runs["team", "proj", name]
            if upto is not None:
                run.export(len(run.history) if upto < 0 else upto, files=2)
        theirs = read_by_client(SCAN, logged[1])
        monkeypatch.setenv("RUNLENS_CACHE_DIR", str(tmp_path / part))
        for name, seen in theirs.items():
            ours = read(name)
            assert points_of_run(ours) == points_of_rows(seen["rows"]), (part, name)
            assert ours.notes == ()
            assert ours.state == seen["state"] == "finished"
            events = {
                key: [(e["_timestamp"], repr(float(e[key]))) for e in seen["events"] if key in e]
                for key in dict.fromkeys(k for e in seen["events"] for k in e if k.startswith("system."))
            }
            mine = {key: [(t, v) for _, t, v in p] for key, p in points_of_run(ours, system=True).items()}
            assert mine == events
            sampled = max(sampled, len(mine))
    assert sampled > 3, "no run lasted until its machine was looked at"  # a short one may end before
    for run in here.store.runs.values():
        run.exported, run.exports = 0, {}


def test_what_the_mixed_run_holds(here: Server) -> None:
    run = read("mixed")
    loss = run.series["train/loss"]
    assert len(loss) == 118  # the client unites a row with an explicit step and the next one
    assert math.isnan(loss.value[7])
    assert loss.value[8:10].tolist() == [math.inf, -math.inf]
    assert run.series["nest.b.c"].value[5] == 10.0
    assert run.series["flag"].value.tolist() == [1.0]
    assert 90_000 in run.series["eval/acc"].step.tolist() + loss.step.tolist()
    assert not {"none", "text", "list", "hist", "_runtime", "_step"} & set(run.series)
    assert run.step_metric == "train/step"
    assert run.config["model"] == {"width": 3}
    assert (run.name, run.id) == ("name of mixed", "mixed")
    about = run.config["_wandb"]
    assert isinstance(about, dict)
    assert about["tags"] == ["big"]
    assert about["host"]


def test_a_resumed_run_is_one_history_with_two_starts(here: Server) -> None:
    run = read("resumed")
    assert run.series["loss"].step.tolist() == list(range(100))
    assert run.series["loss"].value[59:61].tolist() == [pytest.approx(1.41), 1.0]
    assert len(run.starts) == 1
    state = here.store.runs["team", "proj", "resumed"]
    now, state.created_at = state.created_at, "2026-01-01T00:00:00Z"
    assert read("resumed").starts == (1767225600.0, *run.starts)  # the client keeps its newest start alone
    state.created_at = now


def test_the_local_file_holds_the_same_as_the_server(here: Server, logged: tuple[Server, dict[str, str], Path]) -> None:
    for name in ("mixed", "replayed"):
        [file] = (logged[2] / "wandb").glob(f"run-*-{name}/run-{name}.wandb")
        local = sources.read(sources.discover(str(file))[0])
        remote = read(name)
        assert points_of_run(local) == points_of_run(remote)
        assert set(points_of_run(local, system=True)) == set(points_of_run(remote, system=True))
        for key, series in local.series.items():
            if key.startswith("system."):
                np.testing.assert_array_equal(series.step, remote.series[key].step, err_msg=key)
                np.testing.assert_allclose(series.value, remote.series[key].value, rtol=1e-12)
        assert local.step_metric == remote.step_metric
        assert local.state == remote.state


def test_the_findings_are_the_same_through_api_file_and_event_file(
    here: Server, logged: tuple[Server, dict[str, str], Path], tmp_path: Path
) -> None:
    from tests.cli.command import runlens

    [file] = (logged[2] / "wandb").glob("run-*-replayed/run-replayed.wandb")
    variables = {**logged[1], "RUNLENS_CACHE_DIR": str(logged[2] / "cache-of-check")}

    def findings(name: str) -> list[tuple[object, ...]]:
        done = runlens("check", name, "-f", "json", cwd=tmp_path, env=variables)
        assert done.code in (0, 1), done.err
        [run] = done.json["runs"]
        return [
            (f["code"], f["severity"], f["metric"], f["steps"], f["evidence"].get("outcome")) for f in run["findings"]
        ]

    by_events = findings(str(FIXTURES / "lr_bump"))
    assert any(code == "LOSS001" for code, *_ in by_events)
    assert findings("team/proj/replayed") == by_events
    assert findings(str(file)) == by_events


def test_the_sdk_reads_what_raw_queries_may_not(
    here: Server, tmp_path: Path, logged: tuple[Server, dict[str, str], Path]
) -> None:
    """A server that takes only the SDK's own user agent: RunLens falls back to the SDK's public calls."""
    script = (
        "import json\n"
        "from runlens.sources import wandb_api as w\n"
        "run = w.read(w.find('team/proj/resumed', no_cache=True)[0])\n"
        "loss, system = run.series['loss'], sorted(n for n in run.series if n.startswith('system.'))\n"
        "print(json.dumps([loss.step.tolist(), loss.value.tolist(), len(run.notes), run.state, system]))\n"
    )
    whole = read_by_client(script, logged[1])
    here.faults.only_agent = "W&B Public Client"
    try:
        assert read_by_client(script, logged[1]) == whole
    finally:
        here.faults.only_agent = ""
