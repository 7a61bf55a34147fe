"""The levels at which a run's speed stood, and which changes between them are losses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from runlens.rules.throughput.parts.signal import FEWEST, FINE, RateSignal
from runlens.stats.blocks import block_midmeans, without_outliers
from runlens.stats.changes.changepoint import dips, refine
from runlens.stats.changes.shapes import shapes
from runlens.stats.folding import without_beat
from runlens.stats.robust import Floats, difference_sigma, median, quantile
from runlens.stats.rolling import centred_median

BLOCKS = 96
"""Blocks that a log is cut into: a change of level is placed on the raw points afterwards."""
RAMP_BLOCKS = 6
"""Blocks that a slope must exceed, 6 % of the log: a step whose edge falls inside a block passes for one of five."""
STEEP = 0.6
"""Part of a descent that falls within two neighbouring blocks from which it is a step with a slope beside it."""
EXCEEDS = 2.0
"""A loss must be this many times the range through which the run moves besides."""
RESTLESS = 1.0
"""Range of the wander over the least loss that is looked for from which a run is restless, as those are that a busy CPU
holds back: such a run has slopes of its own, and a ramp must bring more."""
RESTLESS_GAIN = 15.0
"""Of 360 random walks that end about 5 % away 24 have a ramp that brings 9, and 8 one that brings 15."""
UNDENIABLE = math.log(1.5)
"""A slope that takes a third of the speed is a loss, however the run moves besides."""
MEDIAN_RANGE = 3.29 * 1.25
"""Range from the 5th to the 95th percentile of Gaussian points, times what a median scatters more than a mean."""
TOLERANCE = 0.9
"""Part of the least loss from which a loss counts: whether one of just that size is found must not be luck."""
GAIN = 9.0
"""Log likelihood that a change must bring; see `runlens.stats.changes.shapes`."""
SMALLEST = 4
"""Points of a block in which short dips are looked for: the middle two of four leave one wild point out."""
BRIEF = 0.9
"""Part of the least length from which a dip counts as lasting: its edges may be off by some points."""
BRIEF_LEAST = -math.log1p(-0.1)
"""Least depth of a brief dip: 10 %. A lasting loss of less costs more than a dip that is over."""


@dataclass(frozen=True, slots=True)
class Slowdown:
    """A lasting loss of speed; indices are points of the signal."""

    kind: Literal["step", "ramp"]
    start: int
    """First slower point, or first point of the ramp."""
    settled: int
    """First point at the new level: `start` for a step, the end of a ramp."""
    end: int
    """Last slower point: the end of the log, or the last before the speed came back."""
    before: float
    """Rate before."""
    after: float
    """Rate after."""
    recovered: bool
    familiar: bool
    """True if the run had stood at or below the new rate before, for long: no loss against its own beginning."""
    brief: bool = False
    """True if it lasted less long than a level must: a dip that is over, or one that has just begun."""

    @property
    def share(self) -> float:
        """Part of the speed that was lost, 0 to 1."""
        return 1.0 - self.after / self.before


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    level: Floats
    """(K,): log rate of each block as fitted: flat but for the changes that count."""
    size: int
    first: int
    """Point at which the first block begins."""
    shortest: int
    """Blocks that make a level."""
    wander: float
    """Range (5th to 95th percentile) of what is left when the changes are taken out, smoothed over a level."""

    def point(self, block: int) -> int:
        return self.first + block * self.size


def slowdowns(signal: RateSignal, least: float, min_points: int) -> tuple[Slowdown, ...]:
    """Every lasting loss of speed, in order of start.

    Parameters
    ----------
    signal : RateSignal
    least : float
        Least loss that counts, as a share of the speed.
    min_points : int
        Logged points that a level must last; a tenth of the log where that is fewer.
    """
    key = ("slowdowns", least, min_points)
    if key not in signal.judged:
        signal.judged[key] = _judge(signal, -TOLERANCE * math.log1p(-least), min_points)
    return cast("tuple[Slowdown, ...]", signal.judged[key])


def settle_in(points: int) -> int:
    """How many points at the beginning are those of a run that has not settled in: none of them is a level."""
    return min(max(points // 50, 2), 500)


def _judge(signal: RateSignal, least: float, min_points: int) -> tuple[Slowdown, ...]:
    n = len(signal)
    settle = settle_in(n)
    if n - settle < FEWEST:
        return ()
    lasting = max(min(min_points, n // 10), 3)
    blocks = _fit(signal, settle, lasting, 0.6 * least)
    found = _descents(signal.log, blocks, least)
    found += _short_dips(signal, settle, lasting, least, found)
    return tuple(sorted(found, key=lambda s: s.start))


def _fit(signal: RateSignal, settle: int, lasting: int, least: float) -> _Blocks:
    """Blocks of log rate after the settle-in, and the level that each stands at."""
    n = len(signal)
    if n > 2 * BLOCKS * FINE:
        group = max(round((len(signal.fine) - settle // FINE) / BLOCKS), 1)
        count = (len(signal.fine) - settle // FINE) // group
        size, first = group * FINE, (len(signal.fine) - count * group) * FINE
        m = signal.fine[-count * group :].reshape(count, group).mean(axis=1)
    else:
        size = max(round((n - settle) / BLOCKS), 1)
        first = n - (n - settle) // size * size
        m = _midmeans(signal, first, size)
    m = without_outliers(m, 9)
    shortest = max(3, math.ceil(lasting / size))
    found, level = shapes(m, least, GAIN)
    rest = m - level
    # of short logs the smoothed rest still holds white noise, which the fit has accounted for
    white = MEDIAN_RANGE * difference_sigma(rest) / math.sqrt(shortest)
    rest = centred_median(rest, shortest)
    span = quantile(rest, 0.95) - quantile(rest, 0.05)
    wander = math.sqrt(max(span * span - white * white, 0.0))
    at = np.arange(len(m)) + 0.5
    for s in found:
        if s.kind == "box" and s.end - s.start < shortest:  # what comes and goes within less than a level is no level
            level[s.start : s.end] -= s.size
        petty = s.kind == "ramp" and s.gain < RESTLESS_GAIN and abs(s.size) < UNDENIABLE
        if petty and wander > RESTLESS * least:
            level -= s.size * np.clip((at - s.start) / (s.end - s.start), 0.0, 1.0)
    return _Blocks(level, size, first, shortest, wander)


def _midmeans(signal: RateSignal, first: int, size: int) -> Floats:
    """Levels of the blocks of a short log, a beat taken out; found once for all rules, since finding a beat is dear."""
    key = ("midmeans", first, size)
    if key not in signal.judged:
        raw = signal.log[first:]
        signal.judged[key] = block_midmeans(without_outliers(without_beat(raw)) if size < FINE else raw, size)
    return cast("Floats", signal.judged[key])


def _runs(falls: npt.NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Half-open runs of True, those nearer to each other than `gap` joined."""
    at = np.flatnonzero(falls)
    if not len(at):
        return []
    cut = np.flatnonzero(np.diff(at) > gap)
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(at, cut + 1)]


