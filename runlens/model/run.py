"""A training run as it was read: its series, what they mean, and what could not be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeVar, cast

import numpy as np
import numpy.typing as npt

from runlens.growing import greatest, least, some_finite
from runlens.model.measured import Measured
from runlens.model.series import PlacedSeries, Series
from runlens.run_config import RunConfig

State = Literal["running", "finished", "crashed", "unknown"]
Scope = Literal["global", "per_gpu", "per_rank", "unknown"]
Split = Literal["train", "eval"]
Direction = Literal["up", "down"]
Origin = Literal["user", "table", "pattern", "task", "derived", "only", ""]
"""By what a series got its role: the user named it; its name stands in a framework's table; its name fits a pattern;
it is the name of a benchmark or a held-out split; it was computed; nothing else was left. Empty: not said."""

Found = TypeVar("Found")

_NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a run's log that was lost or left out: what LOG001 reports."""

    kind: Literal["damaged", "truncated", "left-out", "unsupported", "guessed"]
    """`damaged`: bytes that fail their check. `truncated`: data known to be missing. `left-out`: data that
    the source holds but did not hand over. `unsupported`: understood to be data, of a kind not read. `guessed`:
    read, by a guess that the user may settle. A torn tail of a file that may still be written is no note."""
    message: str
    """One sentence: what, where, how much."""
    records: int = 0
    """Number of records not read, 0 if not known."""
    bytes_unread: int = 0
    """Bytes not read, 0 if not known."""
    bytes_total: int = 0
    """Bytes of the whole source, 0 if not known."""
    series: str = ""
    """The series whose cells were not read, or whose place is not known, by its logged name; empty if it is no
    one's."""
    share: float = 0.0
    """Share of that series' cells, 0 to 1."""


