"""Debian's Prometheus beside a run: it gives what the server of `prometheus_server.py` gives."""

import shutil
import socket
import subprocess
import time
import urllib.request

import numpy as np
import pytest

from runlens.sources.hardware.prometheus.held import HELD
from tests.sources.prometheus_server import serving
from tests.sources.test_prometheus import HOUR, START, dcgm, joined, node, run


def tool(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian's package is called prometheus)")
    return found


def openmetrics(data):
    """The samples as a text that promtool makes blocks of."""
    lines, typed = [], None
    for labels, times, values in sorted(data.series, key=lambda one: one[0]["__name__"]):
        name = labels["__name__"]
        if name != typed:
            lines.append(f"# TYPE {name} unknown")
            typed = name
        shown = ",".join(f'{key}="{value}"' for key, value in labels.items() if key != "__name__")
        lines += [
            f"{name}{{{shown}}} {value!r} {at:.3f}" for at, value in zip(times.tolist(), values.tolist(), strict=True)
        ]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture
def prometheus(tmp_path):
    binary, promtool = tool("prometheus"), tool("promtool")
    started = []

    def start(data):
        (tmp_path / "samples.txt").write_text(openmetrics(data))
        subprocess.run(
            [promtool, "tsdb", "create-blocks-from", "openmetrics", tmp_path / "samples.txt", tmp_path / "data"],
            check=True, capture_output=True,
        )  # fmt: skip
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (tmp_path / "prometheus.yml").write_text("global: {scrape_interval: 15s}\n")
        started.append(
            subprocess.Popen(
                [binary, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=100y"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
        )  # fmt: skip
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5):
                    break
            except OSError:
                time.sleep(0.1)
        started[0].address = f"prometheus://127.0.0.1:{port}"
        return started[0]

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)


def test_it_gives_what_the_loopback_server_gives(prometheus):
    HELD.runs.clear()
    data = node(dcgm(gpus=2, hot=1), "10.0.0.1", "node1", busy=START + 1800)
    with serving(data) as server:
        said = joined(server, of=run(HOUR))
    HELD.runs.clear()
    real = joined(prometheus(data), of=run(HOUR))
    assert real.series.keys() == said.series.keys() and len(real.series) == 1 + 2 * 7 + 3
    for name, one in said.series.items():
        inside = one.take((one.time >= START) & (one.time <= START + HOUR))
        same = real.series[name].take((real.series[name].time >= START) & (real.series[name].time <= START + HOUR))
        assert np.array_equal(inside.time, same.time) and np.array_equal(inside.step, same.step), name
        settled = np.abs(same.time - START - 1800) > 90  # how a rate takes a bend within its window is its own affair
        assert np.allclose(inside.value[settled], same.value[settled], rtol=1e-6, atol=1e-6), name
    HELD.runs.clear()
