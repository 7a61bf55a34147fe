"""What was not checked in many runs, said once: every rule by name, and in how many runs where it is not all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from runlens.model import RunReport, Skip, SkipKind
from runlens.render import words

_WHY: dict[SkipKind, str] = {
    "missing-role": "not in the log",
    "not-asked": "not asked for",
    "too-few-points": "too few points",
    "not-applicable": "not applicable",
    "not-comparable": "not comparable",
    "not-due": "not due yet",
    "ended": "of runs that go on",
    "other": "for other reasons",
}


def not_checked(runs: Sequence[RunReport]) -> list[tuple[str, str]]:
    """Codes, then why, for each kind of reason: `GRAD001-4, LR001 (3 of 22)`, `not in the log`."""
    tally: dict[SkipKind, Counter[str]] = {}
    for run in runs:
        for code, kind in dict.fromkeys((skip.code, skip.kind) for skip in run.skips):
            tally.setdefault(kind, Counter())[code] += 1
    lines = []
    for kind in _WHY:
        if counts := tally.get(kind):
            everywhere = [code for code, count in counts.items() if count == len(runs)]
            some: dict[int, list[str]] = {}
            for code, count in sorted(counts.items()):
                if count < len(runs):
                    some.setdefault(count, []).append(code)
            parts = [short(everywhere)] if everywhere else []
            parts += [
                f"{short(codes)} ({count:,} of {len(runs):,})" for count, codes in sorted(some.items(), reverse=True)
            ]
            lines.append((", ".join(parts), _WHY[kind]))
    return lines


def in_common(runs: Sequence[RunReport]) -> frozenset[Skip]:
    """What every one of several runs says alike of what was not checked; of one run nothing is common."""
    judged = [frozenset(run.skips) for run in runs if run.checked]
    return judged[0].intersection(*judged[1:]) if len(judged) > 1 else frozenset()


def differing(run: RunReport, common: frozenset[Skip]) -> list[tuple[str, str]]:
    """Codes and reasons that this run does not share with all."""
    return words.not_checked_in_short([skip for skip in run.skips if skip not in common])


def short(codes: Iterable[str]) -> str:
    """Neighbours of a family as a range: `GRAD001-4, LR001, HW002-6`."""
    families: dict[str, list[str]] = {}
    for code in sorted(set(codes)):
        families.setdefault(re.sub(r"\d+$", "", code), []).append(code)
    return ", ".join(part for family, members in families.items() for part in _ranges(family, members))


def _ranges(family: str, members: list[str]) -> list[str]:
    digits = [member.removeprefix(family) for member in members]
    if not all(d.isdigit() for d in digits):
        return members
    parts: list[list[int]] = []
    for number in map(int, digits):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return [f"{family}{p[0]:03d}" + (f"-{p[-1]}" if len(p) > 1 else "") for p in parts]
