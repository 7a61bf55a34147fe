"""What changed in the settings from one night to another."""

from __future__ import annotations

import re
from collections.abc import Mapping

OUTSIDE = "ci."
"""What the names of settings begin with that stand in no log: only nights on record have them."""
MOST = 40
"""Changes that are kept."""
_LONGEST = 60
_OF_THE_NIGHT = re.compile(
    r"(?i)(^|[._/-])(run_?id|run_?name|exp(eriment)?_?name|name|id|uuid|date|time(stamp)?|start(ed)?(_?at|_?time)?|host(name)?|"
    r"pid|port|job_?id|log_?(dir|path)|output_?(dir|path)|out_?dir|save_?(dir|path)?|dir|folder|tmp\w*|master_?(addr|port))$"
)
"""Settings that name the night itself: they change every night and tell nothing."""


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Setting, value before and value after, where they differ; `-` where there is none. Sorted by setting.

    Settings that name the run, its folders, hosts and times are left out. Of more than forty the first are kept.
    Nothing if either night's settings are not known.
    """
    if not before or not after:
        return []
    found = []
    for key in sorted({*before, *after}):
        one_sided = key.startswith(OUTSIDE) and not (key in before and key in after)
        if one_sided or _OF_THE_NIGHT.search(key) or _same(before.get(key), after.get(key)):
            continue
        was, now = (_shown(side[key]) if key in side else "-" for side in (before, after))
        found.append((key, was, now))
    return found[:MOST]


def _same(one: object, other: object) -> bool:
    return one == other or (one != one and other != other)


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
