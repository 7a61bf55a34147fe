"""Several references as one: checkpoints of one model joined, or several models as the members of a band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from runlens.errors import ConfigError
from runlens.model import Curve, Reference
from runlens.model.words import some
from runlens.references.store import curve_of


def combine(parts: Sequence[Reference], name: str = "") -> Reference:
    """One reference from several.

    Parameters
    ----------
    parts : sequence of Reference
        At least one. If each holds a single checkpoint (result folders given one by one), they are joined to curves of
        one model; else each is a member of a band, and its curves carry its name.
    name : str, optional
        Of the result; made from the parts' names by default.

    Returns
    -------
    Reference
        Over tokens if every part can be put there, else over steps.

    Raises
    ------
    ConfigError
        If the parts have no axis in common.
    """
    if len(parts) == 1:
        return replace(parts[0], name=name or parts[0].name)
    placed = _on_one_axis(parts)
    ends = [{float(at) for c in curves for at in c.at} for _, curves in placed]
    single = all(len(at) == 1 and math.isfinite(*at) for at in ends)  # models without a place are no checkpoints of one
    curves = _joined([c for _, own in placed for c in own]) if single else _band(placed)
    per_step = {p.tokens_per_step for p in parts}
    settings: dict[str, object] = {} if single else {"members": [p.name for p in parts]}
    return Reference(
        name=name or (parts[0].name if single else f"{len(parts)} runs"),
        axis="tokens" if _common(parts) == "tokens" else "steps",
        curves=curves,
        tokens_per_step=per_step.pop() if len(per_step) == 1 else None,
        source=", ".join(dict.fromkeys(p.source for p in parts if p.source)),
        licence=", ".join(dict.fromkeys(p.licence for p in parts if p.licence)),
        citation="; ".join(dict.fromkeys(p.citation for p in parts if p.citation)),
        settings=settings,
        training=tuple(t for p in parts for t in p.training),
        batch=parts[0].batch if all(p.batch == parts[0].batch for p in parts) else {},
    )


def _common(parts: Sequence[Reference]) -> str:
    """`tokens`, `steps`, or empty: the axis on which all parts can be put."""
    for axis in ("tokens", "steps"):
        if all(p.axis == axis or p.tokens_per_step for p in parts):
            return axis
    return ""


def _on_one_axis(parts: Sequence[Reference]) -> list[tuple[Reference, tuple[Curve, ...]]]:
    axis = _common(parts)
    if not axis:
        over: dict[str, list[str]] = {}
        for part in parts:
            known = any(np.isfinite(curve.at).any() for curve in part.curves)
            over.setdefault(part.axis if known else "no known place", []).append(part.name)
        said = "; ".join(f"over {axis}: {some(names)}" for axis, names in over.items())
        advice = "give final models and checkpoints apart" if "no known place" in over else "give --tokens-per-step"
        raise ConfigError(f"the references have no axis in common ({said}); {advice}")
    placed = []
    for part in parts:
        per_step = part.tokens_per_step or 1.0
        factor = 1.0 if part.axis == axis else per_step if axis == "tokens" else 1 / per_step
        placed.append((part, tuple(replace(c, at=c.at * factor) for c in part.curves)))
    return placed


def _joined(curves: list[Curve]) -> tuple[Curve, ...]:
    """Points of one task, metric and setting as one curve; the later of two at one position counts."""
    groups: dict[tuple[str, str, str, str], list[Curve]] = {}
    for c in curves:
        groups.setdefault((c.task, c.metric, c.setting, c.direction), []).append(c)
    return tuple(
        curve_of(
            *key,
            np.concatenate([c.at for c in group]),
            np.concatenate([c.value for c in group]),
            np.concatenate([c.stderr for c in group]),
            max(c.n_items for c in group),
        )
        for key, group in groups.items()
    )


def _band(placed: list[tuple[Reference, tuple[Curve, ...]]]) -> tuple[Curve, ...]:
    """Every part's curves under its name; parts of one name are numbered, or they could not be told apart."""
    names = [part.name for part, _ in placed]
    seen: dict[str, int] = {}
    curves: list[Curve] = []
    for (_, own), name in zip(placed, names, strict=True):
        seen[name] = seen.get(name, 0) + 1
        member = name if names.count(name) == 1 else f"{name} ({seen[name]})"
        curves += [replace(c, name=member) for c in own]
    return tuple(curves)
