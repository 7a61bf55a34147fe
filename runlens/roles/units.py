"""Units: what the name says, what the values say, and the factor to the role's canonical unit."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from runlens.growing import chosen, every, greatest
from runlens.model import PlacedSeries
from runlens.roles.names.take_apart import Name
from runlens.roles.numbers import middle
from runlens.roles.vocabulary import ROLES

FACTORS: dict[str, dict[str, float]] = {
    "step_time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0},
    "data_time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0},
    "checkpoint_time": {"s": 1.0, "ms": 1e-3, "min": 60.0},
    "tokens": {"tokens": 1.0, "ktokens": 1e3, "Mtokens": 1e6, "Gtokens": 1e9},
    "tokens_per_second": {"tokens/s": 1.0, "ktokens/s": 1e3, "Mtokens/s": 1e6},
    "tflops": {"TFLOP/s": 1.0, "GFLOP/s": 1e-3, "FLOP/s": 1e-12, "PFLOP/s": 1e3},
    "mfu": {"fraction": 1.0, "%": 1e-2},
    "clip_fraction": {"fraction": 1.0, "%": 1e-2},
    "learning_rate": {"1": 1.0, "1e-3": 1e-3},
    "gpu_power": {"W": 1.0, "mW": 1e-3},
    "gpu_utilization": {"%": 1.0, "fraction": 100.0},
    "gpu_clock": {"MHz": 1.0, "GHz": 1e3, "Hz": 1e-6},
    "gpu_memory": {"bytes": 1.0, "KiB": 2**10, "MiB": 2**20, "MB": 1e6, "GiB": 2**30, "GB": 1e9},
    "host_memory": {"bytes": 1.0, "KiB": 2**10, "MiB": 2**20, "MB": 1e6, "GiB": 2**30, "GB": 1e9},
    "train_loss": {"nats": 1.0, "bits": float(np.log(2.0))},
    "eval_loss": {"nats": 1.0, "bits": float(np.log(2.0))},
}
"""Role to logged unit to the factor that gives the canonical unit of `ROLES`."""

KEPT = {
    "gpu_memory": {"%", "fraction"},
    "host_memory": {"%", "fraction"},
    "gpu_power": {"%"},
    "eval_loss": {"bits/byte"},
}
"""Units that no factor changes into the canonical one: they stay, and `RoleSeries.unit` says so."""

_MEMORY = (
    ("gib", "GiB"), ("mib", "MiB"), ("kib", "KiB"), ("bytes", "bytes"), ("gb", "GB"), ("gigabytes", "GB"), ("mb", "MB"),
)  # fmt: skip
_TIMES = {"ms": "ms", "msec": "ms", "milliseconds": "ms", "us": "us", "min": "min", "minutes": "min"}
_TIME = re.compile(rf"(?<![a-z])({'|'.join(_TIMES)})(?![a-z])")
_COUNTS = (
    ("k", r"\(k\)|(^|/)k_?tok|tok(en)?s_k$|thousand"),
    ("M", r"\(m\)|(^|/)m_?tok|tok(en)?s_m$|million"),
    ("G", r"\(b\)|(^|/)g_?tok|tok(en)?s_[bg]$|billion"),
)


def unit_of_name(role: str, name: Name) -> str:
    """The unit that a name tells, or empty."""
    text, raw = name.normal, name.base.lower()
    if role in ("step_time", "data_time", "checkpoint_time"):
        if found := _TIME.search(text):
            return _TIMES[found[1]]
        return "s" if re.search(r"(?<![a-z])(s|sec|secs|seconds)(?![a-z])", text) else ""
    if role in ("gpu_memory", "host_memory"):
        for key, unit in _MEMORY:
            if re.search(rf"(?<![a-z]){key}(?![a-z])", text) or (key == "gigabytes" and key in text):
                return unit
        return "%" if "%" in raw or re.search(r"(?<![a-z])(pct|percent)", text) else ""
    if role == "mfu":
        return "%" if re.search(r"%|(?<![a-z])(pct|percent)", raw) else ""
    if role == "tokens":
        return next((f"{times}tokens" for times, said in _COUNTS if re.search(said, raw)), "tokens")
    if role == "tokens_per_second":
        times = next((t for t in "kM" if re.search(rf"(?<![a-z]){t.lower()}_?t(ok|/s)", raw)), "")
        return f"{times}tokens/s"
    if role == "tflops":
        return next((f"{times}FLOP/s" for times in "TGP" if f"{times.lower()}flop" in text), "")
    if role == "learning_rate":
        return "1e-3" if "1e-3" in raw else "1"
    if role == "eval_loss" and re.search(r"(?<![a-z])bpb|bits_per_byte", text):
        return "bits/byte"
    if role in ("train_loss", "eval_loss"):
        return "bits" if re.search(r"(?<![a-z])bits($|_per_tok)", text) else ""
    if role == "batch_size":
        return "tokens" if "tok" in text else "samples" if re.search(r"sample|example|seq", text) else ""
    if role in FACTORS or role in ("train_loss", "eval_score"):
        return ""
    return ROLES.get(role, "")


def unit_of_values(role: str, value: npt.NDArray[np.float64]) -> str:
    """The unit by the size of the values, where the name says nothing.

    Thresholds are those that keep every framework of the table on its side: an MFU is a fraction up to 1; a GPU has
    16 to 288 GiB; no GPU does 5,000 TFLOP/s outside FP4, and none draws 5 kW.
    """
    (finite,) = chosen("finite", (value,), np.isfinite)
    if role == "mfu":
        (finite,) = chosen("not negative", (finite,), lambda v: v >= 0)  # nanoGPT writes -100 before the first estimate
    if len(finite) == 0:
        return ""
    usual, top = middle(finite), float(greatest(finite))
    if role in ("mfu", "clip_fraction"):
        return "fraction" if usual <= 1.0 else "%"
    if role == "gpu_utilization":
        return "fraction" if top <= 1.0 and not every("whole", (finite,), lambda v: v % 1.0 == 0) else "%"
    if role == "tflops":
        return "TFLOP/s" if usual < 1e5 else "GFLOP/s" if usual < 1e10 else "FLOP/s"
    if role in ("gpu_memory", "host_memory"):
        if top > 1e7:
            return "bytes"
        if top > 1024:
            return "MiB"
        return "GiB" if top > 1.0 else "fraction"
    if role == "gpu_power":
        return "mW" if usual > 5_000 else "W"
    if role == "gpu_clock":
        return "Hz" if usual > 1e7 else "MHz" if usual > 20 else "GHz"
    return ""


LEAST_MS = 20.0
"""Values below that are never taken for milliseconds."""


def step_time_unit(series: PlacedSeries) -> str:
    """`ms` or `s` by the wall time between a step time's points, for names that tell no unit; empty if neither fits.

    Parameters
    ----------
    series : PlacedSeries
        Step times as logged, on the training step.

    Notes
    -----
    A log that was written again later, all at once, has wall times that tell nothing: values below `LEAST_MS` are never
    taken for milliseconds, since a step of less than 20 ms is rarer than such a log.
    """
    known = _clocked(series)
    if known is None:
        return ""
    value, took = known
    ratio = value / took
    if 300.0 < ratio < 3000.0 and value >= LEAST_MS:
        return "ms"
    return "s" if 0.3 < ratio < 3.0 else ""


_OF_ALL = 0.15
"""Share by which a time may differ from the wall time between its points and be that of all steps between them: it
leaves out the evaluation that follows an epoch, or a checkpoint."""


def steps_in_one_time(series: PlacedSeries) -> float:
    """How many steps each value of a time without a unit is of, by the wall time between its points.

    More than 1 where it fits the seconds of all steps from point to point, as on the line that ends an epoch (`time:
    385.8s` every 1,330 steps), and better than it fits seconds or milliseconds of one step.
    """
    steps = middle(np.diff(series.step))
    known = _clocked(series) if steps > 1.0 else None  # of most logs, a value a step, the clock need not be asked
    if known is None:
        return 1.0
    value, took = known
    off = {many: abs(float(np.log(value / many / took))) for many in (steps, 1000.0, 1.0)}
    return steps if off[steps] <= _OF_ALL and off[steps] < min(off[1000.0], off[1.0]) else 1.0


def _clocked(series: PlacedSeries) -> tuple[float, float] | None:
    """The usual value, and the wall time (s) that a step takes from a point to the tenth after it; None where the log
    does not tell it.
    """
    if len(series) < 10:
        return None
    lag = min(10, len(series) - 1)
    gone, done = series.time[lag:] - series.time[:-lag], series.step[lag:] - series.step[:-lag]
    known = np.isfinite(gone) & (done > 0) & (gone > 0)
    value = series.value[np.isfinite(series.value) & (series.value > 0)]
    if int(known.sum()) < 3 or len(value) == 0:
        return None
    return middle(value), middle(gone[known] / done[known])


def corrected_by_clock(unit: str, series: PlacedSeries) -> str:
    """The unit of a step time by the clock where it is seconds for milliseconds or the other way round; else empty.

    Parameters
    ----------
    unit : str
        As the name or the framework's table says: `s` or `ms`.
    series : PlacedSeries
        As logged. Megatron forks write an `iteration-time` of 96 whose points are 0.096 s apart.
    """
    found = step_time_unit(series)
    return found if {unit, found} == {"s", "ms"} else ""
