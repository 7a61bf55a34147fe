"""What a look of `runlens watch` costs: the first, one at a log that is as it was, and one after 60 new rows.

Run as `python -m benchmarks.watch [POINTS…]` (10k and 1M points if none are given; 10M takes a minute and 1 GB). Prints
CPU seconds of each, the peak of memory, and the exponent of the cost of a look by the number of points.
"""

from __future__ import annotations

import math
import resource
import sys
import tempfile
import time
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
    now = START + length * 2.0
    lives = Lives(alone=True)
    look = Looker(Request([str(file)]), lives, lambda: now, lambda text: None)
    found = {}
    for name in ("first", "unchanged", "60 new rows"):
        if name == "60 new rows":
            with file.open("a") as out:
                out.write(rows(length, length + 60, rng))
            now += 120.0
        began = time.process_time()
        report = look()
        found[name] = time.process_time() - began
        lives.look(report.runs, now)
    return found


def main() -> None:
    """Measure and print."""
    sizes = [int(float(text)) for text in sys.argv[1:]] or [10_000, 1_000_000]
    with tempfile.TemporaryDirectory() as folder:
        cost(1000, Path(folder))  # imports
        found = {points: cost(points, Path(folder)) for points in sizes}
    for points, looks in found.items():
        said = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in looks.items())
        print(f"{points:>12,} points: {said}")
    if len(sizes) > 1:
        small, large = sizes[0], sizes[-1]
        for name in found[small]:
            ratio = math.log(found[large][name] / found[small][name]) / math.log(large / small)
            print(f"{name}: exponent {ratio:.2f}")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
