"""How well LOSS002, LOSS004, GRAD001, GRAD002, LR001 and the hardware rules find what was planted.

    python -m benchmarks.quality_habits [--quick]

Every run is drawn from a seed: length, log interval, noise, place and size. A fault counts as found when a finding of
its rule at `warning` or above (for surges: at any severity) begins within 3 % of the run, or 10 logged points, of it.
One that takes time to show (a leak, a drift, a stall) may be found anywhere after it and up to 15 % of the run before.
Look-alikes are what healthy runs do: a finding of the rule at `warning` or above on one is false. Intervals are 95 %
Wilson intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.tables import print_report, table, wilson
from runlens.model import Finding, Run, Severity
from runlens.rules import RULES
from tests.synthetic import hardware
from tests.synthetic.training import PEAK, Columns, cosine, healthy, resume, spike, surge

Rng = np.random.Generator
LOOK_ALIKE = -1
"""Step of a fault that is none."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of run."""

    code: str
    what: str
    make: Callable[[Rng, int], tuple[Run, int]]
    """From a generator and a seed: the run, and the step of the fault, or `LOOK_ALIKE`."""
    slow: bool = False
    """Whether the fault has no sharp onset."""
    least: Severity = Severity.WARNING
    also: tuple[str, ...] = ()
    """Other rules whose finding counts as this one's: it leaves to them what they explain."""


def columns(rng: Rng, rate: Callable[[int], np.ndarray] = cosine, low: int = 300, high: int = 20_000) -> Columns:
    """A healthy run of a drawn length, log interval and noise."""
    n = int(np.exp(rng.uniform(np.log(low), np.log(high))))
    every = int(rng.choice([1, 1, 10, 50]))
    noise = float(np.exp(rng.uniform(np.log(0.004), np.log(0.04))))
    return healthy(int(rng.integers(1 << 30)), n, every, noise, rate(n))


