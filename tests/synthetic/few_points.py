"""Trainings that go wrong in few evaluations, few epochs or for a part of the run, and healthy ones like them, seeded.

Each function takes a generator and gives the run, and the step at which the fault begins; None for a healthy run.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve
from tests.synthetic.annealed import SHAPES, annealed
from tests.synthetic.collapses import falling, noisy, run_of, size

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
Made = tuple[Run, int | None]


def evaluated(rng: Rng, rise: float, best: int | None, noise: float, scores: bool = False) -> Made:
    """5 to 12 evaluations beside a training loss that falls to 15 to 60 % of what it was.

    The held-out loss comes down until the evaluation `best` (0 is the first one), or to the end where it is None, and
    from there rises by `rise` at the last one. With `scores` an accuracy improves, and chooses the best model.
    """
    n, steps = int(rng.integers(5, 13)), int(rng.choice([1, 1, 100, 500]))
    at = np.arange(1, n + 1) * steps
    turn = n - 1 if best is None else min(best, n - 4)
    i = np.arange(n)
    y = -rng.uniform(0.1, 0.6) * np.minimum(i, turn) / max(turn, 1) * (turn > 0)
    since = np.clip((i - turn) / max(n - 1 - turn, 1), 0.0, 1.0)
    y += np.log1p(rise) * (since if rng.random() < 0.6 else 1.0 - np.exp(-3.0 * since))
    held_out = rng.uniform(0.3, 3.0) * np.exp(y + noise * rng.standard_normal(n))
    every = max(steps // 10, 1)  # a table of epochs, or a log of steps beside evaluations
    step = np.arange(every, at[-1] + 1, every)
    train = rng.uniform(0.5, 3.0) * rng.uniform(0.15, 0.6) ** (step / at[-1])
    train *= np.exp(0.02 * rng.standard_normal(len(step)))
    columns = {"train_loss": (step, train), "val_loss": (at, held_out)}
    if scores:
        columns["val_acc"] = at, 0.5 + 0.4 * (1.0 - np.exp(-3.0 * i / n)) + 0.003 * rng.standard_normal(n)
    series = {name: Series(name, x, np.full(len(x), np.nan), v) for name, (x, v) in columns.items()}
    axis, config = "epoch" if steps == 1 else "step", {"metric_for_best_model": "val_acc"} if scores else {}
    run = resolve(Run("made", "made", "made", series=series, x_is_step=True, axis_name=axis, config=config))
    return run, None if best is None else int(at[turn])


def turns(rng: Rng) -> Made:
    """By 30 to 200 % from a quarter to a half of the evaluations on, under 1 to 4 % of noise."""
    return evaluated(rng, _log_uniform(rng, 0.3, 2.0), int(rng.integers(2, 6)), _log_uniform(rng, 0.01, 0.04))


def first_is_best(rng: Rng) -> Made:
    """The first or the second is the best for good."""
    return evaluated(rng, _log_uniform(rng, 0.3, 2.0), int(rng.integers(0, 2)), _log_uniform(rng, 0.01, 0.04))


def turns_in_noise(rng: Rng) -> Made:
    """To twice to four times its best, under 10 to 20 % of noise: a held-out set of a few samples."""
    return evaluated(rng, rng.uniform(1.0, 3.0), int(rng.integers(0, 3)), rng.uniform(0.1, 0.2))


def settles(rng: Rng) -> Made:
    """A held-out loss that falls to the end, under up to 8 % of noise."""
    return evaluated(rng, 0.0, None, _log_uniform(rng, 0.005, 0.08))


def level(rng: Rng) -> Made:
    """A held-out loss that is level from its second evaluation on, under up to 8 % of noise."""
    return evaluated(rng, 0.0, 1, _log_uniform(rng, 0.005, 0.08))[0], None


def surer(rng: Rng) -> Made:
    """A held-out loss that rises while its metric improves to the end by which the best model is chosen."""
    return evaluated(rng, rng.uniform(0.1, 0.3), 3, 0.01, scores=True)[0], None


def stands_still(rng: Rng) -> Made:
    """A fine-tuning whose loss does not move by more than a tenth of a per cent all along, at no particular value."""
    n = size(rng, 30, 3000)
    loss = rng.uniform(0.8, 9.0) * np.exp(rng.uniform(0.001, 0.004) * rng.standard_normal(n))
    run, step = run_of(rng, loss, rate=np.full(n, 1e-5))
    return run, int(step[0])


def moves_little(rng: Rng) -> Made:
    """A fine-tuning whose loss comes down by 2 to 6 % over the run, under up to 1 % of noise."""
    n = size(rng, 30, 3000)
    loss = rng.uniform(0.8, 9.0) * (1.0 - rng.uniform(0.02, 0.06) * np.arange(n) / n)
    return run_of(rng, noisy(rng, loss, 0.001, 0.01), rate=np.full(n, 1e-5))[0], None


def heals(rng: Rng) -> Made:
    """For 10 to 40 % of the run a loss stands 1.5 to 5 times as high, then it is back at its course."""
    n = size(rng, 60, 5000)
    loss = falling(rng, n)
    first = int(n * rng.uniform(0.25, 0.45))
    last = first + max(int(n * rng.uniform(0.1, 0.4)), 6)
    there = np.zeros(n)
    there[first:last] = 1.0
    if rng.random() < 0.5:  # sudden, or over a tenth of its length at both ends
        there = np.convolve(there, np.ones(w := max((last - first) // 10, 1)) / w, "same")
    loss = loss * np.exp(there * np.log(rng.uniform(1.5, 5.0)))
    run, step = run_of(rng, noisy(rng, loss, 0.003, 0.04))
    return run, int(step[first])


def score_heals(rng: Rng, for_good: bool = True) -> Made:
    """A score that had found its level falls by a third to all of its way, for 10 to 25 % of 20 to 100 evaluations."""
    n = int(rng.integers(20, 101))
    at = np.arange(1, n + 1)
    first, long = int(n * rng.uniform(0.45, 0.65)), max(int(n * rng.uniform(0.12, 0.25)), 4)
    score = 0.2 + 0.5 * (1.0 - np.exp(-at / (0.08 * n)))
    if for_good:
        score[first : first + long] -= 0.5 * rng.uniform(0.6, 1.0)
    else:  # an eval that swings, as far and for as long
        score -= 0.3 * (1.0 - np.cos(2.0 * np.pi * at / (2.0 * long) + rng.uniform(0.0, 6.28)))
    score *= 1.0 + rng.uniform(0.005, 0.03) * rng.standard_normal(n)
    columns = {"train_loss": falling(rng, n), "val_acc": score}
    series = {name: Series(name, at, np.full(n, np.nan), v) for name, v in columns.items()}
    return resolve(Run("made", "made", "made", series=series, x_is_step=True)), int(at[first])


def spikes_of_epochs(rng: Rng, back: bool = True) -> Made:
    """A table of 12 to 40 epochs, of which one or two stand at 5 to 100 times their neighbours."""
    n = int(rng.integers(12, 41))
    loss = noisy(rng, falling(rng, n), 0.01, 0.06)
    at = int(rng.integers(4, max(n - 3, 5)))
    loss[at : at + int(rng.integers(1, 3)) if back else n] *= _log_uniform(rng, 5.0, 100.0)
    epoch = np.arange(1, n + 1)
    series = {"train_loss": Series("train_loss", epoch, np.full(n, np.nan), loss)}
    return resolve(Run("made", "made", "made", series=series, x_is_step=True, axis_name="epoch")), int(epoch[at])


def epochs(rng: Rng) -> Made:
    """A table of 12 to 40 epochs that falls to its floor, of which one stands up to twice as high."""
    n = int(rng.integers(12, 41))
    loss = noisy(rng, falling(rng, n), 0.01, 0.12)
    loss[int(rng.integers(4, n))] *= rng.uniform(1.0, 2.0)
    series = {"train_loss": Series("train_loss", np.arange(1, n + 1), np.full(n, np.nan), loss)}
    return resolve(Run("made", "made", "made", series=series, x_is_step=True, axis_name="epoch")), None


def four(rng: Rng, turned: bool = True) -> Made:
    """Four evaluations beside a training loss that falls by half or more: a rise from the first or second on, or none.

    Under 1 to 4 % of noise where the loss turned, and up to 10 % where it fell or was level.
    """
    noise = np.exp((_log_uniform(rng, 0.01, 0.04) if turned else _log_uniform(rng, 0.01, 0.1)) * rng.standard_normal(4))
    if turned:
        y = np.array([0.0, 1.0, 2.0, 3.0]) if rng.random() < 0.5 else np.array([1.0, 0.0, 1.5, 3.0])
        held_out = np.exp(y * np.log(rng.uniform(2.0, 4.0)) / 3.0)
    else:
        held_out = np.exp(-rng.uniform(0.0, 0.6) * np.array([0.0, 1.0, 1.6, 1.8]))
    at = np.arange(1, 5)
    columns = {"train_loss": rng.uniform(0.15, 0.5) ** (at / 4.0), "val_loss": rng.uniform(0.3, 3.0) * held_out * noise}
    series = {name: Series(name, at, np.full(4, np.nan), v) for name, v in columns.items()}
    run = resolve(Run("made", "made", "made", series=series, x_is_step=True, axis_name="epoch"))
    return run, (1 if y[0] == 0.0 else 2) if turned else None


def ramped(rng: Rng, broken: float = 0.0) -> Made:
    """A VAE of 25 to 600 points whose KL is annealed; `broken`: its loss goes on rising after the ramp."""
    n = int(_log_uniform(rng, 25.0, 600.0))
    shape = str(rng.choice(SHAPES[:2] if broken else SHAPES))
    return annealed(int(rng.integers(1 << 30)), n=n, shape=shape, epochs=n < 100, broken=broken), None


def _log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


FAULTS = {
    "a held-out loss turns in 5 to 12 evaluations": (turns, ("EVAL004",)),
    "... and was best at the first or second": (first_is_best, ("EVAL004",)),
    "... under 10 to 20 % of noise": (turns_in_noise, ("EVAL004",)),
    "... in four": (four, ("EVAL004",)),
    "a fine-tuning stands still": (stands_still, ("LOSS004",)),
    "a collapse of 10 to 40 % of the run that heals": (heals, ("LOSS001", "LOSS005")),
    "a score that falls for 10 to 25 % of the run and heals": (score_heals, ("EVAL002",)),
    "one or two epochs at 5 times and more": (spikes_of_epochs, ("LOSS001",)),
    "all epochs from there on": (lambda rng: spikes_of_epochs(rng, back=False), ("LOSS001",)),
    "a VAE that gets worse after its KL was annealed": (
        lambda rng: ramped(rng, 0.5),
        ("LOSS001", "LOSS004", "EVAL002"),
    ),
}
"""What happens: what makes it, and the rules one of which should say so at `warning` or above."""
HEALTHY = {
    "5 to 12 evaluations that fall": settles,
    "5 to 12 evaluations that are level": level,
    "four evaluations that fall or are level": lambda rng: four(rng, turned=False),
    "a held-out loss rises, the metric of the best model improves": surer,
    "a score that swings": lambda rng: (score_heals(rng, for_good=False)[0], None),
    "a fine-tuning moves by 2 to 6 %": moves_little,
    "12 to 40 epochs, one up to twice as high": epochs,
    "a VAE whose KL is annealed": ramped,
}
