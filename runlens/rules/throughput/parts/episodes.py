"""The slow points of a run, gathered into episodes and told apart: regular pauses, slow stretches, single long gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runlens.model import Run
from runlens.rules.throughput.parts.clock import at_pauses
from runlens.rules.throughput.parts.signal import FINE, RateSignal, flush_group
from runlens.stats.blocks import block_midmeans
from runlens.stats.periodicity import in_a_row
from runlens.stats.robust import Floats, median, sigma
from runlens.stats.rolling import centred_median
from runlens.stats.spans import spans

SAMPLE = 200_000
"""Points from which a median is taken: its standard error is then 0.3 % of the deviation."""
PAUSE_POINTS = 2
"""Logged points that one pause may spread over: the one it falls in, and the next where the timer lags."""
ONE_KIND = 2.5
"""Episodes of one kind, such as checkpoints, are of one length within this factor: a row is looked for among them."""


@dataclass(frozen=True, slots=True, eq=False)
class Episodes:
    """Runs of slow points, one row each; all arrays have shape (m,)."""

    first: npt.NDArray[np.int64]
    """Index of the first slow point."""
    last: npt.NDArray[np.int64]
    """Index of the last one."""
    excess: Floats
    """Time lost in it, in points of normal length."""
    slow: npt.NDArray[np.int64]
    """Number of slow points in it."""
    depth: Floats
    """Median time lost at its slow points, in points of normal length: one checkpoint in a stretch does not move it."""
    noise: float
    """Robust deviation of the log rate of single points about their level."""

    def __len__(self) -> int:
        return len(self.first)

    def take(self, keep: npt.NDArray[np.bool_]) -> Episodes:
        """The episodes at `keep`, shape (m,)."""
        return Episodes(
            self.first[keep], self.last[keep], self.excess[keep], self.slow[keep], self.depth[keep], self.noise
        )


def level(signal: RateSignal) -> Floats:
    """Level of the log rate at each point: midmeans of small blocks, smoothed by a median over nine of them.

    Slow stretches shorter than about four blocks (128 points in a log of 600 and more) leave it untouched.
    """
    n = len(signal)
    size = min(max(n // 16, 4), FINE)
    blocks = signal.fine if size == FINE else block_midmeans(signal.log, min(size, n))
    smooth, full = centred_median(blocks, 9), n // size * size
    out = np.empty(n)
    out[:full].reshape(-1, size)[:] = smooth[: full // size, None]
    out[full:] = smooth[-1]
    return out


def episodes(signal: RateSignal, depth: float, sigmas: float, gap: int = 2) -> Episodes:
    """Runs of points that are slower than their surroundings.

    Parameters
    ----------
    signal : RateSignal
        Of 8 points and more.
    depth : float
        Least time lost at a point, as a share of a normal point. From 3 on no level is needed: it is held against the
        median of all points, since no run is three times as fast at one end as at the other.
    sigmas : float
        Least distance in robust deviations of single points: a noisy run has fewer episodes, not more.
    gap : int
        Slow points this near to each other are one episode.
    """
    if depth >= 3.0:
        usual = median(signal.rate[:: max(len(signal) // SAMPLE, 1)])
        noise = 0.0
        at = np.flatnonzero(signal.rate < usual / (1.0 + depth))
        away = np.log(usual / signal.rate[at])
    else:
        away = level(signal)
        for a, b in spans(len(away)):
            away[a:b] -= np.log(signal.rate[a:b])
        noise = sigma(away[:: max(len(away) // SAMPLE, 1)], 0.0)
        at = np.flatnonzero(away > max(np.log1p(depth), sigmas * noise))
        away = away[at]
    if not len(at):
        none = np.empty(0, dtype=np.int64)
        return Episodes(none, none, np.empty(0), none, np.empty(0), noise)
    starts = np.append(0, np.flatnonzero(np.diff(at) > gap) + 1)
    stops = np.append(starts[1:], len(at))
    lost = np.expm1(np.minimum(away, 50.0))
    slow = stops - starts
    order = np.lexsort((lost, np.repeat(np.arange(len(starts)), slow)))
    middle = lost[order][starts + (slow - 1) // 2]
    return Episodes(at[starts], at[stops - 1], np.add.reduceat(lost, starts), slow, middle, noise)


def paused(run: Run, signal: RateSignal, found: Episodes) -> npt.NDArray[np.bool_]:
    """Which episodes are pauses where the run logged an eval or a checkpoint, however often those come."""
    return np.asarray((found.slow <= PAUSE_POINTS) & at_pauses(run, signal, found.first))


def regular(run: Run, signal: RateSignal, found: Episodes) -> npt.NDArray[np.bool_]:
    """Which episodes are pauses on schedule: in a row at equal intervals from the start on, or where it evaluated."""
    out = paused(run, signal, found)
    step = signal.step[found.first].astype(np.float64)
    single = (found.slow <= PAUSE_POINTS) & ~out
    order = np.flatnonzero(single)
    order = order[np.argsort(found.excess[order], kind="stable")]
    if len(order) >= 3:
        cuts = np.flatnonzero(np.diff(np.log(found.excess[order])) > np.log(ONE_KIND)) + 1
        for group in np.split(order, cuts):
            group = np.sort(group)
            places = step[group]
            if bool(np.all(np.diff(places) >= 0)):
                out[group] |= in_a_row(places, signal.stride)
    # a young run has made two checkpoints, at once and at twice its interval
    if len(order) == 2 and found.excess[order[1]] <= ONE_KIND * found.excess[order[0]]:
        out[order] |= abs(step[order].max() - 2.0 * step[order].min()) <= signal.stride
    return out


def seconds_lost(signal: RateSignal, found: Episodes) -> Floats:
    """Seconds that each episode took beyond its normal time; NaN where nothing tells how long a point takes.

    A logged rate may be that of one step in many: where the clock tells, no episode loses more than it lasted longer.

    Returns
    -------
    ndarray of float64, shape (m,)
    """
    lost = found.excess * signal.normal_seconds
    if not signal.clock_seconds > 0 or flush_group(signal.time[np.isfinite(signal.time)]) > 1:
        return lost
    took = signal.time[found.last] - signal.time[np.maximum(found.first - 1, 0)]
    longer = np.maximum(took - (found.last - found.first + 1) * signal.normal_seconds, 0.0)
    if signal.unit == "steps/s" and signal.origin.startswith("wall"):
        # one interval of the clock tells all of its time, however many steps it holds
        whole = (found.first == found.last) & ~np.isin(found.first, signal.resumes)
        both = np.where(whole, took * found.excess / (1.0 + found.excess), lost)
        lost, longer = both, np.where(whole, both, longer)
    return np.where(np.isfinite(took) & (found.first > 0) & (took > 0), np.minimum(lost, longer), lost)
