"""Labels that tell runs, reports and devices apart."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from runlens.model import Report, RunReport
from runlens.render.text import named, visible

_GPU = re.compile(r"^(?:(?P<node>.*\S) )?(?:gpu|rank) (?P<gpu>\S+)$")
_SOURCE_LIMIT = 300
"""Characters of a path or address: two long paths that differ in the middle must stay two."""


def run_labels(runs: Sequence[RunReport]) -> list[tuple[str, ...]]:
    """Values of `families.RUN` for each run, no two alike.

    Runs whose names become alike when they are made visible and short are told apart by a number.
    """
    taken: dict[tuple[str, ...], int] = {}
    made: list[tuple[str, ...]] = []
    for run in runs:
        base = (
            visible(run.entity, 120),
            visible(run.project, 120),
            named(run.job or run.run),
            source_label(run.source),
            named(run.run),
        )
        taken[base] = taken.get(base, 0) + 1
        made.append(base if taken[base] == 1 else (*base[:-1], f"{base[-1]} ({taken[base]})"))
    return made


def report_label(report: Report) -> str:
    """What was judged: the only name given, or the first one, how many more, and a mark that tells such reports apart.

    Reports of older versions, which do not hold the names, are called after their runs.
    """
    asked = report.asked or tuple(dict.fromkeys(run.source for run in report.runs))
    if len(asked) < 2:
        return source_label(asked[0]) if asked else ""
    return f"{source_label(asked[0])} and {len(asked) - 1} more ({_mark(chr(10).join(asked))})"


def source_label(text: str) -> str:
    """A path or address; one that is too long loses its middle, and gets a mark of the whole."""
    if len(text) <= _SOURCE_LIMIT:
        return visible(text, _SOURCE_LIMIT * 10)
    return f"{visible(text, _SOURCE_LIMIT)} ({_mark(text)})"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def device_labels(device: str) -> tuple[str, str]:
    """Node and number of a device such as `node1 gpu 3`; a device of another name stands as it is, after an empty node.

    Empty text is a series of all devices together, and gives two empty labels.
    """
    found = _GPU.match(device)
    if found is None:
        return "", visible(device, 120)
    return visible(found["node"] or "", 120), visible(found["gpu"], 120)
