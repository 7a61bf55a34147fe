"""A comparison in words that a team acts on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from runlens.model import AtOnePoint, Comparison, Curve, GroupLag, Point, TaskLag
from runlens.model.comparison import Verdict
from runlens.model.words import some

_NAMES = {
    "arc_challenge": "ARC-Challenge",
    "arc_easy": "ARC-Easy",
    "boolq": "BoolQ",
    "gsm8k": "GSM8K",
    "hellaswag": "HellaSwag",
    "humaneval": "HumanEval",
    "lambada": "LAMBADA",
    "lambada_openai": "LAMBADA",
    "logiqa": "LogiQA",
    "mmlu": "MMLU",
    "openbook_qa": "OpenBookQA",
    "piqa": "PIQA",
    "sciq": "SciQ",
    "triviaqa": "TriviaQA",
    "winogrande": "WinoGrande",
    "wsc": "WSC",
}
"""Benchmarks as their papers write them."""
SPREAD = 3
"""From so many references on, their own standard deviation is quoted: that of two is hardly known."""
CLEAR = 1.96
"""Standard deviations to either side of a 95 % interval: what is further off leans one way or the other."""
CLOSE = 1e-6
"""References that differ by less, relatively, are copies and no yardstick."""
MANY = 100
"""So many standard deviations are as good as more."""
_METRICS = {"loss": "loss", "ppl": "perplexity", "bpb": "bits per byte", "acc_norm": "acc_norm", "acc": "acc"}


def amount(number: float, axis: str = "tokens") -> str:
    """A number of tokens or steps with three digits, such as `21.4 B tokens` or `2,600 steps`."""
    size = abs(number)
    if axis == "steps":
        return f"{number:,.0f} steps"
    for factor, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= factor * 0.9995:
            return f"{f'{number / factor:#.3g}'.rstrip('.')} {letter} tokens"
    return f"{number:.0f} tokens"


def label(curve: Curve) -> str:
    """A curve's name for people, such as `HellaSwag acc_norm` or `the validation loss`."""
    if curve.metric == "value":  # a series of whatever sort that a requirement names
        return curve.name
    if not curve.task:
        return f"validation {_METRICS.get(curve.metric, curve.metric)}"
    name = _NAMES.get(curve.task, curve.task)
    metric = _METRICS.get(curve.metric, curve.metric)
    return name if metric == "score" else f"{name} {metric}"


def times(factor: float) -> str:
    """A factor as `2.3 x`, and as a bound at the ends of what is tried."""
    if factor >= 63:
        return "more than 60 x"
    if factor <= 0.13:
        return "less than 0.13 x"
    return f"{factor:.2f} x" if factor < 1.995 else f"{factor:.1f} x"


def standing(at: float, factor: float, axis: str) -> str:
    """`at 21 B tokens … where the reference stood at 9 B: 12 B tokens (2.3 x) behind`, without the subject."""
    stood = at / factor
    return f"where the reference stood at {amount(stood, axis)}: {amount(at - stood, axis)} ({times(factor)}) behind"


def trend_words(trend: str) -> str:
    """The end of the sentence."""
    return {"widening": ", and widening", "closing": ", and closing"}.get(trend, "")


_ALONE = " by its last checkpoints alone"


def behind_sentence(comparison: Comparison, group: GroupLag) -> str:
    """The message of EVAL001."""
    tasks = [t for t in comparison.tasks if t.group == group.group]
    axis = comparison.axis
    low, high = group.interval
    if len(tasks) == 1:
        subject, verb = f"the {label(tasks[0].run)}" if not tasks[0].run.task else label(tasks[0].run), "stands"
    else:
        names = some([label(t.run) for t in sorted(tasks, key=lambda t: (not t.behind, t.gap))])
        subject, verb = f"{'the losses' if group.group == 'losses' else 'the scores'} ({names})", "stand"
    text = (
        f"at {amount(group.at, axis)} {subject} {verb} "
        f"{standing(group.at, group.factor, axis).replace('the reference', comparison.reference, 1)}"
        f"{trend_words(group.trend)} (95 % interval {times(low)} to {times(high)}{_ALONE if low <= 1 else ''})"
    )
    if group.from_start:
        text += ", from the first checkpoints on"
    if low <= 1:
        text += f"; {group.course:.1f} standard deviations of what healthy twins differ by over its whole course"
        return text + _others(comparison, group) + _leads_to(comparison, group)
    return text + _how_sure(tasks, group) + _others(comparison, group) + _leads_to(comparison, group)


def _how_sure(tasks: list[TaskLag], group: GroupLag) -> str:
    """The gap by the yardstick: the spread of the reference's own members where there is one, else of healthy twins."""
    task = tasks[0]
    if len(tasks) == 1 and task.seeds >= SPREAD and task.seed_sd > CLOSE * abs(task.run_value):
        worse = abs(task.gap)
        apart = worse / task.seed_sd
        many = f"{apart:.1f}" if apart < MANY else f"more than {MANY}"
        return f"; {worse:.3g} worse: {many} standard deviations of your {task.seeds} references"
    return f"; {group.sigmas:.1f} standard deviations of what healthy twins differ by"


