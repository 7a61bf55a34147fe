"""Answers of a server as series of one GPU or one host each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.model import Series

Labels = Mapping[str, str]
Samples = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Times in seconds since the epoch, and values."""
_HOSTS = ("Hostname", "hostname", "node", "kubernetes_node", "instance")
"""Labels that name a host, the best first."""
_LONGEST = 100


def host_of(labels: Labels) -> str:
    """The host of a series: its name, or where it was scraped, without the port."""
    named = next((labels[key] for key in _HOSTS if labels.get(key)), "")
    return clean(named if labels.get("Hostname") == named else re.sub(r":\d+$", "", named))


def clean(text: str) -> str:
    """A label as part of a name: letters, digits, dots and dashes."""
    return re.sub(r"[^\w.-]", "_", text)[:_LONGEST]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which GPU a series is of."""

    index: Mapping[str, str]
    """`uuid` to the index that nvidia_gpu_exporter says, or to a place in the order of uuids of a host."""

    @classmethod
    def of(cls, gpus: Iterable[Labels], info: Iterable[Labels]) -> Numbers:
        """From all series of GPUs, and those of the info metric."""
        said = {one["uuid"]: one["index"] for one in info if one.get("uuid") and one.get("index", "").isdecimal()}
        unnamed: dict[str, set[str]] = {}
        for one in gpus:
            if "gpu" not in one and (uuid := one.get("uuid", "")) and uuid not in said:
                unnamed.setdefault(host_of(one), set()).add(uuid)
        for uuids in unnamed.values():
            said |= {uuid: str(n) for n, uuid in enumerate(sorted(uuids))}
        return cls(said)

    def __call__(self, labels: Labels) -> str:
        """The index as text; empty if nothing tells it."""
        if labels.get("gpu", "").isdecimal():
            return labels["gpu"]
        found = re.search(r"(\d+)$", labels.get("device", "")) if "uuid" not in labels else None
        return found[1] if found else self.index.get(labels.get("uuid", ""), "")


def samples_of(result: Mapping[str, object]) -> Samples:
    """One series of a matrix; what is no number is left out (a server writes all as text).

    Raises
    ------
    ValueError, TypeError
        It is no series.
    """
    values = result.get("values") or ()
    if not isinstance(values, Sequence):
        raise TypeError("values")
    table = np.array([(float(at), float(value)) for at, value in values], dtype=np.float64).reshape(-1, 2)
    kept = np.isfinite(table).all(axis=1)
    return table[kept, 0], table[kept, 1]


def together(parts: Sequence[Samples]) -> Samples:
    """Samples of one thing under several sets of labels (a pod that changed), in order; of equal times the first."""
    time, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    time, first = np.unique(time, return_index=True)
    return time, value[first]


def without_history(samples: Samples, began: float) -> Samples:
    """The last code of an error, with 0 for one that was there before the run began and has not changed."""
    time, value = samples
    if not len(value) or value[0] == 0 or time[0] > began:
        return samples
    other = np.flatnonzero(value != value[0])
    old = np.arange(len(value)) < (other[0] if len(other) else len(value))
    return time, np.where(old, 0.0, value)


def codes_of_events(events: Sequence[tuple[str, Samples]], first: float) -> Samples:
    """Counters of events, one a code, as the code at each sample at which its counter rose, and 0 elsewhere.

    Parameters
    ----------
    events : sequence of (code, samples)
    first : float
        When the span that was asked for began. A counter that appears later appears with its first event: no server
        ever saw it at 0.
    """
    grid = np.unique(np.concatenate([time for _, (time, _) in events]))
    value = np.zeros(len(grid))
    for code, (time, counted) in events:
        number = float(code) if code.isdecimal() else math.nan
        if not len(time) or math.isnan(number):
            continue
        rose = np.diff(counted, prepend=0.0 if time[0] > first else counted[0]) > 0
        value[np.searchsorted(grid, time[rose])] = number
    return grid, value


def series_of(name: str, labels: str, samples: Samples) -> Series:
    """A series under a name that says what it is of, as Prometheus writes it."""
    time, value = samples
    full = f"{name}{{{labels}}}"
    return Series(full, np.arange(len(time)), time, value)
