"""TREND002: a run that is unlike the good nights before it, or unlike a golden run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.comparison.twins import twin_of
from runlens.model import Figure, Finding, Run, Severity, Skip, Symptom
from runlens.model.twin import Twin
from runlens.model.words import percent
from runlens.rules.base import Rule
from runlens.rules.meaning import Advice, Part
from runlens.rules.nights.parts.apart import Apart, apart
from runlens.rules.shared.panels import LOSSES, TRAINING

SHORT = 0.9
"""Share of the steps of the shortest twin that a run must reach."""
TWICE = 2.0
"""A training loss so many times its bar above the twins' is an error."""
MOST = 4
"""Names that one sentence lists; the rest is counted."""


class UnlikeTwinsEvidence(TypedDict):
    """What differs."""

    what: str
    """`train_loss`, `grad_norm`, `evals` or `length`."""
    twins: list[str]
    tonight: float | None
    """Last level, or last step."""
    usual: float | None
    share: float | None
    """Difference as a share of what is usual."""
    bar: float | None
    """Share beyond which it is unlike them."""
    spread: float | None
    """Standard deviation among the twins, as a share."""
    missing: list[str]
    """Evals of the twins that are not here."""


@dataclass(frozen=True)
class UnlikeTwins(Rule[UnlikeTwinsEvidence]):
    """The run is unlike its twins: good nights before it, or a golden run that it should equal.

    What it does
    ------------
    Holds the training loss and the gradient norm, step by step, against those of the twins (`--baseline-runs`, or
    `twins` in the settings), and their spread is the yardstick: a difference counts beyond four of their standard
    deviations and beyond a floor, `loss` and `norm`, twice as high beside a single twin. Looks for evals that every
    twin logged and this run did not, and for a run that ended before nine tenths of the steps of the shortest twin.
    `error`: a loss twice as far above as the bar, no evals at all, a run cut short that does not say that it is still
    going. `warning`: a loss above the bar, a norm beyond it, some evals missing. `info`: a lower loss.

    Why it matters
    --------------
    A night that is 5 % worse at every step looks as healthy as any: its curve falls, nothing spikes. A night that
    logged no evals compares as equal, since nothing was compared.

    What to do
    ----------
    Look at what changed between the nights: commit, versions, config, data. `shift` holds from which step on the curves
    part: from the first step on it is data, initialisation or a change of code, later it is what happened there.

    Settings
    --------
    twins : runs that this one should equal (names of runs, at the top level of the settings).
    loss : least difference of the training loss that counts, as a share.
    norm : the same of the gradient norm.

    References
    ----------
    Four seeds of a 12M model differ by 0.5 to 1.4 % in training loss over the later three quarters of their runs, and
    by 2 to 4 % in gradient norm; each is silent beside the others.
    """

    code = "TREND002"
    name = "unlike-twins"
    needs = ()
    symptom = Symptom.WORSE
    part = Part()
    figure = Figure(panels=LOSSES, beside=TRAINING)
    advice = Advice(measures=("Compare commit, versions, config and data with those of the runs before.",))

    twins: tuple[Twin, ...] = ()
    loss: float = 0.02
    norm: float = 0.3

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding for each kind of difference."""
        if not self.twins:
            yield self.skip("no twin was named", kind="not-asked", lacking=("--baseline-runs", "twins"))
            return
        own = twin_of(run)
        for role, floor in (("train_loss", self.loss), ("grad_norm", self.norm)):
            theirs = [t.curves[role] for t in self.twins if role in t.curves]
            if theirs and role in own.curves:
                found = apart(own.curves[role], theirs, float(np.log1p(floor)))
                if found is not None and abs(found.shift) > found.bar:
                    yield self._apart(run, role, found)
        yield from self._evals(run, own)
        yield from self._length(run, own)

    def _apart(self, run: Run, role: str, found: Apart) -> Finding:
        line = run.role(role)
        share, bar = float(np.expm1(found.shift)), float(np.expm1(found.bar))
        severity = Severity.WARNING
        if role == "train_loss" and found.shift < 0:
            severity = Severity.INFO
        elif role == "train_loss" and found.shift > TWICE * found.bar:
            severity = Severity.ERROR
        what = "training loss" if role == "train_loss" else "gradient norm"
        higher = "higher" if share > 0 else "lower"
        among = "" if found.spread is None else f"; they differ by {percent(np.expm1(found.spread))} among themselves"
        span = run.step_range()
        return self.finding(
            severity,
            line.series.name if line is not None else "",
            (found.since, max(found.since, span[1])) if span else None,
            f"the {what} is {percent(abs(share))} {higher} than in {_count(self.twins)} at the same steps, from step "
            f"{found.since:,} on: {found.tonight:.4g} at the end, where {found.usual:.4g} is usual{among}",
            {
                "what": role,
                "twins": [t.name for t in self.twins],
                "tonight": found.tonight,
                "usual": found.usual,
                "share": share,
                "bar": bar,
                "spread": float(np.expm1(found.spread)) if found.spread is not None else None,
                "missing": [],
            },
            "Look at what changed between the runs: commit, versions, config, data.",
        )

    def _evals(self, run: Run, own: Twin) -> Iterator[Finding]:
        always = frozenset.intersection(*(t.evals for t in self.twins))
        missing = sorted(always - own.evals)
        if not missing or run.state == "running":
            return
        none_at_all = not own.evals
        verb = "are" if len(missing) > 1 else "is"
        listed = ", ".join(missing[:MOST]) + (f" and {len(missing) - MOST} more" if len(missing) > MOST else "")
        yield self.finding(
            Severity.ERROR if none_at_all else Severity.WARNING,
            missing[0],
            None,
            f"{len(missing)} of {len(always)} evals that {_count(self.twins)} logged {verb} not in this run ({listed})"
            + (": nothing of them was compared" if none_at_all else ""),
            {
                "what": "evals",
                "twins": [t.name for t in self.twins],
                "tonight": float(len(own.evals)),
                "usual": float(len(always)),
                "share": None,
                "bar": None,
                "spread": None,
                "missing": missing,
            },
            "Look at the job of the evals; a run whose evals did not come is not compared.",
        )

    def _length(self, run: Run, own: Twin) -> Iterator[Finding]:
        ends = [t.last_step for t in self.twins if t.last_step is not None]
        if not ends or own.last_step is None or run.state == "running" or own.last_step >= SHORT * min(ends):
            return
        yield self.finding(
            Severity.ERROR,
            "",
            (own.last_step, own.last_step),
            f"the run ended at step {own.last_step:,}, where {_count(self.twins)} went on to {min(ends):,}: the rest "
            "was not compared",
            {
                "what": "length",
                "twins": [t.name for t in self.twins],
                "tonight": float(own.last_step),
                "usual": float(min(ends)),
                "share": own.last_step / min(ends) - 1.0 if min(ends) > 0 else None,
                "bar": SHORT - 1.0,
                "spread": None,
                "missing": [],
            },
            "Look at how the job ended.",
        )


def _count(twins: tuple[Twin, ...]) -> str:
    return twins[0].name if len(twins) == 1 else f"the {len(twins)} runs before"
