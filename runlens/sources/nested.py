"""Nested dicts of a logged row, flattened in one way by every reader."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

DEEPEST = 8
"""Levels below which nobody logs a metric: hostile nesting ends here."""
_STATISTICS = frozenset({"num", "std", "count", "n", "var"})


_COCO_EVAL = re.compile(r"coco_eval_\w+$")
_COCO_STATS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


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


def coco_stats(name: str, value: object) -> list[tuple[str, float]]:
    """What a list of COCO's twelve results holds, as DETR and its heirs log it; empty for any other value.

    Parameters
    ----------
    name : str
        Such as `test_coco_eval_bbox`.
    value : object
        As logged.

    Returns
    -------
    list of (str, float)
        `test_coco_eval_bbox/AP` and so on, in the order of `COCOeval.stats` (pycocotools); -1, which stands for no
        object of that size, is left out.
    """
    if not isinstance(value, list) or len(value) != len(_COCO_STATS) or not _COCO_EVAL.search(name):
        return []
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
        return []
    return [(f"{name}/{stat}", v) for stat, v in zip(_COCO_STATS, value, strict=True) if v != -1]