@dataclass(frozen=True, slots=True)
class RoleSeries:
    """A series whose part in the run is understood, in the role's own unit, over the training step."""

    role: str
    """One of `runlens.roles.ROLES`, such as `train_loss`."""
    series: PlacedSeries
    """`step` is the training step (optimizer step) whatever the log's x axis was; `value` is in `unit`."""
    unit: str
    """The role's canonical unit: `nats`, `s`, `tokens/s`, `tokens`, `C`, `W`, `bytes`, `%`, `1`, …"""
    scope: Scope = "unknown"
    """Whole run, one GPU or one rank."""
    split: Split = "train"
    """Training data or held-out data."""
    task: str = ""
    """For evals: the canonical task, such as `hellaswag`; empty elsewhere."""
    metric_kind: str = ""
    """For evals: the canonical kind of metric, such as `acc_norm`, `exact_match`, `ppl`, `bpb`, `loss`. For hardware:
    which quantity of its role, such as `hbm` (memory temperature), `bus` (memory activity); empty for the main one."""
    setting: str = ""
    """For evals: few-shot or prompt setting if the name says it, such as `5-shot`; empty if it does not."""
    device: str = ""
    """For hardware and per-rank series: which device, such as `gpu 3` or `node1 gpu 3` or `rank 5`."""
    direction: Direction | None = None
    """Which way is better; None where neither is."""
    confidence: float = 1.0
    """0 to 1: how sure the resolution is."""
    why: str = ""
    """The rule by which the role was given, for people."""
    derived: bool = False
    """True if computed from other series, not logged."""
    cumulative: bool = False
    """True for rates that are means since the start (they were differentiated before they came here)."""
    origin: Origin = ""
    """By what the role was given: what code asks, where `why` is for people."""
    by: str = ""
    """Which table or pattern: the framework's name (`nanotron`) or the pattern's (`loss-component`); else empty."""
    smoothed: Literal["", "window", "since the epoch began", "since the start", "exponential", "mean"] = ""
    """What kind of running mean it is, by name or framework; `mean` where neither says which, empty for none known."""
    direction_from: Literal["", "user", "name", "config", "course"] = ""
    """What told the direction, for eval scores; `course`: nothing but the way in which the run itself went at first."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Everything known about one run. Made by a reader; `roles` are filled in by `runlens.roles.resolve`."""

    id: str
    """Short name, unique in one report."""
    name: str
    """Display name, may be the id."""
    source: str
    """Where it was read from, as the user named it (no secrets)."""
    state: State = "unknown"
    """What the source says of the run's life; `unknown` where it says nothing (event files)."""
    config: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    """Hyperparameters, flat or nested, as logged."""
    summary: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    """Summary values, if the source has such (W&B)."""
    series: Mapping[str, Series] = field(default_factory=lambda: MappingProxyType({}))
    """Every scalar series by its logged name, raw: own unit, own x axis."""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Series of words, such as a logged phase, and the words: a value of such a series is the place of its word here.
    They play no role."""
    placed: Mapping[str, PlacedSeries] = field(default_factory=lambda: MappingProxyType({}))
    """The same series in their own unit on the training step, each placed when it is first asked for and then kept.
    Empty until resolved. Who looks for a series by its logged name takes it from here."""
    roles: Mapping[str, tuple[RoleSeries, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Role to the series that play it, the canonical one first. Empty until resolved."""
    notes: tuple[Note, ...] = ()
    """What could not be read."""
    starts: tuple[float, ...] = ()
    """Wall times (s since the epoch) at which the run was started or resumed, as far as known."""
    step_metric: str = ""
    """Name of the series that is the training step where the log's own x axis is not (W&B `define_metric`)."""
    axis_name: str = ""
    """What the log calls its own x axis, such as `episode`; `lines` where a console log prints none and its lines were
    counted; empty where it has no name or the reader does not say."""
    x_is_step: bool = False
    """True where the x axis is the training step whatever other counters were logged: the user named it, or the reader
    looked at all of them (a table of environment steps)."""
    read_at: float = math.nan
    """Wall time at which the log was read (rules read no clock)."""
    framework: str = ""
    """The training framework by the fingerprint of its names, or empty."""
    measured: Mapping[str, Measured] = field(default_factory=lambda: MappingProxyType({}))
    """What result files tell of evals, by the name of their series."""
    unplaced: bool = False
    """True for the evaluation of a model of which nothing tells where in training it stands, such as a final one: its
    evals have one point, at step 0."""
    entity: str = ""
    """The team or user that the source files the run under (W&B); empty where it has none."""
    project: str = ""
    """The project that the source files it under; empty where it has none."""
    hardware_count: int = 0
    """GPUs (or other accelerators) of the whole run; 0 if unknown."""
    url: str = ""
    """Its page at the tracker that holds it, by the tracker's own word; empty where it has none. No secrets."""
    memory: dict[Hashable, object] | None = field(default=None, repr=False)
    """What `kept` holds of looks before at the same run, and for later ones; None where it is looked at once."""
    _worked_out: dict[Hashable, object] = field(default_factory=dict, init=False, repr=False)
    """What `once` has found."""

    @property
    def counts_lines(self) -> bool:
        """Whether the x axis counts lines of a log without a step: nothing tells one launch from the next there."""
        return self.axis_name == "lines"

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """What `find` returns, worked out when it is first asked for under `key` and kept as long as the run."""
        if key not in self._worked_out:
            self._worked_out[key] = find()
        return cast("Found", self._worked_out[key])

    def kept(self, key: Hashable, begin: Callable[[], Found]) -> Found | None:
        """What may be taken up from the look before under `key`, `begin()` at the first; None where nothing is kept.

        It must hold itself against the run as it is: what is found may not depend on it.
        """
        return None if self.memory is None else cast("Found", self.memory.setdefault(key, begin()))

    @property
    def configured(self) -> RunConfig:
        """What its config says, whichever tool wrote it."""
        return self.once("config", lambda: RunConfig(self.config))

    def role(self, role: str) -> RoleSeries | None:
        """The canonical series of a role, or None."""
        found = self.roles.get(role, ())
        return found[0] if found else None

    def every(self, role: str) -> tuple[RoleSeries, ...]:
        """All series of a role (devices, tasks, alternates), the canonical one first."""
        return self.roles.get(role, ())

    def named(self, name: str) -> RoleSeries | None:
        """The series of a logged name in the first role that it plays, or None."""
        return self.once("series by name", self._by_name).get(name)

    def _by_name(self) -> dict[str, RoleSeries]:
        found: dict[str, RoleSeries] = {}
        for group in self.roles.values():
            for part in group:
                found.setdefault(part.series.name, part)
        return found

    @property
    def points(self) -> int:
        """Number of points of all series, as read."""
        return sum(len(s) for s in self.series.values())

    def step_range(self) -> tuple[int, int] | None:
        """First and last training step of the training series, or None if nothing is resolved."""
        return self.once("step range", self._step_range)

    def _step_range(self) -> tuple[int, int] | None:
        names = ("train_loss", "grad_norm", "learning_rate", "tokens_per_second", "step_time", "tokens")
        of_training = [r.series for name in names for r in self.roles.get(name, ())[:1]]
        every = [r.series for group in self.roles.values() for r in group]
        for found in (of_training if "train_loss" in self.roles else [], every or list(self.placed.values())):
            spans = [(int(least(s.step)), int(greatest(s.step))) for s in found if len(s)]
            if spans:
                break
        if not spans:
            return None
        return min(a for a, _ in spans), max(b for _, b in spans)

    def tokens_at(self, steps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Tokens consumed at the given training steps, NaN where not known.

        Parameters
        ----------
        steps : array_like of int or float, shape (m,)

        Returns
        -------
        ndarray of float64, shape (m,)
            Interpolated linearly in the `tokens` role; beyond its ends the mean tokens per step
            is carried on; of a single point only its own step is known. All NaN if the run has no `tokens`
            role or no point of it.
        """
        wanted = np.atleast_1d(np.asarray(steps, dtype=np.float64))
        known = self.once("tokens", self._tokens)
        if known is None or len(known) == 0:
            return np.full(wanted.shape, np.nan)
        if len(known) == 1:
            return np.where(wanted == known.step[0], known.value[0], np.nan)
        # the points on both sides of each step are enough, and most runs have millions more
        within = np.clip(np.nan_to_num(wanted), known.step[0] - 1, known.step[-1])
        after = np.searchsorted(known.step, np.floor(within).astype(np.int64), side="right")
        near = np.sort(np.clip(np.concatenate([after - 1, after, [0, len(known) - 1]]), 0, len(known) - 1))
        near = near[np.append(True, near[1:] != near[:-1])]
        x, y = known.step[near].astype(np.float64), known.value[near]
        inside = np.interp(wanted, x, y)
        rate = (y[-1] - y[0]) / (x[-1] - x[0])
        inside = np.where(wanted > x[-1], y[-1] + (wanted - x[-1]) * rate, inside)
        return np.asarray(np.where(wanted < x[0], np.maximum(y[0] + (wanted - x[0]) * rate, 0.0), inside))

    def time_at(self, steps: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Wall time (s since the epoch) of the last write at or before the given training steps, NaN where unknown.

        Parameters
        ----------
        steps : array_like of int or float, shape (m,)

        Returns
        -------
        ndarray of float64, shape (m,)
        """
        wanted = np.atleast_1d(np.asarray(steps, dtype=np.float64))
        known = self.once("times", self._times)
        if known is None:
            return np.full(wanted.shape, np.nan)
        at = np.searchsorted(known.step, np.floor(wanted).astype(np.int64), side="right") - 1
        return np.where(at >= 0, known.time[np.maximum(at, 0)], known.time[0])

    def _tokens(self) -> PlacedSeries | None:
        tokens = self.role("tokens")
        known = tokens.series.latest() if tokens is not None else None
        return known.finite() if known is not None else None

    def _times(self) -> PlacedSeries | None:
        """The longest logged series with wall times, or None."""
        best: PlacedSeries | None = None
        for group in self.roles.values():
            for r in group:
                if not r.derived and (best is None or len(r.series) > len(best)) and some_finite(r.series.time):
                    best = r.series
        if best is None:
            return None
        known = best.latest()
        timed = known.timed()
        return timed if len(timed) else None  # the last write of each step may be the one without a time
