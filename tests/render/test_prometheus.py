"""The metrics, the alert rules and the dashboard, by Prometheus' own tools where they are installed."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from runlens.model import Action, Lag, Latest, Report
from runlens.render import openmetrics
from runlens.render.metrics.families import FAMILIES, RUN
from runlens.render.metrics.labels import device_labels
from tests.builders import finding, report
from tests.render.reports import fixed

ROOT = Path(__file__).parents[2]
RULES = ROOT / "docs" / "prometheus-rules.yml"
CASES = Path(__file__).parent / "prometheus_rules_test.yml"
DASHBOARD = ROOT / "docs" / "grafana-dashboard.json"


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian's package is called prometheus)")
    return found


def gpu(role: str, unit: str, value: float, device: str = "node1 gpu 5", kind: str = "", at: float = 1.7e9) -> Latest:
    return Latest(role, f"{role} of {device}", unit, value, 100, at, device, kind)


HOT = (
    gpu("gpu_temperature", "C", 61.0, "node1 gpu 0"), gpu("gpu_temperature", "C", 97.0),
    gpu("gpu_temperature", "C", 88.0, kind="hbm"), gpu("gpu_memory", "bytes", 7e10),
    gpu("gpu_memory", "%", 91.0, "gpu 3"),
    gpu("gpu_utilization", "%", 40.0), gpu("gpu_power", "W", 690.0), gpu("gpu_clock", "MHz", 1410.0),
    gpu("gpu_errors", "1", 2.0), gpu("host_memory", "%", 50.0, "node1"), gpu("gpu_utilization", "", 0.5, "gpu 9"),
    Latest("train_loss", "loss", "nats", 2.5, 100, 1.7e9), Latest("tokens_per_second", "tps", "tokens/s", 1e5, 100),
    Latest("grad_norm", "norm", "1", 0.3, 100),
    Latest("eval_score", "hellaswag", "1", 0.41, 100, None, "", "acc_norm", "hellaswag", "5-shot"),
)  # fmt: skip


def whole(*runs, asked=("/logs/a",), created="2023-11-14T22:15:00Z"):
    return Report("1", created, "fail", 1, runs, asked=asked)


def burning(**fields):
    return replace(
        report(finding("LOG004", "warning"), action=Action("rewind-and-skip", "go back", rewind_to_step=1400)),
        verdict="fail", state="running", entity="team", project="pretrain", job="r*", time=(1.69e9, 1.7e9),
        tokens=(0.0, 1e9), latest=HOT, lags=(Lag("smollm2", "scores", "tokens", 2.0, (1.8, 2.3), 4e9),), **fields,
    )  # fmt: skip


def samples(text):
    return {
        (
            s.name,
            *(s.labels.get(k, "") for k in ("source", "run", "node", "gpu", "kind", "state", "task", "reference")),
        ): (s.value)
        for f in text_string_to_metric_families(text)
        for s in f.samples
    }


def test_every_gpu_is_told_in_base_units():
    found = samples(openmetrics.render(whole(burning())))

    def of(family, node, number, kind=""):
        return found[family, "logs/r", "r", node, number, kind, "", "", ""]

    assert of("runlens_gpu_temperature_celsius", "node1", "0") == 61
    assert of("runlens_gpu_temperature_celsius", "node1", "5") == 97
    assert of("runlens_gpu_temperature_celsius", "node1", "5", "hbm") == 88
    assert of("runlens_gpu_memory_used_bytes", "node1", "5") == 7e10
    assert of("runlens_gpu_memory_used_ratio", "", "3") == pytest.approx(0.91)
    assert of("runlens_gpu_utilization_ratio", "node1", "5") == pytest.approx(0.4)
    assert of("runlens_gpu_power_watts", "node1", "5") == 690
    assert of("runlens_gpu_clock_hertz", "node1", "5") == 1.41e9
    assert of("runlens_gpu_errors", "node1", "5") == 2
    assert of("runlens_gpu_sampled_seconds", "node1", "5") == 1.7e9
    assert not any(key[0] == "runlens_gpu_utilization_ratio" and key[4] == "9" for key in found), (
        "its unit is not known"
    )
    assert found["runlens_host_memory_used_ratio", "logs/r", "r", "", "node1", "", "", "", ""] == 0.5


def test_state_age_evals_and_lag_are_told():
    found = samples(openmetrics.render(whole(burning())))
    assert found["runlens_run_state", "logs/r", "r", "", "", "", "running", "", ""] == 1
    assert found["runlens_run_state", "logs/r", "r", "", "", "", "crashed", "", ""] == 0
    assert found["runlens_run_age_seconds", "logs/r", "r", "", "", "", "", "", ""] == 100
    assert found["runlens_eval_value", "logs/r", "r", "", "", "acc_norm", "", "hellaswag", ""] == 0.41
    assert found["runlens_eval_lag_ratio", "logs/r", "r", "", "", "", "", "", "smollm2"] == 2
    assert found["runlens_eval_behind", "logs/r", "r", "", "", "", "", "", "smollm2"] == 2e9


def test_a_run_says_whose_it_is():
    family = next(f for f in text_string_to_metric_families(openmetrics.render(whole(burning())))
                  if f.name == "runlens_run_step")  # fmt: skip
    assert family.samples[0].labels == {
        "entity": "team", "project": "pretrain", "training_job": "r*", "source": "logs/r", "run": "r",
    }  # fmt: skip


def test_two_watches_share_no_series_though_their_runs_have_one_name():
    """A textfile collector drops both files where they tell of the same labels."""
    one = whole(replace(report(), source="/logs/a/run"), asked=("/logs/a",))
    other = whole(replace(burning(), source="/logs/b/run"), asked=("/logs/b",))

    def keys(report):
        return {
            (s.name, *sorted(s.labels.items()))
            for f in text_string_to_metric_families(openmetrics.render(report)) for s in f.samples
        }  # fmt: skip

    assert not keys(one) & keys(other)


def test_many_names_are_told_apart_though_they_begin_alike():
    names = [tuple(f"/logs/{n}" for n in many) for many in ([1, 2, 3], [1, 2, 4], [1, 2], [1])]
    labels = {openmetrics.render(whole(asked=asked)).split('source="')[1].split('"')[0] for asked in names}
    assert len(labels) == 4 and "/logs/1" in labels
    long = [f"/{'x' * 400}/{n}/{'y' * 400}" for n in (1, 2)]
    assert len({openmetrics.render(whole(asked=(name,))).split('source="')[1].split('"')[0] for name in long}) == 2


def test_the_series_of_a_run_leave_when_it_ends():
    left, stays = replace(burning(), run="left", state="crashed"), burning()
    found = samples(openmetrics.render(whole(left, stays), {"left": openmetrics.Standing("crashed", 1.7e9)}))
    assert [key[0] for key in found if key[2] == "left"] == ["runlens_run_ended_seconds"]
    assert found["runlens_run_ended_seconds", "logs/r", "left", "", "", "", "crashed", "", ""] == 1.7e9
    assert found["runlens_run_step", "logs/r", "r", "", "", "", "", "", ""] == 2599
    assert ("runlens_exit_code", "/logs/a", *[""] * 7) in found


def test_when_the_watch_is_over_nothing_ages():
    found = samples(openmetrics.render(whole(burning()), {"r": openmetrics.Standing("gone", 1.7e9)}, over=True))
    assert [key[0] for key in found] == ["runlens_run_ended_seconds"]


@pytest.mark.parametrize(
    ("device", "labels"),
    [
        ("gpu 5", ("", "5")),
        ("node1 gpu 5", ("node1", "5")),
        ("a gpu b gpu 12", ("a gpu b", "12")),
        ("rank 3", ("", "3")),
        ("tpu core", ("", "tpu core")),
        ("", ("", "")),
    ],
)
def test_devices_have_a_node_and_a_number(device, labels):
    assert device_labels(device) == labels


def test_rules_ask_for_metrics_and_labels_that_there_are():
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    for rule in rules:
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]
        for name, body in re.findall(r"(runlens_\w+)(?:\{(.*?)\})?", rule["expr"]):
            assert set(re.findall(r"(\w+)[=!]", body)) <= set(FAMILIES[name][1]), rule["alert"]
        for by in re.findall(r"\bon \((.*?)\)", rule["expr"]):
            assert set(by.split(", ")) == set(RUN)
    tested = {
        case["alertname"] for test in yaml.safe_load(CASES.read_text())["tests"] for case in test["alert_rule_test"]
    }
    assert tested == {rule["alert"] for rule in rules}


def test_the_rules_do_what_they_say():
    for command in (["check", "rules", RULES], ["test", "rules", CASES]):
        done = subprocess.run([tool("promtool"), *map(str, command)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", [openmetrics.render(fixed()), openmetrics.render(whole(burning()))])
def test_promtool_accepts_the_metrics(text):
    plain = text.replace("# EOF\n", "")
    done = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=plain, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def prometheus(tmp_path):
    """A server that has scraped the burning run, and one that ended."""
    binary = tool("prometheus")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    hot = tuple(replace(one, time=time.time()) for one in HOT)
    runs = (replace(burning(), latest=hot), replace(burning(), run="over", state="crashed"))
    text = openmetrics.render(
        whole(*runs, created=now), {"over": openmetrics.Standing("crashed", time.time())}
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args):
            """Keep the test's output clean."""

    exporter = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=exporter.serve_forever)
    thread.start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        f"rule_files: ['{RULES}']\n"
        "scrape_configs: [{job_name: runlens, static_configs: "
        f"[{{targets: ['127.0.0.1:{exporter.server_port}']}}]}}]\n"
    )
    process = subprocess.Popen(
        [binary, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def ask(query):
        address = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.load(answer)["data"]["result"]

    try:
        for _ in range(100):
            try:
                if ask("runlens_exit_code"):
                    break
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.1)
        yield ask
    finally:
        process.terminate()
        process.wait(timeout=30)
        exporter.shutdown()
        thread.join()
        exporter.server_close()


def test_every_query_of_the_dashboard_returns_data(prometheus):
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    for panel in panels:
        for target in panel["targets"]:
            query = target["expr"].replace("$run", ".*").replace("$project", ".*")
            assert prometheus(query), (panel["title"], query)
    hottest = prometheus('max by (gpu) (runlens_gpu_temperature_celsius{kind=""})')
    assert {r["metric"]["gpu"]: r["value"][1] for r in hottest} == {"0": "61", "5": "97"}
