"""What a report says, in words and in order, so that every page says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runlens.model import Action, ActionKind, Finding, Incident, Report, RoleLine, RoleSeries, RunReport, Severity, Skip
from runlens.model.words import plus_minus, role_words
from runlens.render.text import amount, clock, days, duration, named, number, plural, steps, tokens, visible

ACTIONS: dict[ActionKind, str] = {
    "continue": "Go on",
    "fix-on-the-fly": "Fix it",
    "rewind-and-skip": "Rewind and skip",
    "restart": "Restart",
    "investigate": "Investigate",
}


_NOT_UNDERSTOOD = (
    "none of its metrics was understood; `runlens show RUN` lists them, --metric train_loss=NAME names the loss"
)


_EVALS = frozenset({"eval_score", "eval_loss", "perplexity", "tokens", "step"})
_EVALS_ALONE = "evals of so few checkpoints, or of one pass, tell nothing by themselves: give --reference or --require"


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that are shown together: an incident, or those that belong to none."""

    incident: Incident | None
    findings: tuple[Finding, ...]


def counts(run: RunReport) -> str:
    """`1 error, 3 warnings` of the findings that count, then the known ones; `nothing found` if there are none."""
    counted = [f.severity for f in run.findings if f.suppressed is None]
    parts = [
        plural(counted.count(severity), word)
        for severity, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
        if severity in counted
    ]
    if Severity.INFO in counted:
        parts.append(plural(counted.count(Severity.INFO), "note"))
    known = len(run.findings) - len(counted)
    if known:
        parts.append(f"{known} known")
    return ", ".join(parts) or "nothing found"


def why(run: RunReport) -> str:
    """Why the run's verdict is what it is, in one clause."""
    if run.verdict == "undecided":
        if run.failures:
            return visible(run.failures[0].message)
        if run.points and not run.roles:
            return _NOT_UNDERSTOOD
        if lacking := next((skip for skip in run.skips if skip.kind == "not-comparable"), None):
            return f"{lacking.code} {visible(lacking.reason)}"
        if run.checked and run.roles and run.roles.keys() <= _EVALS:
            return _EVALS_ALONE
        return "too little was logged to judge the training" if run.checked else "no rule could judge it"
    failed = f"; {plural(len(run.failures), 'failure')}" if run.failures else ""
    return counts(run) + failed


_FIRST = ("speed", "train_loss", "mean of all scores", "duration")
"""Measures that the line on good nights tells, so far as they were compared; the others are counted."""


def held(run: RunReport) -> str:
    """What tonight was held against: `Held against 5 good nights, 12-16 November 2026: speed 13,990 where 13,980 ± 60
    tokens/s is usual, and 9 more`; empty if it was held against none.
    """
    against = run.held_against
    if against is None:
        return ""
    count = plural(len(against.nights), "good night")
    older = f" and {against.known - len(against.nights)} older" if against.known > len(against.nights) else ""
    span = days(against.first, against.last)
    told = [one for name in _FIRST for one in against.compared if one.what == name] or list(against.compared[:2])
    lines = [
        f"{visible(one.words, 60)} {number(one.tonight)}, usually {plus_minus(one.usual, one.spread, one.unit)}"
        for one in told
    ]
    more = len(against.compared) - len(told)
    tail = f"; {more} more measures were compared" if more > 1 else "; 1 more was compared" if more else ""
    return f"Held against {count}{older}{f', {span}' if span else ''}: {'; '.join(lines) or 'nothing in common'}{tail}"


def not_held(run: RunReport) -> str:
    """What was not compared with the good nights, in one line; empty if all was."""
    against = run.held_against
    if against is None or not against.not_compared:
        return ""
    said = [visible(text, 120) for text in against.not_compared]
    more = f"; and {len(said) - 5} more" if len(said) > 5 else ""
    return f"Not compared: {'; '.join(said[:5])}{more}"


