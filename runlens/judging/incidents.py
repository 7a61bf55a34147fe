"""Findings that belong together become one incident, the first cause first.

Two families of codes tell one story each: the optimisation (schedule, gradient, loss, evals) and the speed (hardware,
throughput). In a family every finding of an anchor code opens an incident, and the other findings join the anchor
whose span they touch. LOSS001 gives one finding an incident already, so two spikes are one incident only where one
short cause, such as a bad stretch of data that holds the gradient norm up, spans both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from runlens.model import Finding, Incident, Run, Severity


@dataclass(frozen=True, slots=True)
class Family:
    """Codes that tell one story."""

    anchors: tuple[str, ...]
    """Codes that open an incident."""
    members: tuple[str, ...]
    """Codes that join one."""
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
CODES = tuple(frozenset((*family.anchors, *family.members)) for family in FAMILIES)
"""All codes of each family."""
CAUSES_FIRST = (
    "LOG002", "LR001", "HW004", "HW001", "HW006", "HW005", "HW002", "GRAD002", "LOSS005", "LOSS001", "LOSS004",
    "GRAD001", "LOSS003", "TPUT006", "TPUT005", "TPUT001", "TPUT002", "TPUT004", "TPUT003", "HW003",
    "EVAL002", "EVAL004",
)  # fmt: skip
"""Order of findings with the same onset: what can cause stands before what can be caused."""
SHOWN_BY = {
    "HW001": ("gpu_temperature",),
    "HW006": ("gpu_clock", "gpu_throttle", "gpu_power"),
    "HW003": ("gpu_utilization",),
}
"""Roles that a throughput finding names as tied to it, by the hardware rule that judges them."""
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
    groups: list[list[Finding]] = []
    causes = [f.steps for f in findings if f.code in ("GRAD002", "LR001") and f.steps]
    causes = [c for c in causes if c[1] - c[0] <= SHORT * length]
    for finding in _anchors_first(findings):
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


def _anchors_first(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The anchors of each family by onset, then all others by onset."""
    anchors = {code for family in FAMILIES for code in family.anchors}
    yield from sorted(findings, key=lambda f: (f.code not in anchors, _onset(f)))


def _onset(finding: Finding) -> float:
    return finding.steps[0] if finding.steps else float("inf")


def _host(
    finding: Finding, causes: Sequence[tuple[int, int]], groups: Sequence[list[Finding]], length: int
) -> list[Finding] | None:
    """The incident that a finding joins: of its family, touching it, with the nearest onset; None if there is none."""
    if finding.steps is None:
        return None
    first, last = finding.steps
    under = [c for c in causes if c[0] - BEFORE <= first <= c[1]]
    since = _last_good(finding)
    since = first if since is None else min(first, since)
    best: tuple[float, list[Finding]] | None = None
    for family, codes in zip(FAMILIES, CODES, strict=True):
        if finding.code not in codes:
            continue
        window = max(10.0, length * family.window)
        for group in groups:
            for other in group:
                if other.steps is None or other.code not in codes:
                    continue
                distance = abs(first - other.steps[0])
                if best is not None and distance >= best[0]:
                    continue
                if finding.code not in family.anchors or other.code not in family.anchors:
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
    eval_since = _last_good(one)
    return (
        b[0] - window <= a[0] <= b[1] + window
        or a[0] - window <= b[0] <= a[0] + window
        or (eval_since is not None and eval_since < b[0] <= a[0])
    )


def _span(finding: Finding) -> tuple[int, int]:
    """The steps while which a finding can be what another one sets in with.

    A resume is a moment, though it redid a stretch; and what is only told, such as pauses on schedule, explains nothing
    that begins while it goes on.
    """
    first, last = finding.steps or (0, 0)
    told = finding.severity is Severity.INFO and finding.code.startswith(("TPUT", "HW"))
    return (first, first) if told or finding.code == "LOG002" else (first, last)


def _took_back(restart: Finding, spike: Finding) -> bool:
    """Whether a resume went back to before this spike, which the run as it stands never had."""
    if restart.code != "LOG002" or not spike.evidence.get("rewound") or not (restart.steps and spike.steps):
        return False
    return restart.steps[0] <= spike.steps[0] <= restart.steps[1]


def _tied(speed: Finding, hardware: Finding) -> bool:
    """Whether a throughput finding names what this hardware finding judges, and the two overlap."""
    ties = speed.evidence.get("ties")
    roles = {t.get("role") for t in ties if isinstance(t, dict)} if isinstance(ties, list) else set()
    a, b = speed.steps, hardware.steps
    named = roles.intersection(SHOWN_BY.get(hardware.code, ()))
    return bool(named) and a is not None and b is not None and a[0] <= b[1] and b[0] <= a[1]


def _last_good(finding: Finding) -> int | None:
    """Step of the last eval at its old level before an eval finding: what made it worse happened since then."""
    if not finding.code.startswith("EVAL"):
        return None
    evals = finding.evidence.get("evals")
    steps = [e.get("level_at_step") for e in evals if isinstance(e, dict)] if isinstance(evals, list) else []
    known = [s for s in [*steps, finding.evidence.get("best_step")] if isinstance(s, int)]
    return max(known) if known else None


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


def _rank(finding: Finding) -> int:
    return CAUSES_FIRST.index(finding.code) if finding.code in CAUSES_FIRST else len(CAUSES_FIRST)


def _incident(number: int, group: Sequence[Finding]) -> Incident:
    steps = [f.steps for f in group if f.steps]
    parts = []
    for finding in group:
        outcome = finding.evidence.get("outcome")
        name = finding.name.replace("-", " ").replace("non finite", "non-finite")
        text = name + (f" ({outcome})" if isinstance(outcome, str) else "")
        if text not in parts:
            parts.append(text)
    return Incident(
        number=number,
        title=", then ".join(parts),
        severity=max((f.severity for f in group), key=lambda s: s.rank),
        steps=(min(s[0] for s in steps), max(s[1] for s in steps)) if steps else None,
        codes=tuple(dict.fromkeys(f.code for f in group)),
    )
