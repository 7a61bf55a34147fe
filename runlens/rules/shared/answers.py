"""Whether the answers that a language model writes in reinforcement learning became longer, by their logged length."""

from __future__ import annotations

import re

import numpy as np

from runlens.model import Run
from runlens.roles.names.take_apart import normalise
from runlens.stats.robust import median

LENGTH = re.compile(
    r"(^|[/_])(response|completion)s?_?(length|len|tokens)(_?(mean|avg)|/mean)?$|(^|/)completions/mean_length$"
    r"|(^|/)avg_num_tokens$|(^|[/_])(mean|avg)_(response|completion)_(length|len|tokens)$"
)
"""The length of answers in tokens by its normalised name: TRL, verl, OpenRLHF, SkyRL."""
FEWEST = 5
"""Points on either side that tell how long answers are."""


def answers_grew(run: Run, before: tuple[int, int], after: tuple[int, int]) -> float | None:
    """Times as long as before that answers are, by their mean; None where it is not logged on both sides.

    Parameters
    ----------
    run : Run
    before, after : tuple of int
        First and last step of what is compared.
    """
    for name in sorted(run.placed):
        if not LENGTH.search(normalise(name)):
            continue
        latest = run.placed[name].latest()
        known = latest.where(np.isfinite(latest.value) & (latest.value > 0))
        sides = [known.value[(known.step >= low) & (known.step <= high)] for low, high in (before, after)]
        if min(map(len, sides)) >= FEWEST:
            return median(sides[1]) / median(sides[0])
    return None
