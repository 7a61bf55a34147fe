"""The terms of a held-out loss, which the training loss has as well, and their sum where no total was logged."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from runlens.comparison.curves import RunCurve
from runlens.model import Run
from runlens.roles.names.take_apart import normalise
from runlens.rules.evals.parts.overfit import held_out_loss
from runlens.rules.evals.parts.own import middles

_SPLIT = re.compile(r"(?<![a-z])(train|training|val|valid|validation|eval|evaluation|test|dev)(?![a-z])")
_LOSS = re.compile(r"(?<![a-z])loss(?![a-z])")
_WHOLE = frozenset({"loss", "total_loss", "loss_total", "overall_loss", "loss_sum", "loss_all"})
"""What a total is called once the word for its data is taken off."""


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The terms among a run's held-out losses."""

    names: frozenset[str]
    """Logged names of the terms; empty where none was told apart."""
    sums: tuple[RunCurve, ...]
    """The sum of the terms of each held-out set that has no total of its own, named as its largest term."""

    def instead(self, curves: Sequence[RunCurve]) -> tuple[RunCurve, ...]:
        """The curves without the terms among them, and the sums after them."""
        return (*(c for c in curves if c.curve.name not in self.names), *self.sums)


def terms_of(run: Run, curves: Sequence[RunCurve]) -> Terms:
    """Which held-out losses are terms of one: the training log has losses of the very same names beside them.

    So `val/box_loss` and `val/cls_loss` beside `train/box_loss` and `train/cls_loss`. Losses on two held-out sets
    (`eval/news_loss`, `eval/code_loss`) have no such twins, and each is a loss of its own. One term alone that has no
    total beside it is the loss itself.

    Parameters
    ----------
    run : Run
        Resolved.
    curves : sequence of RunCurve
        Its evals.

    Returns
    -------
    Terms
        The sum is left out where a total was logged, or where the terms were not logged at the same steps.
    """
    held_out = {c.curve.name for c in curves}
    trained = {kind for name in run.placed if name not in held_out and (kind := _kind(name))}
    sets: dict[str, list[RunCurve]] = defaultdict(list)
    wholes = set()
    for c in curves:
        kind = _kind(c.curve.name)
        if kind and held_out_loss(c) and c.curve.metric == "loss":
            where = _where(c.curve.name)
            if kind.rpartition("/")[2] in _WHOLE:
                wholes.add(where)
            elif kind in trained:
                sets[where].append(c)
    names, sums = set(), []
    for where, terms in sets.items():
        if where not in wholes and len(terms) < 2:
            continue
        names |= {c.curve.name for c in terms}
        if where not in wholes and (total := _sum(run, terms)) is not None:
            sums.append(total)
    return Terms(frozenset(names), tuple(sums))


def _kind(name: str) -> str:
    """A loss's name without the word for its data: `train/box_loss` and `val/box_loss` give `box_loss`; else empty."""
    plain = normalise(name)
    if not _LOSS.search(plain):
        return ""
    return "/".join(bare for part in plain.split("/") if (bare := _SPLIT.sub("", part).replace("__", "_").strip("_")))


def _where(name: str) -> str:
    """The word for the data of a held-out loss."""
    found = _SPLIT.search(normalise(name))
    return found[0] if found else ""


def _sum(run: Run, terms: Sequence[RunCurve]) -> RunCurve | None:
    """The sum of the terms at the steps of them all; None unless all were logged together."""
    largest = max(terms, key=lambda c: float(np.mean(c.curve.value)))
    logged = [run.placed[c.curve.name].latest() for c in terms]
    step = logged[0].step
    if not all(np.array_equal(series.step, step) for series in logged):
        return None
    total = np.sum([series.value for series in logged], axis=0)
    known = np.isfinite(total)
    task = "sum of " + ", ".join(c.curve.task or c.curve.name for c in terms)
    at = step[known].astype(np.float64)
    curve = replace(largest.curve, task=task, at=at, value=total[known], stderr=np.full(len(at), np.nan))
    return middles(RunCurve(curve, step[known]))
