"""Faults of known size planted into real healthy logs: what `check` with all its rules makes of them.

    python -m benchmarks.quality_planted [--quick] [--corpus DIR]

The runs are the healthy ones of `fixtures/runs`, and with `--corpus` those of that folder. Every case is seeded.
A finding at warning or above that is not the planted fault counts as false.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.planted_faults import OverSteps, raised, slowed, thinned
from benchmarks.tables import wilson
from runlens import RULES, Finding, Run, Settings, Severity, discover, judge_run, read, resolve

SHIPPED = Path(__file__).parent.parent / "fixtures" / "runs"
HEALTHY = ("ref_small_s0", "clean_small_s1", "tiny_batch_clean", "gpu_clean1", "gpu_ckpt_stalls")
STEADY = ("ref_small_s0", "clean_small_s1", "gpu_clean1", "gpu_ckpt_stalls")
"""Those whose speed does not wander by itself."""
DROPS = (3, 4, 5, 6, 8, 12, 20)
"""Per cent."""
EVERY = (1, 10, 25, 50)
"""Steps a logged point."""
COMPANIONS = ("GRAD", "LOSS", "LR", "EVAL")
"""What may be found beside a planted loss fault: symptoms of the same incident."""


@dataclass(frozen=True)
class Planted:
    """One run with one fault."""

    what: str
    run: Run
    codes: tuple[str, ...]
    onset: tuple[float, float]
    """First and last step at which the finding may begin."""
    outcomes: tuple[str, ...] = ()
    """Outcomes that are right; empty where there is none."""
    companions: tuple[str, ...] = ()


@dataclass
class Tally:
    """What was made of the cases of one kind."""

    found: list[bool] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    false: int = 0


def report(quick: bool, corpus: Path | None = None) -> str:
    """The table, as Markdown."""
    rows = tally(2 if quick else 8, corpus)
    lines = ["| planted fault | found (95 % interval) | outcome right | false |", "| --- | --- | --- | --- |"]
    for what, row in rows.items():
        lines.append(f"| {what} | {wilson(row.found)} | {wilson(row.right) if row.right else ''} | {row.false} |")
    return "\n".join(lines) + "\n"


def tally(repeats: int, corpus: Path | None) -> dict[str, Tally]:
    """What was found, by kind of fault."""
    settings = Settings(tuple(rule() for rule in RULES), chart_points=0)
    rows: dict[str, Tally] = {}
    for case in cases(repeats, corpus):
        row = rows.setdefault(case.what, Tally())
        findings = judge_run(resolve(case.run, {}), settings).findings
        hits = [f for f in findings if f.code in case.codes and case.onset[0] <= f.steps[0] <= case.onset[1]]
        row.found.append(bool(hits))
        if case.outcomes and hits:
            row.right.append(any(f.evidence.get("outcome") in case.outcomes for f in hits))
        row.false += sum(_false(f, case) for f in findings if f not in hits)
    return rows


def _false(finding: Finding, case: Planted) -> bool:
    return finding.severity is not Severity.INFO and not finding.code.startswith(case.companions or case.codes)


def cases(repeats: int, corpus: Path | None) -> Iterator[Planted]:
    """Every run with every fault, at places drawn with a seed."""
    for name in HEALTHY:
        folder = next(
            (p / name for p in (SHIPPED, *([corpus / "runs"] if corpus else [])) if (p / name).is_dir()), None
        )
        if folder is None:
            continue
        run = read(next(iter(discover(str(folder)))))
        for seed in range(repeats):
            rng = np.random.default_rng([seed, *name.encode()])
            if name in STEADY:
                yield from slow_cases(run, rng)
            if max(len(s) for s in run.series.values()) > 2000:
                for every in EVERY:
                    yield from loss_cases(run, every, rng)


def slow_cases(run: Run, rng: np.random.Generator) -> Iterator[Planted]:
    """Drops, a ramp, a hang and recurring dips."""
    n = max(int(s.step.max()) for s in run.series.values())

    def case(what: str, factor: OverSteps, codes: tuple[str, ...], first: float, last: float) -> Planted:
        return Planted(what, slowed(run, factor), codes, (first, last))

    for percent in DROPS:
        at, ratio = int(rng.uniform(0.2, 0.75) * n), 1 / (1 - percent / 100)
        step = lambda s, at=at, ratio=ratio: np.where(s >= at, ratio, 1.0)  # noqa: E731
        yield case(f"throughput {percent} % lower", step, ("TPUT001",), at - 25, at + 25)
    at, width, depth = int(rng.uniform(0.2, 0.5) * n), 0.25 * n, rng.uniform(0.06, 0.12)
    yield case(
        "throughput falls by 6-12 % over a quarter of the run",
        lambda s: 1 / (1 - depth * np.clip((s - at) / width, 0, 1)),
        ("TPUT001", "TPUT002"),
        at - 0.15 * n,
        at + width,
    )
    pause = int(rng.uniform(0.2, 0.8) * n)
    longer = rng.uniform(200, 400)
    hang = lambda s: np.where(s == pause, longer, 1.0)  # noqa: E731
    yield case("a step 200-400 times as long", hang, ("TPUT005",), pause - 2, pause + 2)
    begin, period, length, slow = (
        int(rng.uniform(0.2, 0.6) * n),
        int(rng.integers(30, 90)),
        int(rng.integers(4, 12)),
        rng.uniform(1.25, 1.6),
    )
    yield case(
        "4-12 steps 25-60 % slower every 30-90 steps",
        lambda s: np.where((s >= begin) & ((s - begin) % period < length), slow, 1.0),
        ("TPUT004",),
        begin - 2,
        begin + 2 * period,
    )


def loss_cases(run: Run, every: int, rng: np.random.Generator) -> Iterator[Planted]:
    """A spike of each outcome, in a log of one point every `every` steps."""
    n = max(int(s.step.max()) for s in run.series.values())
    logged = f", a point every {every} steps" if every > 1 else ""

    def case(what: str, excess: OverSteps, at: int, late: int, outcomes: tuple[str, ...]) -> Planted:
        faulty = thinned(raised(run, excess), every)
        reach = max(8, 2 * every) + late
        return Planted(what + logged, faulty, ("LOSS001",), (at - every, at + every + reach), outcomes, COMPANIONS)

    at = int(rng.uniform(0.15, 0.85) * n)
    height, fade = rng.uniform(0.5, 1.5), max(6.0, 0.5 * every)
    yield case(
        "loss up by 65-350 %, back within steps",
        lambda s: np.where(s >= at, height * np.exp(-(s - at) / fade), 0.0),
        at,
        0,
        ("recovered-fast",),
    )
    early, slowly = int(rng.uniform(0.15, 0.5) * n), rng.uniform(150, 300)
    yield case(
        "loss back after hundreds of steps",
        lambda s: np.where(s >= early, height * np.exp(-(s - early) / slowly), 0.0),
        early,
        0,
        ("recovered-slow", "recovered-fast"),
    )
    level = rng.uniform(0.15, 0.4)
    yield case(
        "loss stays 16-50 % higher",
        lambda s: np.where(s >= early, level + height * np.exp(-(s - early) / 20.0), 0.0),
        early,
        0,
        ("plateaued", "recovered-slow", "unresolved"),
    )
    late = int(rng.uniform(0.3, 0.8) * n)
    yield case(
        "loss rises fourfold and stays",
        lambda s: np.where(s >= late, 1.4 * (1 - np.exp(-(s - late) / 60.0)), 0.0),
        late,
        max(60, 10 * every),
        ("diverged",),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    print(report(options.quick, options.corpus))


if __name__ == "__main__":
    main()
