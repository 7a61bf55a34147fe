from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import RunLensError
from runlens.sources.caches import remove
from runlens.sources.wandb_api.cache import RunCache, root
from runlens.sources.wandb_api.cached import cached_runs
from tests.sources.wandb_at import fetch, read, rows_of, same, server
from tests.wandb_server import Server

__all__ = ["server"]

READ = """
import os, sys
from runlens.sources import wandb_api
from runlens.sources.wandb_api.cache import RunCache
kill = int(sys.argv[1])
if kill:
    put, seen = RunCache.put_page, [0]
    def put_page(self, page):
        put(self, page)
        seen[0] += 1
        if seen[0] == kill:
            os._exit(9)
    RunCache.put_page = put_page
run = wandb_api.read(wandb_api.find("team/proj/run1")[0])
print(len(run.series["loss"]), repr(float(run.series["loss"].value.sum())), len(run.notes))
"""


def started(kill: int = 0) -> subprocess.Popen[str]:
    """A reader in a process of its own, killed after so many pages."""
    return subprocess.Popen([sys.executable, "-c", READ, str(kill)], stdout=subprocess.PIPE, text=True, env=os.environ)


@pytest.mark.parametrize("exported", [0, 1_500, 3_000])
def test_a_finished_run_costs_one_request_the_second_time(server: Server, exported: int) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(3_000)))
    run.export(exported) if exported else None
    first = read()
    server.faults.forget()
    second = fetch()
    assert (second.requests, server.faults.counts()) == (1, {"Run": 1})
    again = read()
    same(again, run)
    assert set(again.series) == set(first.series)
    for name, series in first.series.items():
        np.testing.assert_array_equal(series.value, again.series[name].value)
        np.testing.assert_array_equal(series.time, again.series[name].time)
    assert again.config == first.config


def test_a_grown_run_costs_only_what_is_new(server: Server) -> None:
    run = server.store.add()
    run.log(rows_of(np.arange(6_000)))
    run.export(2_000)
    same(read(), run)
    for end in (6_500, 6_501, 9_000):
        run.log(rows_of(np.arange(run.steps[-1] + 1, end), seed=end))
        server.faults.forget()
        same(read(), run)
        asked = [s.variables for s in server.faults.seen if s.operation == "HistoryPage"]
        assert 1 <= len(asked) <= 4
        assert min(int(str(v["minStep"])) for v in asked) >= run.steps[-1] - 2_501
        assert not {"GET parquet", "RunParquetHistory"} & set(server.faults.counts())
    run.state = "finished"
    same(read(), run)
    server.faults.forget()
    read()
    assert server.faults.counts() == {"Run": 1}


def test_a_run_that_was_made_anew_is_read_anew(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(500)))
    read()
    other = server.store.add(state="finished")
    other.log(rows_of(np.arange(500), seed=9))
    other.heartbeat_at = run.heartbeat_at
    same(read(), other)


@pytest.mark.parametrize("grown_to", [250, 500, 900])
def test_a_rewound_run_is_never_stale(server: Server, grown_to: int) -> None:
    run = server.store.add()
    run.log(rows_of(np.arange(500)))
    read()
    run.put_history(200, [])
    run.log([{**row, "_timestamp": 1.8e9 + i} for i, row in enumerate(rows_of(np.arange(200, grown_to), seed=5))])
    same(read(), run)


def test_a_row_that_came_late_is_found(server: Server) -> None:
    run = server.store.add()
    run.log([row for row in rows_of(np.arange(500)) if row["_step"] != 77])
    read()
    run.log([row for row in rows_of(np.arange(500)) if row["_step"] == 77])
    loss = read().series["loss"]
    assert len(loss) == 500
    assert 77 in loss.step


@pytest.mark.parametrize(("kill", "exported"), [(1, 0), (4, 3_000)])
def test_a_killed_pull_goes_on_where_it_was(server: Server, kill: int, exported: int) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(8_000)))
    run.export(exported) if exported else None
    killed = started(kill)
    killed.communicate(timeout=60)
    assert killed.returncode == 9
    kept = list(Path(cached_runs()[0].folder).glob("page-*.parquet"))
    assert len(kept) >= kill
    server.faults.forget()
    same(read(), run)
    asked = server.faults.counts()
    assert asked["HistoryPage"] == -(-(8_000 - exported) // 1_000) - len(kept)
    assert asked["GET parquet"] == 0
    steps = [
        (int(str(s.variables["minStep"])), int(str(s.variables["maxStep"])))
        for s in server.faults.seen
        if s.operation == "HistoryPage"
    ]
    for page in kept:
        first, stop = map(int, page.name.split(".")[0].split("-")[1:])
        assert all(b <= first or a >= stop for a, b in steps)


def test_two_processes_at_once(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(4_000)))
    run.export(1_000)
    both = [started(), started()]
    said = {process.communicate(timeout=60)[0] for process in both}
    assert len(said) == 1
    assert said.pop().startswith("4000 ")
    server.faults.forget()
    same(read(), run)
    assert server.faults.counts() == {"Run": 1}
    assert not list(root().rglob(".new-*"))
    assert not list(root().rglob(".part-*"))


