"""A held-out loss that turns and stays above its best while the training loss falls."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from runlens.comparison.curves import RunCurve
from runlens.comparison.noise import Floats, logarithmic, prior, upward
from runlens.model import PlacedSeries
from runlens.rules.evals.parts.decline import LEAST_LOSS, ODDS
from runlens.rules.evals.parts.each import turned_in_each
from runlens.rules.evals.parts.own import running_middle, scatter_of
from runlens.rules.shared.noise_of_turn import LEARNT as OF_NOISY
from runlens.rules.shared.noise_of_turn import NOISY, TOGETHER, noise_of_turn, stands_out
from runlens.stats.changes.lasting_rise import lasting_rise
from runlens.stats.robust import difference_sigma, median

LOSSES = ("loss", "ctc_loss", "log_loss", "ppl", "word_ppl", "byte_ppl", "bpb", "bpc", "rmse", "mse", "mae")
"""Kinds of metric that are a loss on held-out data, or the exponential of one."""
TAIL = 4
"""The last quarter of the checkpoints since the best one is the level at the end."""
ABOVE = 0.9
"""Share of the levels in the later half since the best one that must lie above it."""
PLAIN_ODDS = 3.0
"""Log odds of a lasting rise, over all checkpoints, that are enough (`decline.ODDS`) where it is a rise by `LARGE` and
the training loss fell by `LEARNT` meanwhile. Of rises by a half and more under 5 and 10 % of noise 97 of 100 are told
in 6 to 12 checkpoints, 91 were with one bar for all; of level losses under so much noise 2 of 100, as before."""
SOME = 3
"""Values of the training loss that make a level, where as many were logged on either side: the last batch's is none."""
NOISE_OF = 10
"""Values of the training loss that tell its noise; the slope of fewer is as large as that."""
LARGE = 0.2
"""On the log scale."""
LEARNT = 0.2
"""Share of the training loss."""
SLIGHT, SMALL, CERTAIN = 0.02, 0.05, 6.0
"""Share by which the training loss must have fallen for a warning, or by which, and noises of one evaluation by which,
the held-out loss must have risen: of a public log whose training loss fell by 1.6 % while the other rose by 4 %, by
five noises and to a level that it kept, nobody would say that it learnt by heart."""
OF_MANY, FAIR, ALONE, HALVED = 30, 0.05, 0.7, 0.5
"""Evaluations, noise of one, part of it that neighbours show (else it wanders), and share of the training loss that
went, from which a turn needs less to stand out (`FAIRLY`, else `noise_of_turn.TOGETHER`). A public run of 50
evaluations under 4 % of noise rose by 14 % while two thirds of its training loss went: it came to 6.6. Of 450 seeded
runs as noisy of 30 to 80 evaluations that turned 279 are told instead of 268; of 900 that did not, 17 as before."""
FAIRLY = 6.0
ODDS_SINCE = 1.5
"""The same over the checkpoints since the level was first as good as it is at the end: what came before is a fall of
some shape, and a shape that is not known to `lasting_rise` must not make up for a rise."""
CLEAR = 2.0
"""Standard errors by which the level at the end lies above the best one at least."""
SWINGS = 4.0
"""Scatters of a level within which a fall that comes back is noise."""
SHARE = 7
"""Of `WIDE` checkpoints and more the level is a median over a seventh; over three of fewer."""
WIDE = 35
"""The first number whose seventh is five, the next odd number after three."""
USUAL = 1.5
"""The rise must be so many times the largest one from which the loss came back before, and the largest fall since, as
far as noise does not make them: an eval that swings does not turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Overfit:
    """One held-out loss."""

    eval: RunCurve
    best_step: int
    best: float
    last_step: int
    latest: float
    lost: float
    """Rise of the level over the best one, as a share of all progress from the first checkpoint to the best; 1 where
    there was none."""
    train_before: float
    """Median training loss on that side of the best checkpoint where it is lower."""
    train_after: float
    """Median training loss up to the last checkpoint."""
    checkpoints: int
    """Checkpoints after the best one."""
    few: bool
    """Nothing but each evaluation since the best says so: no error."""
    sure: bool
    """It stands out of its own noise: else it is no warning."""
    slight: bool = False
    """Neither loss moved by much: it is no warning either."""


def held_out_loss(own: RunCurve) -> bool:
    """Whether a curve is a loss, and so can turn while the training loss falls."""
    return own.curve.direction == "down" and own.curve.metric in LOSSES


_PART_OF_LOSS = re.compile(r"(?<![a-z])loss(?![a-z])")


def part_of_loss(own: RunCurve) -> bool:
    """Whether a curve is one part of a held-out loss: of one head, one layer, one term."""
    return (
        own.curve.direction == "down" and not held_out_loss(own) and bool(_PART_OF_LOSS.search(own.curve.task.lower()))
    )


_SPLIT = re.compile(r"(?<![a-z])(train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test|dev)(?![a-z])")


def beside_train(own: RunCurve, train: str) -> bool:
    """Whether a curve is a held-out loss, or bears the name of the training loss but for the split.

    `val_loss_graph` could be that of one head by its name alone; beside `train_loss_graph` it is the whole.
    """
    return held_out_loss(own) or (own.curve.direction == "down" and same_but_for_split(own.curve.name, train))


def same_but_for_split(name: str, train: str) -> bool:
    """Whether two series bear one name but for the word for their data, so that they are the same sum of terms."""
    return name != train and _SPLIT.sub("", name.lower()) == _SPLIT.sub("", train.lower())


def turned_beside(own: RunCurve, train: PlacedSeries, patience: int) -> bool:
    """Whether EVAL004 speaks of an eval."""
    return beside_train(own, train.name) and overfit(own, train, patience) is not None


def overfit(own: RunCurve, train: PlacedSeries, patience: int) -> Overfit | None:
    """Whether a held-out loss has turned up while the training loss went on falling.

    Parameters
    ----------
    own : RunCurve
        Over steps, lower is better.
    train : PlacedSeries
        Training loss.
    patience : int
        So many checkpoints at least must follow the best one.

    Returns
    -------
    Overfit or None
        None for fewer than `patience` + 2 checkpoints, unless there are four and each since the best says so.

    Notes
    -----
    The best level is that of the running median, or the first checkpoint, and the level at the end the median
    of the last quarter since then (`patience` checkpoints or more). The one must lie above the other by `CLEAR`
    standard errors and 1 %, `ABOVE` of the levels of the later half above the best one, and the rise must be `USUAL`
    times any from which the loss came back, before or after. That it is no noise, white or wandering, is for
    `lasting_rise` to say, which uses every checkpoint: two levels alone leave out most of them. Of 200 seeds each of 8
    to 60 checkpoints, level or falling, 0 to 2 % turn under white noise of up to 3 %, and 0 to 3 % under 1 % of noise
    with a memory of up to five checkpoints (`benchmarks.evals_turns`).
    """
    up = upward(own.curve)
    found = _turned(own, train, patience, up) if len(up) >= patience + 2 else None
    if (found is None or not found.sure) and logarithmic(own.curve):
        best = turned_in_each(up, patience)
        return (_plainly(own, train, best, up) if best is not None else None) or found
    return found


def _plainly(own: RunCurve, train: PlacedSeries, best: int, up: Floats) -> Overfit | None:
    """A turn that each evaluation since the best says, if the training loss fell by `LEARNT` meanwhile."""
    step, value, last = own.step, own.curve.value, len(up) - 1
    # of what led to each: the first one's is of a model that knew nothing yet
    early, late = (median(_between(train, int(step[i - 1]) + 1, int(step[i]))) for i in (max(best, 1), last))
    if not late <= (1.0 - LEARNT) * early:
        return None
    progress = float(up[best] - up[0])
    lost = float(up[best] - up[-1]) / progress if progress > scatter_of(own) else 1.0
    since, end = int(step[best]), int(step[-1])
    return Overfit(own, since, float(value[best]), end, float(value[-1]), lost, early, late, last - best, True, True)


def _turned(own: RunCurve, train: PlacedSeries, patience: int, up: Floats) -> Overfit | None:
    """A turn that the levels and the whole curve say."""
    step, value = own.step, own.curve.value
    scatter = scatter_of(own)
    least = LEAST_LOSS if logarithmic(own.curve) else LEAST_LOSS * abs(median(value))
    level, reach = _level(up), _window(len(up)) // 2
    turns = reach + int(np.argmax(level[reach:-reach])), 0
    turn = next((t for t in turns if _above(up, level, t, scatter, least, patience)), None)
    if turn is None or up[-1] >= level[turn]:  # the last one is as good as the best level
        return None
    size_of = 1.0 if logarithmic(own.curve) else max(abs(median(value)), 1e-300)
    size = max(patience, (len(up) - turn - 1) // TAIL)
    rise = float(level[turn]) - median(up[-size:])
    if not turn:
        reach = 1
    first = max(turn - reach, 0)
    at = first + int(np.argmax(up[first : turn + reach + 1]))
    half, since = max(int(step[-1] - step[at]) // 4, 1), int(step[at])
    learnt = train.latest().finite()
    least_of = min(max(len(learnt.between(since + 1, int(step[-1]))) // 2, 1), SOME)
    sides = _before(learnt, since, half, least_of), _after(learnt, since, half, least_of)
    early = float(np.fmin(median(sides[0]), median(sides[1])))
    end = _before(learnt, int(step[-1]), half, least_of)
    late = median(end)
    stretch = learnt.between(since - half, int(step[-1])).value
    wide = np.pi / 2 * (1 / max(len(end), 1) + 1 / max(*map(len, sides), 1))
    doubt = difference_sigma(stretch) * float(np.sqrt(wide)) if len(stretch) >= NOISE_OF else 0.0
    # below the level on either side: new data that lift both losses are no overfitting
    if not late < early - doubt:
        return None
    plain = rise >= LARGE * size_of and late <= (1.0 - LEARNT) * early
    expected = prior(own.curve, value[-8:])[0] / size_of
    odds = PLAIN_ODDS if plain else ODDS
    told = _odds_of_rise(up / size_of, level / size_of, expected, patience)
    if told < odds:
        return None
    fell = (early - late) / max(abs(early), 1e-300)
    noise = noise_of_turn(-up / size_of, scatter / size_of)
    if noise >= NOISY and fell < OF_NOISY:
        return None
    white = scatter / size_of >= ALONE * noise
    fair = len(up) >= OF_MANY and noise < FAIR and fell >= HALVED and white
    sure = stands_out(-up / size_of, noise, told, FAIRLY if fair else TOGETHER)
    progress = float(level[turn] - up[0])
    lost = rise / progress if progress > scatter else 1.0
    latest, after = float(value[-1]), len(up) - at - 1
    slight = fell < SLIGHT and rise < min(SMALL, CERTAIN * noise) * size_of
    return Overfit(own, since, float(value[at]), int(step[-1]), latest, lost, early, late, after, False, sure, slight)


def _above(up: Floats, level: Floats, turn: int, scatter: float, least: float, patience: int) -> bool:
    """Whether what follows the checkpoint `turn` stays below it on an upward scale, and never came back."""
    after, best = up[turn + 1 :], float(level[turn])
    if len(after) < patience:
        return False
    size = max(patience, len(after) // TAIL)
    wide = _window(len(up))
    one = scatter * np.sqrt(0.5 if wide == 3 else np.pi / 2 / wide)
    doubt = np.hypot(one if turn else scatter * np.sqrt(2.0), scatter * np.sqrt(np.pi / 2 / size))
    rise, later = best - median(after[-size:]), level[turn + 1 :]
    swing = max(_largest_fall(level[: turn + 1]), _largest_fall(-later)) - SWINGS * one
    return bool(
        rise > max(CLEAR * doubt, least)
        and float(np.mean(later[len(later) // 2 :] < best)) >= ABOVE
        and rise >= USUAL * swing
    )


def _odds_of_rise(up: Floats, level: Floats, expected: float, patience: int) -> float:
    """Log odds that a lasting rise tells the curve better than noise about a fall; none of a curve of which what is
    left since it was as good as now does not tell so, too.
    """
    odds = lasting_rise(-up, expected)
    if odds < min(PLAIN_ODDS, ODDS):
        return odds
    end = median(up[-max(patience, len(up) // 6) :])
    first = int(np.argmax(level >= end))
    return odds if lasting_rise(-up[first:], expected) >= ODDS_SINCE else -np.inf


def _window(n: int) -> int:
    """Checkpoints over which a level is taken: three, or an odd number, a seventh of many."""
    return 3 if n < WIDE else n // SHARE | 1


def _level(up: Floats) -> Floats:
    """Running median; the first value stays, the window is narrower near it, and the last level stays to the end."""
    half = _window(len(up)) // 2
    if half == 1:
        return running_middle(up)
    out = up.copy()
    out[half:-half] = np.median(np.lib.stride_tricks.sliding_window_view(up, 2 * half + 1), axis=1)
    for i in range(1, half):
        out[i] = np.median(up[: 2 * i + 1])
    out[-half:] = out[-half - 1]
    return out


def _largest_fall(level: Floats) -> float:
    """The largest fall of an upward curve from any point to a later one, 0 for fewer than two points."""
    return float(np.max(np.maximum.accumulate(level) - level)) if len(level) else 0.0


def _before(series: PlacedSeries, step: int, reach: int, least: int) -> Floats:
    """Values of the steps up to one, as far back as `reach`, `least` of them if there are as many."""
    first, stop = np.searchsorted(series.step, (step - reach, step + 1))
    return series.value[max(min(first, stop - least), 0) : stop]


def _after(series: PlacedSeries, step: int, reach: int, least: int) -> Floats:
    """The same of the steps after one."""
    first, stop = np.searchsorted(series.step, (step + 1, step + reach + 1))
    return series.value[first : max(stop, first + least)]


def _between(series: PlacedSeries, first: int, last: int) -> Floats:
    return series.between(first, last).value
