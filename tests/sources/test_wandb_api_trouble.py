from __future__ import annotations

import dataclasses
import socket
import time

import numpy as np
import pytest

from runlens.errors import AccessRefused, NoRunFound, RunLensError, SourceDown, UsageError
from runlens.sources import wandb_api
from runlens.sources.patience import Patience, retry_after
from runlens.sources.wandb_api import pages
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.server.client import Client
from runlens.sources.wandb_api.server.gate import Gate, Stopped, hold_of
from runlens.sources.wandb_api.server.login import login
from tests.sources.wandb_at import NAME, read, rows_of, same, server
from tests.wandb_server import Server

__all__ = ["server"]


def refused(kind: type[RunLensError], name: str = NAME) -> str:
    """The sentence of an error, which is one line and holds no key."""
    with pytest.raises(kind) as caught:
        read(name)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 400
    return said


def test_no_login(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    said = refused(AccessRefused)
    assert "wandb login" in said
    assert "WANDB_API_KEY" in said
    assert server.url in said


def test_a_key_that_is_no_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "short-secret")
    said = refused(AccessRefused)
    assert "short-secret" not in said


def test_a_key_that_the_server_does_not_know(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.store.add()
    monkeypatch.setenv("WANDB_API_KEY", "f" * 40)
    said = refused(AccessRefused)
    assert "login" in said
    assert "f" * 40 not in said


def test_login_from_netrc(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    monkeypatch.delenv("WANDB_API_KEY")
    host = server.url.removeprefix("http://")
    netrc = Path(__import__("os").environ["NETRC"])
    netrc.write_text(f"machine {host}\n  login user\n  password {server.key}\n")
    netrc.chmod(0o600)
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(10)))
    same(read(), run)


def test_no_such_run_or_project(server: Server) -> None:
    server.store.add()
    for name in ("team/proj/other", "team/nothing/run1", "nobody/proj/run1"):
        assert name in refused(NoRunFound, name)
    server.store.hidden.add("team/proj")
    assert "who is logged in" in refused(NoRunFound)


def test_no_access(server: Server) -> None:
    server.store.add()
    server.faults.errors, server.faults.error_status = 99, 403
    assert "access" in refused(AccessRefused)


def test_server_down(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("WANDB_BASE_URL", url)
    before = time.monotonic()
    said = refused(SourceDown)
    assert url in said
    assert "reach" in said
    assert time.monotonic() - before < 10


def test_timed_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_HTTP_TIMEOUT", "0.3")
    server.store.add()
    server.faults.hang = 99
    assert "timed out" in refused(SourceDown)


def test_not_a_wandb_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", f"{server.url}/elsewhere")
    assert "WANDB_BASE_URL" in refused(SourceDown)


def test_a_page_of_another_server_is_never_sent_the_key(server: Server) -> None:
    with pytest.raises(UsageError, match="WANDB_BASE_URL"):
        wandb_api.find("https://evil.example/team/proj/runs/run1")
    with pytest.raises(UsageError, match="WANDB_BASE_URL"):
        wandb_api.find("https://wandb.ai/team/proj/runs/run1")
    assert wandb_api.find(f"{server.url}/team/proj/runs/run1")[0].location == "wandb://team/proj/run1"


@pytest.mark.parametrize("header", ["1", None])
def test_when_one_connection_is_told_to_wait_all_do(server: Server, header: str | None) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(8_000)))
    server.faults.only, server.faults.throttle, server.faults.retry_after = {"HistoryPage"}, 3, header
    before = time.monotonic()
    same(read(), run)
    assert time.monotonic() - before >= (1.0 if header else 0.3)
    assert sum(s.status == 429 for s in server.faults.seen) == 3


def test_waits_come_to_an_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    short = dataclasses.replace(Patience(), in_all=0.5, pause=0.02)
    monkeypatch.setattr("runlens.sources.wandb_api.server.client.usual_patience", lambda: short)
    server.store.add()
    server.faults.throttle, server.faults.retry_after = 10**6, "0"
    assert "limiting requests" in refused(SourceDown)
    assert len(server.faults.seen) < 200


def test_long_waits_are_said(server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("runlens.sources.wandb_api.server.client._LONG", 0.5)
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(40)))
    server.faults.only, server.faults.throttle, server.faults.retry_after = {"HistoryPage"}, 1, "0.6"
    same(read(), run)
    [said] = [r.getMessage() for r in caplog.records if "limiting" in r.getMessage()]
    assert said == f"{server.url} is limiting requests; waiting 1 s as it asks"


