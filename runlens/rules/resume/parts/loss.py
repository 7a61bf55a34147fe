"""The training loss after a resume beside the one before it: what was not restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from runlens.model import PlacedSeries, Run
from runlens.rules.loss.parts.curve import train_loss
from runlens.rules.resume.parts.resumes import Resume, sides
from runlens.stats.excursions.ahead import coming_median
from runlens.stats.excursions.level import decay_rate, from_start, log_steps
from runlens.stats.excursions.smoothed import shared_noise
from runlens.stats.robust import Floats, difference_sigma, median

Lost = Literal["weights", "part of the weights", "optimizer state", "something", "data seen twice", "reporting"]

LEVEL = 48
"""Points before the resume that its level and noise come from."""
FIRST = 3
"""First points after it: a model that is trained anew comes down fast."""
NEAR = 12
"""Points after it that its new level comes from."""
FEWEST = 8
"""Points on either side below which nothing is said."""
SIGMAS = 6.0
"""A change of level is one from so many standard errors on, as for a spike."""
RISE = 0.03
"""And from this share of the loss on, as for a spike."""
START = 0.6
"""Share of all progress that is gone from which the weights are those of the start."""
PART = 0.15
"""The same from which a part of the weights is: an optimizer without its moments costs less (a quarter of the loss's
progress was gone with half of the layers of a 12M model not loaded, 2 % with fresh moments)."""
HIGH = 0.15
"""Rise for good (log loss) from which it is an error: more than a data stage or another mix of data makes."""
AS_SLOW = 0.6
"""Share of what a run had still before it, some points after it began, that a run of no weights has after as many."""
LEARNT = 0.1
"""Progress (log loss) below which a loss near its first value tells nothing."""
WHOLE = 0.05
"""Nearness (log) to a power of two of a factor by which only the reporting changed, where no held-out loss tells:
micro-batches and ranks come in powers of two, and one shift in seven is as near to one by chance."""
SAME_NORM = 0.15
"""Change of the gradient norm, beside the same factor or none, that is none."""
SAME_EVAL = 0.02
"""Change of held-out loss up to which the model itself is the same."""
DIP = 0.02
"""Fall (log loss) at the resume that is one beside noise: batches that were seen before are easier."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What the loss did at a resume."""

    lost: Lost
    before: float
    """Level of the loss before, as the run stood at the step of the resume."""
    after: float
    """Loss just after it."""
    settled: float
    """Level in the end, less what the loss came down by its own trend, or in the dip."""
    back_at: int | None
    """Step at which it was back at its old level; None if it is not."""
    factor: float | None = None
    """Of the reporting."""


