"""A total loss from its parts, for trainers that log only these (Ultralytics, MMDetection without its total)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from runlens.model import PlacedSeries, RoleSeries
from runlens.roles.names.adversaries import adversaries, is_of_a_side
from runlens.roles.names.take_apart import normalise
from runlens.roles.numbers import middle

_LOGS_PARTS = "Ultralytics YOLO"
"""The framework in whose table the parts themselves stand as training losses."""
_ADVERSARIAL = re.compile(
    r"(?<![a-z])(adv|adversarial|wgan|gan|lsgan|hinge|gp|gradient_penalty|fake|real|critic|domain)(?![a-z])"
)
"""Words of losses of networks that train against each other, by any name but that of a generator or discriminator
(`adversaries` knows these)."""
_NO_PART = re.compile(
    r"(?<![a-z])(ema|sma|avg|average|mean|running|smooth\w*|raw|unweighted|unscaled|total|overall|sum|old|prev\w*|best"
    r"|min|max|std|var|delta|diff|ratio|weight|coef\w*|scale|lambda|x\d+|epoch|ewm|clipped|ref|teacher|target|oracle"
    r"|num|count|value|policy|actor|critic|entropy|kl|td|q|vf|pg|returns?|rewards?)(?![a-z])"
)
"""Words of what is no part of a loss: means, what was not weighted, totals, coefficients, and what only reinforcement
learning logs."""
_MODEL = re.compile(r"^(loss_(vae|ae|model|net|network|total|all)|(vae|ae|model|net|network)_loss)$")
"""A loss called after the model, beside others called after its terms (`loss_vae` beside `loss_recon`, `loss_kl`)."""
Ints = npt.NDArray[np.int64]
COMMON = 0.75
"""Share of the longest part's steps that the parts of a sum have in common. Parts that are logged in one call lack but
rows that were lost; one that is logged every second time shares half."""
KINDS = 32
"""Ways in which parts of one prefix were logged that are held against each other, those of the longest: each is held
against each, and a loss has not so many parts."""
SAME = 0.01
"""A loss that equals the sum of the others beside it to 1 % is their total."""


def with_total_loss(groups: Mapping[str, list[RoleSeries]]) -> dict[str, list[RoleSeries]]:
    """Put the sum of the loss parts first among the training losses, where nothing else is a total.

    Parameters
    ----------
    groups : mapping
        Role to series.

    Returns
    -------
    dict
        Unchanged where another training loss stands, where a loss is adversarial, of a discriminator and a generator
        beside each other, or where fewer than two parts have one prefix and nearly the same steps. A part that equals
        the sum of the others is the total itself. The sum is marked `derived`, and stands at the steps that all parts
        have; one part alone is taken for the loss itself.
    """
    out = {role: list(group) for role, group in groups.items()}
    losses = out.get("train_loss", [])
    named = [r for r in losses if r.by == _LOGS_PARTS]
    if losses and len(named) < len(losses):
        return out
    every = [r for r in out.get("other", []) if r.by == "loss-component" and len(r.series) > 1]
    if any(_ADVERSARIAL.search(normalise(r.series.name)) for r in every):
        return out
    whole = [r for r in every if _MODEL.search(normalise(r.series.name).rpartition("/")[2])]
    if not losses and len(whole) == 1 < len(every):
        return _taken(out, whole[0], "the loss of the model beside its terms")
    parts = _together([*named, *(r for r in every if not _NO_PART.search(normalise(r.series.name)))])
    if not losses and len(parts) == len(every) == 1:
        (only,) = parts
        return _taken(out, only, "the only loss in the log")
    if len(parts) < 2 or any(middle(r.series.value) < 0.0 for r in parts):
        return out
    if any(is_of_a_side(r.series.name) for r in parts) and adversaries(r.series.name for r in every):
        return out  # one rises where the other falls, and their sum tells nothing
    values = np.array([r.series.value for r in parts])
    if len(parts) > 2 and (at := _total_among(values)) is not None:
        return _taken(out, parts[at], "the sum of the losses beside it")
    first = parts[0].series
    series = PlacedSeries("train_loss (derived)", first.step, first.time, values.sum(axis=0))
    why = f"derived: sum of {', '.join(r.series.name for r in parts)}"
    summed = RoleSeries(
        "train_loss", series, "1", "global", direction="down", confidence=0.5, why=why, derived=True, origin="derived"
    )
    out["train_loss"] = [summed, *losses]
    return out


def _together(parts: list[RoleSeries]) -> list[RoleSeries]:
    """Those with one prefix and nearly the same steps, cut to the steps that all have: the largest such group, of equal
    ones the longest series.
    """

    def prefix(r: RoleSeries) -> str:
        return r.series.name.rpartition("/")[0]

    def place(r: RoleSeries) -> tuple[int, bytes]:
        return len(r.series), r.series.step.tobytes()

    groups: list[list[RoleSeries]] = []
    for _, kin in groupby(sorted(parts, key=prefix), prefix):
        alike = [list(group) for _, group in groupby(sorted(kin, key=place, reverse=True), place)]
        groups += alike[KINDS:]
        alike = alike[:KINDS]
        while alike:  # the longest, and those that have nearly all of its steps
            first, *others = alike
            steps, group, alike = first[0].series.step, first, []
            for other in others:
                common = _common(steps, other[0].series.step)
                if len(common) >= COMMON * len(first[0].series):
                    steps, group = common, group + other
                else:
                    alike.append(other)
            groups.append([_at(r, steps) for r in group])
    return max(groups, key=lambda group: (len(group), len(group[0].series)), default=[])


def _common(one: Ints, other: Ints) -> Ints:
    """The steps that two series share; none where one of them goes back, since its steps then name no point."""
    if np.array_equal(one, other):
        return one
    rising = all(bool(np.all(np.diff(step) > 0)) for step in (one, other))
    return np.intersect1d(one, other, assume_unique=True) if rising else one[:0]


def _at(part: RoleSeries, steps: Ints) -> RoleSeries:
    series = part.series
    if len(series) == len(steps):
        return part
    keep = np.isin(series.step, steps, assume_unique=True)
    return replace(part, series=PlacedSeries(series.name, series.step[keep], series.time[keep], series.value[keep]))


def _total_among(values: np.ndarray) -> int | None:
    """Which of three or more rows is the sum of the others, at nearly every point; None if none is."""
    whole = values.sum(axis=0)
    for i, row in enumerate(values):
        known = np.isfinite(whole) & (np.abs(row) > 0)
        if int(known.sum()) >= 3 and middle(np.abs(whole[known] / row[known] - 2.0)) < SAME:
            return i
    return None


def _taken(out: dict[str, list[RoleSeries]], part: RoleSeries, why: str) -> dict[str, list[RoleSeries]]:
    """The groups with a part as the training loss."""
    loss = RoleSeries("train_loss", part.series, "1", direction="down", confidence=0.5, why=why, origin="only")
    out["train_loss"] = [loss, *out.get("train_loss", [])]
    out["other"] = [r for r in out.get("other", []) if r.series.name != part.series.name]
    return out
