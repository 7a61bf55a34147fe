"""A run beside a reference: the lag of each task, of all scores and of all losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from runlens.comparison import words
from runlens.comparison.answers import Disagreement, Key
from runlens.comparison.axis import Asked, choose, on_axis
from runlens.comparison.curves import RunCurves, run_curves
from runlens.comparison.joint import Bar
from runlens.comparison.lags import Part, group_lag, group_of, shared_out, task_lag
from runlens.comparison.match import NO_TASK, ONLY_THERE, Match, match
from runlens.comparison.pair import aligned
from runlens.comparison.points import Measured, measured, together
from runlens.comparison.projection import Plan, plan_of, projected
from runlens.model import Axis, Comparison, Group, GroupLag, Reference, Run
from runlens.stats.lag import explain

KINDS: tuple[Group, ...] = ("scores", "losses")


def compare(
    run: Run,
    reference: Reference,
    axis: Asked = "auto",
    tokens_per_step: float | None = None,
    bar: Bar | None = None,
    total_tokens: float | None = None,
) -> Comparison:
    """Compare the evals of a run with those of a reference at the same tokens (or steps).

    Parameters
    ----------
    run : Run
        Resolved.
    reference : Reference
    axis : {'auto', 'tokens', 'steps'}
        `auto` as `runlens.comparison.axis.choose` has it.
    tokens_per_step : float, optional
        Of the run, where its log does not tell.
    bar : Bar, optional
    total_tokens : float, optional
        Planned, for the projection; what the run's config tells if None.

    Returns
    -------
    Comparison
        With `why_not` where nothing could be compared. The same input gives the same figures to the last digit.
    """
    chosen = choose(run, reference, axis, tokens_per_step)
    own = run_curves(run, chosen.axis, tokens_per_step)
    if chosen.why_not and not own.curves:
        own = replace(own, why_not=chosen.why_not)
    found = beside(run.name, own, reference, chosen.axis, bar, plan_of(run, chosen.axis, total_tokens))
    if chosen.why and not found.why_not:
        found = replace(found, axis_why=chosen.why, sentence=f"{found.sentence} ({chosen.why})")
    return found


def beside(
    name: str,
    own: RunCurves,
    reference: Reference,
    axis: Axis = "tokens",
    bar: Bar | None = None,
    plan: Plan | None = None,
    answers: Mapping[Key, Disagreement] | None = None,
) -> Comparison:
    """The same for curves at hand; `name` is that of the run they belong to, `plan` what is planned for it.

    `answers` tells, by task, metric and setting, how often only one side was right, where both hold their answers.
    """
    bar = bar or Bar()
    blank = Comparison(
        name, reference.name, axis, (), (), own.left_out, source=reference.source, licence=reference.licence,
        citation=reference.citation, tokens_from=own.tokens_from,
    )  # fmt: skip
    if own.why_not:
        return replace(blank, why_not=own.why_not, sentence=own.why_not)
    theirs = on_axis(reference, axis)
    if isinstance(theirs, str):
        return replace(blank, why_not=theirs, sentence=theirs)
    matched = match(own.curves, theirs)
    parts, points, unmatched = _sorted_out(matched.pairs, bar, answers)
    unmatched = [*own.left_out, *matched.unmatched, *unmatched]
    if not parts and not points:
        nearest = sorted(unmatched, key=lambda one: one[1] in (NO_TASK, ONLY_THERE))[:1]
        why = "no eval of the run could be compared" + "".join(f": {name}: {reason}" for name, reason in nearest)
        return replace(blank, why_not=why, sentence=why, unmatched=tuple(unmatched))
    parts = shared_out(parts)
    own_ends = [explain(p.now.paired, float(p.now.paired.x[-1])) for p in parts]
    groups = [
        group_lag(kind, [(p, e) for p, e in zip(parts, own_ends, strict=True) if p.group == kind], bar)
        for kind in KINDS
        if any(p.group == kind for p in parts)
    ]
    groups = [replace(group, projected=projected(group, plan, bar.factor)) for group in groups]
    tasks = [task_lag(p, e, bar) for p, e in zip(parts, own_ends, strict=True)]
    at_one = [
        together(kind, [m for _, m in points if m.group == kind])
        for kind in KINDS
        if any(m.group == kind for _, m in points)
    ]
    beside_it = [p.now.reference for p in parts] + [pair.members[0] for pair, _ in points]
    found = replace(
        blank,
        matched=frozenset((c.task, c.metric, c.setting) for c in beside_it),
        tasks=tuple(sorted(tasks, key=lambda t: (not t.behind, t.group, t.run.task, t.run.metric))),
        groups=tuple(sorted(groups, key=_worst_first)),
        at_one=tuple(sorted(at_one, key=lambda p: (-(p.severity.rank + 1 if p.severity else 0), -p.sigmas))),
        unmatched=tuple(unmatched),
        verdict=words.verdict(groups, at_one, bar.factor),
    )
    return replace(found, sentence=words.sentence(found, bar.factor))


def _sorted_out(
    pairs: Iterable[Match], bar: Bar, answers: Mapping[Key, Disagreement] | None
) -> tuple[list[Part], list[tuple[Match, Measured]], list[tuple[str, str]]]:
    """Pairs with enough checkpoints for a lag, those with one place in common, and (name, why not) of the others."""
    parts: list[Part] = []
    points: list[tuple[Match, Measured]] = []
    neither: list[tuple[str, str]] = []
    for pair in pairs:
        few = len(pair.run.curve.at) < bar.fewest or all(len(m.at) < 2 for m in pair.members)
        if few:
            point = measured(pair, group_of(pair.run.curve), answers)
            if isinstance(point, str):
                neither.append((pair.run.curve.name, point))
            else:
                points.append((pair, point))
            continue
        now = aligned(pair, bar.last)
        if isinstance(now, str):
            neither.append((pair.run.curve.name, now))
        elif (n := len(now.paired.x)) < bar.fewest:
            few_words = f"{n} checkpoint{'s' * (n != 1)} within the reference's range; {bar.fewest} are needed"
            neither.append((pair.run.curve.name, few_words))
        else:
            before = aligned(pair, bar.last, drop=1)
            parts.append(Part(now, None if isinstance(before, str) or len(before.paired.x) < bar.fewest else before))
    return parts, points, neither


def _worst_first(group: GroupLag) -> tuple[int, float]:
    """The severe before the mild, then the surest; of those that are not behind the largest lag."""
    return -(group.severity.rank + 1 if group.severity else 0), -(group.sigmas if group.behind else group.factor)
