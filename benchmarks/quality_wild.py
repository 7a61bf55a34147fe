"""Losses as the world logs them, and resumes: how often the rules cry wolf there, and what they find.

    python -m benchmarks.quality_wild [--quick]

Everything is seeded, with seeds that no default was chosen on. The kinds come from public logs and reports; the runs
are made (`tests/synthetic/wild.py`, `tests/synthetic/harmless.py`, `tests/synthetic/resumes.py`).
"""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np

from benchmarks.tables import Tally, print_report, table, wilson
from runlens.model import Finding, Run, Severity
from runlens.rules.base import AnyRule
from runlens.rules.loss.frequency import SpikeFrequency
from runlens.rules.loss.shift import LossShift
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from runlens.rules.resume.resume_break import ResumeBroken
from runlens.rules.throughput.dips import RecurringDips
from runlens.rules.throughput.drift import ThroughputDrift
from runlens.rules.throughput.drop import ThroughputDrop
from runlens.rules.throughput.stall import Stall
from tests.synthetic.few import falling_epochs, learnt_but_a_few, turned_epochs
from tests.synthetic.harmless import Harmless, harmless
from tests.synthetic.loss import make
from tests.synthetic.resumes import Kind, resumed
from tests.synthetic.wild import HEAVY, SMOOTHINGS, logged, since_reset

LOSS: tuple[AnyRule, ...] = (LossSpike(), SpikeFrequency(), LossShift(), StalledLoss())
SPEED: tuple[AnyRule, ...] = (ThroughputDrop(), ThroughputDrift(), RecurringDips(), Stall())
SEED = 90_000
"""First seed that is held out."""
NAMED = {
    "weights": "weights", "part": "part of the weights", "optimizer": "optimizer state", "higher": "something",
    "replayed": "data seen twice", "reported": "reporting", "rate-off": "schedule", "rewarmed": "schedule",
    "rate-jump": "schedule",
}  # fmt: skip
"""What a resume lacks, and the word by which RES001 names it."""


def loud(run: Run, rules: tuple[AnyRule, ...] = LOSS) -> list[Finding]:
    """Findings at warning or above."""
    said = (f for rule in rules for f in rule.check(run) if isinstance(f, Finding))
    return [f for f in said if f.severity is not Severity.INFO]


def smoothed(seeds: int) -> str:
    """Healthy smoothed losses, and the same with a fault: is the fault found within 6 % of the run?"""
    rows = []
    for name, smooth in SMOOTHINGS.items():
        alarms: Tally = []
        found: Tally = []
        for n, seed in itertools.product((400, 2000, 10_000), range(SEED, SEED + seeds)):
            alarms.append(bool(loud(logged(smooth(_loss(seed, n, "clean")[0])))))
            for case in ("plateaued", "diverged", "slow"):
                loss, onset = _loss(seed, n, case)
                if onset is not None:
                    told = loud(logged(smooth(loss)), LOSS[:1])
                    found.append(any(abs(f.steps[0] - 1 - onset) <= max(0.06 * n, 16) for f in told if f.steps))
        rows.append((name, wilson(alarms), wilson(found)))
    teeth: Tally = []
    for period, seed in itertools.product((50, 200, 500), range(SEED, SEED + seeds)):
        loss, _ = _loss(seed, 12 * period, "clean")
        teeth.append(bool(loud(logged(since_reset(loss, period)))))
    rows.append(("mean since the epoch began", wilson(teeth), "-"))
    return table(
        "Smoothed losses, 400 to 10,000 points", rows, ("noise", "healthy runs with a warning", "faults found")
    )


def _loss(seed: int, n: int, case: str) -> tuple[np.ndarray, int | None]:
    """The loss of a made run, and the position of its fault's onset."""
    made = make(seed, n, case)
    role = made.run.role("train_loss")
    if role is None:
        raise ValueError(f"seed {seed}: a made run has a training loss")
    value = role.series.latest().value
    value = value[np.isfinite(value) & (value > 0)]
    return value, int(np.searchsorted(made.step, made.planted[0].onset)) if made.planted else None


def heavy_tails(seeds: int) -> str:
    """Stationary losses of 48 to 97 points."""
    rows = []
    for name, draw in HEAVY.items():
        said = [loud(logged(draw(seed, 48 + seed % 50), 10), LOSS[:1]) for seed in range(SEED, SEED + seeds)]
        rows.append((name, wilson([bool(one) for one in said])))
    return table("Short stationary losses with heavy tails, 48 to 97 points", rows, ("loss", "runs with a warning"))


def resumes(seeds: int) -> str:
    """Resumes of which the truth is known."""
    rows = []
    for kind in get_args(Kind):
        named: Tally = []
        told: Tally = []
        for n, noise, back, seed in itertools.product(
            (200, 1200, 5000), (0.01, 0.03), (True, False), range(SEED, SEED + seeds)
        ):
            run, _ = resumed(kind, seed, n, 1, noise, back)
            found = [f for f in ResumeBroken().check(run) if isinstance(f, Finding)]
            told.append(bool(found))
            named.append(any(NAMED.get(kind) in ResumeBroken.evidence_of(f)["not_restored"] for f in found))
        rows.append((kind, wilson(told), wilson(named) if kind in NAMED else "-"))
    return table("Resumes, by what was not restored", rows, ("kind", "runs with a finding", "named rightly"))


def few(seeds: int) -> str:
    """Tables of 12 to 40 epochs, and batches of a classifier that has learnt all but a few samples."""
    healthy: Tally = []
    turned: Tally = []
    for n, seed in itertools.product((12, 20, 40), range(SEED, SEED + seeds)):
        healthy.append(bool(loud(logged(falling_epochs(np.random.default_rng(seed), n)))))
        turned.append(bool(loud(logged(turned_epochs(np.random.default_rng(seed), n)))))
    hard = [bool(loud(logged(learnt_but_a_few(np.random.default_rng(seed))))) for seed in range(SEED, SEED + seeds)]
    rows = [
        ("a loss that falls to its floor, 12 to 40 epochs", wilson(healthy), "-"),
        ("the same that turns after a quarter of the epochs", "-", wilson(turned)),
        ("600 batches, of which those with one of a few samples stay at a guess", wilson(hard), "-"),
    ]
    return table("Few epochs, and a few hard samples", rows, ("loss", "healthy runs with a warning", "faults found"))


def petty(seeds: int) -> str:
    """What public logs hold that is worth no warning."""
    rows = []
    for kind in get_args(Harmless):
        told = [bool(loud(harmless(kind, seed), (*LOSS, *SPEED))) for seed in range(SEED, SEED + seeds)]
        rows.append((kind, wilson(told)))
    return table("Petty bumps, stalls and slow stretches", rows, ("kind", "runs with a warning"))


def report(quick: bool) -> str:
    """All tables as Markdown."""
    seeds = 3 if quick else 30
    parts = [smoothed(seeds), heavy_tails(20 * seeds), few(10 * seeds), petty(10 * seeds), resumes(seeds)]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    print_report(__doc__, report)
