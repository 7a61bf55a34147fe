"""What a folder of many runs costs: seconds, CPU time and memory of `runlens check`, by number of runs and by engine.

    python -m benchmarks.fleet [--runs 300 1000 3000] [--engine local|jobs|dask|ray] [--write docs/fleets.md]
    python -m benchmarks.fleet --runs 1000 --engine jobs dask ray --harm    # a worker killed, a sweep broken off

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
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

BEGIN, END = "<!-- fleet:begin -->", "<!-- fleet:end -->"
POINTS = 300
ENGINES = ("local", "jobs", "dask", "ray")
MEMORY_DISK = Path("/dev/shm")
HEADS = ("engine", "runs", "wall s", "CPU s", "runs a CPU s", "exponent", "peak MB", "report MB", "again s")
MANY = 1_000_000
"""Runs that are planned on paper."""


@dataclass(frozen=True)
class Cost:
    """Of one command."""

    wall: float
    """s"""
    cpu: float
    """s, of the process and of workers that it started itself"""
    peak: float
    """MB, of the largest process"""
    report: float = math.nan
    """bytes of JSON lines"""
    kept: float = math.nan
    """bytes of kept verdicts"""


Workers = Callable[[int], list[int]]
"""The processes that judge, by the one of the command."""


def main() -> None:
    """Measure, and print the table row by row; or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[300, 1000, 3000])
    parser.add_argument("--engine", choices=ENGINES, nargs="+", default=["local", "jobs", "dask"])
    parser.add_argument("--harm", action="store_true", help="kill a worker and break off a sweep, in place of costs")
    parser.add_argument("--write", type=Path, help="put the table into this file, between its marks")
    given = parser.parse_args()
    lines: list[str] = []

    def told(cells: Sequence[str]) -> None:
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)

    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as name:
        for runs in sorted(given.runs):
            make(Path(name) / str(runs), runs)
        if given.harm:
            for engine in given.engine:
                with option(engine) as (words, workers):
                    print(harmed(Path(name), engine, max(given.runs), words, workers), flush=True)
            return
        told(HEADS)
        told(["---"] + ["---:"] * (len(HEADS) - 1))
        for engine in given.engine:
            measured: list[tuple[int, Cost]] = []
            for runs in sorted(given.runs):
                with option(engine) as (words, _):
                    told(row(Path(name), engine, runs, words, measured))
            if engine in ("local", "jobs") and len(measured) > 1:
                lines += ["", planned(engine, measured), ""]
                print(lines[-2], flush=True)
    if given.write:
        page = given.write.read_text()
        begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
        given.write.write_text(page[:begin] + "\n" + "\n".join(lines) + "\n" + page[end:])


def planned(engine: str, measured: list[tuple[int, Cost]]) -> str:
    """What a million runs would cost, carried on from the two largest sweeps by their exponents."""
    (few, before), (many, last) = measured[-2:]
    exponent = math.log(last.cpu / before.cpu) / math.log(many / few)
    hours = last.cpu * (MANY / many) ** max(exponent, 1.0) / 3600
    memory = (last.peak + (last.peak - before.peak) / (many - few) * (MANY - many)) / 1e3
    kept, report = (size * MANY / many / 1e9 for size in (last.kept, last.report))
    return (
        f"{MANY:,} runs by {engine}, on paper: {hours:.1f} CPU h (exponent {exponent:.2f}, taken for 1 at least), "
        f"{60 * hours / 64:.0f} min on 64 workers; {memory:.1f} GB in the process that holds the reports, "
        f"{kept:.1f} GB of kept verdicts, {report:.1f} GB of JSON lines"
    )


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
def option(engine: str) -> Iterator[tuple[list[str], Workers]]:
    """The words that choose the engine, with a cluster of two workers around them where one is needed, and its workers.

    The workers are told by the process of the command, since those of this machine are its children.
    """
    if engine in ("local", "jobs"):
        yield ["--jobs", "2" if engine == "jobs" else "1"], children
    elif engine == "dask":
        from distributed import LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            words = ["--engine", cluster.scheduler_address.replace("tcp://", "dask://")]
            yield words, lambda _: [worker.pid for worker in cluster.workers.values()]
    else:
        with socket.socket() as free, socket.socket() as other:
            free.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            client, head = free.getsockname()[1], other.getsockname()[1]
        command = [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus", "2"),
            *("--port", str(head), "--ray-client-server-port", str(client), "--include-dashboard", "false"),
            *("--object-store-memory", str(200 << 20), "--disable-usage-stats"),
        ]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(600):  # the port is open when the head takes clients
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", client), 1):
                    break
                time.sleep(0.1)
            yield ["--engine", f"ray://127.0.0.1:{client}"], lambda _: named(children(started.pid), "ray::_call")
        finally:
            started.terminate()
            started.wait(60)


