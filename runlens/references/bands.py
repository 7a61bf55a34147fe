"""Several references at once: seeds of one model are a band, single checkpoints are one curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runlens.comparison.alike import alike
from runlens.model import Reference
from runlens.references.combine import combine


def bands(references: Sequence[Reference]) -> tuple[Reference, ...]:
    """References of which none trails another become one band; the others stay as they are.

    Those that hold one checkpoint each, such as result folders given one by one, are first joined to one model.

    Parameters
    ----------
    references : sequence of Reference
        In the order in which they were given. Those that are bands already stay apart.

    Returns
    -------
    tuple of Reference
        In the order of each one's first member, what was joined of single checkpoints first.
    """
    bare = [reference for reference in references if not reference.curves]
    if len(bare) > 1:  # runs without evals: seeds of one training
        training = tuple(t for r in bare for t in r.training)
        bare = [replace(bare[0], name=_named([r.name for r in bare]), training=training)]
    lone = [reference for reference in references if _positions(reference) == 1]
    joined = [combine(lone)] if len(lone) > 1 else lone
    groups: list[list[Reference]] = [[r] for r in bare]
    for reference in (*joined, *(r for r in references if _positions(r) > 1)):
        fits = (g for g in groups if not any(map(_is_band, (*g, reference))) and all(alike(m, reference) for m in g))
        home = next(fits, None)
        if home is None:
            groups.append([reference])
        else:
            home.append(reference)
    return tuple(g[0] if len(g) == 1 else combine(g, _named([r.name for r in g])) for g in groups)


def _positions(reference: Reference) -> int:
    return len({float(at) for curve in reference.curves for at in curve.at})


def _is_band(reference: Reference) -> bool:
    keys = [(c.task, c.metric, c.setting) for c in reference.curves]
    return len(set(keys)) < len(keys)


def _named(names: list[str]) -> str:
    if len(names) > 3:
        return f"{names[0]} and {len(names) - 1} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
