"""Runs whose held-out losses and scores get worse, or seem to, seeded: terms of a loss, unlearning, what policies earn.

Each function takes a generator and gives the run, and the step at which the fault begins; None for a healthy one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
Made = tuple[Run, int | None]
TERMS = (
    ("box_loss", "cls_loss", "dfl_loss"),
    ("box_loss", "obj_loss", "cls_loss"),
    ("loss_ce", "loss_bbox", "loss_giou"),
)
"""Of YOLO, old and new, and of DETR."""
FORGOTTEN = ("forget/loss", "eval/forget_loss", "forget_test/loss", "unlearn_loss")
METHODS = ("gradient_ascent", "grad_diff", "NPO", "SimNPO", "RMU", "neg_grad")


def _run(columns: dict[str, tuple[Floats, Floats]], config: dict[str, object] | None = None) -> Run:
    series = {}
    for name, (at, value) in columns.items():
        step = at.astype(np.int64)
        series[name] = Series(name, step, 1.75e9 + 30.0 * step, value)
    return resolve(Run("made", "made", "made", series=series, config=config or {}))


def _falling(rng: Rng, n: int, floor: float) -> Floats:
    """A loss that comes down to a level, with 0.5 to 2 % of noise."""
    noise = rng.uniform(0.005, 0.02)
    return floor * (1.0 + 2.5 * np.exp(-np.arange(n) / (n / 8.0))) * np.exp(noise * rng.standard_normal(n))


def detector(rng: Rng, turned: int, total: bool = False) -> Made:
    """A detector of 40 to 120 epochs: of its three held-out terms, so many rise by a tenth and more from the middle on.

    The mean average precision holds its level while fewer than all rise, and falls where all do.
    """
    n, names = int(rng.integers(40, 120)), TERMS[int(rng.integers(len(TERMS)))]
    epoch, at = np.arange(1.0, n + 1), int(n * rng.uniform(0.4, 0.6))
    levels = sorted(rng.uniform(0.5, 3.0, 3), reverse=True)
    levels[-1] *= 0.15  # the smallest term is the one that turns first
    columns = {}
    for i, (name, level) in enumerate(zip(names, levels, strict=True)):
        columns[f"train/{name}"] = epoch, _falling(rng, n, level) * np.linspace(1.0, 0.6, n)
        held_out = _falling(rng, n, 1.1 * level)
        rise = rng.uniform(0.6, 1.2) if turned == 3 else rng.uniform(0.15, 0.4)
        if i >= 3 - turned:
            held_out[at:] *= 1.0 + rise * np.linspace(0.0, 1.0, n - at)
        columns[f"val/{name}"] = epoch, held_out
    if total:
        for part in ("train", "val"):
            columns[f"{part}/loss"] = epoch, np.sum([columns[f"{part}/{name}"][1] for name in names], axis=0)
    score = 0.6 * (1.0 - np.exp(-epoch / (n / 8.0))) + 0.004 * rng.standard_normal(n)
    if turned == 3:
        score[at:] -= 0.15 * np.linspace(0.0, 1.0, n - at)
    columns["metrics/mAP50-95(B)"] = epoch, score
    return _run(columns), at if turned == 3 else None


def unlearns(rng: Rng) -> Made:
    """What is to be forgotten gets worse from the first checkpoint on; the accuracy on all slips with it."""
    n = int(rng.integers(12, 40))
    at, climb = np.arange(1.0, n + 1) * 10, np.linspace(0.0, 1.0, n)
    noise = 0.01 * rng.standard_normal((3, n))
    columns = {
        str(rng.choice(FORGOTTEN)): (at, 0.4 + rng.uniform(1.0, 6.0) * climb + noise[0]),
        "forget_acc": (at, 0.9 - rng.uniform(0.3, 0.8) * climb + noise[1]),
        "test/accuracy": (at, 0.8 - rng.uniform(0.1, 0.2) * climb + noise[2]),
    }
    return _run(columns), None


def ascends(rng: Rng) -> Made:
    """The loss itself is climbed, which only the config tells."""
    n = int(rng.integers(100, 400))
    at = np.arange(1.0, n + 1)
    loss = 1.0 + rng.uniform(4.0, 20.0) * (at / n) ** 3 + 0.05 * rng.standard_normal(n)
    evals = at[9::10]
    columns = {
        "train/loss": (at, loss),
        "eval/accuracy": (evals, 0.7 - 0.3 * np.linspace(0, 1, len(evals)) + 0.01 * rng.standard_normal(len(evals))),
    }
    return _run(columns, {"trainer": {"method": str(rng.choice(METHODS))}}), None


def kept_falls(rng: Rng) -> Made:
    """A run that unlearns also loses what it is to keep, from the middle on."""
    n = int(rng.integers(20, 40))
    at, middle = np.arange(1.0, n + 1) * 10, n // 2
    kept = 0.85 + 0.1 * (1 - np.exp(-np.arange(n) / 3.0)) + 0.005 * rng.standard_normal(n)
    kept[middle:] -= rng.uniform(0.2, 0.5) * np.linspace(0.2, 1.0, n - middle)
    columns = {"forget_acc": (at, np.linspace(0.9, 0.1, n)), "retain_acc": (at, kept)}
    return _run(columns), int(at[middle])


def earns(rng: Rng) -> Made:
    """A policy that learns, with the worst and best episode beside the mean, which come and go."""
    n = int(rng.integers(12, 120))
    at = np.arange(1.0, n + 1) * 2048
    mean = 200.0 * (1 - np.exp(-np.arange(n) / (n / 4.0))) + 15.0 * rng.standard_normal(n)
    columns = {
        "RawAverageReturn": (at, mean),
        "RawMinReturn": (at, np.where(rng.random(n) < 0.3, 5.0, 0.5 * mean)),
        "RawMaxReturn": (at, mean * rng.uniform(1.2, 3.0, n)),
        "Entropy": (at, np.linspace(1.4, 0.9, n)),
        "vf_loss": (at, 10.0 ** rng.uniform(0.0, 3.0, n)),
    }
    return _run(columns), None


def actor_critic(rng: Rng) -> Made:
    """The short lines of an actor-critic: its loss follows that of the values, which may grow a thousandfold."""
    n = int(rng.integers(100, 500))
    at = np.arange(n, dtype=np.float64)
    values = (
        0.3 * 10.0 ** (3.0 * np.clip(at / n - rng.uniform(0.2, 0.5), 0, None)) * np.exp(0.2 * rng.standard_normal(n))
    )
    actor, entropy = 1e-3 * rng.standard_normal(n), -1.44 + 0.01 * rng.standard_normal(n)
    columns = {"Loss": values + actor - 0.01 * entropy, "A": actor, "V": values, "E": entropy}
    return _run({name: (at, value) for name, value in columns.items()}), None


def best_only(rng: Rng) -> Made:
    """Scores that are measured only where the held-out loss was better than ever, which it is no more."""
    n = int(rng.integers(40, 120))
    at, loss = np.arange(1.0, n + 1), _falling(rng, n, 1.0)
    loss[n // 3 :] = np.maximum(loss[n // 3 :], 1.001 * loss[: n // 3].min())
    best = np.concatenate([[True], loss[1:] < np.minimum.accumulate(loss)[:-1]])
    columns = {"train/loss": (at, _falling(rng, n, 0.9)), "val/loss": (at, loss), "test/mae": (at[best], loss[best])}
    return _run(columns), None


def single_batches(rng: Rng) -> Made:
    """Lightning logs the batches of an evaluation by a counter of their own, beside their mean."""
    n = int(rng.integers(15, 40))
    at = np.arange(1.0, n + 1) * 80
    batches = np.arange(1.0, 10 * n + 1)
    columns = {
        "train_loss": (at, _falling(rng, n, 1.0)),
        "val_loss_epoch": (at, _falling(rng, n, 1.1)),
        "val_loss_step": (batches, 1.5 * np.exp(0.3 * rng.standard_normal(10 * n))),
        "val_acc_step": (batches[::7], rng.uniform(0.0, 0.3, len(batches[::7]))),
        "val_acc_epoch": (at, 0.3 - 0.2 * np.exp(-np.arange(n) / 5.0)),
    }
    return _run(columns), None


def by_heart(rng: Rng, learns: bool) -> Made:
    """A classifier of 12 to 80 evaluations whose training loss goes to nothing, without a held-out loss.

    Its accuracy and F1 stay within a few points of chance, or rise by a fourth and more of what they lack.
    """
    n, chance = int(rng.integers(12, 80)), rng.uniform(0.1, 0.35)
    at = np.arange(1.0, n + 1) * 10
    gained = (rng.uniform(0.25, 0.6) if learns else rng.uniform(0.0, 0.08)) * (1.0 - chance)
    rise = gained * (1.0 - np.exp(-np.arange(n) / (n / 5.0)))
    step = np.arange(0.0, at[-1], 5)
    loss = rng.uniform(0.8, 2.5) * np.geomspace(1.0, rng.uniform(0.001, 0.03), len(step))
    columns = {"train_loss": (step, loss * np.exp(0.1 * rng.standard_normal(len(step))))}
    for name, lower in (("val_acc", 0.0), ("val_f1", rng.uniform(0.0, 0.05))):
        columns[name] = at, chance - lower + rise + 0.01 * rng.standard_normal(n)
    return _run(columns), None if learns else int(at[0])


FAULTS = {
    "scores at chance, nothing left of the training loss": (lambda rng: by_heart(rng, False), ("EVAL006",)),
    "all terms of a held-out loss turn": (lambda rng: detector(rng, 3), ("EVAL004", "EVAL002")),
    "... beside a logged total": (lambda rng: detector(rng, 3, total=True), ("EVAL004", "EVAL002")),
    "what unlearning is to keep falls": (kept_falls, ("EVAL002",)),
}
"""What happens: what makes it, and the rules one of which should say so at `warning` or above."""
HEALTHY = {
    "scores that rise, nothing left of the training loss": lambda rng: by_heart(rng, True),
    "the smallest term of a held-out loss turns": lambda rng: detector(rng, 1),
    "... beside a logged total": lambda rng: detector(rng, 1, total=True),
    "what is to be forgotten gets worse": unlearns,
    "gradient ascent, told by the config": ascends,
    "best and worst episodes beside the mean": earns,
    "short lines of an actor-critic": actor_critic,
    "scores of the best models only": best_only,
    "single batches of evaluations": single_batches,
}
