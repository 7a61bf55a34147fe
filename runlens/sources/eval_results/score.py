"""One number of one result file, with what the file tells of how it was measured."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runlens.model import Direction

_SHOTS = re.compile(r"\d+-shot")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Score:
    """One number."""

    name: str
    """As the file has it: task, `/`, metric."""
    task: str
    metric: str
    setting: str
    direction: Direction | None
    value: float
    stderr: float
    """NaN if not told."""
    n_items: int
    """0 if not told."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """See `runlens.model.Measured`."""
    part_of: str = ""
    """The group that it is part of, canonical; empty for none."""
    answers_at: tuple[str, str, str] = ("", "", "")
    """Task, metric and filter as the files of answers have them."""


ALL = "all"
"""The condition `items` of an eval without a limit."""


def limited(items: float) -> str:
    """The condition `items` of an eval that was cut short."""
    return f"the first {items:g}" if items >= 1 else f"the first {items:.3g} of all"


def conditions(**told: str | None) -> dict[str, str]:
    """The conditions that are told, by their names with spaces."""
    return {name.replace("_", " "): value for name, value in told.items() if value is not None}


def version(value: object) -> str | None:
    """A task's version, so that 1, 1.0 and "1" are one; None if it is not told."""
    if value is None or value in ("", "Yaml", "N/A"):
        return None
    try:
        return f"{float(str(value)):g}"
    except ValueError:
        return str(value)


def fingerprint(parts: object) -> str:
    """Eight letters that stand for a prompt or template; addresses of functions do not count."""
    text = _ADDRESS.sub("", json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def prompt_in(config: Mapping[str, Any], parts: Sequence[str]) -> str | None:
    """What stands for a task's prompt and items: the fingerprint of these parts of its config; None if it has none."""
    told = {key: config[key] for key in parts if config.get(key) not in (None, "", {}, [])}
    return fingerprint(told) if told else None


def with_shots(said: str, few: object) -> str:
    """The few-shot number from the file, after the filter that the metric's name tells."""
    if not isinstance(few, int) or isinstance(few, bool) or _SHOTS.search(said):
        return said
    return f"{said}, {few}-shot" if said else f"{few}-shot"


def better(higher: object) -> Direction | None:
    """The file's own word on which way is better; None if it says nothing."""
    return "up" if higher is True else "down" if higher is False else None


def is_number(value: object) -> bool:
    """Whether a cell is a finite number."""
    return math.isfinite(number(value))


def number(value: object) -> float:
    """A cell as a finite number, NaN where it is none; an integer that no float holds is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        found = float(value)
    except OverflowError:
        return math.nan
    return found if math.isfinite(found) else math.nan


def count(value: object) -> int:
    """A number of test items, 0 where none is told."""
    items = number(value)
    return int(items) if items > 0 else 0


def table(data: object, *keys: str) -> Mapping[str, Any]:
    """The table that stands under some keys, empty if there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}
