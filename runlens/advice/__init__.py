"""From findings to what to do now: go on, fix on the fly, rewind and skip, restart or investigate.

Every rule of `RULES_OF_ADVICE` says what it has to say about its worst finding. The worst of all decides, and of
findings equally bad the rule that stands first: a slowdown is no headline where a requirement was missed. Each rule
states where it comes from. The same report always gives the same advice.
"""

from __future__ import annotations

from collections.abc import Callable

from runlens.advice.advised import Advised
from runlens.advice.divergence import after_a_bad_spike, after_an_open_spike, after_non_finite
from runlens.advice.facts import Facts
from runlens.advice.headline import going_on, with_headline
from runlens.advice.lag import behind_the_reference
from runlens.advice.minor import (
    broken_schedule,
    go_on,
    hardware_or_speed,
    look_closer,
    recovered_slowly,
    repeated_spikes,
)
from runlens.advice.resume import after_a_broken_resume
from runlens.model import Action, Run, RunReport

Advice = Callable[[Facts], Advised | None]

RULES_OF_ADVICE: tuple[Advice, ...] = (
    after_non_finite,
    after_a_broken_resume,
    after_a_bad_spike,
    behind_the_reference,
    after_an_open_spike,
    broken_schedule,
    hardware_or_speed,
    look_closer,
    repeated_spikes,
    recovered_slowly,
)


def advise(report: RunReport, run: Run, total_tokens: float | None = None) -> Action | None:
    """What to do with the run now.

    Parameters
    ----------
    report : RunReport
        With its findings; those that are suppressed do not count.
    run : Run
        For its config, checkpoints and tokens.
    total_tokens : float, optional
        Tokens planned for the whole run.

    Returns
    -------
    Action or None
        None if nothing could be judged, since then there is nothing to advise.
    """
    facts = Facts.of(report, run, total_tokens)
    if not report.checked and not facts.findings:
        return None
    said = [advised for rule in RULES_OF_ADVICE if (advised := rule(facts)) is not None]
    if said:
        return with_headline(max(said, key=lambda advised: advised.rank), facts)
    action, spike = go_on(facts)
    return with_headline(Advised(action, spike), facts) if spike else going_on(action, facts)
