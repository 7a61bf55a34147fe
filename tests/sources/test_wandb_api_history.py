from __future__ import annotations

import json

import numpy as np
import pytest

from runlens.sources.wandb_api.history import conflicts, holes, without
from runlens.sources.wandb_api.rows.table import from_rows
from tests.sources.wandb_at import fetch, read, rows_of, same, server
from tests.wandb_server import Server

__all__ = ["server"]

SPARSE = np.cumsum(np.random.default_rng(3).integers(1, 4000, 2_500))


@pytest.mark.parametrize("steps", [np.arange(2_500), SPARSE, np.arange(100, 2_600), np.arange(0, 25_000, 10)])
@pytest.mark.parametrize("exported", [0, 1_000, 2_500])
@pytest.mark.parametrize("told", [True, False])
def test_every_row_arrives(server: Server, steps: np.ndarray, exported: int, told: bool) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(steps))
    if exported:
        run.export(exported, files=2)
    server.faults.hide_live_data = not told
    found = read()
    same(found, run)
    same(found, run, "eval/acc")
    assert found.notes == ()
    requests = server.faults.counts()
    assert requests["GET parquet"] == (2 if exported else 0)
    assert requests["HistoryPage"] <= 9


@pytest.mark.parametrize("keeps", ["first", "sample"])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("steps", [np.arange(3_000), SPARSE])
def test_a_server_that_caps_its_pages_loses_nothing(server: Server, keeps: str, told: bool, steps: np.ndarray) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(steps))
    server.faults.page_cap, server.faults.cap_keeps, server.faults.hide_live_data = 100, keeps, not told
    found = read()
    same(found, run)
    assert found.notes == ()


def test_rows_repeated_at_the_edges_of_pages_are_kept_once(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(5_000)))
    server.faults.repeat_boundary = True
    same(read(), run)


@pytest.mark.parametrize("exported", [0, 2_000])
def test_rows_that_the_server_lost_are_said(server: Server, exported: int) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(2_000)))
    lost = {7, 400, 401, 1_999}
    if exported:
        kept = [line for line in run.history if json.loads(line)["_step"] not in lost]
        whole = (run.history, run.steps)
        run.history, run.steps = kept, [json.loads(line)["_step"] for line in kept]
        run.export()
        run.history, run.steps = whole
        run.exported = 2_000
    server.faults.lose_steps = lost
    found = read()
    assert len(found.series["loss"]) == 1_996
    [note] = found.notes
    assert note.kind == "left-out"
    assert note.records == 4
    assert "2,000" in note.message
    assert "1,996" in note.message
    again = read()
    assert again.notes == found.notes


def test_rows_missing_from_an_export_are_fetched_as_pages(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(2_000)))
    whole = (run.history, run.steps)
    run.history, run.steps = run.history[:900] + run.history[1_000:], run.steps[:900] + run.steps[1_000:]
    run.export()
    run.history, run.steps = whole
    run.exported = 2_000
    found = read()
    same(found, run)
    assert found.notes == ()


def test_an_export_that_is_no_parquet_is_made_up_for(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(500)))
    run.export(400)
    run.exports = dict.fromkeys(run.exports, b"<Error>AccessDenied</Error>")
    same(read(), run)


@pytest.mark.parametrize("told", [True, False])
def test_a_last_step_that_lags_behind_loses_nothing(server: Server, told: bool) -> None:
    run = server.store.add()
    run.log(rows_of(np.arange(900)))
    server.faults.lag, server.faults.hide_live_data = 50, not told
    for _ in range(3):
        found = read()
        same(found, run)
        assert found.notes == ()
        run.log(rows_of(np.arange(run.steps[-1] + 1, run.steps[-1] + 200), seed=len(run.steps)))


@pytest.mark.parametrize("as_text", [True, False])
def test_nan_infinity_and_null(server: Server, as_text: bool) -> None:
    run = server.store.add(state="finished")
    rows = rows_of(np.arange(300))
    rows[10]["loss"], rows[11]["loss"], rows[12]["loss"] = float("nan"), float("inf"), float("-inf")
    rows[13]["loss"] = None
    run.log(rows)
    server.faults.nan_text = as_text
    loss = read().series["loss"]
    assert np.isnan(loss.value[10])
    assert loss.value[11:13].tolist() == [np.inf, -np.inf]
    assert len(loss) == 299
    assert 13 not in loss.step


def test_system_metrics_lie_on_the_step_of_their_time(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(100)))
    times = [1.7e9 - 5, 1.7e9 + 0.2, 1.7e9 + 10.0, 1.7e9 + 1_000]
    run.events = [json.dumps({"system.gpu.0.temp": 50.0 + i, "_timestamp": w}) for i, w in enumerate(times)]
    found = read()
    heat = found.series["system.gpu.0.temp"]
    assert heat.step.tolist() == [0, 0, 20, 99]
    assert heat.time.tolist() == times
    assert heat.value.tolist() == [50.0, 51.0, 52.0, 53.0]
    assert found.notes == ()


def test_a_sample_of_the_system_metrics_is_said_to_be_one(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(10)))
    run.events = [json.dumps({"system.cpu": 1.0, "_timestamp": 1.7e9 + i}) for i in range(1_000)]
    server.faults.events_cap = 100
    [note] = read().notes
    assert (note.kind, note.records) == ("left-out", 900)


