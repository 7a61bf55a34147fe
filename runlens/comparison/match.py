"""Which eval of a run stands beside which of a reference: never two metrics or two settings without saying so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from runlens.comparison.conditions import assumed, differ
from runlens.comparison.curves import RunCurve
from runlens.comparison.words import label
from runlens.model import Curve, Reference
from runlens.model.words import some

_LOSSES = frozenset(("loss", "bpb", "bpc", "ppl", "byte_ppl", "word_ppl"))


NO_TASK = "the reference has no such task"
ONLY_THERE = "only the reference has it"
MOST_NAMED = 5
"""Evals named in a sentence; the rest is counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A curve of the run, and the reference's (several of one task are a band)."""

    run: RunCurve
    members: tuple[Curve, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """What can be compared, and what cannot and why."""

    pairs: tuple[Match, ...]
    unmatched: tuple[tuple[str, str], ...]
    """(name, why), the run's evals first."""


def match(curves: tuple[RunCurve, ...], reference: tuple[Curve, ...]) -> Matched:
    """Match by task, then metric, then few-shot setting.

    Parameters
    ----------
    curves : tuple of RunCurve
    reference : tuple of Curve
        Curves that differ in nothing but their name are members of one band.

    Returns
    -------
    Matched
        A setting that one side does not tell is taken to be the other's, with a note, if the other has just one;
        likewise a metric that the run does not tell. Different metrics and different settings stay unmatched.
    """
    by_task: dict[str, list[Curve]] = {}
    for curve in reference:
        by_task.setdefault(curve.task, []).append(curve)
    pairs: list[Match] = []
    unmatched: list[tuple[str, str]] = []
    used: set[tuple[str, str, str]] = set()
    for own in curves:
        found = _beside(own.curve, by_task.get(own.curve.task, []))
        if isinstance(found, str):
            unmatched.append((own.curve.name or own.curve.task, found))
            continue
        key = (found[0][0].task, found[0][0].metric, found[0][0].setting)
        if key in used:
            unmatched.append((own.curve.name, "another of the run's evals is already compared with the same curve"))
            continue
        used.add(key)
        pairs.append(Match(own, *found))
    pairs, parts = _without_parts(pairs)
    unmatched += parts
    names = {(c.task, c.metric, c.setting) for c in reference} - used
    shared = {own.curve.task for own in curves}
    for task, group in groupby(sorted(names), key=lambda k: k[0]):
        if task not in shared:
            what = ", ".join(sorted({f"{metric}{f' {setting}' if setting else ''}" for _, metric, setting in group}))
            unmatched.append((f"{task or 'validation'} ({what})", ONLY_THERE))
    return Matched(tuple(pairs), tuple(unmatched))


def _without_parts(pairs: list[Match]) -> tuple[list[Match], list[tuple[str, str]]]:
    """Pairs without the parts of a mean that is compared itself, and a line for each mean that has such parts."""
    whole = {(p.run.curve.task, p.run.curve.metric, p.run.curve.setting) for p in pairs}
    kept, parts = [], Counter[str]()
    for pair in pairs:
        own = pair.run.curve
        if own.part_of and (own.part_of, own.metric, own.setting) in whole and own.part_of != own.task:
            parts[own.part_of] += 1
        else:
            kept.append(pair)
    return kept, [(f"{count} evals of {task}", "their mean is compared") for task, count in sorted(parts.items())]


def _beside(own: Curve, others: list[Curve]) -> tuple[tuple[Curve, ...], tuple[str, ...]] | str:
    """The reference's curves for one of the run's, with notes, or why there are none."""
    if not others:
        return NO_TASK
    notes: list[str] = []
    kinds = sorted({c.metric for c in others})
    same = [c for c in others if c.metric == own.metric]
    if not same:
        if own.metric != "score" or len(kinds) > 1:
            said = "does not tell its metric" if own.metric == "score" else f"is {own.metric}"
            return f"the run's {said}, the reference has {' and '.join(kinds)}"
        same = others
        notes.append(f"the run does not tell its metric; taken for {kinds[0]}, the reference's only one")
    settings = sorted({c.setting for c in same})
    fitting = [c for c in same if c.setting == own.setting]
    if not fitting:
        if own.setting and "" not in settings:
            return f"the run's is {own.setting}, the reference's {' and '.join(settings)}"
        if len(settings) > 1:
            return f"the run does not tell its few-shot setting, the reference has {' and '.join(settings)}"
        fitting = same
        side, known = ("the run", settings[0]) if not own.setting else ("the reference", own.setting)
        notes.append(f"{side} does not tell its few-shot setting; taken for {known}")
    if any(c.direction != own.direction for c in fitting):
        return "the two sides do not agree which way is better"
    other = {id(c): differ(own.conditions, c.conditions) for c in fitting}
    if all(other.values()):
        return other[id(fitting[0])]
    fitting = [c for c in fitting if not other[id(c)]]
    notes += assumed(own.conditions, fitting[0].conditions)
    if own.metric in _LOSSES:
        notes.append("comparable only on the same data and tokenizer")
    return tuple(fitting), tuple(notes)


def unlogged(matched: Collection[tuple[str, str, str]], reference: Reference) -> str:
    """Evals that every earlier run of the same job logged and this one did not, in words; empty if there are none.

    Parameters
    ----------
    matched : collection of (task, metric, setting)
        The reference's curves that stand beside one of the run's.
    reference : Reference
        Empty answer unless it is made of runs of the same job: any other may hold more than the run ever meant to log.
    """
    if not reference.lineage:
        return ""
    members = reference.settings.get("members")
    count = len(members) if isinstance(members, list) else 1
    held = Counter((c.task, c.metric, c.setting) for c in reference.curves)
    names = {(c.task, c.metric, c.setting): label(c) for c in reference.curves}
    missing = sorted(names[key] for key, times in held.items() if times >= count and key not in matched)
    if not missing:
        return ""
    return f"the run logged nothing that can be compared with {some(missing, MOST_NAMED)}"


def rescaled(run: Curve, reference: Curve) -> tuple[float, str]:
    """The factor that brings the reference to the run's scale, and a note if it is not 1.

    Scores are held as fractions wherever the metric is known to be one; this catches those of unknown kind, of which
    one side holds fractions and the other per cent.
    """
    if run.metric in _LOSSES or reference.metric in _LOSSES or not len(run.value) or not len(reference.value):
        return 1.0, ""
    a, b = float(np.max(np.abs(run.value))), float(np.max(np.abs(reference.value)))
    if a <= 1.0 and 1.5 < b <= 100.0:
        return 0.01, "the reference's figures are taken to be per cent"
    if b <= 1.0 and 1.5 < a <= 100.0:
        return 100.0, "the run's figures are taken to be per cent"
    return 1.0, ""
