"""What else moved when the speed changed: temperature, clocks, power, utilisation, data loading."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypedDict

from runlens.model import RoleSeries, Run
from runlens.stats.robust import median, sigma, standard_error_of_median

_LEAST = MappingProxyType(
    {
        "gpu_temperature": 3.0,  # C: nvidia-smi reads whole degrees, and a loaded GPU wanders by one or two
        "gpu_clock": 0.02,
        "gpu_power": 0.03,
        "gpu_utilization": 5.0,  # points of percent
        "gpu_throttle": 0.0,
        "host_cpu": 10.0,  # points of percent: loaders come and go
        "network_errors": 0.1,  # a second
        "data_time": 0.2,
        "checkpoint_time": 0.2,
        "world_size": 0.0,
    }
)
"""Least change that is a tie: in the role's unit for temperature and utilisation, else as a share."""
_ABSOLUTE = frozenset(
    {"gpu_temperature", "gpu_utilization", "gpu_throttle", "host_cpu", "network_errors", "world_size"}
)
_WORDS = MappingProxyType(
    {
        "gpu_temperature": "GPU temperature",
        "gpu_clock": "GPU clock",
        "gpu_power": "GPU power",
        "gpu_utilization": "GPU utilisation",
        "gpu_throttle": "clock throttling",
        "host_cpu": "CPU use",
        "network_errors": "network errors",
        "data_time": "data loading time",
        "checkpoint_time": "checkpoint time",
        "world_size": "number of ranks",
    }
)


TieEvidence = TypedDict("TieEvidence", {"role": str, "metric": str, "from": float, "to": float, "unit": str})
"""A series that changed its level together with the speed (`Tie`)."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A series that changed its level together with the speed."""

    role: str
    metric: str
    before: float
    after: float
    unit: str

    def evidence(self) -> TieEvidence:
        """For machines."""
        return {"role": self.role, "metric": self.metric, "from": self.before, "to": self.after, "unit": self.unit}

    def words(self) -> str:
        """Such as `GPU clock 1,980 to 1,755 MHz`."""
        return (
            f"{_WORDS[self.role]} {self.before:,.4g} to {self.after:,.4g}{'' if self.unit == '1' else ' ' + self.unit}"
        )


def ties(run: Run, before: tuple[int, int], after: tuple[int, int], most: int = 4) -> list[Tie]:
    """The hardware and loader series whose level differs between two spans of steps, the clearest first.

    Parameters
    ----------
    run : Run
    before, after : (int, int)
        First and last step of the healthy and of the slow stretch.
    most : int
        Ties at most; one for each role, of the device that changed most.
    """
    best: list[tuple[float, Tie]] = []
    for role in _LEAST:
        found = [t for r in run.every(role) if (t := _tie(r, before, after)) is not None]
        if found:
            best.append(max(found, key=lambda pair: pair[0]))
    return [tie for _, tie in sorted(best, key=lambda pair: -pair[0])[:most]]


def _tie(r: RoleSeries, before: tuple[int, int], after: tuple[int, int]) -> tuple[float, Tie] | None:
    """How many standard errors the series moved, and the tie; None if it did not move enough."""
    old, new = r.series.between(*before).value, r.series.between(*after).value
    if len(old) < 3 or len(new) < 3:
        return None
    a, b = median(old), median(new)
    least = _LEAST[r.role] if r.role in _ABSOLUTE else _LEAST[r.role] * abs(a)
    error = math.hypot(standard_error_of_median(sigma(old), len(old)), standard_error_of_median(sigma(new), len(new)))
    if not abs(b - a) > max(least, 4.0 * error):
        return None
    return abs(b - a) / max(least, 4.0 * error, 1e-12), Tie(r.role, r.series.name, a, b, r.unit)
