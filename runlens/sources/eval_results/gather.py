"""From the scores of many result files to one point a checkpoint, all of them measured in one way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from runlens.sources.eval_results.files import ResultFile
from runlens.sources.eval_results.positions import Place, in_order
from runlens.sources.eval_results.score import ALL, Score

Key = tuple[str, str, str]
"""Task, metric and setting."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One score at its place in training."""

    score: Score
    file: ResultFile
    place: Place


@dataclass(frozen=True, slots=True)
class Course:
    """The scores of one eval, at most one a checkpoint, in the order of training."""

    points: tuple[Placed, ...]
    left_out: tuple[str, ...]
    """Sentences on points that were measured in another way."""


def gather(found: Sequence[tuple[ResultFile, Place]]) -> dict[Key, Course]:
    """One course for each task, metric and setting.

    Parameters
    ----------
    found : sequence of (ResultFile, Place)
        In the order in which they were written.

    Returns
    -------
    dict
        Of several scores at one checkpoint the one on more items counts, then the later one: what `--limit 10` wrote
        never replaces a full evaluation. Checkpoints that were measured in another way than most (full ones before
        limited ones) are left out, and said.
    """
    groups: dict[Key, list[Placed]] = {}
    for file, place in found:
        for score in file.scores:
            groups.setdefault((score.task, score.metric, score.setting), []).append(Placed(score, file, place))
    return {key: _course(group) for key, group in groups.items()}


def _course(group: Sequence[Placed]) -> Course:
    at: dict[Place, Placed] = {}
    for placed in group:
        held = at.get(placed.place)
        if held is None or _rank(placed.score) >= _rank(held.score):
            at[placed.place] = placed
    points = sorted(at.values(), key=lambda p: in_order(p.place))
    ways = Counter(_way(p) for p in points)
    last = {_way(p): i for i, p in enumerate(points)}
    ranks = {_way(p): _rank(p.score) for p in points}
    best = max(ways, key=lambda way: (ranks[way] == _FULL, ways[way], last[way]))
    kept = [p for p in points if _way(p) == best]
    other = [p for p in points if _way(p) != best]
    said = [f"{p.score.name} of {_where(p)} was left out: {_differs(p.score, kept[-1].score)}" for p in other]
    return Course(tuple(kept), tuple(said))


_FULL = (2, 0.0)


def _rank(score: Score) -> tuple[int, float]:
    """All items before those that were drawn, these before the first few."""
    items = score.conditions.get("items", ALL)
    if items == ALL:
        return _FULL
    return (0 if items.startswith("the first") else 1), float(score.n_items)


def _way(placed: Placed) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(placed.score.conditions.items()))


def _where(placed: Placed) -> str:
    step, tokens = placed.place
    return f"step {step:,.0f}" if step is not None else f"{tokens:,.0f} tokens" if tokens is not None else (
        placed.file.path.name
    )  # fmt: skip


def _differs(one: Score, other: Score) -> str:
    for name in sorted({*one.conditions, *other.conditions}):
        a, b = one.conditions.get(name, "not told"), other.conditions.get(name, "not told")
        if a != b:
            return f"its {name} is {a}, that of the others {b}"
    return "it was measured in another way"
