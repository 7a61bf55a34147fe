"""Scores of single classes or labels beside those of the whole: many small samples, of which some always fall."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from runlens.comparison.curves import RunCurve
from runlens.roles.names.evals import is_benchmark
from runlens.rules.evals.parts.overfit import held_out_loss, part_of_loss

FEWEST = 4
"""Labels from which on their scores are a report by class."""
_BY_CLASS = frozenset({"precision", "recall", "f1", "iou", "dice", "AP", "acc", "specificity"})
_OF_ALL = re.compile(
    r"(?<![a-z])(overall|macro|micro|weighted|samples|mean|average|avg|total|all|global)(?![a-z])", re.IGNORECASE
)

_TRADED = frozenset({"precision", "recall", "miss_rate"})
_WEIGHS_BOTH = frozenset({"mAP50-95", "mAP50", "mAP", "AP", "f1"})
_ABOVE_A_MISS = _WEIGHS_BOTH | {"acc", "auc", "equal_error_rate", "iou", "tracking", "detection_error"}
"""What weighs a miss rate, too, which is told for one threshold, or for one of the classes."""


def traded(curves: Sequence[RunCurve]) -> tuple[frozenset[str], frozenset[str]]:
    """Precisions, recalls and miss rates beside a score of the same data that weighs both.

    A detector that begins to find things at all is precise on the few that it names: its precision falls while it
    learns. The mean average precision, or F1, decides.

    Returns
    -------
    (frozenset of str, frozenset of str)
        Logged names of the precisions and recalls, and of the scores that weigh both; empty without either.
    """
    both = [c.curve for c in curves if c.curve.metric in _WEIGHS_BOTH]
    tasks = {curve.task for curve in both}
    above = {c.curve.task for c in curves if c.curve.metric in _ABOVE_A_MISS}
    single = frozenset(
        c.curve.name
        for c in curves
        if c.curve.metric in _TRADED and c.curve.task in (above if c.curve.metric == "miss_rate" else tasks)
    )
    return single, frozenset(curve.name for curve in both) if single else frozenset()


def names_that_decide(curves: Sequence[RunCurve]) -> frozenset[str]:
    """Logged names of the scores of the whole that no other weighs, or of all evals where there is no score."""
    aside = by_class(curves)[0] | traded(curves)[0]
    scores = frozenset(c.curve.name for c in curves if not (held_out_loss(c) or part_of_loss(c)))
    return (scores or frozenset(c.curve.name for c in curves)) - aside


def by_class(curves: Sequence[RunCurve]) -> tuple[frozenset[str], frozenset[str]]:
    """Which scores are those of single classes, and which those of the whole.

    Parameters
    ----------
    curves : sequence of RunCurve
        A run's evals.

    Returns
    -------
    (frozenset of str, frozenset of str)
        Logged names of the scores of classes: two or more of precision, recall, F1 and the like under one name that is
        no benchmark's, for `FEWEST` names or more (scikit-learn's and seqeval's reports). And of scores of the same
        kinds that name no class, or all of them. Both empty where there is no such report.
    """
    kinds: dict[str, set[str]] = defaultdict(set)
    for c in curves:
        if c.curve.metric in _BY_CLASS:
            kinds[c.curve.task].add(c.curve.metric)
    several = (task for task, own in kinds.items() if task and len(own) > 1)
    labels = {task for task in several if not is_benchmark(task) and not _OF_ALL.search(task)}
    if len(labels) < FEWEST:
        return frozenset(), frozenset()
    scores = [c for c in curves if c.curve.metric in _BY_CLASS]
    single = frozenset(c.curve.name for c in scores if c.curve.task in labels)
    whole = frozenset(c.curve.name for c in scores if not c.curve.task or _OF_ALL.search(c.curve.task))
    return single, whole
