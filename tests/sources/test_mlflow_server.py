"""Runs at an MLflow server, by a small one on the loopback that answers as version 3.17 does."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from runlens.errors import AccessRefused, ConfigError, NoRunFound, NotALog, ReadError, SourceDown
from runlens.roles import resolve
from runlens.sources import discover, read
from runlens.sources.mlflow_server import client as requests_of
from runlens.sources.mlflow_server.address import Address, parse

ID, OTHER, EMPTY = "a" * 32, "b" * 32, "c" * 32
LARGEST = 1.7976931348623157e308
PAGE = 40


def points(n=100):
    """As the server gives them: a page is not in the order written; NaN is a text, infinity the largest float."""
    value = [3.0 - i / 100 for i in range(n)]
    value[7], value[8], value[9] = "NaN", LARGEST, -LARGEST
    rows = [
        {"key": "train/loss", "value": v, "timestamp": 1_700_000_000_000 + 1000 * i, "step": 10 * i}
        for i, v in enumerate(value)
    ]
    return rows[::-1]


def info(run_id, name, status="FINISHED", start=1_700_000_000_000):
    return {
        "run_id": run_id,
        "run_uuid": run_id,
        "experiment_id": "7",
        "run_name": name,
        "status": status,
        "start_time": start,
    }


def runs():
    data = {
        "metrics": [{"key": "train/loss"}, {"key": "val_loss"}],
        "params": [{"key": "lr", "value": "0.1"}, {"key": "global_batch_size", "value": "64"}],
        "tags": [{"key": "mlflow.runName", "value": "a tag"}],
    }
    return {
        ID: {"info": info(ID, "good one"), "data": data},
        OTHER: {"info": info(OTHER, "twin", "FAILED", 1_600_000_000_000), "data": data},
        EMPTY: {"info": info(EMPTY, "nothing"), "data": {}},
    }


class Server(ThreadingHTTPServer):
    """What it was asked, what it refuses, and how often it fails first."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.runs = Counter(), runs()
        self.failing, self.status, self.login, self.body, self.wait = 0, 503, "", b"", 0

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        self.answer(url.path, {k: v[0] for k, v in parse_qs(url.query).items()})

    def do_POST(self):
        self.answer(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def answer(self, path, of):
        server = self.server
        server.asked[path.removeprefix("/api/2.0/mlflow/")] += 1
        if server.failing > 0:
            server.failing -= 1
            return self.send(server.status, {})
        if server.login and self.headers.get("Authorization") != server.login:
            return self.send(401, {})
        if server.body:
            return self.send(200, server.body)
        match path.removeprefix("/api/2.0/mlflow/"):
            case "experiments/get-by-name" if of["experiment_name"] == "pre train/1":
                return self.send(200, {"experiment": {"experiment_id": "7"}})
            case "experiments/get" if of["experiment_id"] == "7":
                return self.send(200, {"experiment": {"experiment_id": "7"}})
            case "runs/search" if of["experiment_ids"] == ["7"]:
                at = int(of.get("page_token", 0))
                more = {"next_page_token": str(at + 1)} if at + 1 < len(server.runs) else {}
                return self.send(200, {"runs": list(server.runs.values())[at : at + 1], **more})
            case "runs/search":
                return self.send(200, {})
            case "runs/get" if of["run_id"] in server.runs:
                return self.send(200, {"run": server.runs[of["run_id"]]})
            case "metrics/get-history":
                at = int(of.get("page_token", 0))
                rows = points() if of["metric_key"] == "train/loss" else points()[:3]
                more = {"next_page_token": str(at + PAGE)} if at + PAGE < len(rows) else {}
                return self.send(200, {"metrics": rows[at : at + PAGE], **more})
        return self.send(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Could not find \x1b[31mit"})

    def send(self, status, said):
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == self.server.status and self.server.wait:
            self.send_header("Retry-After", str(self.server.wait))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", running.address + "/")
        for name in ("USERNAME", "PASSWORD", "TOKEN", "INSECURE_TLS", "SERVER_CERT_PATH"):
            monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
        yield running
        running.shutdown()
        thread.join()


def test_every_point_of_a_run_is_read_page_by_page(server):
    (ref,) = discover(f"mlflow://{ID}")
    run = resolve(read(ref))
    series = run.series["train/loss"]
    expected = 3 - np.arange(100) / 100
    expected[7:10] = np.nan, np.inf, -np.inf
    np.testing.assert_allclose(series.value, expected)
    np.testing.assert_array_equal(series.step, 10 * np.arange(100))
    np.testing.assert_allclose(series.time, 1_700_000_000 + np.arange(100))
    assert server.asked["metrics/get-history"] == 3 + 1
    assert (run.name, run.state, run.starts, run.config["lr"]) == ("good one", "finished", (1_700_000_000.0,), 0.1)
    assert run.url == f"{server.address}/#/experiments/7/runs/{ID}"
    assert run.role("train_loss").series.name == "train/loss" and run.role("eval_loss").series.name == "val_loss"


def test_an_experiment_is_all_its_runs_with_metrics_in_the_order_of_their_start(server):
    for name in ("mlflow://pre%20train%2F1", "mlflow://7", f"{server.address}/#/experiments/7"):
        refs = discover(name)
        assert [ref.id for ref in refs] == ["twin", "good one"]
        assert [read(ref).state for ref in refs] == ["crashed", "finished"]


@pytest.mark.parametrize("run", ["good%20one", ID])
def test_a_run_is_named_by_its_name_or_its_id(server, run):
    (ref,) = discover(f"mlflow://pre%20train%2F1/{run}")
    assert read(ref).name == "good one"


def test_a_page_names_its_own_server(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    (ref,) = discover(f"{server.address}/#/experiments/7/runs/{ID}/model-metrics")
    assert len(read(ref).series["train/loss"]) == 100


def test_runs_of_one_name_are_told_apart_by_their_ids(server):
    server.runs[OTHER]["info"]["run_name"] = "good one"
    assert [ref.id for ref in discover("mlflow://7")] == [OTHER, ID]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("mlflow://exp/run 1", Address("exp", "run 1")),
        ("mlflow://exp", Address("exp")),
        (f"mlflow://{ID}", Address("", ID)),
        ("https://user:secret@h.org:5000/ml/#/experiments/3/runs/ab?x=1", Address("3", "ab", "https://h.org:5000/ml")),
        ("http://[::1]:5000/#/experiments/3", Address("3", "", "http://[::1]:5000")),
        ("mlflow://", None),
        ("mlflow://a/b/c", None),
        ("http://h.org/experiments/3", None),
        ("http://h.org:x/#/experiments/3", None),
        ("wandb://a/b/c", None),
        ("experiments/3", None),
    ],
)
def test_names(name, address):
    assert parse(name) == address
    assert address is None or parse(address.location) == address


@pytest.mark.parametrize(("way", "sent"), [("user", "Basic dTpw"), ("token", "Bearer t0k"), ("url", "Basic dTpw")])
def test_a_login_goes_to_its_own_server_alone(server, monkeypatch, way, sent):
    server.login = sent
    if way == "user":
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "u")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "p")
    elif way == "token":
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0k")
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address.replace("//", "//u:p@"))
    (ref,) = discover(f"mlflow://{ID}")
    assert len(read(ref).series) == 2
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    (page,) = discover(f"{server.address}/#/experiments/7/runs/{ID}")
    with pytest.raises(AccessRefused, match="MLFLOW_TRACKING_URI") as refused:
        read(page)
    assert "t0k" not in str(refused.value)


