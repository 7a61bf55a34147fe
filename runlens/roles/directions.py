"""Which way of an eval is better, where its name does not tell: the user's word, the run's config, its own course."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from runlens.model import Direction, PlacedSeries, RoleSeries, Run
from runlens.roles.names.take_apart import normalise
from runlens.roles.numbers import middle, rank_order

ENOUGH = 8
"""Checkpoints from which on a course can be plain."""
ORDERLY = 0.7
"""Rank correlation of value and step over the first half of the checkpoints."""
_SPLIT = re.compile(r"^(eval|evaluation|valid|val|validation|dev|test)_")
CLEAR = 4.0
"""How far an eval moves over that half, in scatters of a checkpoint about its neighbours."""


def with_directions(
    groups: Mapping[str, list[RoleSeries]], run: Run, told: Mapping[str, Direction]
) -> dict[str, list[RoleSeries]]:
    """Say of each eval score which way is better, as far as anything tells.

    Parameters
    ----------
    groups : mapping
        Role to series.
    run : Run
        Its config may name the metric by which its best model is chosen, and whether greater is better (Hugging Face).
    told : mapping of str to {'up', 'down'}
        Logged name to the direction that the user gives it: counts before the name's own.

    Returns
    -------
    dict
        `RoleSeries.direction_from` says what told it; an eval of which nothing tells keeps direction None.
    """
    out = {role: list(group) for role, group in groups.items()}
    best, greater = run.configured.best_metric()
    for i, r in enumerate(out.get("eval_score", [])):
        if (given := told.get(r.series.name)) is not None:
            out["eval_score"][i] = replace(r, direction=given, direction_from="user")
        elif r.direction is None and greater is not None and same_metric(r.series.name, best):
            out["eval_score"][i] = replace(r, direction="up" if greater else "down", direction_from="config")
        elif r.direction is None and r.series.name in run.measured:
            continue  # a harness knows its metrics: what it leaves open is no matter of better and worse
        elif r.direction is None and r.split == "eval" and (found := by_course(r.series)) is not None:
            why = f"{r.why}; taken as better the {'higher' if found == 'up' else 'lower'}, by its own course"
            out["eval_score"][i] = replace(
                r, direction=found, direction_from="course", confidence=min(r.confidence, 0.4), why=why
            )
        elif r.direction is not None:
            out["eval_score"][i] = replace(r, direction_from="name")
    return out


def by_course(series: PlacedSeries) -> Direction | None:
    """The way in which an eval moved while the run was young, where that is plain; None where it is not.

    A model learns most at first: what moves one way over the first half of the checkpoints, in order and by far more
    than it scatters, moves to the better. Fewer than `ENOUGH` finite values, or values outside of 0 to 100 (counts,
    lengths, times), tell nothing.
    """
    value = series.latest().value
    value = value[np.isfinite(value)]
    if len(value) < ENOUGH or float(value.min()) < 0.0 or float(value.max()) > 100.0:
        return None
    early = value[: max(len(value) // 2, ENOUGH // 2)]
    off = early[1:-1] - (early[:-2] + early[2:]) / 2
    scatter = 1.4826 * middle(np.abs(off)) / np.sqrt(1.5)
    edge = max(len(early) // 4, 1)
    moved = middle(early[-edge:]) - middle(early[:edge])
    order = rank_order(early)
    if abs(moved) <= max(CLEAR * scatter, 0.02 * float(np.max(np.abs(early)))) or abs(order) < ORDERLY:
        return None
    return ("up" if moved > 0 else "down") if moved * order > 0 else None


def same_metric(name: str, asked: str) -> bool:
    """Whether a logged name is the metric of a setting: `eval/wer` and `eval_wer` and `wer` are one."""
    own, wanted = (_SPLIT.sub("", normalise(text).replace("/", "_")) for text in (name, asked))
    return bool(wanted) and own == wanted