def _leads_to(comparison: Comparison, group: GroupLag) -> str:
    """Where a widening lag leads at the planned end."""
    to = group.projected
    if to is None:
        return ""
    hours = f" and {to.gpu_hours:,.3g} GPU hours" if to.gpu_hours is not None else ""
    axis = comparison.axis
    trailing = amount(to.trailing, axis)
    return f"; going on so, it is {times(to.factor)} at the planned {amount(to.at, axis)}: {trailing}{hours} behind"


def verdict(groups: Sequence[GroupLag], at_one: Sequence[AtOnePoint], least: float) -> Verdict:
    """What the groups say together; `least` is the smallest lag that counts."""
    if not groups and not at_one:
        return "not compared"
    if any(g.behind for g in groups) or any(p.behind for p in at_one):
        return "behind"
    if any(unclear(g, least) for g in groups) or any(p.sigmas > CLEAR for p in at_one):
        return "cannot tell"
    ahead = [g.gap_interval[0] > 0 for g in groups] + [p.sigmas < -CLEAR for p in at_one]
    return "ahead" if all(ahead) else "level"


def unclear(group: GroupLag, least: float) -> bool:
    """True if the group leans behind, and its interval holds a lag that would count."""
    return not group.behind and group.interval[1] >= least and group.gap < 0


def sentence(comparison: Comparison, least: float) -> str:
    """The verdict in words."""
    if any(g.behind for g in comparison.groups):
        return behind_sentence(comparison, next(g for g in comparison.groups if g.behind))
    if any(p.behind for p in comparison.at_one) or not comparison.groups:
        return at_one_sentence(comparison, comparison.at_one[0])
    parts = []
    for group in comparison.groups:
        many = group.tasks != 1
        what = _counted(group)
        low, high = times(group.interval[0]), times(group.interval[1])
        if group.alone:
            parts.append(
                f"{what} lean behind ({times(group.factor)}, 95 % interval {low} to {high}), but "
                f"{_NAMES.get(group.alone, group.alone)} stands apart from the others: one task is no proof"
            )
        elif unclear(group, least):
            parts.append(
                f"{what} {'lean' if many else 'leans'} behind, too little to prove a lag and too noisy to exclude one "
                f"({times(group.factor)}, 95 % interval {low} to {high})"
            )
        else:
            place = "ahead of it" if group.gap_interval[0] > 0 else "level with it"
            parts.append(f"{what} {'are' if many else 'is'} {place} (lag {low} to {high})")
    at = max(g.at for g in comparison.groups)
    return f"at {amount(at, comparison.axis)}, beside {comparison.reference}: " + "; ".join(parts)


def at_one_sentence(comparison: Comparison, found: AtOnePoint) -> str:
    """What one checkpoint says."""
    where = f"at {amount(found.at, comparison.axis)} " if math.isfinite(found.at) else ""
    worst = [point_words(p) for p in found.points[:SPREAD]]
    more = f" and {len(found.points) - SPREAD} more" if len(found.points) > SPREAD else ""
    many = len(found.points) > 1
    if found.behind:
        word = "stand" if many else "stands"
        together = f"; together {found.sigmas:.1f} standard deviations" if many else ""
        return f"{where}{', '.join(worst)}{more} {word} below {comparison.reference}{together}, at this one checkpoint"
    what = f"{len(found.points)} {found.group}" if many else found.points[0].label
    verb = "are" if many else "is"
    lean = "leans behind, too little to prove it" if found.sigmas > CLEAR else (
        f"{verb} ahead" if found.sigmas < -CLEAR else f"{verb} level"
    )  # fmt: skip
    lean = lean.replace("leans", "lean") if many else lean
    return (
        f"{where}{what} {lean}, beside {comparison.reference}, at this one checkpoint ({worst[0]}"
        f"{' is the worst' if many else ''})"
    )


def point_words(point: Point) -> str:
    """`HellaSwag acc_norm (0.552 against 0.573, 4.1 standard deviations of 5 references)`."""
    p = f", p = {point.p:.2g}" if math.isfinite(point.p) else ""
    of = "" if math.isfinite(point.p) else f"{abs(point.sigmas):.1f} standard deviations of {point.yardstick}"
    of = of or f"on {point.yardstick}"
    return f"{point.label} ({point.value:.4g} against {point.reference:.4g}, {of}{p})"


def _counted(group: GroupLag) -> str:
    """`3 scores`, `one score` or `the validation loss`."""
    if group.tasks != 1:
        return f"{group.tasks} {group.group}"
    return "one score" if group.group == "scores" else "the validation loss"


def _others(comparison: Comparison, group: GroupLag) -> str:
    """What the other group says: level, behind too, or not proven by so few items."""
    for other in comparison.groups:
        if other.group == group.group:
            continue
        many = other.tasks != 1
        name = _counted(other)
        if other.behind:
            return f"; {name} trail{'' if many else 's'} too ({times(other.factor)})"
        if other.gap < 0 and other.interval[1] >= 1.25 and other.factor > 1:
            items = {t.n_items for t in comparison.tasks if t.group == other.group and t.n_items}
            on = f" on {min(items)} items" if items and other.group == "scores" else ""
            return f"; {name}{on} by {'themselves' if many else 'itself'} would not prove it"
        return f"; {name} {'are' if many else 'is'} level with it"
    return ""