def test_a_server_that_is_busy_is_asked_again_after_as_long_as_it_says(server, monkeypatch):
    slept = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    server.failing = 3
    assert len(read(discover(f"mlflow://{ID}")[0]).series) == 2
    server.failing, server.wait = 3, 300
    slept.clear()
    assert len(discover(f"{server.address}/#/experiments/7")) == 2 and slept == [300] * 3


@pytest.mark.parametrize(
    ("of", "error", "said"),
    [
        ({"failing": 99}, SourceDown, "failed .HTTP 503. 5 times"),
        ({"failing": 99, "wait": 301}, SourceDown, "asks to wait 301 s"),
        ({"body": b"<html>"}, ReadError, "not as an MLflow server does"),
        ({"body": b"[1]"}, ReadError, "not as an MLflow server does"),
        ({"failing": 1, "status": 400}, ReadError, "refused runs/get .HTTP 400."),
        ({"login": "x"}, AccessRefused, "MLFLOW_TRACKING_USERNAME"),
        ({"runs": {}}, NoRunFound, "knows nothing of that name"),
    ],
)
def test_what_a_server_may_do_instead(server, of, error, said):
    (ref,) = discover(f"mlflow://{ID}")
    for name, value in of.items():
        setattr(server, name, value)
    with pytest.raises(error, match=said) as told:
        read(ref)
    assert "\x1b" not in str(told.value)


def test_a_run_without_metrics_and_names_of_nothing(server):
    with pytest.raises(NotALog, match="has no metrics"):
        read(discover(f"mlflow://{EMPTY}")[0])
    with pytest.raises(NoRunFound, match="has no run 'other' with metrics"):
        discover("mlflow://7/other")
    with pytest.raises(NoRunFound, match="knows nothing of that name"):
        discover("mlflow://other")
    with pytest.raises(NoRunFound, match="has no run with metrics"):
        discover(f"{server.address}/#/experiments/8")


@pytest.mark.parametrize(("own", "said"), [("", "not set"), ("sqlite:///mlflow.db", "no address of the web")])
def test_no_server_is_named(monkeypatch, own, said):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", own)
    with pytest.raises(ConfigError, match=said):
        discover("mlflow://exp")


def test_nobody_answers(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setattr(requests_of, "_TRIES", 0)
    with pytest.raises(SourceDown, match="cannot be reached"):
        discover("mlflow://exp")


def test_a_listing_that_never_ends_is_left(server, monkeypatch):
    monkeypatch.setattr(requests_of, "_MOST_PAGES", 2)
    assert len(discover("mlflow://7")) == 2
    assert len(read(discover(f"mlflow://{ID}")[0]).series["train/loss"]) == 2 * PAGE
