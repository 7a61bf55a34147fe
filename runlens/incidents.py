"""Findings that belong together become one incident, the first cause first.

Two families of codes tell one story each: the optimisation (schedule, gradient, loss, evals) and the speed (hardware,
throughput). In a family every finding of an anchor code opens an incident, and the other findings join the anchor
whose span they touch. Two loss spikes are never one incident: LOSS001 already gives one finding an incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runlens.model import Finding, Incident, Run


@dataclass(frozen=True, slots=True)
class Family:
    """Codes that tell one story; in each tuple a cause comes before what it causes."""

    anchors: tuple[str, ...]
    members: tuple[str, ...]
    window: float
    """Share of the run within which two onsets are one moment (at least 10 steps)."""


FAMILIES = (
    Family(
        anchors=("LOSS005", "LOSS001", "LOSS004"),
        members=("LOG002", "LR001", "GRAD002", "GRAD001", "LOSS003", "EVAL002", "EVAL004"),
        window=0.01,
    ),
    Family(
        anchors=("TPUT005", "TPUT001", "TPUT002", "TPUT004", "TPUT006", "TPUT003"),
        members=("LOG002", "LOG005", "LOG003", "HW004", "HW001", "HW006", "HW005", "HW002", "HW003"),
        window=0.05,  # hardware is sampled some ten times less often than steps, and heats up before it slows down
    ),
)
CAUSES_FIRST = (
    "LOG002", "LR001", "HW004", "HW001", "HW006", "HW005", "HW002", "GRAD002", "LOSS005", "LOSS001", "LOSS004",
    "GRAD001", "LOSS003", "TPUT006", "TPUT005", "TPUT001", "TPUT002", "TPUT004", "TPUT003", "HW003",
    "EVAL002", "EVAL004",
)  # fmt: skip
"""Order of findings with the same onset: what can cause stands before what can be caused."""


def link(findings: tuple[Finding, ...], run: Run) -> tuple[tuple[Finding, ...], tuple[Incident, ...]]:
    """Number the incidents and put each finding in one.

    Parameters
    ----------
    findings : tuple of Finding
        Of one run, in any order.
    run : Run
        For its length: onsets within a family's window, or 10 steps, count as one moment.

    Returns
    -------
    findings : tuple of Finding
        The same findings with `incident` set, by incident, the first cause first.
    incidents : tuple of Incident
        Numbered from 1 in order of first step; findings about the whole run come last.
    """
    span = run.step_range()
    length = span[1] - span[0] if span else 0
    moment = max(10, length // 100)
    groups: list[list[Finding]] = []
    left = list(findings)
    for family in FAMILIES:
        for anchor in sorted((f for f in left if f.code in family.anchors), key=_onset):
            host = next((g for g in groups if _joins_anchor(anchor, g, family, length)), None)
            if host is None:
                groups.append([anchor])
            else:
                host.append(anchor)
            left.remove(anchor)
    for finding in sorted(left, key=_onset):
        host = _host(finding, groups, length)
        if host is None:
            groups.append([finding])
        else:
            host.append(finding)
    groups.sort(key=lambda g: (min(_onset(f) for f in g), g[0].code))
    linked: list[Finding] = []
    incidents: list[Incident] = []
    for number, group in enumerate(groups, 1):
        group.sort(key=lambda f: (_onset(f) // moment if len(group) > 1 else 0, _rank(f), _onset(f)))
        linked += [replace(f, incident=number) for f in group]
        incidents.append(_incident(number, group))
    return tuple(linked), tuple(incidents)


def _onset(finding: Finding) -> float:
    return finding.steps[0] if finding.steps else float("inf")


def _rank(finding: Finding) -> int:
    return CAUSES_FIRST.index(finding.code) if finding.code in CAUSES_FIRST else len(CAUSES_FIRST)


def _joins_anchor(finding: Finding, group: Sequence[Finding], family: Family, length: int) -> bool:
    """Whether an anchor belongs to an incident of its own family: they set in together, and are not two of a kind."""
    same_story = any(f.code in family.anchors for f in group) and all(f.code != finding.code for f in group)
    window = max(10, length * family.window)
    return same_story and any(abs(_onset(f) - _onset(finding)) <= window for f in group)


def _host(finding: Finding, groups: Sequence[list[Finding]], length: int) -> list[Finding] | None:
    """The incident that a finding joins: of its family, touching its span, with the nearest onset."""
    if finding.steps is None:
        return None
    best: list[Finding] | None = None
    nearest = float("inf")
    for family in FAMILIES:
        if finding.code not in family.members:
            continue
        window = max(10, length * family.window)
        for group in groups:
            kin = [f for f in group if f.steps and f.code in (*family.anchors, *family.members)]
            for other in kin:
                if other.steps and _touches(finding.steps, other.steps, window):
                    distance = abs(finding.steps[0] - other.steps[0])
                    if distance < nearest:
                        best, nearest = group, distance
    return best


def _touches(one: tuple[int, int], other: tuple[int, int], window: float) -> bool:
    """Whether one sets in while the other lasts, give or take the window."""
    return other[0] - window <= one[0] <= other[1] + window or one[0] - window <= other[0] <= one[0] + window


def _incident(number: int, group: Sequence[Finding]) -> Incident:
    steps = [f.steps for f in group if f.steps]
    codes = tuple(dict.fromkeys(f.code for f in group))
    parts = []
    for finding in group:
        outcome = finding.evidence.get("outcome")
        text = finding.name.replace("-", " ") + (f" ({outcome})" if isinstance(outcome, str) else "")
        if text not in parts:
            parts.append(text)
    return Incident(
        number=number,
        title=", then ".join(parts),
        severity=max((f.severity for f in group), key=lambda s: s.rank),
        steps=(min(s[0] for s in steps), max(s[1] for s in steps)) if steps else None,
        codes=codes,
    )
