"""RunLens needs no more of a server than the stock client does: checked on one that refuses everything else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from runlens.errors import ReadError
from runlens.sources import wandb_api
from runlens.sources.wandb_api.server import queries
from tests.sources.wandb_at import fetch, read, rows_of, same
from tests.wandb_server import Server, environment
from tests.wandb_server.strict import Manner, Strict, fields, known


@pytest.fixture
def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A strict server that this process is logged in to."""
    with Server(answers=Strict) as made:
        for name, value in environment(made.url, tmp_path / "home").items():
            if name != "TMPDIR":
                monkeypatch.setenv(name, value)
        yield made


def answers_of(server: Server) -> Strict:
    assert isinstance(server.answers, Strict)
    return server.answers


@pytest.mark.parametrize("query", [queries.RUN, queries.RUNS, queries.RUN_PARQUET_HISTORY, queries.HISTORY_PAGE,
                                   queries.RUN_FULL_HISTORY, queries.RUN_FILES, queries.WRITE_SUMMARY])  # fmt: skip
def test_no_field_is_asked_for_that_the_stock_client_does_not_ask_for(query: str) -> None:
    from tests.wandb_server.graphql import operation_of

    assert fields(query) <= known()[operation_of(query)]


@pytest.mark.parametrize("manner", get_args(Manner))
def test_a_run_comes_whole_whatever_else_is_refused(strict: Server, manner: Manner) -> None:
    answers_of(strict).manner = manner
    run = strict.store.add(state="finished", tags=["big"], summary={"loss": 1.0})
    run.log(rows_of(np.arange(300)))
    run.events = [json.dumps({"system.gpu.0.temp": 50.0 + i, "_timestamp": 1.7e9 + 40 * i}) for i in range(5)]
    found = read()
    same(found, run)
    assert found.notes == ()
    assert len(found.series["system.gpu.0.temp"]) == 5
    run.export(200)
    same(read(refresh=True), run)
    strict.faults.forget()
    same(read(), run)
    assert strict.faults.counts() == {"Run": 1}


@pytest.mark.parametrize("manner", get_args(Manner))
def test_a_server_without_exports(strict: Server, manner: Manner) -> None:
    answers_of(strict).manner = manner
    del answers_of(strict).known["RunParquetHistory"]
    run = strict.store.add(state="finished")
    run.log(rows_of(np.arange(0, 900, 3)))
    same(read(), run)


def test_a_server_that_names_the_first_live_step_alone(strict: Server) -> None:
    run = strict.store.add(state="finished")
    run.log(rows_of(np.arange(6_000)))
    run.export(1_500)
    strict.faults.first_live_alone, strict.faults.page_cap = True, 1_000
    same(read(), run)
    assert max(strict.faults.counts().values()) < 20


@pytest.mark.parametrize("exported", [0, 400, 900])
def test_a_server_that_counts_nothing(strict: Server, exported: int) -> None:
    run = strict.store.add(state="finished")
    run.log(rows_of(np.arange(900)))
    run.export(exported)
    strict.faults.no_counts = True
    same(read(), run)
    assert read().notes == ()


def test_the_runs_of_a_project(strict: Server) -> None:
    strict.store.add(name="a", state="finished", tags=["x"])
    strict.store.add(name="b", state="running", tags=["x"])
    strict.store.add(name="c", state="finished")
    assert [r.id for r in wandb_api.find("team/proj", state="finished", tags=["x"])] == ["a"]


def test_the_summary_is_written_and_a_refused_alert_is_said(strict: Server) -> None:
    from runlens.sources.wandb_api.writeback import write
    from tests.sources.test_wandb_writeback import ERRORS, judged, report

    run = strict.store.add(state="finished", summary={"loss": 1.0})
    write(report(judged(*ERRORS)), summary=True, alert=False)
    assert run.summary["runlens/verdict"] == "fail"
    assert run.summary["loss"] == 1.0
    assert list(strict.store.runs) == [("team", "proj", "run1")]
    with pytest.raises(ReadError, match="NotifyScriptableRunAlert"):
        write(report(judged(*ERRORS)), summary=False, alert=True)


def test_system_metrics_that_are_not_handed_over_do_not_cost_the_history(strict: Server) -> None:
    run = strict.store.add(state="finished")
    run.log(rows_of(np.arange(200)))
    strict.faults.only, strict.faults.errors, strict.faults.error_status = {"RunFullHistory"}, 99, 400
    found = fetch()
    assert len(found.history) == 200
    assert ["system metrics" in note.message for note in found.notes] == [True]
    strict.faults.errors = 0
    run.events = [json.dumps({"system.gpu.0.temp": 50.0, "_timestamp": 1.7e9})]
    assert (len(fetch().system), fetch().notes) == (1, ())
