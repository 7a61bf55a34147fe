"""Synthetic losses with planted incidents: drawn, judged by RunLens and by its peers, and counted."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from multiprocessing import get_context

import numpy as np

from benchmarks.loss_peers import PEERS, events
from benchmarks.loss_score import Claim, Event, Floats, Tally, match, total
from runlens.model import Finding, Run, Severity
from runlens.rules.base import Rule
from runlens.rules.loss.non_finite import NonFiniteLoss
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from tests.synthetic.loss import CLEAN, FAULTY, STAGES, Case, Made, make

OURS = "RunLens"
TUNING, HELD_OUT = 0, 900_000
"""First seeds: of the runs that defaults were chosen on, and of those that are published."""
NAN: tuple[Case, ...] = ("nan",)
FAULTS = {50: 40, 100: 40, 300: 40, 1_000: 30, 3_000: 20, 10_000: 10, 100_000: 2}
"""Runs of each faulty case by length in points."""
QUIET = {50: 400, 100: 400, 300: 400, 1_000: 400, 3_000: 200, 10_000: 120, 100_000: 40, 1_000_000: 4}
"""Clean and resumed runs by length."""
MARGIN_POINTS, MARGIN_SHARE = 8, 0.02
"""An onset counts as found within so many logged points, or this share of the run."""


@dataclass
class Outcome:
    """What one run gave: a tally for each rule, and more of our own."""

    points: int
    case: Case
    noise: str
    interval: int
    seed: int
    tally: dict[str, Tally]
    errors: list[float] = field(default_factory=list)
    """Onset errors in logged points, where the onset is one point."""
    stage_found: bool = False
    stage_as_spike: bool = False
    shifts: int = 0
    """LOSS005 where no stage was planted."""
    nan_found: bool = False
    said: list[str] = field(default_factory=list)


def said_by(rule: Rule, run: Run) -> list[Finding]:
    """The findings of one rule."""
    return [f for f in rule.check(run) if isinstance(f, Finding)]


def claims_of(findings: list[Finding]) -> list[Claim]:
    """Findings as claims."""
    return [
        Claim(f.steps[0], f.steps[1], str(f.evidence.get("outcome", "")), f.severity is not Severity.INFO)
        for f in findings if f.steps
    ]  # fmt: skip


def judged(seed: int, points: int, case: Case, peers: bool = True) -> Outcome:
    """Draw one run and judge it."""
    made = make(seed, points, case)
    spikes, shifts = said_by(LossSpike(), made.run), said_by(LossShift(), made.run)
    planted = events_of(made)
    claims = claims_of(spikes)
    tally, errors = match(claims, planted if case not in STAGES else [])
    sharp = [e / made.interval for e in errors] if not any(p.slack for p in made.planted) else []
    out = Outcome(points, case, made.noise, made.interval, seed, {OURS: tally}, sharp)
    out.said = [f"{f.steps} {f.severity.value} {f.evidence.get('outcome')} {f.message}" for f in spikes]
    if case in STAGES:
        (stage,) = planted
        out.stage_found = any(abs(f.steps[0] - stage.first) <= stage.margin for f in shifts if f.steps)
        out.stage_as_spike = any(abs(c.first - stage.first) <= stage.margin for c in claims)
    else:
        out.shifts = len(shifts)
    if case in NAN:
        out.nan_found = bool(said_by(NonFiniteLoss(), made.run))
    if peers and case not in STAGES + NAN:
        latest = made.run.series["loss"].latest()
        for name, peer in PEERS.items():
            said = [Claim(float(latest.step[a]), float(latest.step[b])) for a, b in events(peer(latest.value))]
            out.tally[name] = match(said, planted)[0]
    return out


def events_of(made: Made) -> list[Event]:
    """What was planted, with the margin of its onset."""
    span = float(made.step[-1] - made.step[0])
    margin = max(MARGIN_POINTS * made.interval, MARGIN_SHARE * span)
    return [Event(p.onset, p.end, margin + p.slack, p.outcomes) for p in made.planted]


def all_runs(quick: bool, base: int, jobs: int = 2, peers: bool = True) -> list[Outcome]:
    """Every run of the benchmark, in a fixed order."""
    few = 8 if quick else 1
    tasks: list[tuple[int, int, Case]] = []
    for (points, count), case in product(FAULTS.items(), FAULTY + STAGES + NAN):
        if not quick or points <= 10_000:
            tasks += [(base + i, points, case) for i in range(max(1, count // few))]
    for (points, count), case in product(QUIET.items(), CLEAN):
        if not quick or points <= 10_000:
            tasks += [(base + 50_000 + i, points, case) for i in range(max(1, count // (2 * few)))]
    batches = [tasks[i::64] for i in range(64)]
    # A pool that ends here: workers that outlive it would hold up the end of the process that made them.
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        done = list(pool.map(_batch, batches, [peers] * len(batches)))
    return sorted((o for batch in done for o in batch), key=lambda o: (o.points, o.case, o.seed))


def _batch(tasks: list[tuple[int, int, Case]], peers: bool) -> list[Outcome]:
    return [judged(*task, peers) for task in tasks]


def counts(outcomes: list[Outcome], rule: str = OURS) -> Floats:
    """Counts of these runs, shape (runs, fields of Tally)."""
    return total([o.tally[rule] for o in outcomes if rule in o.tally])


def steps_clean(outcomes: list[Outcome]) -> int:
    """Points in runs without a fault."""
    return sum(o.points for o in outcomes if o.case in CLEAN)


def onset_errors(outcomes: list[Outcome]) -> Floats:
    """Onset errors in logged points, of incidents that begin at one point."""
    return np.array([e for o in outcomes for e in o.errors])
