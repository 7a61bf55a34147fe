"""A config taken apart: every entry under its dotted name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_DEEPEST = 12
"""Levels that are looked into: a config that holds itself would have no end."""


def leaves(config: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Names and values of all entries that are no mapping, in the order in which they stand.

    Parameters
    ----------
    config : mapping
        Flat or nested. Nested keys are joined with dots. The wrapper of W&B, `{"value": …, "desc": …}`, and its own
        entries (`_wandb`) are left out.

    Yields
    ------
    (str, object)
        Such as `("optimizer.lr", 3e-4)`. An empty mapping has no entries; what lies deeper than twelve levels is not
        looked at.
    """
    yield from _walk(config, "", _DEEPEST)


def _walk(config: Mapping[str, object], before: str, depth: int) -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        name = f"{before}{key}"
        if name.startswith("_wandb"):
            continue
        if isinstance(value, Mapping) and "value" in value and set(value) <= {"value", "desc"}:
            value = value["value"]
        if not isinstance(value, Mapping):
            yield name, value
        elif depth > 1:
            yield from _walk(value, f"{name}.", depth - 1)
