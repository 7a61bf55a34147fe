"""Runs that are called otherwise since another training began in their log: `logs` is `logs/1` beside `logs/2` then."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from runlens.model import RunReport
from runlens.watching.life import Watched

_NUMBERED = re.compile(r"(.+)/(\d+)", re.DOTALL)


def renamed(runs: Mapping[str, Watched], reports: Iterable[RunReport]) -> dict[str, str]:
    """Names of runs that are not there any more, and what each is called now.

    Parameters
    ----------
    runs : mapping
        As they were seen so far, with those of this look.
    reports : iterable of RunReport
        Of this look.

    Notes
    -----
    The first of the trainings is the run that was there alone; it has the same source. A run that was told of under its
    new name before is none.
    """
    here = {report.run: report for report in reports}
    found: dict[str, tuple[int, str]] = {}
    for name, report in here.items():
        numbered = _NUMBERED.fullmatch(name)
        if numbered is None:
            continue
        before, now = runs.get(numbered[1]), runs.get(name)
        fresh = now is None or (now.last is None and not now.restored)
        if numbered[1] in here or before is None or not fresh:
            continue
        if before.last is not None and before.last.source != report.source:
            continue
        one = int(numbered[2]), name
        found[numbered[1]] = min(found.get(numbered[1], one), one)
    return {old: new for old, (_, new) in found.items()}


def followed(names: Collection[str]) -> set[str]:
    """The runs after which another training was begun in the same log, by their numbers: they do not go on."""
    last: dict[str, int] = {}
    for name in names:
        if (numbered := _NUMBERED.fullmatch(name)) is not None:
            last[numbered[1]] = max(last.get(numbered[1], 0), int(numbered[2]))
    return {f"{stem}/{k}" for stem, end in last.items() for k in range(1, end) if f"{stem}/{k}" in names}