def changed(run: RunReport) -> list[str]:
    """What changed since the last good night, a line a setting, where the run did not pass."""
    against = run.held_against
    if against is None or run.verdict == "pass":
        return []
    lines = [
        f"{named(one.setting)}: {visible(one.before, 80)} → {visible(one.tonight, 80)}"
        for one in against.changed[:_CHANGES]
    ]
    more = len(against.changed) - _CHANGES
    return [*lines, f"and {more} more"] if more > 0 else lines


_CHANGES = 12


def worst_first(report: Report) -> list[RunReport]:
    """The runs that failed, then those that could not be judged, then those that passed; else in the report's order."""
    return sorted(report.runs, key=lambda run: ("fail", "undecided", "pass").index(run.verdict))


def worth_reading(run: RunReport) -> bool:
    """Whether one line cannot say it all: a finding that counts above a note, or several failures."""
    worst = run.worst()
    return len(run.failures) > 1 or (worst is not None and worst is not Severity.INFO)


def checked(run: RunReport) -> str:
    """How many rules judged: `9 rules, of which 3 found nothing`, or `9 rules, which found nothing`."""
    silent = len(set(run.checked) - {f.code for f in run.findings})
    if not silent:
        return plural(len(run.checked), "rule")
    tail = f", of which {silent} found nothing" if silent < len(run.checked) else ", which found nothing"
    return plural(len(run.checked), "rule") + tail


def totals(report: Report) -> str:
    """`4 runs: 1 failed, 1 undecided, 2 passed, 1 of them with warnings`."""
    verdicts = [run.verdict for run in report.runs]
    words = (("fail", "failed"), ("undecided", "undecided"), ("pass", "passed"))
    parts = [f"{verdicts.count(v):,} {word}" for v, word in words if v in verdicts]
    warned = sum(run.verdict == "pass" and worth_reading(run) for run in report.runs)
    if warned:
        parts.append(f"{warned:,} of them with warnings" if warned < verdicts.count("pass") else "with warnings")
    return f"{plural(len(verdicts), 'run')}: {', '.join(parts)}" if parts else "no run was judged"


def headline(action: Action) -> str:
    """Cause, outcome and order in one line; of a report that an older version wrote the order alone."""
    return visible(action.headline, 300) or action_head(action)


def order(action: Action) -> str:
    """What to do alone: `Mend the learning rate, then rewind to the checkpoint at step 1,400`."""
    said = visible(action.order, 300)
    return said[:1].upper() + said[1:] if said else action_head(action)


def action_head(action: Action) -> str:
    """The action as an order: `Rewind to the checkpoint at step 1,400 and skip steps 1,500–1,511 (197 k tokens)`."""
    if action.rewind_to_step is None and action.skip_steps is None:
        return ACTIONS[action.kind]
    parts = []
    if action.rewind_to_step is not None:
        place = "the checkpoint at step" if action.checkpoint_known else "the last checkpoint at or before step"
        parts.append(f"rewind to {place} {action.rewind_to_step:,}")
    if action.skip_steps is not None:
        size = f" ({amount(action.skip_tokens)} tokens)" if action.skip_tokens is not None else ""
        parts.append(f"skip the batches of steps {steps(action.skip_steps)}{size}")
    order = " and ".join(parts)
    head = "" if action.kind == "rewind-and-skip" else ACTIONS[action.kind] + ": "
    return head + (order if head else order[0].upper() + order[1:])


def sentence(text: str) -> str:
    """`text` made harmless, with a full stop; empty stays empty."""
    shown = visible(text)
    return shown if not shown or shown.endswith((".", "!", "?", "…")) else f"{shown}."


def facts(run: RunReport) -> str:
    """What was read: framework, state, steps, tokens, wall time and points, as far as known."""
    parts = [visible(run.framework, 40)] if run.framework else []
    if run.state != "unknown":
        parts.append(run.state)
    if run.steps is not None:
        parts.append(f"{'step' if run.steps[0] == run.steps[1] else 'steps'} {steps(run.steps)}")
    if run.tokens is not None:
        parts.append(f"{amount(run.tokens[1])} tokens")
    if run.time is not None and run.time[1] > run.time[0]:
        parts.append(duration(run.time[1] - run.time[0]))
    if run.points:
        parts.append(plural(run.points, "point"))
    return " · ".join(parts)


