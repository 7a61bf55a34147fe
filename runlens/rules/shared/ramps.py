"""Weights of a term of the loss that ramp up by a plan, such as the annealing of a KL term: the sum rises with them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import bottleneck as bn
import numpy as np

from runlens.model import PlacedSeries, Run
from runlens.rules.shared.logged_settings import Setting
from runlens.stats.robust import Floats, Steps, difference_sigma, median

_WEIGHT = re.compile(
    r"(^|[/_.\- ])(weight|weighting|coeff?|coefficient|lambda\w?|lambd|beta|anneal(ing|ed)?|warm[_-]?up[_-]?factor)"
    r"([_-]?(factor|weight|coeff?|value|kld?|rate))?$"
    r"|(^|[/.\- ])(weight|w|coeff?|lambda|lambd|lam|beta)[_-][a-z]\w*$"
)
"""What the weight of a term is called: `kl_weight`, `beta`, `lambda_gp`, `anneal_factor`."""
_FORCING = re.compile(r"(^|[/_.\- ])(teacher[_-]?forcing([_-]?(ratio|rate|prob\w*))?|tf[_-]?(ratio|rate|prob)|tfr)$")
"""Share of inputs that a decoder is given instead of its own outputs: the loss rises as it falls."""
_NONE = re.compile(
    r"adam|decay|norm|ema|moment|opt|grad|class|sample|lr|body|loss(?![_-]?(weight|coeff?|lambda|beta)|.*/)"
)
"""Betas of an optimizer, weight decay, norms of weights, weights of classes or samples: no weight of a term."""
FEWEST = 3
"""Values of a ramp: its foot, one between and its top."""
RAISED = 1.1
"""Times its foot that a weight must come to: less moves no loss by more than its own noise."""
PART = 0.5
"""Part of all that the weight went through that one ramp covers: annealing in cycles comes to the same top each time,
but for the cycle in which the log ends."""
TURNS = 0.25
"""Share of its values at which it may fall: a weight that a controller sets goes up and down all along."""
BEYOND = 0.1
"""Part of a ramp's own length by which the rise of a loss may last beyond it, and for which it lasts at least: what is
up at once did not come with a weight that rises bit by bit."""
LEVELS = 20
"""Parts of a rise over which its level is a median: single batches are no part of it."""
EARLY, HIGH = 0.25, 0.75
"""Part of a rise that may be there before the ramp, and part that is reached after that."""
STILL, NOISES = 0.03, 3.0
"""Rise after the top from which a loss rises without the weight: that of a spike, and in standard errors."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """One rise of a weight."""

    metric: str
    first: int
    """Last step at which it stood at its foot."""
    last: int
    """First step at which it stood at its top."""
    before: float
    after: float

    @property
    def setting(self) -> Setting:
        """What changed, for words and evidence."""
        return Setting(self.metric, self.before, self.after)

    @property
    def until(self) -> float:
        """Step up to which a rise of the loss may be the weight's."""
        return self.last + BEYOND * (self.last - self.first)

    def explains(self, step: Steps, value: Floats, at: int, level: float) -> bool:
        """Whether a loss rose with the weight from a position on, and no longer once that stood.

        The least value of R + w K over all weights of the model is concave in w: from w to b times w it rises to b
        times itself at most. From 0 on there is no such bound, and the loss must stay below its first value.

        Parameters
        ----------
        step : ndarray of int64, shape (n,)
            Rising.
        value : ndarray of float64, shape (n,)
            Finite.
        at : int
            Position from which on it is higher.
        level : float
            What it stood at before.
        """
        if step[at] >= self.last or step[-1] < self.first:
            return False
        begins, ends = (int(i) for i in np.searchsorted(step, (self.first, self.until), side="right"))
        begins = max(begins - 1, at)
        size = min(max(3, (ends - begins) // LEVELS), ends)
        rise = bn.move_median(value[max(begins - size, 0) : ends], window=size, min_count=1)[min(size, begins) :]
        peak = float(rise.max())
        most = level * self.after / self.before if self.before > 0.0 < level else level
        if peak > max(most, float(value[0])) or _goes_on(value[ends:]):
            return False
        if begins > at and median(value[at:begins]) > level + EARLY * (peak - level):
            return False
        high = begins + int(np.argmax(rise >= level + HIGH * (peak - level)))
        return bool(step[high] - step[begins] >= BEYOND * (self.last - self.first))


def ramps(run: Run) -> tuple[Ramp, ...]:
    """The ramps of a run's weights, in order of their feet; looked for once a run."""
    return run.once("ramps of weights", lambda: _found(run))


def ramp_of(run: Run, step: Steps, value: Floats, at: int, level: float) -> Ramp | None:
    """The ramp that explains why a loss rose from a position on (`Ramp.explains`); None if none does."""
    return next((ramp for ramp in ramps(run) if ramp.explains(step, value, at, level)), None)


def is_weight(name: str) -> bool:
    """Whether a series is the weight of a term of the loss, by its name."""
    low = name.lower()
    return bool(_WEIGHT.search(low)) and not _NONE.search(low)


def _found(run: Run) -> tuple[Ramp, ...]:
    found: list[Ramp] = []
    for name in run.placed:
        falls = bool(_FORCING.search(name.lower()))
        if name not in run.texts and (falls or is_weight(name)):
            found += _ramps_in(run.placed[name], falls)
    return tuple(sorted(found, key=lambda ramp: ramp.first))


def _ramps_in(series: PlacedSeries, falls: bool) -> list[Ramp]:
    known = series.latest().finite()
    value = -known.value if falls else known.value
    if len(value) < FEWEST or bool(known.value[0] < 0.0):
        return []
    span = float(np.ptp(value))
    downs = np.flatnonzero(np.diff(value) < 0.0)
    if not span or len(downs) > TURNS * len(value):
        return []
    found: list[Ramp] = []
    for begin, end in zip([0, *(downs + 1).tolist()], [*(downs + 1).tolist(), len(value)], strict=True):
        part = value[begin:end]
        foot, top = int(np.searchsorted(part, part[0], side="right")) - 1, int(np.searchsorted(part, part[-1]))
        low, high = sorted((float(known.value[begin + foot]), float(known.value[begin + top])))
        least = 0.0 if found and end == len(value) else PART * span
        if top - foot + 1 >= FEWEST and high - low >= least and high >= RAISED * low:
            steps = int(known.step[begin + foot]), int(known.step[begin + top])
            found.append(Ramp(series.name, *steps, *((high, low) if falls else (low, high))))
    return found


def _goes_on(value: Floats) -> bool:
    """Whether a loss goes on rising: its last third lies above the first one."""
    third = len(value) // 3
    if not third:
        return False
    early, late = median(value[:third]), median(value[-third:])
    return late - early > max(STILL * abs(early), NOISES * difference_sigma(value) * float(np.sqrt(2.0 / third)))
