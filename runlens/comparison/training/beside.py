"""Is a run's training that of the runs which it should equal? Loss, gradient norm and speed, each by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from runlens.comparison.pair import seeds_differ
from runlens.comparison.training.blocks import Blocks, blocks
from runlens.comparison.training.curves import SPEED
from runlens.comparison.training.words import sentence
from runlens.comparison.words import CLEAR
from runlens.model import Severity
from runlens.model.training import Training, TrainingCourse, TrainingCurve, TrainingGap, Trend
from runlens.stats.robust import Floats, median

SEEDS = MappingProxyType({"train_loss": 0.007, "grad_norm": 0.025})
"""Standard deviation of one healthy run among its twins, as a share: four seeds of a 12M model differ by 0.2 to 1.1 %
in training loss over the second half of their runs and by 1 to 5 % in gradient norm, sqrt(2) times that."""
SAME_BATCHES = 0.003
"""The same of the loss over the last quarter where both saw the same batches: a small GPT in fp32, with its batch cut
in two, or from another seed ended 0.2 to 0.35 % off the same in bf16 (in mid-run 1.4 %, as the others)."""
STEADY = 0.015
"""The same of the speed: what is left between runs on like machines."""
SURE = 3.0
"""Standard deviations from which on two runs are no twins."""
LAST = 0.25
"""Share of what both have over which levels are taken."""
SETTLING = 0.1
"""Share of it at the beginning that counts for no divergence: there curves are steep."""
MOSTLY = 0.85
"""Share of the blocks from a step on in which two curves must be apart for that to be where they part: what single
blocks say is noise."""
MUCH = 0.1
"""A speed lower by this share is an error."""
WORSE_HIGH = frozenset({"train_loss", "step_time"})


def training_beside(
    own: Training, members: Sequence[Training]
) -> tuple[tuple[TrainingGap, ...], tuple[tuple[str, str], ...]]:
    """Each training curve of a run beside those of others.

    Parameters
    ----------
    own : Training
    members : sequence of Training
        Golden runs, or seeds of one: their spread is the yardstick.

    Returns
    -------
    (gaps, left out)
        Loss, gradient norm and speed, as far as both sides have them; and (what, why) of the others.
    """
    gaps, left_out = [], []
    for role in _roles(own, members):
        theirs = [m.curves[role] for m in members if role in m.curves]
        if role not in own.curves and not theirs:
            continue
        if role not in own.curves or not theirs:
            left_out.append((role, "only the reference logged it" if theirs else "the reference did not log it"))
            continue
        mine = own.curves[role]
        if role in SPEED and any({m.scope, mine.scope} == {"global", "per_gpu"} for m in theirs):
            left_out.append((role, "one side logs it for each GPU, the other for all"))
            continue
        cut = blocks(mine, theirs)
        if isinstance(cut, str):
            left_out.append((role, cut))
        else:
            gaps.append(_gap(role, mine, theirs, cut))
    return tuple(gaps), tuple(left_out)


def _roles(own: Training, members: Sequence[Training]) -> list[str]:
    """Loss, norm, and the one speed that both sides tell."""
    both = [r for r in SPEED if r in own.curves and any(r in m.curves for m in members)]
    one = [r for r in SPEED if r in own.curves or any(r in m.curves for m in members)]
    return ["train_loss", "grad_norm", *(both or one)[:1]]


def _gap(role: str, own: TrainingCurve, members: Sequence[TrainingCurve], cut: Blocks) -> TrainingGap:
    mean = cut.gap.mean(axis=0)
    k = len(mean)
    late = slice(k - max(int(LAST * k), 1), None)
    prior = SEEDS.get(role, STEADY)
    deviation, spread = _yardstick(prior, cut.gap[:, late])
    end = _yardstick(SAME_BATCHES, cut.gap[:, late])[0] if cut.same_batches and role == "train_loss" else deviation
    noise = cut.noise / math.sqrt(max(int(LAST * k), 1))
    level = median(mean[late])
    sd = math.hypot(end, noise)
    sigmas = level / sd
    apart = abs(sigmas) >= SURE
    since = _since(mean, cut, level, sd) if apart else None
    before = k if since is None else int(np.searchsorted(cut.first, since))
    outside = _outside(mean[:before], math.hypot(deviation, cut.noise), int(SETTLING * k))
    ends = (math.expm1(level - CLEAR * sd), math.expm1(level + CLEAR * sd))
    lost = own.lost_from is not None and all(m.lost_from is None for m in members)
    worse = level > 0 if role in WORSE_HIGH else level < 0
    at = float(np.exp(median(cut.own[late])))
    made = TrainingGap(
        role=role,
        metric=own.metric,
        reference_metric=members[0].metric,
        steps=(int(cut.first[0]), int(cut.last[-1])),
        run=at,
        reference=at / math.exp(level),
        share=math.expm1(level),
        interval=ends,
        sigmas=sigmas,
        members=len(members),
        spread=spread,
        same_batches=cut.same_batches,
        trend=_trend(mean, deviation, cut.noise),
        apart=apart or lost,
        since=own.lost_from if lost else since,
        was_apart=outside and (int(cut.first[outside[0]]), int(cut.last[outside[1]])),
        severity=_severity(role, level, apart=apart, was=outside is not None, worse=worse, lost=lost),
        sentence="",
        notes=tuple(_notes(cut, own)),
        lost=lost,
        course=TrainingCourse((cut.first + cut.last) / 2, np.exp(cut.own), np.exp(cut.own - cut.gap), sd),
    )
    return sentence(made)


def _yardstick(prior: float, late: Floats) -> tuple[float, float]:
    """Standard deviation of a healthy run beside the mean of the others, and their own spread (NaN for one)."""
    if len(late) == 1:
        return prior * math.sqrt(2.0), math.nan
    return seeds_differ(prior**2, np.array([median(row) for row in late]))


def _outside(mean: Floats, sd: float, settled: int) -> tuple[int, int] | None:
    """First and last block of the longest stretch, three blocks or more, beyond what twins differ by."""
    beyond = np.abs(mean) >= SURE * sd
    beyond[:settled] = False
    best: tuple[int, int] | None = None
    start = None
    for i, out in enumerate([*beyond.tolist(), False]):
        if out and start is None:
            start = i
        elif not out and start is not None:
            if i - start >= 3 and (best is None or i - start > best[1] - best[0] + 1):
                best = (start, i - 1)
            start = None
    return best


def _since(mean: Floats, cut: Blocks, level: float, sd: float) -> int:
    """First step from which on the gap stays on its side of half of what it ends at, or of what twins differ by."""
    line = min(abs(level) / 2, CLEAR * sd)
    smooth = np.array([median(mean[max(i - 1, 0) : i + 2]) for i in range(len(mean))])
    beyond = np.sign(level) * smooth > line
    stays = np.cumsum(beyond[::-1])[::-1] / np.arange(len(mean), 0, -1) >= MOSTLY
    first = int(np.flatnonzero(beyond & stays)[0]) if np.any(beyond & stays) else len(mean) - 1
    itself = np.flatnonzero(np.sign(level) * mean[first:] > line)  # the median of three rises a block early
    first += int(itself[0]) if len(itself) else 0
    if cut.equal_to is not None and cut.equal_to + 1 >= cut.first[max(first - 1, 0)]:
        return cut.equal_to + 1
    return int(cut.first[first])


def _trend(mean: Floats, deviation: float, noise: float) -> Trend:
    """Whether the gap of the last quarter is clearly another than that of the second."""
    k = len(mean)
    quarter = max(k // 4, 1)
    before, after = median(mean[quarter : 2 * quarter]), median(mean[-quarter:])
    change = abs(after) - abs(before)
    if abs(change) < CLEAR * math.hypot(deviation, noise / math.sqrt(quarter)):
        return "steady"
    return "widening" if change > 0 else "closing"


def _severity(role: str, level: float, *, apart: bool, was: bool, worse: bool, lost: bool) -> Severity | None:
    if lost:
        return Severity.ERROR
    if apart and role == "train_loss":
        return Severity.ERROR if worse else Severity.WARNING
    if apart and role in SPEED:
        if not worse:
            return None
        return Severity.ERROR if abs(math.expm1(-abs(level))) >= MUCH else Severity.WARNING
    if apart or (was and role == "train_loss"):
        return Severity.WARNING
    return None


def _notes(cut: Blocks, own: TrainingCurve) -> list[str]:
    notes = []
    if cut.axis == "tokens":
        notes.append("compared at the same tokens, since a step is not as many on both sides")
    if cut.equal_to is not None:
        until = "at every step" if cut.equal_to >= cut.last[-1] else f"up to step {cut.equal_to:,}"
        notes.append(f"the very same values {until}")
    elif cut.same_batches:
        notes.append("both saw the same batches in the same order")
    if cut.ends and own.lost_from is None:
        notes.append(f"the run ends at step {own.step[-1]:,.0f}, before the reference: the rest was not compared")
    return notes
