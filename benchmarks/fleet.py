"""What a folder of many runs costs: seconds, CPU time and memory of `runlens check`, by number of runs and by engine.

    python -m benchmarks.fleet [--runs 300 1000 3000] [--engine local|jobs|dask] [--write docs/fleets.md]

Each run has 300 points of loss, learning rate, gradient norm and tokens per second in a table of its own; one in ten
has a spike that comes back, one in a hundred is broken. The command runs in a process of its own: its start is in every
figure, and CPU time and peak memory are those of the process and of workers that it started itself (those of a cluster
are not its own). The runs lie on the memory disk where there is one, since the disk is not what is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BEGIN, END = "<!-- fleet:begin -->", "<!-- fleet:end -->"
POINTS = 300
ENGINES = ("local", "jobs", "dask")
MEMORY_DISK = Path("/dev/shm")
HEADS = ("engine", "runs", "wall s", "CPU s", "runs a CPU s", "exponent", "peak MB", "report MB", "again s")


@dataclass(frozen=True)
class Cost:
    """Of one command."""

    wall: float
    """s"""
    cpu: float
    """s, of the process and of workers that it started itself"""
    peak: float
    """MB, of the largest process"""


def main() -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[300, 1000, 3000])
    parser.add_argument("--engine", choices=ENGINES, nargs="+", default=list(ENGINES))
    parser.add_argument("--write", type=Path, help="put the table into this file, between its marks")
    given = parser.parse_args()
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as name:
        for runs in sorted(given.runs):
            make(Path(name) / str(runs), runs)
        for engine in given.engine:
            before: tuple[int, float] | None = None
            for runs in sorted(given.runs):
                with option(engine) as words:
                    rows.append(row(Path(name), engine, runs, words, before))
                before = (runs, float(rows[-1][3]))
    text = "\n".join(["| " + " | ".join(r) + " |" for r in (list(HEADS), ["---"] + ["---:"] * (len(HEADS) - 1), *rows)])
    print(text)
    if given.write:
        page = given.write.read_text()
        begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
        given.write.write_text(page[:begin] + "\n" + text + "\n" + page[end:])


def make(folder: Path, runs: int, seed: int = 7) -> None:
    """Write `runs` tables below a folder, a hundred a folder of its own."""
    rng = np.random.default_rng(seed)
    steps = np.arange(1, POINTS + 1) * 10
    for i in range(runs):
        loss = 2 + 6 * np.exp(-steps / 600) + rng.normal(0, 0.02, POINTS)
        if i % 10 == 0:
            loss[200:206] += 3.0
        columns = (steps, loss, np.full(POINTS, 3e-4), rng.lognormal(-1, 0.1, POINTS), rng.normal(1e5, 800, POINTS))
        lines = ["step,loss,lr,grad_norm,tokens_per_second"]
        lines += [f"{a},{b:.5f},{c:g},{d:.4f},{e:.1f}" for a, b, c, d, e in zip(*columns, strict=True)]
        at = folder / f"{i // 100:04d}" / f"run{i:06d}"
        at.mkdir(parents=True)
        text = "\n".join(lines) if i % 100 != 50 else "step,loss\n\0\0\0\0\0\0"
        (at / "metrics.csv").write_text(text + "\n")


@contextlib.contextmanager
def option(engine: str) -> Iterator[list[str]]:
    """The words that choose the engine, with a cluster of two workers around them where one is needed."""
    if engine != "dask":
        yield ["--jobs", "2" if engine == "jobs" else "1"]
        return
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield ["--engine", cluster.scheduler_address.replace("tcp://", "dask://")]


def row(folder: Path, engine: str, runs: int, words: list[str], before: tuple[int, float] | None) -> list[str]:
    """One row of the table: a first sweep, and one again over what is kept."""
    logs, kept, report = folder / str(runs), folder / f"{runs}-{engine}", folder / "report.json"
    command = ["check", str(logs), *words, "--keep", str(kept), "-f", "json", "-o", str(report)]
    first = cost(command)
    told = json.loads(report.read_text())
    if len(told["runs"]) != runs:
        raise SystemExit(f"{runs} runs were made and {len(told['runs'])} judged")
    again = cost(command)
    per = math.log(first.cpu / before[1]) / math.log(runs / before[0]) if before else math.nan
    size = report.stat().st_size / 1e6
    figures = (first.wall, first.cpu, runs / first.cpu, per, first.peak, size, again.wall)
    formats = (".1f", ".1f", ".0f", ".2f", ".0f", ".1f", ".1f")
    cells = ["-" if math.isnan(figure) else format(figure, how) for figure, how in zip(figures, formats, strict=True)]
    return [engine, f"{runs:,}", *cells]


def cost(arguments: list[str]) -> Cost:
    """What the command costs; it runs below a process that asks the system for the figures of its children alone."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'runlens', *sys.argv[1:]], capture_output=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)\n"
        "sys.stderr.buffer.write(done.stderr)\n"
    )
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    wall = time.perf_counter() - begun
    returned, cpu, peak = done.stdout.split()
    if returned not in ("0", "1", "3"):
        raise SystemExit(f"runlens {' '.join(arguments)} ended with {returned}: {done.stderr}")
    return Cost(wall, float(cpu), float(peak))


if __name__ == "__main__":
    main()
