"""`runlens watch` on a log that a process of its own is writing."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.cli.command import heeding_ctrl_c, runlens

WRITER = """
import sys, time
import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
out, spike_at, steps, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
rng = np.random.default_rng(0)
writer = EventFileWriter(out, flush_secs=1)
for step in range(steps):
    loss = 2 + 4 * (step + 20.0) ** -0.3 + rng.normal(0, 0.01) + (3.0 if spike_at <= step < spike_at + 8 else 0)
    for tag, value in (("train/loss", loss), ("train/grad_norm", 0.3 + 0.01 * rng.random())):
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=float(value))])
        writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=summary))
    if step % 300 == 299:
        writer.flush()
        print(step, flush=True)
        time.sleep(pause)
writer.close()
"""


def writer(folder, spike_at=900, steps=1500, pause=0.0):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(spike_at), str(steps), str(pause)],
        stdout=subprocess.PIPE,
        text=True,
    )


def written(folder, **arguments):
    process = writer(folder, **arguments)
    process.communicate(timeout=60)
    assert process.returncode == 0


def watching(*arguments, env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RUNLENS_", "WANDB_"))}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "runlens", "watch", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean, **(env or {})},
        preexec_fn=heeding_ctrl_c,
    )


@pytest.fixture
def receiver():
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield got, f"http://127.0.0.1:{server.server_port}/secret-path"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_spike_in_a_log_that_grows_is_told_once(tmp_path, receiver):
    got, address = receiver
    run, metrics = tmp_path / "run", tmp_path / "runlens.prom"
    process = writer(run, pause=0.7)
    process.stdout.readline()
    done = runlens(
        "watch", str(run), "--interval", "1", "--looks", "4", "--webhook", "--level", "info",
        "--select", "LOSS001", "--metrics", str(metrics),
        "--state", str(tmp_path / "state.json"), env={"RUNLENS_WEBHOOK": address},
    )  # fmt: skip
    process.communicate(timeout=60)
    lines = [line for line in done.out.splitlines() if "LOSS001" in line]
    assert lines and all(" 90" in line for line in lines), done.out
    outcomes = [r["runs"][0]["findings"][0]["evidence"]["outcome"] for r in got]
    assert len(lines) == len(outcomes) == len(set(outcomes)), "told once, and again only with another outcome"
    assert "secret-path" not in done.out + done.err
    assert done.code == 0
    assert metrics.read_text().rstrip().endswith("# EOF")


def test_ctrl_c_stops_it_with_the_verdict_of_the_last_look(tmp_path):
    written(tmp_path / "run", spike_at=-100, steps=300)
    process = watching(tmp_path / "run", "--interval", "600", "--metrics", tmp_path / "m.prom")
    for _ in range(300):
        if (tmp_path / "m.prom").exists():
            break
        time.sleep(0.1)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "stopped after 1 look" in err and "Traceback" not in err and "Aborted" not in err


def test_a_look_that_cannot_read_is_said_and_survived(tmp_path):
    run, away = tmp_path / "run", tmp_path / "away"
    written(run, spike_at=-100, steps=300)
    process = watching(run, "--interval", "1", "--looks", "3", "--metrics", tmp_path / "m.prom")
    for _ in range(300):
        if (tmp_path / "m.prom").exists():
            break
        time.sleep(0.1)
    run.rename(away)
    lines = [process.stderr.readline() for _ in range(2)]
    line = next(line for line in lines if "watching" not in line)
    away.rename(run)
    _, rest = process.communicate(timeout=60)
    assert line.startswith("runlens: this look failed, the watch goes on: ") and "Traceback" not in line + rest
    assert process.returncode == 0


def test_a_wrong_name_is_said_at_once(tmp_path):
    done = runlens("watch", str(tmp_path / "nothing"), "--interval", "1")
    assert done.code == 2 and done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("flag", "env"),
    [
        ("--webhook", {}),
        ("--slack", {"RUNLENS_SLACK_WEBHOOK": "hooks.slack.com/secret-path"}),
    ],
)
def test_a_channel_that_cannot_work_is_refused_before_the_first_look(tmp_path, flag, env):
    done = runlens("watch", str(tmp_path), flag, env=env)
    assert done.code == 2 and "WEBHOOK" in done.err
    assert "secret" not in done.err


def test_a_log_is_not_set_aside_for_a_broken_state(tmp_path):
    log = tmp_path / "run.jsonl"
    log.write_text('{"step": 1, "loss": 2.0}\n')
    done = runlens("watch", str(log), "--looks", "1", "--state", str(log))
    assert done.code == 2 and "would be written over" in done.err
    assert [file.name for file in tmp_path.iterdir()] == ["run.jsonl"] and log.read_text().count("loss") == 1


def test_one_step_is_no_range(tmp_path):
    rows = [{"step": s, "loss": 5.0 - s / 1000 + s % 7 / 100} for s in range(600)]
    rows[300]["loss"] = math.nan
    (tmp_path / "run.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    done = runlens("watch", str(tmp_path / "run.jsonl"), "--looks", "1", "--select", "LOSS003")
    assert "LOSS003 step 300: " in done.out


def test_a_watch_that_is_started_again_sends_nothing_twice(tmp_path, receiver):
    got, address = receiver
    rows = [{"step": s, "loss": 5.0 - s / 1000 + s % 7 / 100} for s in range(600)]
    rows[300]["loss"] = math.nan
    log = tmp_path / "run.jsonl"
    log.write_text("\n".join(map(json.dumps, rows)) + "\n")
    arguments = ("watch", str(log), "--looks", "1", "--select", "LOSS003", "--webhook")
    env = {"RUNLENS_WEBHOOK": address, "XDG_STATE_HOME": str(tmp_path / "home")}
    first, second = (runlens(*arguments, env=env) for _ in range(2))
    assert [n["code"] for body in got for n in body["notices"]] == ["LOSS003"]
    assert "LOSS003" in first.out and "LOSS003" not in second.out
    assert "1 told, 0 to be sent" in second.err and first.code == second.code == 0


@pytest.mark.parametrize(
    ("form", "env", "word"),
    [("alertmaneger", {}, "did you mean alertmanager"), ("pagerduty", {}, "RUNLENS_PAGERDUTY_KEY")],
)
def test_a_form_that_cannot_work_is_refused(tmp_path, form, env, word):
    env = {"RUNLENS_WEBHOOK": "http://127.0.0.1:1/", **env}
    done = runlens("watch", str(tmp_path), "--webhook", "--webhook-form", form, env=env)
    assert done.code == 2 and word in done.err


def test_an_app_of_slack_needs_token_and_channel(tmp_path):
    done = runlens("watch", str(tmp_path), "--slack", env={"RUNLENS_SLACK_TOKEN": "xoxb-secret"})
    assert done.code == 2 and "RUNLENS_SLACK_CHANNEL" in done.err and "xoxb" not in done.err


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:1/secret", "nonsense"])
def test_check_with_slack_keeps_its_exit_code(tmp_path, address):
    rows = [{"step": s, "loss": 5.0 - s / 1000} for s in range(300)] + [
        {"step": 300 + s, "loss": math.nan} for s in range(50)
    ]
    (tmp_path / "run.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    done = runlens("check", str(tmp_path / "run.jsonl"), "--slack", env={"RUNLENS_SLACK_WEBHOOK": address})
    assert done.code == 1 and "not sent to Slack" in done.err and "secret" not in done.err