def children(of: int) -> list[int]:
    """All processes below one."""
    below = {of}
    while True:
        parents = {int(p.name): parent_of(p) for p in Path("/proc").iterdir() if p.name.isdigit()}
        more = {pid for pid, parent in parents.items() if parent in below} - below
        if not more:
            return sorted(below - {of})
        below |= more


def parent_of(process: Path) -> int:
    """The process that started one; 0 for one that is gone."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def named(processes: list[int], beginning: str) -> list[int]:
    """Those that call themselves so."""
    found = []
    for pid in processes:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_text().startswith(beginning):
                found.append(pid)
    return found


def row(folder: Path, engine: str, runs: int, words: list[str], measured: list[tuple[int, Cost]]) -> list[str]:
    """One row of the table: a first sweep, and one again over what is kept; `measured` gets its cost."""
    logs, kept, report = folder / str(runs), folder / f"{runs}-{engine}", folder / "report.jsonl"
    command = ["check", str(logs), *words, "--keep", str(kept), "-f", "jsonl", "-o", str(report)]
    first = cost(command)
    judged = sum(1 for _ in report.open())
    if judged != runs:
        raise SystemExit(f"{runs} runs were made and {judged} judged")
    again = cost(command)
    size = (kept / "judged.sqlite").stat().st_size
    first = replace(first, report=report.stat().st_size, kept=size)
    few, before = measured[-1] if measured else (0, None)
    per = math.log(first.cpu / before.cpu) / math.log(runs / few) if before else math.nan
    figures = (first.wall, first.cpu, runs / first.cpu, per, first.peak, first.report / 1e6, again.wall)
    formats = (".1f", ".1f", ".0f", ".2f", ".0f", ".1f", ".1f")
    cells = ["-" if math.isnan(figure) else format(figure, how) for figure, how in zip(figures, formats, strict=True)]
    measured.append((runs, first))
    return [engine, f"{runs:,}", *cells]


def harmed(folder: Path, engine: str, runs: int, words: list[str], workers: Workers) -> str:
    """What a killed worker costs, and whether a sweep that is broken off goes on; in a sentence."""
    logs, kept, report = folder / str(runs), folder / f"harmed-{engine}", folder / "harmed.jsonl"
    command = [sys.executable, "-m", "runlens", "check", str(logs), *words, "-f", "jsonl", "-o", str(report)]
    part, errors = report.with_name(f"{report.name}.part"), (folder / "errors").open("w")

    def begun(*more: str) -> subprocess.Popen[bytes]:
        """The command, once a third of the runs is judged."""
        part.unlink(missing_ok=True)
        process = subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=errors)
        while process.poll() is None and not (part.exists() and part.read_bytes().count(b"\n") > runs // 3):
            time.sleep(0.05)
        if process.poll() is not None:
            said = (folder / "errors").read_text()
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode} before it was harmed: {said}")
        return process

    process = begun()
    os.kill(workers(process.pid)[-1], signal.SIGKILL)
    process.wait()
    told = [json.loads(line) for line in report.open()]
    lost = sum("killed" in failure["message"] for run in told for failure in run["failures"])
    process = begun("--keep", str(kept))
    process.terminate()
    process.wait()
    left = part.read_bytes().count(b"\n")
    went_on = cost([*command[3:], "--keep", str(kept)])
    whole = sum(1 for _ in report.open())
    return (
        f"{engine}, {runs:,} runs: a worker killed after a third, {len(told):,} judged, {lost} of them lost; "
        f"broken off after {left:,}, the rest took {went_on.wall:.1f} s and {whole:,} stand in it"
    )


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