def constant(n: int) -> np.ndarray:
    """A warm-up and a constant rate."""
    return np.asarray(PEAK * np.minimum((np.arange(n) + 1) / max(n // 50, 1), 1.0))


def schedules(rng: Rng, n: int) -> np.ndarray:
    """A schedule of a kind drawn by lot."""
    t = np.arange(n) / n
    warm = np.minimum((t + 1 / n) / rng.uniform(0.005, 0.05), 1.0)
    kinds = (
        lambda: warm,
        lambda: cosine(n, max(n // 50, 1), float(rng.choice([0.0, 0.1]))) / PEAK,
        lambda: warm * (1 - t),
        lambda: warm * np.clip((1 - t) / 0.2, 0, 1),
        lambda: warm * 0.3 ** np.floor(t * rng.integers(2, 6)),
        lambda: warm / np.sqrt(1 + 20 * t),
        lambda: np.interp(t, [0, 0.3, 0.9, 1.0], [0.04, 1.0, 0.04, 1e-5]),
        lambda: 0.1 + 0.9 * np.abs(1 - (t * 8 % 2)),
        lambda: np.concatenate([cosine(m, max(m // 50, 1)) for m in (n // 3, n // 3, n - 2 * (n // 3))]) / PEAK,
    )
    return np.asarray(PEAK * kinds[int(rng.integers(len(kinds)))]())


def at_of(rng: Rng, made: Columns, low: float, high: float) -> int:
    """A position between two shares of the run."""
    return int(rng.uniform(low, high) * len(made["step"]))


def spikes(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng, low=1000)
    places = np.sort(rng.uniform(0.15, 0.95, int(rng.integers(8, 15))))
    width = max(6, len(made["step"]) // 400)
    for share in places:
        spike(made, int(share * len(made["step"])), rng.uniform(0.5, 1.5), width)
    return made.run(), int(made["step"][int(places[0] * len(made["step"]))])


def few_spikes(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng, low=1000)
    for share in rng.uniform(0.15, 0.95, 2):
        spike(made, int(share * len(made["step"])), rng.uniform(0.5, 1.5), 6)
    return made.run(), LOOK_ALIKE


def stalls(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng, constant)
    at = at_of(rng, made, 0.1, 0.6)
    made["loss"][at:] *= made.level[at] / made.level[at:]
    return made.run(), int(made["step"][at])


def no_stalls(rng: Rng, seed: int) -> tuple[Run, int]:
    """A constant rate, under which the loss goes on falling ever more slowly; or a flat end under an annealed rate."""
    made = columns(rng, constant)
    if seed % 2:
        at = at_of(rng, made, 0.3, 0.6)
        made["loss"][at:] *= made.level[at] / made.level[at:]
        made["lr"][at:] *= 0.1
    return made.run(), LOOK_ALIKE


def overflows(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng)
    at = at_of(rng, made, 0.1, 0.9)
    made["grad_norm"][at:][rng.random(len(made["step"]) - at) < 0.05] = np.inf
    made["grad_norm"][at] = np.nan
    return made.run(), int(made["step"][at])


def loss_scaling(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng)
    n = len(made["step"])
    made["grad_norm"][: int(rng.integers(4, 33))] = np.inf
    made["grad_norm"][rng.integers(n // 4, n, max(1, n // 2000))] = np.inf
    made["loss_scale"] = np.full(n, 65536.0)
    return made.run(), LOOK_ALIKE


def surges(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng)
    at = at_of(rng, made, 0.2, 0.9)
    surge(made, at, rng.uniform(5.0, 20.0), int(rng.integers(3, 30)))
    return made.run(), int(made["step"][at])


def lasting_surges(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng)
    at = at_of(rng, made, 0.2, 0.4)
    made["grad_norm"][at:] *= rng.uniform(5.0, 20.0)
    return made.run(), int(made["step"][at])


def wild_norms(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng)
    n = len(made["step"])
    made["grad_norm"] *= np.exp(0.15 * rng.standard_t(4, n)) * np.linspace(1.0, rng.uniform(0.3, 4.0), n)
    return made.run(), LOOK_ALIKE


def broken(rng: Rng, seed: int) -> tuple[Run, int]:
    """One of five breaks of a cosine or constant rate, in turn."""
    made = columns(rng, (cosine, constant)[seed % 2])
    n, rate = len(made["step"]), made["lr"]
    at, few = at_of(rng, made, 0.3, 0.7), max(2, n // 100)
    kind = seed % 5
    if kind == 0:
        rate[at : at + few] *= rng.uniform(4.0, 30.0)
    elif kind == 1:
        rate[at : at + few] *= rng.uniform(0.0, 0.3)
    elif kind == 2:
        rate[at:] = 0.0
        made["loss"][at:] *= made.level[at] / made.level[at:]
    elif kind == 3:
        rate[at:] *= np.minimum(np.arange(n - at) / (0.05 * n), 1.0)
        made = resume(made, at + max(3, n // 50), at, lost=True)
        return made.run(), int(made["step"][: at + 1].max())
    else:
        rate[at:] = constant(n)[at:] * rng.uniform(3.0, 10.0)
    return made.run(), int(made["step"][at])


def sound(rng: Rng, seed: int) -> tuple[Run, int]:
    made = columns(rng, lambda n: schedules(rng, n))
    n = len(made["step"])
    if seed % 3 == 0:
        killed = at_of(rng, made, 0.4, 0.8)
        made = resume(made, killed, max(0, killed - n // 20))
    return made.run(), LOOK_ALIKE


def machine(fault: Callable[[hardware.Machine, Rng], hardware.Fault] | None) -> Callable[[Rng, int], tuple[Run, int]]:
    """A run with hardware series, and one fault in it."""

    def make(rng: Rng, seed: int) -> tuple[Run, int]:
        made = hardware.healthy(10_000 + seed, gpus=(1, 2, 4, 8)[seed % 4] if fault is None else 4)
        planted = fault(made, rng) if fault else None
        return made.run(), planted.steps[0] if planted else LOOK_ALIKE

    return make


CASES = (
    Case("LOSS002", "8 to 14 spikes over 2 % of the run and more", spikes),
    Case("LOSS002", "look-alike: two spikes", few_spikes),
    Case("LOSS004", "no progress from 10-60 % on, at the full rate", stalls, slow=True),
    Case("LOSS004", "look-alike: slower and slower, or flat at a tenth of the rate", no_stalls),
    Case("GRAD001", "5 % of the norms infinite, no loss scale", overflows),
    Case("GRAD001", "look-alike: the search for a loss scale, and one overflow in 2,000", loss_scaling),
    Case("GRAD002", "5 to 20 times the level for 3-30 points", surges, least=Severity.INFO),
    Case("GRAD002", "5 to 20 times the level, to the end", lasting_surges),
    Case("GRAD002", "look-alike: heavy tails, slow drift", wild_norms),
    Case("LR001", "a bump, a dip, zero, a second warm-up, a jump up", broken, also=("RES001",)),
    Case("LR001", "look-alike: nine kinds of schedules, resumes", sound, also=("RES001",)),
    Case("HW001", "a fan fails", machine(lambda m, r: hardware.overheat(m, to=r.uniform(87, 95)))),
    Case("HW001", "hotter, same power", machine(lambda m, r: hardware.drift(m, rise=r.uniform(20, 24))), slow=True),
    Case("HW002", "memory leak", machine(lambda m, r: hardware.leak(m, per_row=r.uniform(45e6, 65e6))), slow=True),
    Case("HW003", "all GPUs wait for data", machine(lambda m, r: hardware.starve(m, to=r.uniform(10, 30)))),
    Case("HW004", "Xid 79", machine(lambda m, r: hardware.xid(m, share=r.uniform(0.2, 0.9)))),
    Case("HW004", "uncorrected memory errors", machine(lambda m, r: hardware.ecc(m, share=r.uniform(0.2, 0.8)))),
    Case("HW005", "one GPU draws 20-40 % less", machine(lambda m, r: hardware.odd_one(m, percent=r.uniform(20, 40)))),
    Case("HW006", "clock down by 15-30 %", machine(lambda m, r: hardware.throttle(m, to=r.uniform(1230, 1490)))),
    Case("HW", "look-alike: healthy machines of 1 to 8 GPUs", machine(None)),
)  # fmt: skip


def judged(case: Case, seed: int) -> tuple[bool, int, float | None]:
    """Whether the fault was found, what was falsely said, and by how many logged points the onset was off."""
    run, fault = case.make(np.random.default_rng([seed, *case.what.encode()]), seed)
    said = [
        f
        for rule in RULES
        if rule.code.startswith((case.code, *case.also))
        for f in rule().check(run)
        if isinstance(f, Finding) and f.severity.rank >= case.least.rank and f.steps
    ]
    if fault == LOOK_ALIKE:
        return False, len(said), None
    spine = run.roles["train_loss"][0].series.step
    points = float(np.median(np.diff(np.unique(spine))))
    near = max(0.03 * float(np.ptp(spine)), 10 * points)
    away = [f.steps[0] - fault for f in said if f.steps]
    hits = [d for d in away if (d >= -5 * near if case.slow else abs(d) <= near)]
    return bool(hits), 0, min(map(abs, hits)) / points if hits else None


def rows(quick: bool) -> Iterator[tuple[str, ...]]:
    """Every line of the table."""
    for case in CASES:
        outcomes = [judged(case, seed) for seed in range(10 if quick else 100)]
        if case.what.startswith("look-alike"):
            yield case.code, case.what, "", f"{sum(o[1] for o in outcomes)} in {len(outcomes)} runs", ""
        else:
            errors = [o[2] for o in outcomes if o[2] is not None]
            off = f"{np.median(errors):.0f} / {np.quantile(errors, 0.95):.0f}" if errors and not case.slow else ""
            yield case.code, case.what, wilson([o[0] for o in outcomes]), "", off


def report(quick: bool) -> str:
    """The table as Markdown."""
    heads = ("rule", "planted", "found (95 % interval)", "false findings", "onset error, points (median / p95)")
    return table("Habits of the loss, gradients, schedules, hardware", list(rows(quick)), heads)


if __name__ == "__main__":
    print_report(__doc__, report)
