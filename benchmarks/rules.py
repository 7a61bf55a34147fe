"""What judging costs: CPU time and memory of all rules on runs of 10,000 to 10 million logged steps.

    python -m benchmarks.rules [--quick] [--write docs/speed.md]

Each step logs loss, gradient norm, learning rate and tokens per second. Each case runs in a process of its own, so that
the peak of its memory is its own; imports, and making the run, are not timed. The fastest of several passes counts.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from runlens.judging.one import Settings, judge_run
from runlens.model import RoleSeries, Run, Series
from runlens.rules import RULES

CASES = ("quiet", "spikes", "restarts")
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
MOST = 1_000_000
"""The largest size is for the quiet run alone."""
BEGIN, END = "<!-- rules:begin -->", "<!-- rules:end -->"


def make(case: str, n: int) -> Run:
    """A run of `n` logged steps; the columns of steps and times are shared between its series.

    `quiet`: decay and noise. `spikes`: two hundred that recover. `restarts`: fifty, each redoing 1 % of the run.
    """
    rng = np.random.default_rng(7)
    step = np.arange(n, dtype=np.int64)
    if case == "restarts":
        cuts = np.linspace(0, n, 52, dtype=np.int64)[1:-1]
        back = np.maximum(cuts - n // 100, 0)
        starts, ends = np.concatenate([[0], back]), np.concatenate([cuts, [n]])
        step = np.concatenate([np.arange(a, b, dtype=np.int64) for a, b in zip(starts, ends, strict=True)])[:n]
    time_of = 1.76e9 + np.arange(n) * 0.5
    share = step / n
    loss = (2.0 + 8.0 * (1.0 + share / 0.002) ** -0.6) * np.exp(0.02 * rng.standard_normal(n))
    grad = (0.3 + share[::-1]) * np.exp(0.1 * rng.standard_normal(n))
    if case == "spikes":
        for at in np.linspace(0.1, 0.95, 200):
            where = slice(int(at * n), int(at * n) + 20)
            loss[where] *= 2.5
            grad[where] *= 8.0
    rate = 3e-4 * np.minimum(1.0, share / 0.01) * (0.55 + 0.45 * np.cos(np.pi * share))
    speed = 1e6 * (1.0 + 0.01 * rng.standard_normal(n))
    columns = {
        "train_loss": ("loss", loss, "nats"),
        "grad_norm": ("grad_norm", grad, "1"),
        "learning_rate": ("lr", rate, "1"),
        "tokens_per_second": ("tokens_per_second", speed, "tokens/s"),
    }
    series = {role: Series(name, step, time_of, value) for role, (name, value, _) in columns.items()}
    roles = {role: (RoleSeries(role, series[role], unit),) for role, (_, _, unit) in columns.items()}
    return Run(case, case, case, series={s.name: s for s in series.values()}, roles=roles)


def measured(case: str, n: int, passes: int) -> dict[str, float]:
    """CPU seconds of judging and of each rule, and memory in MB before and at the peak; in this process."""
    run = make(case, n)
    warm_up = make("quiet", 2_000)
    settings = Settings(rules=tuple(rule() for rule in RULES))
    judge_run(warm_up, settings)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = []
    for _ in range(passes):
        fresh = Run(run.id, run.name, run.source, series=run.series, roles={
            role: tuple(RoleSeries(r.role, r.series.with_value(r.series.value), r.unit) for r in group)
            for role, group in run.roles.items()
        })  # fmt: skip
        began = time.process_time()
        report = judge_run(fresh, settings)
        seconds.append(time.process_time() - began)
        assert not report.failures, report.failures
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each: dict[str, float] = {}
    for rule in settings.rules:
        began = time.process_time()
        list(rule.check(fresh))
        each[rule.code] = time.process_time() - began
    return {"cpu": min(seconds), "held": held, "peak": peak, "findings": len(report.findings), **each}


def in_a_process_of_its_own(case: str, n: int) -> dict[str, float]:
    """The same, in a fresh interpreter."""
    passes = 1 if n >= 10_000_000 else 3
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.rules", "--one", case, str(n), str(passes)],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def report(sizes: tuple[int, ...], cases: tuple[str, ...] = CASES) -> str:
    """The table as Markdown, with the exponent by which cost grows from the size before."""
    lines = [
        "| run | logged steps | CPU time | exponent | run itself | peak of the process | findings |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for case in cases:
        before: tuple[int, float] | None = None
        for n in sizes:
            if n > MOST and case != "quiet":
                continue
            got = in_a_process_of_its_own(case, n)
            grown = f"{math.log(got['cpu'] / before[1]) / math.log(n / before[0]):.2f}" if before else ""
            lines.append(
                f"| {case} | {n:,} | {got['cpu']:.2f} s | {grown} | {48 * n / 1e6:,.0f} MB | {got['peak']:,.0f} MB "
                f"| {got['findings']:.0f} |"
            )
            before = n, got["cpu"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, or write it between the markers of a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="up to 1 million steps")
    parser.add_argument("--write", type=Path, metavar="FILE", help=f"a page with {BEGIN} and {END}")
    parser.add_argument(
        "--one", nargs=3, metavar=("CASE", "STEPS", "PASSES"), help="one case, in this process, as JSON"
    )
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one[0], int(given.one[1]), int(given.one[2]))))
        return
    table = report(SIZES[:-1] if given.quick else SIZES)
    if given.write is None:
        print(table)
        return
    page = given.write.read_text("utf-8")
    head, tail = page.split(BEGIN)[0], page.split(END)[1]
    given.write.write_text(f"{head}{BEGIN}\n{table}{END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