SURE = 0.6
"""Confidence below which a role that decides what is judged is called a guess on the page."""
_DECIDING = ("train_loss", "eval_loss", "grad_norm", "learning_rate", "tokens_per_second", "step_time")


def guess(run: RunReport) -> str:
    """Which roles were guessed from the log, and the flag that settles it, in one sentence; empty if none was."""
    return guess_of(run.roles)


def guess_of(roles: Mapping[str, RoleLine | RoleSeries]) -> str:
    """As `guess`, of the canonical series of each role, with a full stop left off."""
    unsure = [
        (role, line)
        for role in _DECIDING
        if (line := roles.get(role)) is not None
        and line.confidence < SURE
        and (line.origin in ("only", "pattern") or (role == "train_loss" and line.derived))
    ]
    if not unsure:
        return ""
    taken = "; ".join(
        f"{visible(line.why, 200)} as {role_words(role)} ({named(_metric(line))})" for role, line in unsure
    )
    return f"A guess: {taken}. --metric {unsure[0][0]}=NAME settles it"


def _metric(line: RoleLine | RoleSeries) -> str:
    return line.series.name if isinstance(line, RoleSeries) else line.metric


def where(finding: Finding) -> list[str]:
    """Where a finding lies, each as far as known: steps, tokens, wall time with its length."""
    lines = []
    if finding.steps is not None:
        lines.append(f"{'step' if finding.steps[0] == finding.steps[1] else 'steps'} {steps(finding.steps)}")
    if finding.tokens is not None:
        lines.append(tokens(finding.tokens))
    if finding.time is not None and clock(finding.time[0]):
        length = finding.time[1] - finding.time[0]
        lines.append(clock(finding.time[0]) + (f" for {duration(length)}" if length > 0 else ""))
    return lines


def causal(incident: Incident) -> dict[str, int]:
    """Code to its place in the incident, 0 for the first cause."""
    return {code: at for at, code in reversed(list(enumerate(incident.codes)))}


def groups(run: RunReport) -> list[Group]:
    """The findings of a run: worst incident first, inside it the first cause first; known ones last."""
    counted = [f for f in run.findings if f.suppressed is None]
    found = []
    for incident in sorted(run.incidents, key=lambda i: (-i.severity.rank, i.number)):
        parts = [f for f in counted if f.incident == incident.number]
        order = causal(incident)
        parts.sort(key=lambda f: (order.get(f.code, len(order)), f.steps or (-1, -1)))
        if parts:
            found.append(Group(incident, tuple(parts)))
    numbers = {g.incident.number for g in found if g.incident}
    rest = [f for f in counted if f.incident not in numbers]
    rest.sort(key=lambda f: (-f.severity.rank, f.steps or (-1, -1), f.code))
    rest += [f for f in run.findings if f.suppressed is not None]
    return [*found, Group(None, tuple(rest))] if rest else found


def not_checked(skips: Sequence[Skip]) -> list[tuple[str, str]]:
    """What was not judged: codes with one reason, then the reason, in order of first appearance."""
    reasons: dict[str, list[str]] = {}
    for skip in skips:
        reasons.setdefault(skip.reason, []).append(skip.code)
    return [(", ".join(dict.fromkeys(codes)), visible(reason)) for reason, codes in reasons.items()]


def not_checked_in_short(skips: Sequence[Skip]) -> list[tuple[str, str]]:
    """The same in a few lines: all that the log lacks, all that nobody asked for, then the other reasons."""
    lines = []
    together = {kind: [s for s in skips if s.kind == kind and s.lacking] for kind in ("missing-role", "not-asked")}
    for kind, head, between in (("missing-role", "not in the log: ", ", "), ("not-asked", "not asked for: ", "; ")):
        if told := together[kind]:
            what = dict.fromkeys(part for skip in told for part in skip.lacking)
            words = map(role_words, what) if kind == "missing-role" else what
            lines.append((", ".join(dict.fromkeys(s.code for s in told)), visible(head + between.join(words))))
    return lines + not_checked([s for s in skips if not any(s in told for told in together.values())])
