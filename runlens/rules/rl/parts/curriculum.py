"""Whether the task of a policy was made harder, as a logged lesson, level or difficulty says."""

from __future__ import annotations

import re

import numpy as np

from runlens.model import Run
from runlens.roles.names.take_apart import normalise

_TASK = re.compile(r"(^|[/_])(lessons?(_number)?|curriculum\w*|difficulty|task_level|terrain_levels?|levels?)([/_]|$)")
NEAR = 0.1
"""Share of the run before a fall in which the task must have changed."""


def has_lessons(run: Run) -> str:
    """The logged name of a difficulty that rose at any time, or empty."""
    for name in sorted(run.placed):
        value = run.placed[name].value
        if _TASK.search(normalise(name)) and len(value) and float(np.nanmax(value)) > float(value[0]):
            return name
    return ""


def made_harder(run: Run, fell: int, last: int) -> str:
    """The logged name of a difficulty that rose shortly before a fall, or empty.

    Parameters
    ----------
    run : Run
    fell, last : int
        First step of the fall, last step of the log.
    """
    for name in sorted(run.placed):
        if not _TASK.search(normalise(name)):
            continue
        latest = run.placed[name].latest()
        known = latest.where(np.isfinite(latest.value))
        if len(known) < 2:
            continue
        near = (known.step >= fell - NEAR * (last - int(known.step[0]))) & (known.step <= fell)
        if near.any() and float(known.value[near].max()) > float(known.value[int(np.argmax(near))]):
            return name
        at = int(np.searchsorted(known.step, fell))
        if 0 < at < len(known) and known.value[at] > known.value[at - 1]:
            return name
    return ""
