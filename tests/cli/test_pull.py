from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from runlens import sources
from runlens.cli import main
from tests.cli.command import Done, runlens
from tests.sources.wandb_at import read, rows_of, server
from tests.wandb_server import Server

__all__ = ["server"]


def command(*arguments: str) -> Done:
    """`runlens ARGUMENTS` in this process, which has imported wandb already: that takes seconds."""
    with (
        patch("sys.argv", ["runlens", *arguments]),
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        try:
            main()
        except SystemExit as left:
            code = left.code
        else:
            code = 0
    assert isinstance(code, int)
    return Done(code, out.getvalue(), err.getvalue())


def test_pull_as_a_process(filled: Server) -> None:
    passed = {k: v for k, v in os.environ.items() if k.startswith(("WANDB_", "RUNLENS_")) or k in {"NETRC", "HOME"}}
    done = runlens("pull", "team/proj/run1", env=passed)
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("team/proj/run1: 600 rows of 3 metrics and 8 rows of system metrics in the cache; ")


@pytest.fixture
def filled(server: Server) -> Server:
    run = server.store.add(state="finished")
    rows = rows_of(np.arange(600))
    rows[5]["loss"], rows[6]["loss"], rows[7]["eval/acc"] = float("nan"), float("-inf"), None
    rows[8]['odd, "name"\u202e'] = 1.5
    run.log(rows)
    run.events = [json.dumps({"system.gpu.0.temp": 50.0 + i, "_timestamp": 1.7e9 + 40 * i + 0.1}) for i in range(8)]
    return server


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_a_pulled_file_reads_back_as_the_run(filled: Server, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"history.{ending}"
    done = command("pull", "team/proj/run1", "-o", str(file))
    assert (done.code, done.out) == (0, "")
    assert "600 rows" in done.err
    run, again = read(), sources.read(sources.discover(str(file))[0])
    assert set(again.series) == set(run.series)
    for name, series in run.series.items():
        np.testing.assert_array_equal(again.series[name].step, series.step, err_msg=name)
        np.testing.assert_array_equal(again.series[name].value, series.value, err_msg=name)
        np.testing.assert_allclose(again.series[name].time, series.time, rtol=0, atol=1e-6, err_msg=name)
    assert not list(tmp_path.glob(".*"))


def test_a_metric_called_step_keeps_its_name(server: Server, tmp_path: Path) -> None:
    server.store.add(state="finished").log([{"_step": i, "_timestamp": 1.0 + i, "step": 10 * i} for i in range(5)])
    file = tmp_path / "out.jsonl"
    assert command("pull", "team/proj/run1", "-o", str(file)).code == 0
    assert json.loads(file.read_text().splitlines()[2]) == {"_step": 2, "_timestamp": 3.0, "step": 20.0}


def test_the_second_pull_is_one_request(filled: Server) -> None:
    assert command("pull", "team/proj/run1").code == 0
    filled.faults.forget()
    done = command("pull", "team/proj/run1")
    assert "in the cache; 1 request," in done.err
    assert filled.faults.counts() == {"Run": 1}


def test_a_whole_project(filled: Server, tmp_path: Path) -> None:
    filled.store.add(name="run2", state="finished", tags=["x"]).log(rows_of(np.arange(50)))
    done = command("pull", "team/proj")
    assert done.code == 0
    assert "team/proj/run1: 600 rows" in done.err
    assert "team/proj/run2: 50 rows" in done.err
    done = command("pull", "team/proj", "--tag", "x", "-o", str(tmp_path / "x.csv"))
    assert "team/proj/run2" in done.err
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 51


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pull", "logs/"), "no W&B run"),
        (("pull", "team/proj/run1", "-o", "out.xlsx"), ".parquet, .csv, .jsonl"),
        (("pull", "team/proj/run1", "--no-cache"), "--no-cache"),
        (("pull", "team/proj/other"), "no run team/proj/other"),
        (("pull", "team/proj/run1", "-o", "/proc/nowhere/x.csv"), "cannot be written"),
        (("pull", "team/proj/run1", "--tag", "x"), "one run"),
        (("cache", "clear", "team/none"), "holds nothing"),
    ],
)
def test_wrong_use(filled: Server, arguments: tuple[str, ...], said: str) -> None:
    done = command(*arguments)
    assert done.code == 2, done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_several_runs_do_not_fit_one_file(filled: Server, tmp_path: Path) -> None:
    filled.store.add(name="run2")
    done = command("pull", "team/proj", "-o", str(tmp_path / "x.csv"))
    assert done.code == 2
    assert "2 runs" in done.err


@pytest.mark.parametrize("what", ["pull", "check"])
def test_no_login_is_exit_code_three(filled: Server, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    done = command(what, "team/proj/run1")
    assert done.code == 3
    assert "wandb login" in done.err
    assert "Traceback" not in done.err


def test_settings_that_wandb_does_not_take_are_not_quoted(filled: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "ftp://user:sup3rpw@127.0.0.1:9")
    done = command("check", "team/proj/run1")
    assert done.code == 2
    assert "WANDB_BASE_URL" in done.err
    assert "sup3rpw" not in done.err
    where = command("check", "team/proj/run1", "--debug")
    assert (where.code, "Traceback" in where.err) == (2, True)
    assert "sup3rpw" not in where.err + where.out


def test_rows_left_out_are_said(filled: Server) -> None:
    filled.faults.lose_steps = {3}
    assert "1 (0.17 %) are missing" in command("pull", "team/proj/run1").err


def test_cache_info_and_clear(filled: Server) -> None:
    command("pull", "team/proj/run1")
    said = command("cache", "info")
    assert "team/proj/run1" in said.out
    assert "1 run," in said.out
    assert os.environ["RUNLENS_CACHE_DIR"] in said.out
    assert command("cache", "clear", "team/proj").code == 0
    assert "0 runs, 0 B" in command("cache", "info").out
    assert command("cache", "clear").code == 0


def test_check_reads_and_writes_back(filled: Server) -> None:
    done = command("check", "team/proj/run1", "-f", "json", "--wandb-summary", "--wandb-alert")
    assert done.code in (0, 1, 3), done.err
    run = filled.store.runs["team", "proj", "run1"]
    assert run.summary["runlens/verdict"] == done.json["verdict"]
    assert bool(run.alerts) == (run.summary["runlens/errors"] > 0)


def test_what_is_not_written_back_leaves_the_verdict(filled: Server) -> None:
    filled.faults.only, filled.faults.errors, filled.faults.error_status = {"UpsertBucket"}, 9, 403
    done = command("check", "team/proj/run1", "-f", "json", "--wandb-summary")
    assert done.code == done.json["exit_code"]
    assert "warning: not written back to W&B" in done.err
    assert "refused access" in done.err
