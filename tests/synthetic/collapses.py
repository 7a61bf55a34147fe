"""Losses, norms and loss scales that die, blow up early or only rise, seeded; and healthy ones that look alike.

Each function takes a generator and gives the run, and the step at which the fault begins; None for a healthy run. A run
has 15 to 20,000 points, another step at which it logs, and names as several tools write them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runlens.model import Run, Series
from runlens.roles import resolve
from tests.synthetic.training import cosine

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator
Made = tuple[Run, int | None]

NAMES = (
    ("train/loss", "train/grad_norm", "train/learning_rate", "train/loss_scale"),
    ("loss", "grad_norm", "lr", "loss_scale"),
    ("lm loss", "grad-norm", "learning-rate", "loss-scale"),
    ("train_loss", "grad_norm", "learning_rate", "loss_scale"),
)
"""Hugging Face, plain loops, Megatron-LM, Lightning."""


def size(rng: Rng, low: int, high: int) -> int:
    """A number of points, as likely in each octave."""
    return int(np.exp(rng.uniform(np.log(low), np.log(high))))


def falling(rng: Rng, n: int) -> Floats:
    """A loss without noise that falls from 1.5 to 12 along a power law or an exponential, to a tenth and more of it."""
    share = np.arange(n) / n
    first, last = rng.uniform(1.5, 12.0), rng.uniform(0.15, 0.6)
    if rng.random() < 0.5:
        return first * (last + (1 - last) * (1 + share / rng.uniform(0.005, 0.05)) ** -rng.uniform(0.4, 0.8))
    return first * (last + (1 - last) * np.exp(-share / rng.uniform(0.05, 0.4)))


def run_of(rng: Rng, loss: Floats, norm: Floats | None = None, scale: Floats | None = None,
           rate: Floats | None = None) -> tuple[Run, npt.NDArray[np.int64]]:  # fmt: skip
    """A run that logs these, and its steps."""
    n = len(loss)
    names = NAMES[int(rng.integers(len(NAMES)))]
    step = np.arange(1, n + 1) * int(rng.choice([1, 1, 10, 50]))
    time = 1.75e9 + 0.5 * step
    if norm is None:
        norm = rng.uniform(0.2, 2.0) * np.exp(0.2 * rng.standard_normal(n))
    columns = (loss, norm, cosine(n, max(n // 20, 1)) if rate is None else rate, scale)
    series = {name: Series(name, step, time, v) for name, v in zip(names, columns, strict=True) if v is not None}
    return resolve(Run("made", "made", "made", series=series)), step


def noisy(rng: Rng, level: Floats, low: float = 0.003, high: float = 0.05) -> Floats:
    """With log-normal noise of a size drawn by lot."""
    return level * np.exp(np.exp(rng.uniform(np.log(low), np.log(high))) * rng.standard_normal(len(level)))


def zero_loss(rng: Rng) -> Made:
    """NaN that a trainer logs as 0."""
    n = size(rng, 30, 20_000)
    loss, at = noisy(rng, falling(rng, n)), int(n * rng.uniform(0.1, 0.8))
    loss[at:] = 0.0
    run, step = run_of(rng, loss)
    return run, int(step[at])


def frozen_loss(rng: Rng) -> Made:
    """The last value over and over."""
    n = size(rng, 60, 20_000)
    loss, at = noisy(rng, falling(rng, n)), int(n * rng.uniform(0.1, 0.6))
    loss[at:] = loss[at]
    run, step = run_of(rng, loss)
    return run, int(step[at])


def never_learns(rng: Rng) -> Made:
    """It stands at the logarithm of the classes or the vocabulary, but for the first few steps."""
    n = size(rng, 100, 20_000)
    floor = float(np.log(rng.choice([10, 100, 1000, 32_000, 50_257, 128_256])))
    loss = floor * (1 + 0.3 * np.exp(-np.arange(n) / max(n * 0.01, 2.0)))
    run, step = run_of(rng, noisy(rng, loss, 0.001, 0.01), rate=np.full(n, 1e-3))
    return run, int(step[0])


def only_rises(rng: Rng) -> Made:
    """From the first point on, to 1.3 to 4 times."""
    n = size(rng, 30, 3000)
    first, times = rng.uniform(0.5, 5.0), rng.uniform(1.3, 4.0)
    run, step = run_of(rng, noisy(rng, first * (1 + (times - 1) * np.arange(n) / n), 0.003, 0.03))
    return run, int(step[0])


def rises_for_good(rng: Rng) -> Made:
    """By 3 to 15 % from one step to the next, without a spike, and no progress since."""
    run, step, at = _moves_up(rng, learns=False)
    return run, int(step[at])


def new_stage(rng: Rng) -> Made:
    """Harder data from one step to the next, on which the loss goes on improving."""
    return _moves_up(rng, learns=True)[0], None


def _moves_up(rng: Rng, learns: bool) -> tuple[Run, npt.NDArray[np.int64], int]:
    n = size(rng, 500, 20_000)
    at, share = int(n * rng.uniform(0.35, 0.6)), np.arange(n) / n
    loss = rng.uniform(1.5, 12.0) * (0.3 + 0.7 * (1 + share / rng.uniform(0.005, 0.05)) ** -rng.uniform(0.4, 0.8))
    if not learns:
        loss[at:] = loss[at]
    loss[at:] *= 1 + rng.uniform(0.03, 0.15)
    run, step = run_of(rng, loss * np.exp(rng.uniform(0.002, 0.01) * rng.standard_normal(n)))
    return run, step, at


def early_blow_up(rng: Rng) -> Made:
    """Within the first points, for a third of the run and more."""
    n = size(rng, 40, 5000)
    loss = noisy(rng, falling(rng, n))
    at = int(rng.integers(2, 8))
    until = int(n * rng.uniform(0.4, 1.0))
    loss[at:until] = noisy(rng, np.full(until - at, loss[0] * rng.uniform(3.0, 20.0)), 0.02, 0.1)
    run, step = run_of(rng, loss)
    return run, int(step[at])


def short_blow_up(rng: Rng) -> Made:
    """A log of 12 to 40 epochs, in which the loss becomes three to ten times as high and stays so."""
    n = int(rng.integers(12, 41))
    loss = noisy(rng, falling(rng, n), 0.005, 0.03)
    at = int(rng.integers(3, max(2 * n // 3, 4)))
    loss[at:] = loss[at - 1] * rng.uniform(3.0, 10.0) * np.exp(0.05 * rng.standard_normal(n - at))
    run, step = run_of(rng, loss)
    return run, int(step[at])


def zero_norm(rng: Rng) -> Made:
    """No gradient, and no progress."""
    n = size(rng, 40, 20_000)
    level, at = falling(rng, n), int(rng.choice([0, 0, int(n * 0.3)]))
    norm = np.exp(0.2 * rng.standard_normal(n))
    norm[at:] = 0.0
    level[at:] = level[at]
    run, step = run_of(rng, noisy(rng, level, 0.003, 0.02), norm)
    return run, int(step[at])


def scale_collapse(rng: Rng) -> Made:
    """Halved at each overflow until it stands at its floor, or goes on falling."""
    n = size(rng, 100, 20_000)
    at = int(n * rng.uniform(0.2, 0.7))
    halvings = np.maximum(np.arange(n) - at, 0) // max(int(n * rng.uniform(0.001, 0.01)), 1)
    scale = 2.0 ** np.maximum(rng.integers(12, 17) - halvings, rng.choice([0, 0, -20])).astype(float)
    run, step = run_of(rng, noisy(rng, falling(rng, n)), scale=scale)
    return run, int(step[int(np.argmax(scale <= 1.0))])


def learnt_by_heart(rng: Rng) -> Made:
    """Down to 0.0000 bit by bit."""
    n = size(rng, 60, 5000)
    loss = noisy(rng, rng.uniform(0.7, 4.0) * np.exp(-np.arange(n) / (n * rng.uniform(0.02, 0.1))))
    return run_of(rng, np.round(loss, int(rng.integers(3, 6))))[0], None


def margins(rng: Rng) -> Made:
    """A hinge loss, zero for many batches."""
    n = size(rng, 60, 5000)
    loss = np.maximum(falling(rng, n) - 0.8 + 0.6 * rng.standard_normal(n), 0.0)
    loss[rng.random(n) < np.linspace(0.0, 0.6, n)] = 0.0
    return run_of(rng, loss)[0], None


def coarse(rng: Rng) -> Made:
    """Two digits, which repeat themselves once the loss is flat."""
    n = size(rng, 60, 5000)
    return run_of(rng, np.round(noisy(rng, falling(rng, n), 0.002, 0.006), 2))[0], None


def goes_on(rng: Rng) -> Made:
    """Continued training of a model that knows its data: a loss that hardly falls, under an annealed rate."""
    n = size(rng, 60, 10_000)
    level = rng.uniform(0.8, 3.0) * (1 - rng.uniform(0.01, 0.05) * np.arange(n) / n)
    return run_of(rng, noisy(rng, level, 0.01, 0.08))[0], None


def fine_tune(rng: Rng) -> Made:
    """A bump while the rate warms up, gone within a twentieth of the run."""
    n = size(rng, 100, 5000)
    level = falling(rng, n) * 0.3 + 0.5
    width = max(n * rng.uniform(0.004, 0.012), 2.0)
    level *= 1 + rng.uniform(0.1, 0.6) * np.exp(-0.5 * ((np.arange(n) - 2.5 * width) / width) ** 2)
    return run_of(rng, noisy(rng, level, 0.005, 0.03))[0], None


def short_run(rng: Rng) -> Made:
    """12 to 40 noisy epochs."""
    n = int(rng.integers(12, 41))
    return run_of(rng, noisy(rng, falling(rng, n), 0.01, 0.12))[0], None


def clips_nothing(rng: Rng) -> Made:
    """A trainer that logs a norm of 0 because it clips nothing, while the loss falls."""
    n = size(rng, 60, 5000)
    return run_of(rng, noisy(rng, falling(rng, n)), np.zeros(n))[0], None


def searching_scale(rng: Rng) -> Made:
    """Found from above, then halved and doubled again; or 1 all along, as in bf16."""
    n = size(rng, 60, 5000)
    at = np.arange(n)
    if rng.random() < 0.3:
        return run_of(rng, noisy(rng, falling(rng, n)), scale=np.ones(n))[0], None
    scale = 2.0 ** np.where(at < 15, 30 - at, 15 - (at // max(n // 10, 1)) % 3)
    return run_of(rng, noisy(rng, falling(rng, n)), scale=scale)[0], None


FAULTS = {
    "exactly 0 to the end": (zero_loss, ("LOSS006",)),
    "exactly constant to the end": (frozen_loss, ("LOSS006",)),
    "stands at the logarithm of its classes": (never_learns, ("LOSS004", "LOSS006")),
    "only rises": (only_rises, ("LOSS",)),
    "3 to 15 % higher for good": (rises_for_good, ("LOSS001", "LOSS004", "LOSS005")),
    "explodes within the first points": (early_blow_up, ("LOSS001",)),
    "3 to 10 times as high, 12 to 40 points": (short_blow_up, ("LOSS001",)),
    "norm exactly 0, no progress": (zero_norm, ("GRAD003",)),
    "loss scale at its floor": (scale_collapse, ("GRAD004",)),
}
"""What happens: what makes it, and the rules one of which should say so at `warning` or above."""
HEALTHY = {
    "learnt by heart": learnt_by_heart,
    "hinge loss, often 0": margins,
    "two digits": coarse,
    "a new data stage": new_stage,
    "goes on from a trained model": goes_on,
    "a bump while the rate warms up": fine_tune,
    "12 to 40 noisy epochs": short_run,
    "a norm that is not measured": clips_nothing,
    "search for a loss scale": searching_scale,
}
