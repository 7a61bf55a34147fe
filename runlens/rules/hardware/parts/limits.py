"""The power limit of a GPU, where it was logged beside its power."""

from __future__ import annotations

import re

from runlens.model import Run
from runlens.rules.hardware.parts.devices import at_steps, clean, per_device
from runlens.stats.robust import median

AT_LIMIT = 0.95
"""Share of the limit from which a GPU draws all that it may: the cap holds the mean, and samples swing about it."""
_NAME = re.compile(
    r"enforced[_.]?power[_.]?limit|power[_.]?((management|mgmt)[_.]?)?limit|enforced\.power", re.IGNORECASE
)


def at_its_limit(run: Run, device: str, steps: tuple[int, int]) -> bool:
    """Whether a device drew its own power limit in these steps; False where power or limit is not known.

    Parameters
    ----------
    run : Run
    device : str
        As in `per_device`.
    steps : (int, int)
        First and last step.
    """
    drawn = per_device(run, "gpu_power").get(device)
    limits = [r for r in run.every("other") if (r.device or "the GPU") == device and _NAME.search(r.series.name)]
    if drawn is None or not limits or drawn.unit != "W":
        return False
    power = clean(drawn.series).between(*steps)
    limit = median(at_steps(limits[0].series, power.step))
    return len(power) > 0 and limit > 0 and median(power.value) >= AT_LIMIT * limit
