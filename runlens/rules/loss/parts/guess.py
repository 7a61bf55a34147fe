"""Losses that show by themselves that a model has learnt nothing: they stand where a guess stands, or to a hair."""

from __future__ import annotations

import numpy as np

from runlens.comparison.curves import ROLES
from runlens.growing import greatest, least
from runlens.model import Run
from runlens.rules.evals.parts.overfit import held_out_loss
from runlens.rules.evals.parts.own import own_curves
from runlens.run_config import RunConfig, Spelling
from runlens.stats.excursions.level import from_start
from runlens.stats.excursions.smoothed import shared_noise
from runlens.stats.robust import Floats, Steps, difference_sigma, median, medians_of_parts, standard_error_of_median

POINTS = 20
"""Points of a loss that may be a guess: a run that learns leaves it within the first few."""
NEAR = 0.005
"""Share of the logarithm of its classes within which each point of such a loss stands: batches of a model that knows
something, and guesses less than all alike, scatter by a few percent."""
FARTHEST = (1.0 + NEAR) / (1.0 - NEAR) * (1.0 + 1e-9)
"""Highest over lowest point of such a loss, at most; asked first, since it costs least."""
MOST = 20
"""Classes up to which the logarithms of neighbours lie 5 % apart: of more, some number fits any level."""
LEVEL = 0.001
"""A loss of two classes may show by a thousandth that something is learnt: medians of both halves differ by less."""
DOUBT = 3.0
"""Standard errors within which the thirds of a curve that goes nowhere agree."""
MOVED = 0.005
"""Share of a loss by which the levels of its thirds differ at most, doubt included, where it has not moved: a
fine-tuning that learns comes down by a per cent and more."""
QUIET = 0.005
"""Noise of a point up to which that is said: the level of a loss that scatters more tells little of what is learnt, and
training that goes on from a model at its floor scatters by a per cent and more."""
CHECKPOINTS = 8
"""Checkpoints that must agree at least."""
STILL = 0.001
"""Share of its level within which a held-out loss stands still: always the same samples, so nothing but the model moves
it. Training that goes on from a model at its floor moves it by a few thousandths."""

ROUND = (10.0, 100.0, 1000.0)
"""Classes of the usual data sets of images, where the config tells none."""
VOCABULARY = 6.0
"""Nats above which a language model has learnt nothing but that some tokens are rare: the logarithm of 32,000 is 10.4,
the entropy of single tokens about 7. Training that goes on from a model stands flat at 1 to 4."""
CLASSES = tuple(map(Spelling, ("num_classes", "n_classes", "num_labels", "vocab_size", "padded_vocab_size")))


def stands_at_a_guess(value: Floats) -> int:
    """Number of classes whose logarithm a loss never leaves, 0 where there is none.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Finite, in the order of steps.

    Notes
    -----
    All values lie within `NEAR` of ln k for a whole k, their median within `LEVEL` of it, and so do the medians of both
    halves of each other. Values that do not differ at all are LOSS006's. None for fewer than `POINTS`.
    """
    n = len(value)
    if n < POINTS:
        return 0
    lowest, highest = float(least(value)), float(greatest(value))
    if not 0 < lowest < highest <= FARTHEST * lowest:
        return 0
    middle = median(value)
    classes = _classes(middle)
    if not classes or abs(middle - np.log(classes)) > LEVEL * np.log(classes):
        return 0
    near = bool(np.all(np.abs(value - np.log(classes)) <= NEAR * np.log(classes)))
    return classes if near and abs(median(value[: n // 2]) - median(value[n // 2 :])) <= LEVEL * middle else 0


def held_out_guess(run: Run, value: Floats) -> int:
    """Number of classes at whose logarithm every held-out loss stands, and the training loss with them; 0 where none.

    Held-out losses say it in fewer points (`CHECKPOINTS`), since their samples are always the same: they stand still
    (`held_out_stands`) within `NEAR` of ln k. Of the training loss, of batches, the median lies within twice that.
    """
    if not len(value) or not held_out_stands(run):
        return 0
    levels = [median(held_out) for held_out in _held_out(run)]
    classes = _classes(levels[0])
    if not classes:
        return 0
    guess = float(np.log(classes))
    near = all(abs(level - guess) <= NEAR * guess for level in levels)
    return classes if near and abs(median(value) - guess) <= 2.0 * NEAR * guess else 0


def stands_level(y: Floats) -> bool:
    """Whether the medians of the thirds of a curve agree within their doubt; False for fewer than `POINTS` points."""
    if len(y) < POINTS:
        return False
    levels = medians_of_parts(y, 3)
    doubt = standard_error_of_median(difference_sigma(y), len(y) // 3)
    return bool(levels.max() - levels.min() <= DOUBT * doubt * np.sqrt(2.0))


def has_not_moved(run: Run, y: Floats, step: Steps) -> bool:
    """Whether a loss stands at one level from the start to half a per cent, and no eval says that something is learnt.

    Parameters
    ----------
    run : Run
    y : ndarray of float64, shape (n,)
        Log loss. False for fewer than `POINTS`.
    step : ndarray of int64, shape (n,)
        A log that goes on from training that is not in it tells nothing: its loss may have found its level before.
    """
    if not stands_level(y) or from_start(step):
        return False
    noise = difference_sigma(y) * shared_noise(y, len(y) // 8)
    levels, doubt = medians_of_parts(y, 3), standard_error_of_median(noise, len(y) // 3)
    still = float(levels.max() - levels.min()) + 2.0 * np.sqrt(2.0) * doubt <= MOVED
    return still and 0.0 < noise <= QUIET and not any(_moves(r.series.value) for role in ROLES for r in run.every(role))


def _moves(value: Floats) -> bool:
    """Whether an eval ends more than 1 % away from where it began, by the medians of its thirds."""
    known = value[np.isfinite(value)]
    if len(known) < 2:
        return False
    part = max(len(known) // 3, 1)
    first, last = median(known[:part]), median(known[-part:])
    return abs(last - first) > 2.0 * MOVED * abs(first)


def held_out_stands(run: Run) -> bool:
    """Whether every held-out loss is the same to `STILL` at `CHECKPOINTS` checkpoints and more; False without any."""
    values = _held_out(run)
    return bool(values) and all(
        len(v) >= CHECKPOINTS and 0 < float(np.ptp(v)) <= STILL * abs(median(v)) for v in values
    )


def _held_out(run: Run) -> list[Floats]:
    """The values of every held-out loss."""
    return [own.curve.value for own in own_curves(run) if held_out_loss(own)]


def _classes(level: float) -> int:
    """Number of classes whose logarithm is nearest to a level; 0 for fewer than two and more than `MOST`."""
    classes = round(float(np.exp(min(level, np.log(2.0 * MOST)))))
    return classes if 2 <= classes <= MOST else 0


def is_a_guess(run: Run, loss: float) -> bool:
    """Whether a loss is the logarithm of a number of classes: by the config, a round one, or that of a vocabulary."""
    told = RunConfig(run.config).first(CLASSES)
    classes = [told.value] if told is not None and told.value > 1 else ROUND
    return loss > VOCABULARY or any(abs(loss / np.log(count) - 1.0) < NEAR for count in classes)
