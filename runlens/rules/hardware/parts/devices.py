"""Devices and their series: one of each kind for each device, and stretches of samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.growing import all_finite, rises
from runlens.model import PlacedSeries, RoleSeries, Run
from runlens.stats.robust import Floats, median

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring points of one series, both ends inclusive."""

    first: int
    last: int

    @property
    def points(self) -> int:
        """How many."""
        return self.last - self.first + 1


def per_device(run: Run, role: str, kind: str = "") -> dict[str, RoleSeries]:
    """One series of a role for each device: the best of those that measure `kind`.

    Parameters
    ----------
    run : Run
    role : str
        Such as `gpu_temperature`.
    kind : str
        Which of the quantities of the role (`RoleSeries.metric_kind`): empty for the main one, else `hbm`, `code`, …

    Returns
    -------
    dict of str to RoleSeries
        Device to series of finite points in the order of time; a series that names no device stands under `the GPU` and
        is left out where others name theirs (it is a mean or a maximum over them). Devices of others, where a monitor
        tells which the run uses, are left out.
    """
    out: dict[str, RoleSeries] = {}
    for r in run.every(role):
        if r.metric_kind == kind and len(r.series):
            out.setdefault(r.device or "the GPU", r)
    if len(out) > 1:
        out.pop("the GPU", None)
    return {device: r for device, r in out.items() if is_used(run, device)}


def is_used(run: Run, device: str) -> bool:
    """Whether the run works on a device, so far as the log tells.

    W&B logs all GPUs of a node, and `gpu.process.N` for those alone on which the run's own process is. A node without
    such series tells nothing, and all its GPUs count.
    """
    own = run.once("devices of the run", lambda: _of_own_process(run))
    node = device.rpartition("gpu ")[0]
    return not any(other.rpartition("gpu ")[0] == node for other in own) or device in own


def _of_own_process(run: Run) -> frozenset[str]:
    roles = ("gpu_temperature", "gpu_utilization", "gpu_memory", "gpu_power")
    series = (r for role in roles for r in run.every(role) if len(r.series))
    return frozenset(r.device for r in series if r.device and ".gpu.process." in f".{r.series.name}")


def clean(series: PlacedSeries) -> PlacedSeries:
    """The finite points in the order of time (of writing where times are not known)."""
    series = series.finite()
    if len(series) > 1 and all_finite(series.time) and not rises(series.time):
        return series.take(np.argsort(series.time, kind="stable"))
    return series


def minutes(series: PlacedSeries, stretch: Stretch) -> float:
    """Length of a stretch in minutes, one sampling interval included; NaN without wall times."""
    if len(series) < 2:
        return math.nan
    usual = median(np.diff(series.time))
    return float(series.time[stretch.last] - series.time[stretch.first] + usual) / 60.0


def stretches(mask: Mask, gap: int = 2) -> list[Stretch]:
    """Runs of true points; up to `gap` false points in between do not part them.

    Parameters
    ----------
    mask : ndarray of bool, shape (n,)
    gap : int
        A sensor that reads one degree less for a moment has not cooled down.
    """
    return stretches_at(np.flatnonzero(mask), gap)


def stretches_at(at: npt.NDArray[np.int64], gap: int = 2) -> list[Stretch]:
    """Runs of positions, in order; up to `gap` missing ones in between do not part them."""
    if len(at) == 0:
        return []
    cuts = np.flatnonzero(np.diff(at) > gap + 1)
    starts, ends = np.append(at[0], at[cuts + 1]), np.append(at[cuts], at[-1])
    return [Stretch(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def steps_of(series: PlacedSeries, stretch: Stretch) -> tuple[int, int]:
    """First and last training step of a stretch (a resume inside it may go back)."""
    part = series.step[stretch.first : stretch.last + 1]
    return int(part.min()), int(part.max())


def at_steps(series: PlacedSeries, steps: npt.NDArray[np.int64]) -> Floats:
    """Values of a series at the steps of another: the last one at or before each, NaN before the first."""
    known = clean(series).latest()
    if len(known) == 0:
        return np.full(len(steps), np.nan)
    at = np.searchsorted(known.step, steps, side="right") - 1
    return np.where(at >= 0, known.value[np.maximum(at, 0)], np.nan)


def named(devices: Sequence[str]) -> str:
    """`GPU 3`, `GPU 3 and GPU 5`, `GPU 0, GPU 1, GPU 2 and 5 more`."""
    shown = [device.replace("gpu ", "GPU ") for device in devices]
    if len(shown) <= 1:
        return "".join(shown)
    if len(shown) <= 4:
        return f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"{', '.join(shown[:3])} and {len(shown) - 3} more"
