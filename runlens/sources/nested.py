"""Nested dicts of a logged row, flattened in one way by every reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

DEEPEST = 8
"""Levels below which nobody logs a metric: hostile nesting ends here."""
_STATISTICS = frozenset({"num", "std", "count", "n", "var"})


def is_media(value: Mapping[str, object]) -> bool:
    """Whether a dict stands for something that is no number, such as an image or a histogram of W&B."""
    return "_type" in value


def flat(
    row: Mapping[str, object], separator: str, means: bool = False, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, object]]:
    """Names and values of a row, dicts within it taken apart.

    Parameters
    ----------
    row : mapping
        What was logged in one go.
    separator : str
        What joins the names: `.` at W&B, whose own clients do so, `/` in tables.
    means : bool
        A dict of a mean and how it was formed (`{"num": 64, "mean": 1.5, "std": 0.2}`, as StyleGAN writes) gives its
        mean under the name itself, and the rest below it.

    Yields
    ------
    (str, object)
        Every value that is no dict, in the order logged; media are passed over, dicts deeper than `DEEPEST` come as
        they are.
    """
    for key, value in row.items():
        name = f"{prefix}{key}"
        if not isinstance(value, dict) or depth >= DEEPEST:
            yield name, value
            continue
        if is_media(value):
            continue
        if means and "mean" in value and not _STATISTICS.isdisjoint(value):
            yield name, value["mean"]
            value = {k: v for k, v in value.items() if k != "mean"}
        yield from flat(value, separator, means, f"{name}{separator}", depth + 1)