def _core(fall: Floats, first: int, stop: int) -> tuple[int, int]:
    """The two neighbouring changes that make most of a descent, if any do: a step may stand on a gentle slope."""
    part = fall[first:stop]
    if len(part) > 2:
        pair = part[1:] + part[:-1]
        at = int(np.argmax(pair))
        if pair[at] > STEEP * part.sum():
            return first + at, first + at + 2
    return first, stop


def _descents(y: Floats, blocks: _Blocks, least: float) -> list[Slowdown]:
    """Each stretch in which the fitted level goes down by `least` and stays there."""
    f, shortest = blocks.level, blocks.shortest
    change = np.diff(f)
    healthy = np.ones(len(f), dtype=bool)
    out: list[Slowdown] = []
    for run in _runs(change < -1e-9, 2):
        first, stop = _core(-change, *run)
        start, settled = first + 1, stop
        ramp = stop - first > RAMP_BLOCKS and _slopes(y, blocks, start, settled)
        if start < shortest and not (ramp and settled - start >= 2 * shortest):
            continue
        if len(f) - (start if ramp else settled) < shortest:
            continue
        before = median(f[max(start - 2 * shortest, 0) : start]) if stop - first <= 2 else float(f[first])
        after = float(f[settled])
        if before - after < max(least, EXCEEDS * blocks.wander):
            continue
        back = np.flatnonzero(f[settled:] > (before + after) / 2.0)
        end = settled + int(back[0]) if len(back) else len(f)
        if end - (start if ramp else settled) < shortest:
            continue
        after = after if ramp else median(f[settled:end])
        earlier = f[:start][healthy[:start]]
        familiar = bool(len(earlier)) and after > quantile(earlier, 0.1) - least / 2.0
        healthy[start:end] = False
        out.append(_placed(y, blocks, ramp, (start, settled, end), before, after, familiar))
    return out


