"""Findings that belong together become one incident, the first cause first.

Each rule says which story it belongs to, the optimisation (schedule, gradient, loss, evals) or the speed (hardware,
throughput), and what it may cause (`Rule.part`). In a story every finding of a rule that opens incidents opens one, and
the other findings join the one whose span they touch. A loss spike is one finding an incident already, so two spikes
are one incident only where one short cause, such as a bad stretch of data that holds the gradient norm up, spans both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runlens.model import Finding, Incident, Run, Severity
from runlens.rules import RULES, rule_of
from runlens.rules.meaning import Extent, Story

WINDOWS = {
    Story.OPTIMISATION: 0.01,
    Story.SPEED: 0.05,  # hardware is sampled some ten times less often than steps, and heats up before it slows down
}
"""Share of the run within which two onsets of a story are one moment (at least 10 steps)."""
CODES = {story: frozenset(rule.code for rule in RULES if story in rule.part.stories) for story in Story}
"""All codes of each story."""
OPENING = frozenset(rule.code for rule in RULES if rule.part.opens)
"""Codes that open an incident."""
BEFORE = 10
"""Steps by which a finding may set in before its cause is seen."""
SHORT = 0.05
"""Share of the run up to which one cause may span two spikes: a norm that stays high for long explains no moment."""


def link(findings: tuple[Finding, ...], run: Run) -> tuple[tuple[Finding, ...], tuple[Incident, ...]]:
    """Number the incidents and put each finding in one.

    Parameters
    ----------
    findings : tuple of Finding
        Of one run, in any order.
    run : Run
        For its length: onsets within a story's window, or 10 steps, count as one moment.

    Returns
    -------
    findings : tuple of Finding
        The same findings with `incident` set, by incident, the first cause first.
    incidents : tuple of Incident
        Numbered from 1 in order of first step; findings about the whole run come last.
    """
    span = run.step_range()
    length = span[1] - span[0] if span else 0
    groups: list[list[Finding]] = []
    causes = [f.steps for f in findings if rule_of(f.code).part.spans and f.steps]
    causes = [c for c in causes if c[1] - c[0] <= SHORT * length]
    for finding in _openers_first(findings):
        host = _host(finding, causes, groups, length)
        if host is None:
            groups.append([finding])
        else:
            host.append(finding)
    groups.sort(key=lambda g: (min(_onset(f) for f in g), g[0].code))
    linked: list[Finding] = []
    incidents: list[Incident] = []
    for number, group in enumerate(groups, 1):
        ordered = _ordered(group, max(10, length // 100))
        linked += [replace(f, incident=number) for f in ordered]
        incidents.append(_incident(number, ordered))
    return tuple(linked), tuple(incidents)


def _openers_first(findings: Sequence[Finding]) -> Iterator[Finding]:
    """What opens an incident by onset, then all others by onset."""
    yield from sorted(findings, key=lambda f: (f.code not in OPENING, _onset(f)))


def _onset(finding: Finding) -> float:
    return finding.steps[0] if finding.steps else float("inf")


def _host(
    finding: Finding, causes: Sequence[tuple[int, int]], groups: Sequence[list[Finding]], length: int
) -> list[Finding] | None:
    """The incident that a finding joins: of its story, touching it, with the nearest onset; None if there is none."""
    if finding.steps is None:
        return None
    first, last = finding.steps
    under = [c for c in causes if c[0] - BEFORE <= first <= c[1]]
    good = rule_of(finding.code).last_good(finding)
    since = first if good is None else min(first, good)
    best: tuple[float, list[Finding]] | None = None
    for story, codes in CODES.items():
        if finding.code not in codes:
            continue
        window = max(10.0, length * WINDOWS[story])
        for group in groups:
            for other in group:
                if other.steps is None or other.code not in codes:
                    continue
                distance = abs(first - other.steps[0])
                if best is not None and distance >= best[0]:
                    continue
                if finding.code not in OPENING or other.code not in OPENING:
                    # whatever way two findings touch, they do not so far apart; of thousands, most pairs are
                    apart = other.steps[0] > last + window or other.steps[1] < since - window
                    joins = not apart and _touches(finding, other, window)
                elif finding.code != other.code:
                    joins = distance <= window
                else:
                    joins = any(c[0] - BEFORE <= other.steps[0] <= c[1] for c in under)
                if joins:
                    best = (distance, group)
    return best[1] if best else None


def _touches(one: Finding, other: Finding, window: float) -> bool:
    """Whether one sets in while the other lasts, give or take the window, or the two are tied by what they measure."""
    if _took_back(one, other) or _took_back(other, one) or _tied(one, other) or _tied(other, one):
        return True
    a, b = _span(one), _span(other)
    good = rule_of(one.code).last_good(one)
    return (
        b[0] - window <= a[0] <= b[1] + window
        or a[0] - window <= b[0] <= a[0] + window
        or (good is not None and good < b[0] <= a[0])
    )


def _span(finding: Finding) -> tuple[int, int]:
    """The steps while which a finding can be what another one sets in with, as its rule says (`Extent`)."""
    first, last = finding.steps or (0, 0)
    extent = rule_of(finding.code).part.extent
    told = extent is Extent.WHOLE_ABOVE_INFO and finding.severity is Severity.INFO
    return (first, first) if told or extent is Extent.ONSET else (first, last)


def _took_back(restart: Finding, spike: Finding) -> bool:
    """Whether a resume went back to before this spike, which the run as it stands never had."""
    if not rule_of(restart.code).part.takes_back or not rule_of(spike.code).taken_back(spike):
        return False
    if not (restart.steps and spike.steps):
        return False
    return restart.steps[0] <= spike.steps[0] <= restart.steps[1]


def _tied(speed: Finding, hardware: Finding) -> bool:
    """Whether a throughput finding names what this hardware finding judges, and the two overlap."""
    shown_by = rule_of(hardware.code).part.shown_by
    if not shown_by or speed.steps is None or hardware.steps is None:
        return False
    a, b = speed.steps, hardware.steps
    return a[0] <= b[1] and b[0] <= a[1] and not rule_of(speed.code).tied_roles(speed).isdisjoint(shown_by)


def _ordered(group: Sequence[Finding], moment: int) -> list[Finding]:
    """First cause first: by onset, those of one moment by what can cause what; the resume that took it back last."""
    answers = [f for f in group if any(_took_back(f, other) for other in group)]
    ordered: list[Finding] = []
    together: list[Finding] = []
    for finding in sorted((f for f in group if f not in answers), key=_onset):
        if together and _onset(finding) - _onset(together[0]) > moment:
            ordered += sorted(together, key=_rank)
            together = []
        together.append(finding)
    return [*ordered, *sorted(together, key=_rank), *answers]


def _rank(finding: Finding) -> tuple[int, int]:
    """What can cause stands before what can be caused."""
    part = rule_of(finding.code).part
    return part.stage, part.place


def _incident(number: int, group: Sequence[Finding]) -> Incident:
    steps = [f.steps for f in group if f.steps]
    parts = []
    for finding in group:
        name = rule_of(finding.code).words(finding)
        text = name + (f" ({finding.outcome})" if finding.outcome else "")
        if text not in parts:
            parts.append(text)
    return Incident(
        number=number,
        title=", then ".join(parts),
        severity=max((f.severity for f in group), key=lambda s: s.rank),
        steps=(min(s[0] for s in steps), max(s[1] for s in steps)) if steps else None,
        codes=tuple(dict.fromkeys(f.code for f in group)),
    )