def test_being_told_to_wait_very_long_is_said(server: Server) -> None:
    server.store.add()
    server.faults.throttle, server.faults.retry_after = 99, "3600"
    assert "3600 s" in refused(SourceDown)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between tries."""
    made = dataclasses.replace(Patience(), pause=0.02)
    monkeypatch.setattr("runlens.sources.wandb_api.server.client.usual_patience", lambda: made)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_now_and_then(server: Server, status: int) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(4_000)))
    run.export(1_000)
    server.faults.only, server.faults.errors, server.faults.error_status = {"HistoryPage", "GET parquet"}, 3, status
    same(read(), run)


@pytest.mark.usefixtures("quick")
def test_connections_cut_in_the_middle(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(4_000)))
    run.export(2_000)
    server.faults.only, server.faults.cut = {"HistoryPage", "GET parquet"}, 3
    same(read(), run)
    assert server.faults.cut == 0


@pytest.mark.usefixtures("quick")
def test_an_export_goes_on_where_it_was_cut(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(4_000)))
    run.export()
    server.faults.only, server.faults.cut = {"GET parquet"}, 2
    same(read(), run)
    ranges = [s.headers.get("Range") for s in server.faults.seen if s.operation == "GET parquet"]
    assert ranges[0] is None
    assert all(r and r != "bytes=0-" for r in ranges[1:])
    assert len(ranges) == 3


def test_a_page_that_is_too_much_is_cut(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(3_000)))
    quick = dataclasses.replace(Patience(), tries=2, pause=0.01)
    monkeypatch.setattr("runlens.sources.wandb_api.server.client.usual_patience", lambda: quick)
    server.faults.only, server.faults.errors = {"HistoryPage"}, 5
    same(read(), run)


@pytest.mark.parametrize("told", [True, False])
def test_a_server_that_fails_at_large_pages(server: Server, monkeypatch: pytest.MonkeyPatch, told: bool) -> None:
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(3_000)))
    quick = dataclasses.replace(Patience(), tries=2, pause=0.01)
    monkeypatch.setattr("runlens.sources.wandb_api.server.client.usual_patience", lambda: quick)
    server.faults.fails_above, server.faults.hide_live_data = 60, not told
    same(read(), run)


def test_huge_rows_are_taken_few_at_a_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_PAGE_BYTES", 200_000)
    run = server.store.add(state="finished")
    run.log([{**row, "text": "x" * 20_000} for row in rows_of(np.arange(100))])
    same(read(), run)
    run.log([{**row, "text": "x" * 300_000} for row in rows_of(np.arange(100, 104))])  # one alone is over the limit
    same(read(), run)


def test_rows_of_many_values_make_short_pages(server: Server) -> None:
    run = server.store.add(state="finished")
    run.log([{"_step": i, "_timestamp": 1.7e9 + i} | {f"layer.{k}": float(k) for k in range(2_000)} for i in range(20)])
    found = read()
    assert len(found.series) == 2_000
    assert server.faults.counts()["HistoryPage"] == 1
    address = Address("team", "proj", "run1")
    client = Client(login(address))
    reader = pages.PageReader(client, address, width=5_000.0)
    client.close()
    assert max(span.stop - span.first for span in reader.plan([(0, 100_000)], 100_000)) <= 250


def test_a_server_that_stays_down_in_the_middle(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.store.add(state="finished").log(rows_of(np.arange(3_000)))
    quick = dataclasses.replace(Patience(), tries=2, pause=0.01)
    monkeypatch.setattr("runlens.sources.wandb_api.server.client.usual_patience", lambda: quick)
    server.faults.only, server.faults.errors = {"HistoryPage"}, 10_000
    assert "HTTP 503" in refused(SourceDown)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("-4", 0.0), ("", None), (None, None), ("soon", None), ("nan", 0.0)],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    from email.utils import formatdate

    asked = retry_after(formatdate(time.time() + 30, usegmt=True))
    assert asked is not None
    assert 25 < asked <= 30
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_the_gate_lets_everybody_go_when_it_is_stopped() -> None:
    gate = Gate()
    gate.hold(100)
    gate.stop()
    with pytest.raises(Stopped):
        gate.wait()
    with pytest.raises(Stopped):
        gate.pause(100)


def test_what_a_server_tells_one_pull_holds_for_all_and_a_pull_that_ends_ends_alone() -> None:
    one, two, other = Gate(hold_of("a")), Gate(hold_of("a")), Gate(hold_of("b"))
    other.wait()
    assert one.hold(0.3) and not two.hold(0.1)
    other.wait()
    one.stop()
    with pytest.raises(Stopped):
        one.wait()
    began = time.monotonic()
    two.wait()
    assert time.monotonic() - began > 0.2