def moved(run: Run, one: Resume) -> Moved | None:
    """What became of the training loss at a resume; None if it goes on as it stood, or too little was logged."""
    loss = train_loss(run)
    parts = sides(run, loss, one) if loss is not None else None
    if loss is None or parts is None or min(len(parts.before), len(parts.after)) < FEWEST:
        return None
    if float(min(parts.before.value.min(), parts.after.value.min())) <= 0.0:
        return None
    b, a = np.log(parts.before.value), np.log(parts.after.value)
    away, noise = _away(parts.before, b, parts.after, a, one)
    error = noise * np.sqrt(1.0 / min(NEAR, len(a)) + 1.0 / LEVEL)
    first, near = median(away[:FIRST]), median(away[:NEAR])
    level = float(median(a[:NEAR]) - near)
    begun = float(median(b[:FIRST]))
    progress = begun - level
    bar = max(RISE, SIGMAS * error)
    if near < -max(DIP, SIGMAS * error):
        return _dip(parts.after, away, level)
    if max(near, first - SIGMAS * noise) < bar:
        return None
    factor = _factor(run, one, away)
    back = _back(away, noise)
    back_at = int(parts.after.step[back]) if back is not None else None
    settled = float(np.exp(level + (median(away[-max(NEAR, len(a) // 8) :]) if back is None else 0.0)))
    told = (float(np.exp(level)), float(np.exp(level + max(first, near))), settled, back_at)
    if factor is not None and back is None:
        return Moved("reporting", *told, factor=factor)
    gone = max(first, near) / progress if progress > LEARNT else 0.0
    if START <= gone <= 1.0 / START and _as_at_first(b - level, away):
        return Moved("weights", *told)
    if back is None and _stays(away):
        return Moved("something", *told)
    if gone >= PART:
        return Moved("part of the weights", *told)
    return Moved("optimizer state" if back is not None else "something", *told)


def _as_at_first(begun: Floats, away: Floats) -> bool:
    """Whether the loss comes down no faster than it did when the run began: a part of the weights speeds it up."""
    part = slice(NEAR, 4 * NEAR)
    early, now = begun[part], away[part]
    return min(len(early), len(now)) < FEWEST or median(now) > AS_SLOW * median(early)


def _away(before: PlacedSeries, b: Floats, after: PlacedSeries, a: Floats, one: Resume) -> tuple[Floats, float]:
    """Distance of each point after the resume from where the run before it stood or led; and the noise of a point.

    Step for step where steps were done twice, else from the trend of the last points before.
    """
    stood = before.step < one.step  # as the checkpoint had it
    recent = b[stood][-LEVEL:] if np.count_nonzero(stood) >= FEWEST else b[-LEVEL:]
    last = median(before.step[stood if np.count_nonzero(stood) >= FEWEST else slice(None)][-LEVEL:].astype(np.float64))
    noise = difference_sigma(recent) * shared_noise(b, LEVEL)
    start = from_start(before.step)
    rate = decay_rate(b, before.step - start, len(b))
    away = a - median(recent) + rate * log_steps(last - start, after.step - start)
    return np.asarray(away), max(noise, 1e-4)


def _back(away: Floats, noise: float) -> int | None:
    """Position from which the curve stands at its old level, and stays there for a while; None if it does not."""
    wide = min(NEAR, max(len(away) // 4, 3))
    calm = np.flatnonzero(coming_median(away, wide) <= max(RISE / 3.0, noise))
    return int(calm[0]) if len(calm) else None


def _stays(away: Floats) -> bool:
    """Whether the curve stands as high at the end as just after the resume."""
    return median(away[-max(NEAR, len(away) // 4) :]) > 0.7 * median(away[:NEAR])


def _dip(after: PlacedSeries, away: Floats, level: float) -> Moved:
    """Lower after the resume: samples that were seen before, until they are through."""
    low = median(away[:NEAR])
    high = np.flatnonzero(coming_median(away, NEAR) >= 0.3 * low)
    back_at = int(after.step[high[0]]) if len(high) else None
    inside = away[: high[0]] if len(high) else away
    settled = float(np.exp(level + median(inside)))
    return Moved("data seen twice", float(np.exp(level)), float(np.exp(level + low)), settled, back_at)


def _factor(run: Run, one: Resume, away: Floats) -> float | None:
    """Factor by which only the reported loss changed, if it is one: held-out loss undisturbed, or a power of two."""
    shift = median(away[:NEAR])
    times = float(np.exp(shift))
    steady = abs(median(away[-NEAR:]) - shift) < 0.5 * shift
    if not steady or times < 1.5:
        return None
    evals = run.role("eval_loss")
    parts = sides(run, evals.series, one) if evals is not None else None
    if parts is not None and len(parts.before) > 1:
        same = parts.after.value[0] <= parts.before.value[-1] * (1.0 + SAME_EVAL)
        return times if same else None
    power = 2.0 ** round(np.log2(times))
    return power if power >= 2.0 and abs(shift - np.log(power)) < WHOLE and _same_norm(run, one, times) else None


def _same_norm(run: Run, one: Resume, times: float) -> bool:
    """Whether the gradient norm is as it was, or changed by the same factor; true where none is logged."""
    norm = run.role("grad_norm")
    parts = sides(run, norm.series, one) if norm is not None else None
    if parts is None:
        return True
    was, now = median(parts.before.value[-LEVEL:]), median(parts.after.value[:NEAR])
    return was > 0.0 and min(abs(now / was - 1.0), abs(now / (was * times) - 1.0)) < SAME_NORM
