"""A comparison in words that a team acts on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from runlens.model import Comparison, Curve, GroupLag, TaskLag
from runlens.model.comparison import Verdict

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


def behind_sentence(comparison: Comparison, group: GroupLag) -> str:
    """The message of EVAL001."""
    tasks = [t for t in comparison.tasks if t.group == group.group]
    axis = comparison.axis
    low, high = group.interval
    if len(tasks) == 1:
        subject, verb = f"the {label(tasks[0].run)}" if not tasks[0].run.task else label(tasks[0].run), "stands"
    else:
        names = ", ".join(label(t.run) for t in sorted(tasks, key=lambda t: (not t.behind, t.gap))[:3])
        more = f" and {len(tasks) - 3} more" if len(tasks) > 3 else ""
        subject, verb = f"{'the losses' if group.group == 'losses' else 'the scores'} ({names}{more})", "stand"
    text = (
        f"at {amount(group.at, axis)} {subject} {verb} "
        f"{standing(group.at, group.factor, axis).replace('the reference', comparison.reference, 1)}"
        f"{trend_words(group.trend)} (95 % interval {times(low)} to {times(high)})"
    )
    if group.from_start:
        text += ", from the first checkpoints on"
    return text + _how_sure(tasks, group) + _others(comparison, group) + _leads_to(comparison, group)


def _how_sure(tasks: list[TaskLag], group: GroupLag) -> str:
    """The gap by the yardstick: the spread of the reference's own members where there is one, else of healthy twins."""
    task = tasks[0]
    if len(tasks) == 1 and task.seeds >= SPREAD and 0 < task.seed_sd < math.inf:
        worse = abs(task.gap)
        return f"; {worse:.3g} worse: {worse / task.seed_sd:.1f} standard deviations of your {task.seeds} references"
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


def verdict(groups: Sequence[GroupLag], least: float) -> Verdict:
    """What the groups say together; `least` is the smallest lag that counts."""
    if not groups:
        return "not compared"
    if any(g.behind for g in groups):
        return "behind"
    if any(unclear(g, least) for g in groups):
        return "cannot tell"
    return "ahead" if all(g.gap_interval[0] > 0 for g in groups) else "level"


def unclear(group: GroupLag, least: float) -> bool:
    """True if the group leans behind, and its interval holds a lag that would count."""
    return not group.behind and group.interval[1] >= least and group.gap < 0


def sentence(comparison: Comparison, least: float) -> str:
    """The verdict in words."""
    if comparison.verdict == "behind":
        return behind_sentence(comparison, next(g for g in comparison.groups if g.behind))
    parts = []
    for group in comparison.groups:
        many = group.tasks != 1
        what = (
            f"{group.tasks} {group.group}"
            if many
            else "one score"
            if group.group == "scores"
            else "the validation loss"
        )
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


def _others(comparison: Comparison, group: GroupLag) -> str:
    """What the other group says: level, behind too, or not proven by so few items."""
    for other in comparison.groups:
        if other.group == group.group:
            continue
        many = other.tasks != 1
        name = f"{other.tasks} {'scores' if other.group == 'scores' else 'losses'}" if many else (
            "one score" if other.group == "scores" else "the validation loss"
        )  # fmt: skip
        if other.behind:
            return f"; {name} trail{'' if many else 's'} too ({times(other.factor)})"
        if other.gap < 0 and other.interval[1] >= 1.25 and other.factor > 1:
            items = {t.n_items for t in comparison.tasks if t.group == other.group and t.n_items}
            on = f" on {min(items)} items" if items and other.group == "scores" else ""
            return f"; {name}{on} by {'themselves' if many else 'itself'} would not prove it"
        return f"; {name} {'are' if many else 'is'} level with it"
    return ""
