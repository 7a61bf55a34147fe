"""Whether the episodes of a policy are all of one length, so that it cannot have made them longer."""

from __future__ import annotations

import re

import numpy as np

from runlens.model import Run
from runlens.roles.names.take_apart import normalise
from runlens.rules.shared.answers import FEWEST

_LENGTH = re.compile(r"(^|[/_])(mean_|avg_)?ep(isod(e|ic))?s?_?len(gth)?s?(_?(mean|avg)|/mean)?$")


def episodes_alike(run: Run, before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Whether each logged length of episodes, in training or not, is one and the same number above 1 on both sides.

    Parameters
    ----------
    run : Run
    before, after : tuple of int
        First and last step of what is compared; `answers.FEWEST` finite lengths are needed in each.
    """
    lengths = [run.placed[name].latest() for name in sorted(run.placed) if _LENGTH.search(normalise(name))]
    told = 0
    for latest in lengths:
        known = latest.where(np.isfinite(latest.value))
        sides = [known.value[(known.step >= low) & (known.step <= high)] for low, high in (before, after)]
        told += min(map(len, sides)) >= FEWEST
        if len(every := np.unique(np.concatenate(sides))) > 1 or (len(every) and every[0] <= 1.0):
            return False
    return told > 0
