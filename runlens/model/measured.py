"""How an eval was measured, where a result file tells it, and how single test items were answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Which test items a model got right."""

    item: npt.NDArray[np.uint64]
    """(n,) uint64, strictly increasing: what tells an item from others, the same for every model."""
    right: npt.NDArray[np.bool_]
    """(n,) bool."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a result file tells of one eval, beside its scores."""

    task: str
    """Canonical task name."""
    metric: str
    """Canonical kind of metric."""
    setting: str
    """Filter and few-shot setting, such as `strict-match, 5-shot`."""
    direction: Literal["up", "down"] | None
    """Which way is better; None if neither the file nor the metric's name tells."""
    n_items: int = 0
    """Test items, 0 if not known."""
    conditions: Mapping[str, str] = field(default_factory=lambda: _NONE)
    """What must be the same before two scores are compared, by what it is: `task version`, `prompt`,
    `chat template`, `items` (those of `--limit`), … A condition that the file does not tell is absent."""
    answers: Answers | None = None
    """Of the last checkpoint, item by item; None if they were not kept."""
    part_of: str = ""
    """The group of tasks whose score, in the same files, it is a part of, such as `mmlu`; else empty."""