def test_what_else_is_known_of_a_run(server: Server) -> None:
    config = {
        "lr": {"value": 0.1, "desc": None},
        "_wandb": {
            "value": {
                "m": [{"1": "train/step"}, {"2": "train/*", "5": 1}],
                "e": {
                    "b": {
                        "startedAt": "2026-01-02T00:00:00Z",
                        "host": "node2",
                        "program": "train.py",
                        "args": ["--lr", "1"],
                    },
                    "a": {"startedAt": "2026-01-01T00:00:00Z", "host": "node1"},
                },
            }
        },
    }
    run = server.store.add(
        state="crashed",
        config=config,
        tags=["big"],
        commit="abc",
        display_name="fox",
        summary={"loss": 1.0, "_step": 9},
    )
    run.log([{"_step": i, "train/step": i * 8, "train/loss": 1.0} for i in range(10)])
    found = read()
    assert (found.id, found.name, found.state, found.source) == ("run1", "fox", "crashed", "wandb://team/proj/run1")
    assert found.url == f"{server.url}/team/proj/runs/run1"
    assert found.config["lr"] == 0.1
    about = found.config["_wandb"]
    assert isinstance(about, dict)
    assert (about["tags"], about["commit"], about["host"], about["command"]) == (
        ["big"],
        "abc",
        "node2",
        "train.py --lr 1",
    )
    assert found.summary["loss"] == 1.0
    assert found.step_metric == "train/step"
    assert found.starts == (1767225600.0, 1767312000.0)


def test_an_older_client_tells_of_its_machine_in_a_file(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(5)))
    run.files["wandb-metadata.json"] = json.dumps({"host": "node9", "program": "x.py", "args": ["-v"]}).encode()
    about = read().config["_wandb"]
    assert isinstance(about, dict)
    assert (about["host"], about["command"]) == ("node9", "x.py -v")


def test_a_run_without_history(server: Server) -> None:
    server.store.add()
    found = read()
    assert (dict(found.series), found.notes, found.state) == ({}, (), "running")


def test_a_project_is_listed_newest_first_and_filtered(server: Server) -> None:
    from runlens.errors import NoRunFound
    from runlens.sources import wandb_api

    for i in range(120):
        server.store.add(
            name=f"r{i:03}", created_at=f"2026-01-01T{i // 60:02}:{i % 60:02}:00Z",
            state="finished" if i % 2 else "running", tags=["night"] if i % 3 == 0 else [], config={"lr": {"value": i}},
        )  # fmt: skip

    def names(**how: object) -> list[str]:
        return [ref.id for ref in wandb_api.find("team/proj", **how)]  # type: ignore[arg-type]

    assert names() == [f"r{i:03}" for i in reversed(range(120))]
    assert names(limit=3) == ["r119", "r118", "r117"]
    assert names(state=["finished"], tags=["night"], limit=2) == ["r117", "r111"]
    assert names(filters='{"config.lr.value": {"$lt": 2}}') == ["r001", "r000"]
    assert wandb_api.find("team/proj", limit=1)[0].location == "wandb://team/proj/r119"
    with pytest.raises(NoRunFound, match="filters"):
        names(filters='{"config.lr.value": {"$lt": -2}}')
    with pytest.raises(NoRunFound, match="no project"):
        wandb_api.find("team/other")


def test_progress_counts_rows_up_to_all(server: Server) -> None:
    from runlens.sources import wandb_api

    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(3_000)))
    run.export(1_000)
    seen: list[tuple[int, int | None]] = []
    wandb_api.fetch(wandb_api.find("team/proj/run1")[0], progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3_000, 3_000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_spans_without_what_is_covered() -> None:
    assert without([(0, 100)], (10, 20), (50, 200)) == [(0, 10), (20, 50)]
    assert without([(0, 10)], (0, 10)) == []
    assert without([(5, 10)], (0, 2), (20, 30)) == [(5, 10)]


def test_holes_in_steps() -> None:
    assert holes(np.array([0, 1, 2, 5, 6]), 7, 8) == [(3, 5), (7, 8)]
    assert holes(np.arange(10, 100, 10), 91, 91) == [(0, 10)]
    assert holes(np.array([3]), 5, 9) == [(0, 9)]


def test_a_row_at_another_time_is_a_conflict() -> None:
    old = from_rows([{"_step": 4, "_timestamp": 1.0}, {"_step": 5, "_timestamp": 2.0}])
    assert not conflicts(old, from_rows([{"_step": 5, "_timestamp": 2.0}, {"_step": 6, "_timestamp": 3.0}]))
    assert conflicts(old, from_rows([{"_step": 5, "_timestamp": 9.0}]))
    assert not conflicts(old, from_rows([{"_step": 7, "_timestamp": 9.0}]))


def test_a_resumed_run_with_steps_logged_twice_keeps_both(server: Server) -> None:
    run = server.store.add(state="finished")
    first = rows_of(np.arange(400))
    second = [{**row, "_timestamp": float(str(row["_timestamp"])) + 9_000} for row in rows_of(np.arange(300, 500), 1)]
    run.log([*first, *second])
    loss = fetch().history
    assert loss.step.tolist() == [*range(400), *range(300, 500)]
    assert len(read().series["loss"].attempts()) == 2
