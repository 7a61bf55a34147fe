"""The commands of docs/fleets.md start a cluster here and use it, with other ports than those that stand there."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import runlens

PAGE = Path(__file__).parents[1] / "docs" / "fleets.md"
MODULES = {"dask": "dask", "ray": "ray.scripts.scripts"}


def lines(beginning):
    """The commands of the page that begin so, as arguments."""
    found = [line for line in PAGE.read_text().splitlines() if line.startswith(beginning)]
    return [shlex.split(line, comments=True) for line in found]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def with_port(words, port):
    return [word.replace("8786", port).replace("10001", port) for word in words]


@contextlib.contextmanager
def started(commands, port):
    """The processes of the commands, until the port is open; all that they started is ended with them."""
    running = []
    environment = {**os.environ, "PYTHONPATH": str(PAGE.parents[1]), "RAY_USAGE_STATS_ENABLED": "0"}
    try:
        for command, *words in commands:
            more = ["--block", "--port", free_port(), "--include-dashboard", "false"] if command == "ray" else []
            told = [sys.executable, "-m", MODULES[command], *with_port(words, port), *more]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            running.append(subprocess.Popen(told, env=environment, start_new_session=True, **quiet))
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), 1):
                    break
                time.sleep(0.1)
        yield
    finally:
        for process in reversed(running):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(("engine", "count"), [("dask", 2), ("ray", 1)])
def test_the_commands_of_the_page(engine, count, tmp_path):
    if importlib.util.find_spec("distributed" if engine == "dask" else engine) is None:
        pytest.skip(f"{engine} is not installed")
    start = lines(f"{engine} ")
    (use,) = [words for words in lines("runlens check logs --engine") if words[4].startswith(engine)]
    assert len(start) == count
    for i in range(6):
        folder = tmp_path / "logs" / f"run{i}"
        folder.mkdir(parents=True)
        (folder / "history.csv").write_text("step,loss\n" + "".join(f"{s},{2 + 1 / (1 + s)}\n" for s in range(200)))
    port = free_port()
    with started(start, port):
        arguments = [*with_port(use[1:], port), "-f", "jsonl"]
        for _ in range(2):  # the second time nothing is judged again
            done = runlens(*arguments, cwd=tmp_path)
            assert (done.code, done.err) == (0, ""), done.out[:2000]
            assert [json.loads(line)["run"] for line in done.out.splitlines()] == [f"run{i}/history" for i in range(6)]
    assert (tmp_path / ".runlens" / "judged.sqlite").exists()
