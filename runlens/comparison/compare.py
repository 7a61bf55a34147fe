"""A run beside a reference: the lag of each task, of all scores and of all losses."""

from __future__ import annotations

from dataclasses import replace

from runlens.comparison import words
from runlens.comparison.axis import on_axis
from runlens.comparison.curves import RunCurves, run_curves
from runlens.comparison.joint import Bar
from runlens.comparison.lags import Part, group_lag, shared_out, task_lag
from runlens.comparison.match import match
from runlens.comparison.pair import aligned
from runlens.comparison.projection import Plan, plan_of, projected
from runlens.model import Axis, Comparison, Group, GroupLag, Reference, Run
from runlens.stats.lag import explain


def compare(
    run: Run,
    reference: Reference,
    axis: Axis = "tokens",
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
    axis : {'tokens', 'steps'}
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
    plan = plan_of(run, axis, total_tokens)
    return beside(run.name, run_curves(run, axis, tokens_per_step), reference, axis, bar, plan)


def beside(
    name: str,
    own: RunCurves,
    reference: Reference,
    axis: Axis = "tokens",
    bar: Bar | None = None,
    plan: Plan | None = None,
) -> Comparison:
    """The same for curves at hand; `name` is that of the run they belong to, `plan` what is planned for it."""
    bar = bar or Bar()
    blank = Comparison(
        name, reference.name, axis, (), (), (), "", "", reference.source, reference.licence, reference.citation
    )
    blank = replace(blank, unmatched=own.left_out, tokens_from=own.tokens_from)
    if own.why_not:
        return replace(blank, why_not=own.why_not, sentence=own.why_not)
    theirs = on_axis(reference, axis)
    if isinstance(theirs, str):
        return replace(blank, why_not=theirs, sentence=theirs)
    matched = match(own.curves, theirs)
    unmatched = [*own.left_out, *matched.unmatched]
    parts: list[Part] = []
    for pair in matched.pairs:
        now = aligned(pair, bar.last)
        if isinstance(now, str):
            unmatched.append((pair.run.curve.name, now))
        elif len(now.paired.x) < bar.fewest:
            n = len(now.paired.x)
            unmatched.append(
                (
                    pair.run.curve.name,
                    f"{n} checkpoint{'s' * (n != 1)} within the reference's range; {bar.fewest} are needed",
                )
            )
        else:
            before = aligned(pair, bar.last, drop=1)
            parts.append(Part(now, None if isinstance(before, str) or len(before.paired.x) < bar.fewest else before))
    if not parts:
        why = "no eval of the run could be compared" + (f": {unmatched[0][0]}: {unmatched[0][1]}" if unmatched else "")
        return replace(blank, why_not=why, sentence=why, unmatched=tuple(unmatched))
    parts = shared_out(parts)
    own_ends = [explain(p.now.paired, float(p.now.paired.x[-1])) for p in parts]
    kinds: tuple[Group, ...] = ("scores", "losses")
    groups = [
        group_lag(kind, [(p, e) for p, e in zip(parts, own_ends, strict=True) if p.group == kind], bar)
        for kind in kinds
        if any(p.group == kind for p in parts)
    ]
    groups = [replace(group, projected=projected(group, plan, bar.factor)) for group in groups]
    tasks = [task_lag(p, e, bar) for p, e in zip(parts, own_ends, strict=True)]
    found = replace(
        blank,
        tasks=tuple(sorted(tasks, key=lambda t: (not t.behind, t.group, t.run.task, t.run.metric))),
        groups=tuple(sorted(groups, key=_worst_first)),
        unmatched=tuple(unmatched),
        verdict=words.verdict(groups, bar.factor),
    )
    return replace(found, sentence=words.sentence(found, bar.factor))


def _worst_first(group: GroupLag) -> tuple[int, float]:
    """The severe before the mild, then the surest; of those that are not behind the largest lag."""
    return -(group.severity.rank + 1 if group.severity else 0), -(group.sigmas if group.behind else group.factor)
