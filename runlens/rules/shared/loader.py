"""Whether a training may be waiting for a data loader, by what it logs."""

from __future__ import annotations

import numpy as np

from runlens.model import Run
from runlens.roles.rl import rl_sign
from runlens.stats.robust import median

WAITED = 0.05
"""Share of a step from which the time for data is worth mending: without it a step would be 5 % faster, about the least
that a slow-down is told of. A loader that keeps up takes less than 1 % (MMEngine's
`data_time: 0.001` of 0.145 s)."""


def may_wait_for_a_loader(run: Run) -> bool:
    """Whether the log leaves it open that steps wait for data.

    Not in reinforcement learning, where an environment or a model makes the data, nor where the logged time for data is
    less than `WAITED` of the logged time of a step; both in seconds, as roles are.
    """
    if rl_sign(run.placed, run.axis_name):
        return False
    data, whole = run.role("data_time"), run.role("step_time")
    if data is None or whole is None:
        return True
    waited, took = data.series.value, whole.series.value
    waited, took = waited[np.isfinite(waited)], took[np.isfinite(took)]
    return not len(waited) or not len(took) or median(waited) >= WAITED * median(took)