def test_a_damaged_cache_is_made_whole(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(700)))
    read()
    folder = cached_runs()[0].folder
    for name in ("page-*.parquet", "run.json", "system.*.parquet"):
        for damage in (b"", b"PAR1 nonsense", None):
            (path,) = folder.glob(name)
            path.unlink() if damage is None else path.write_bytes(damage)
            same(read(), run)
            assert path.stat().st_size > 20


def flipped(whole: bytes) -> Iterator[bytes]:
    """A file with one bit flipped: in its pages, its footer, the footer's length and both magic words."""
    for at in (0, 40, len(whole) // 2, len(whole) - 60, len(whole) - 6, len(whole) - 1):
        yield whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]


@pytest.mark.parametrize(("kind", "costs"), [("page", (1, 0)), ("export", (0, 1))])
def test_a_flipped_bit_in_the_cache_costs_the_file_that_holds_it(
    server: Server, kind: str, costs: tuple[int, int]
) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(6_000)))
    run.export(3_000, files=3)
    read()
    path = sorted(cached_runs()[0].folder.glob(f"{kind}-*.parquet"))[1]
    whole = path.read_bytes()
    for damaged in flipped(whole):
        path.write_bytes(damaged)
        server.faults.forget()
        same(read(), run)
        asked = server.faults.counts()
        assert (asked["HistoryPage"], asked["GET parquet"]) == costs
        assert path.read_bytes() == whole
    server.faults.forget()
    same(read(), run)
    assert server.faults.counts() == {"Run": 1}


def test_a_flipped_bit_in_a_merged_history_is_noticed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runlens.sources.wandb_api.pull._LOOSE_FILES", 0)
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(700)))
    read()
    (path,) = cached_runs()[0].folder.glob("history.*.parquet")
    for damaged in flipped(path.read_bytes()):
        path.write_bytes(damaged)
        same(read(), run)
        (path,) = cached_runs()[0].folder.glob("history.*.parquet")


def test_a_flipped_bit_in_the_record_is_noticed(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(100)))
    read()
    path = cached_runs()[0].folder / "run.json"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x01]) + whole[at + 1 :])
        assert RunCache(path.parent).record() == {}
    server.faults.forget()
    same(read(), run)


def test_the_cache_is_private(server: Server) -> None:
    run = server.store.add(state="running")
    run.log(rows_of(np.arange(300)))
    run.export(100)
    old = os.umask(0)
    try:
        read()
    finally:
        os.umask(old)
    for path in [root(), *root().rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_cache_that_cannot_be_written_is_done_without(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(300)))
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("RUNLENS_CACHE_DIR", str(blocked))
    same(read(), run)
    assert "cannot be written" in caplog.text


def test_refresh_fetches_again_and_no_cache_leaves_no_trace(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(300)))
    same(read(no_cache=True), run)
    assert not cached_runs()
    read()
    server.faults.forget()
    same(read(refresh=True), run)
    assert server.faults.counts()["HistoryPage"] == 1
    server.faults.forget()
    read()
    assert server.faults.counts() == {"Run": 1}


def test_names_cannot_leave_the_cache(server: Server) -> None:
    for project in ("..", ".", "a/../..", "x" * 300, "\u202e", "a b"):
        folder = RunCache.of("http://h:1", "team", project, "run").folder
        assert folder is not None
        assert folder.resolve().is_relative_to(root().resolve() / "wandb" / "v2")
        assert len(folder.resolve().relative_to(root().resolve()).parts) == 6


def test_runs_in_the_cache_are_listed_and_removed(server: Server) -> None:
    for name in ("run1", "run2"):
        server.store.add(name=name, state="finished").log(rows_of(np.arange(50)))
        read(f"team/proj/{name}")
    assert [run.path for run in cached_runs()] == ["team/proj/run1", "team/proj/run2"]
    remove(cached_runs()[:1])
    assert [run.path for run in cached_runs()] == ["team/proj/run2"]
    remove(cached_runs())
    assert not list((root() / "wandb").glob("v2/*"))


def test_a_shrunk_failure_leaves_the_cache_as_it_was(server: Server) -> None:
    run = server.store.add()
    run.log(rows_of(np.arange(500)))
    read()
    run.log(rows_of(np.arange(500, 700)))
    server.faults.only, server.faults.errors, server.faults.error_status = {"HistoryPage"}, 1_000, 400
    server.faults.refuse = {"Runs"}
    server.faults.hide_live_data = True
    server.faults.error_status = 403
    with pytest.raises(RunLensError):
        read()
    server.faults.errors = 0
    server.faults.forget()
    same(read(), run)
    assert server.faults.counts()["HistoryPage"] == 1
