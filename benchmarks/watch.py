"""What a look of `runlens watch` costs: the first, one at a log that is as it was, and one after 60 new rows.

The log is a CSV of eight columns; of one that has grown the new rows alone are read (`runlens.sources.carried`).

Run as `python -m benchmarks.watch [--wandb] [POINTS…]` (10k and 1M points if none are given; 10M takes a minute and
1 GB). Prints CPU seconds of each, the peak of memory, and the exponent of the cost of a look by the number of points.
With `--wandb` the run is at a server on the loopback, in a process of its own, and requests are counted.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from runlens.judging.request import Request
from runlens.watching.life import Lives
from runlens.watching.looker import Looker

COLUMNS = 8
START = 1_800_000_000.0


def rows(first: int, last: int, rng: np.random.Generator) -> str:
    """Rows of a table of a step, a time and seven series."""
    step = np.arange(first, last)
    table = np.column_stack(
        [
            step,
            START + step * 2.0,
            2 + 4 * (step + 20.0) ** -0.3 + rng.normal(0, 0.01, len(step)),
            0.3 + 0.01 * rng.random(len(step)),
            np.minimum(step / 1000, 1) * 3e-4,
            1e5 + rng.normal(0, 500, len(step)),
            (step + 1.0) * 524288,
            70 + rng.normal(0, 1, len(step)),
        ]
    )
    return "\n".join(",".join(f"{cell:.9g}" for cell in row) for row in table.tolist()) + "\n"


def cost(points: int, folder: Path) -> dict[str, float]:
    """CPU seconds of the looks at a run of so many points."""
    rng = np.random.default_rng(0)
    file, length = folder / f"run{points}.csv", points // COLUMNS
    with file.open("w") as out:
        out.write("step,timestamp,loss,grad_norm,lr,tokens_per_second,tokens,gpu_temp\n")
        for first in range(0, length, 100_000):
            out.write(rows(first, min(first + 100_000, length), rng))

    def grow(first: int, last: int) -> None:
        with file.open("a") as out:
            out.write(rows(first, last, rng))

    return looks(str(file), length, grow)


def looks(name: str, length: int, grow: Callable[[int, int], None]) -> dict[str, float]:
    """CPU seconds of a first look, of one at the same, and of two after 60 new rows, of which the second counts."""
    now = START + length * 2.0
    lives = Lives(alone=True)
    look = Looker(Request([name]), lives, lambda: now, lambda text: None)
    found = {}
    for which in ("first", "unchanged", "grown", "60 new rows"):
        if which in ("grown", "60 new rows"):
            grow(length, length + 60)
            length += 60
            now += 120.0
        began = time.process_time()
        report = look()
        found[which] = time.process_time() - began
        lives.look(report.runs, now)
        if any(run.failures for run in report.runs):
            raise RuntimeError(report.runs[0].failures)
    del found["grown"]
    return found


def serve(points: int, pipe: Connection) -> None:
    """A W&B server with a run, in a process of its own; told to grow, it answers with the requests since then."""
    from tests.wandb_server import Server

    rng = np.random.default_rng(0)
    with Server() as server:
        run = server.store.add()

        def log(first: int, last: int) -> None:
            step = np.arange(first, last)
            columns = {"_step": step, "_timestamp": START + step * 2.0, "loss": 2 + 4 * (step + 20.0) ** -0.3}
            columns |= {"grad_norm": 0.3 + 0.01 * rng.random(len(step)), "lr": np.minimum(step / 1000, 1) * 3e-4}
            columns |= {"tokens_per_second": 1e5 + rng.normal(0, 500, len(step)), "tokens": (step + 1.0) * 524288}
            run.log_columns(columns)
            samples = [f'{{"_timestamp": {START + s * 2.0}, "system.gpu.0.temp": 70}}' for s in step[::10]]
            run.events += samples

        log(0, points // COLUMNS)
        pipe.send(server.url)
        while (asked := pipe.recv()) is not None:
            if asked:
                log(*asked)
            pipe.send(len(server.faults.seen))
            server.faults.seen.clear()


def cost_at_wandb(points: int, folder: Path) -> dict[str, float]:
    """CPU seconds of the looks at a run at W&B; prints how many requests they sent."""
    from tests.wandb_server import environment

    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(points, theirs))
    process.start()
    try:
        os.environ.update(environment(ours.recv(), folder / f"home{points}"))

        def grow(first: int, last: int) -> None:
            ours.send((first, last))
            print(f"{points:>12,} points, requests so far: {ours.recv()}")

        found = looks("team/proj/run1", points // COLUMNS, grow)
        ours.send(())
        print(f"{points:>12,} points, requests for 60 new rows: {ours.recv()}")
        return found
    finally:
        ours.send(None)
        process.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("points", nargs="*", type=float, default=[1e4, 1e6])
    parser.add_argument("--wandb", action="store_true")
    given = parser.parse_args()
    sizes, measure = [int(size) for size in given.points], cost_at_wandb if given.wandb else cost
    with tempfile.TemporaryDirectory() as folder:
        measure(1000, Path(folder))  # imports
        found = {points: measure(points, Path(folder)) for points in sizes}
    for points, seconds in found.items():
        said = ", ".join(f"{name} {spent:.3f} s" for name, spent in seconds.items())
        print(f"{points:>12,} points: {said}")
    if len(sizes) > 1:
        small, large = sizes[0], sizes[-1]
        for name in found[small]:
            ratio = math.log(found[large][name] / found[small][name]) / math.log(large / small)
            print(f"{name}: exponent {ratio:.2f}")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
