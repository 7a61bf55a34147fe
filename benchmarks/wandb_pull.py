"""How fast a W&B history arrives: RunLens beside the SDK's own `scan_history`, from one loopback server.

    python -m benchmarks.wandb_pull [--rows 100000] [--latency 0.1]

The server runs in a process of its own, waits `latency` seconds before each answer and puts answers together from
bytes made ready, so that it is clients that are measured. Every reader runs in a fresh process with an empty cache;
importing is not counted, but for what a reader imports later of its own accord. `scan_history` has the best of its page
sizes, read as often as RunLens; of both the median counts. Checks that both read the same points, that a second pull is
one request, and that a pull killed after each page fetches only what was missing.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.wandb_server import environment

SIZES = (1_000, 10_000, 50_000, 100_000)
"""Page sizes of `scan_history`."""

SCAN = """
import json, sys, time, wandb, numpy as np
api = wandb.Api(timeout=60)
run = api.run("team/proj/" + sys.argv[1])
start = time.perf_counter()
rows = list(run.scan_history(page_size=int(sys.argv[2]), use_cache=False))
took = time.perf_counter() - start
total = float(np.nansum([row["train/metric_1"] for row in rows]))
print(json.dumps({"seconds": took, "rows": len(rows), "sum": total}))
"""

PULL = """
import json, sys, time, os, numpy as np
import wandb, wandb.sdk.lib.wbauth, pyarrow.parquet, pyarrow.json, requests, runlens.sources.wandb_api.convert
from runlens.sources import wandb_api
kill = int(sys.argv[2])
if kill:
    from runlens.sources.wandb_api.cache import RunCache
    put, seen = RunCache.put_page, [0]
    def put_page(self, page):
        put(self, page)
        seen[0] += 1
        if seen[0] == kill:
            os._exit(9)
    RunCache.put_page = put_page
start = time.perf_counter()
run = wandb_api.read(wandb_api.find("team/proj/" + sys.argv[1])[0])
took = time.perf_counter() - start
loss = run.series["train/metric_1"]
print(json.dumps({"seconds": took, "rows": len(loss), "sum": float(np.nansum(loss.value)), "notes": len(run.notes)}))
"""


class Bench:
    """A server process, and readers against it."""

    def __init__(self, rows: int, latency: float, home: Path) -> None:
        command = [sys.executable, "-m", "tests.wandb_server", "--rows", str(rows), "--latency", str(latency)]
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.server.stdout is not None
        self.url = self.server.stdout.readline().strip()
        self.home = home

    def seen(self) -> dict[str, int]:
        """Requests since the last call, by operation."""
        assert self.server.stdin is not None and self.server.stdout is not None
        print(file=self.server.stdin, flush=True)
        found: dict[str, int] = json.loads(self.server.stdout.readline())
        return found

    def read(self, script: str, run: str, argument: int, cache: str) -> dict[str, float]:
        """Run a reader; empty if it was killed."""
        home = self.home / cache
        variables = {**os.environ, **environment(self.url, home), "RUNLENS_CACHE_DIR": str(home / "runlens")}
        done = subprocess.run(
            [sys.executable, "-c", script, run, str(argument)],
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode not in (0, 9):
            raise SystemExit(done.stderr)
        return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}


@contextlib.contextmanager
def bench(rows: int, latency: float) -> Iterator[Bench]:
    """A benchmark with its server, which is stopped afterwards."""
    with tempfile.TemporaryDirectory() as home:
        made = Bench(rows, latency, Path(home))
        try:
            yield made
        finally:
            made.server.terminate()
            made.server.wait(10)


def median(reads: list[dict[str, float]]) -> float:
    """Seconds of a read, as the median."""
    return statistics.median(read["seconds"] for read in reads)


def said(reads: list[dict[str, float]]) -> str:
    """The median of some reads, and how far they lie apart."""
    seconds = [read["seconds"] for read in reads]
    apart = f" ({min(seconds):.2f}-{max(seconds):.2f}, {len(seconds)} reads)" if len(seconds) > 1 else ""
    return f"{median(reads):6.2f} s{apart}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--repeats", type=int, default=5, help="reads of each, of which the median counts")
    parser.add_argument("--kills", type=int, default=3, help="kill a pull after the 1st, 2nd, ... page")
    given = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # it takes minutes
    with bench(given.rows, given.latency) as b:
        print(f"{given.rows:,} rows x 8 metrics, {given.latency * 1000:.0f} ms a request")
        for run, least in (("live", 6.0), ("exported", 15.0)):
            scans = {size: [b.read(SCAN, run, size, f"scan-{run}-{size}-0")] for size in SIZES}
            best = min(scans, key=lambda size: scans[size][0]["seconds"])
            ours = [b.read(PULL, run, 0, f"pull-{run}-0")]
            for i in range(1, given.repeats):  # by turns, so that what else the machine does hits both
                scans[best].append(b.read(SCAN, run, best, f"scan-{run}-{best}-{i}"))
                ours.append(b.read(PULL, run, 0, f"pull-{run}-{i}"))
            b.seen()
            again = b.read(PULL, run, 0, f"pull-{run}-0")
            requests = b.seen()
            for size, scan in scans.items():
                print(f"  {run:9} scan_history(page_size={size:6}) {said(scan)}")
            factor = median(scans[best]) / median(ours)
            print(f"  {run:9} runlens                        {said(ours)}  = {factor:.1f} x (wanted {least:g} x)")
            print(f"  {run:9} again                          {said([again])}  {sum(requests.values())} request")
            for read in (*scans[best], *ours):
                assert read["rows"] == given.rows
                assert abs(read["sum"] - ours[0]["sum"]) < 1e-6
            assert not any(read["notes"] for read in ours)
            assert sum(requests.values()) == 1
        for kill in range(1, given.kills + 1):
            b.read(PULL, "live", kill, f"killed-{kill}")
            b.seen()
            after = b.read(PULL, "live", 0, f"killed-{kill}")
            pages = b.seen().get("HistoryPage", 0)
            print(f"  live      killed after page {kill:2}: {pages} pages were missing, fetched in {said([after])}")
            assert after["rows"] == given.rows


if __name__ == "__main__":
    main()