def _slopes(y: Floats, blocks: _Blocks, start: int, settled: int) -> bool:
    """Whether the raw points of a descent fit the slope better than the best step, by absolute deviations.

    A step whose edge falls inside a block looks like a short ramp to the blocks, never to the points.
    """
    low, high = max(start - 2, 0), min(settled + 2, len(blocks.level))
    part = y[blocks.point(low) : blocks.point(high)]
    before, after = float(blocks.level[start - 1]), float(blocks.level[settled])
    edge = refine(part, 0, len(part), before, after)
    step = np.abs(part[:edge] - before).sum() + np.abs(part[edge:] - after).sum()
    middles = (np.arange(low, high) - low + 0.5) * blocks.size
    slope = np.interp(np.arange(len(part)) + 0.5, middles, blocks.level[low:high])
    return bool(np.abs(part - slope).sum() < step)


def _placed(
    y: Floats, blocks: _Blocks, ramp: bool, place: tuple[int, int, int], before: float, after: float, familiar: bool
) -> Slowdown:
    """A slowdown in points and rates; the edges of steps are placed on the raw points."""
    start, settled, end = place
    reach, recovered = 3 * blocks.size, end < len(blocks.level)
    at, to, last = blocks.point(start), blocks.point(settled), len(y) - 1
    if not ramp:
        at = to = refine(y, blocks.point(start) - reach, blocks.point(settled) + reach, before, after)
    if recovered:
        back = median(blocks.level[end : end + blocks.shortest])
        last = refine(y, blocks.point(end) - reach, blocks.point(end) + reach, after, back) - 1
    return Slowdown(
        "ramp" if ramp else "step", at, to, max(last, to), math.exp(before), math.exp(after), recovered, familiar
    )


def _short_dips(signal: RateSignal, settle: int, lasting: int, least: float, known: list[Slowdown]) -> list[Slowdown]:
    """Losses too short for the blocks of the whole log: those of `lasting` points, and one or two brief deep ones.

    Brief ones are looked for in logs of up to 6,144 points, where they are half a percent of the log and more; three
    and more come back, which TPUT004 tells.
    """
    y, n = signal.log, len(signal)
    long = n > 2 * BLOCKS * FINE
    size = FINE if long else max(n // (2 * BLOCKS), SMALLEST)
    skip = -(-settle // size)
    m = signal.fine[skip:] if long else block_midmeans(y[skip * size : n // size * size], size)
    settle = skip * size
    shortest = max(3, -(-lasting // size)) if long else 3
    out = []
    for first, stop in dips(m, least, shortest=shortest, longest=max(len(m) // (32 if long else 8), 3)):
        width = stop - first
        before = median(m[max(first - 4 * width, 0) : first])
        after = median(m[first:stop])
        a, b = settle + first * size, min(settle + stop * size, n)
        # before the first block nothing is known, and the level there is NaN
        if any(s.start - width * size <= a <= s.end for s in known) or not before - after >= least:
            continue
        recovered = stop < len(m)
        start = refine(y, max(a - 3 * size, 0), a + 3 * size, before, after)
        end = refine(y, b - 3 * size, b + 3 * size, after, before) - 1 if recovered else n - 1
        brief = end - start + 1 < BRIEF * lasting
        if end < start or (brief and (long or before - after < BRIEF_LEAST)):
            continue
        out.append(Slowdown("step", start, start, end, math.exp(before), math.exp(after), recovered, False, brief))
    few = sum(s.brief for s in out) <= 2
    return [s for s in out if few or not s.brief]
