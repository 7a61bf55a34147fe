"""The server in a process of its own, for benchmarks: `python -m tests.wandb_server --rows N --exported N --latency S`.

Prints its address on the first line, then serves until standard input is closed; each line read there is a request
count to be answered with a JSON object of the operations seen since the last line.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np

from tests.wandb_server.http import Server


def filled(rows: int, metrics: int, seed: int = 7) -> dict[str, np.ndarray]:
    """History columns as a trainer logs them: a step, times, losses, and some NaN."""
    random = np.random.default_rng(seed)
    columns = {"_step": np.arange(rows), "_timestamp": 1.7e9 + 0.25 * np.arange(rows) + random.random(rows) * 0.01}
    columns["_runtime"] = columns["_timestamp"] - 1.7e9
    for i in range(metrics):
        columns[f"train/metric_{i}"] = 3.0 * np.exp(-np.arange(rows) / rows) + random.normal(0, 0.1, rows)
    columns["train/metric_0"][rows // 2 :: 997] = np.nan
    return columns


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--metrics", type=int, default=8)
    parser.add_argument("--exported", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.1)
    given = parser.parse_args()
    with Server() as server:
        for name, exported in (("live", 0), ("exported", given.rows), ("half", given.exported)):
            run = server.store.add(name=name, state="finished")
            run.log_columns(filled(given.rows, given.metrics))
            if exported:
                run.export(exported, files=4)
            run.encode()
        server.faults.latency = given.latency
        print(server.url, flush=True)
        for _ in sys.stdin:
            counts = server.faults.counts()
            server.faults.forget()
            print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    main()
