"""TREND002: a run that is unlike the good nights before it, or unlike a golden run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.model import Figure, Finding, Severity, Skip, Symptom
from runlens.model.twin import Twin
from runlens.rules.meaning import Advice, Part
from runlens.rules.nights.parts.beside import beside
from runlens.rules.nights.parts.held import Held
from runlens.rules.nights.parts.rule import NightRule
from runlens.rules.nights.parts.scores import MEAN
from runlens.rules.nights.parts.words import counted, listed, sentence
from runlens.rules.nights.parts.yardstick import NEWEST
from runlens.rules.shared.panels import LOSSES, TRAINING

ALIKE = 2.0
"""An eval that fell by less than so many times the mean of all has no finding of its own."""
_FOLLOW = {"step_time": ("speed",), "tokens": ("length", "tokens_per_step")}
"""What is no news beside another difference: the time of a step beside the speed, tokens beside the end."""


class UnlikeTwinsEvidence(TypedDict):
    """What differs."""

    what: str
    """Name of the measure or of the eval, `evals`, or `series`."""
    twins: list[str]
    tonight: float | None
    """Last level, or the value of the whole run."""
    usual: float | None
    share: float | None
    """Difference as a share of what is usual; in its own unit for scores and temperatures."""
    bar: float | None
    """Share beyond which it is unlike them."""
    spread: float | None
    """Standard deviation among the twins, as a share."""
    missing: list[str]
    """Evals or series of the twins that are not here."""


@dataclass(frozen=True)
class UnlikeTwins(NightRule[UnlikeTwinsEvidence]):
    """The run is unlike its twins: good nights before it, or a golden run that it should equal.

    What it does
    ------------
    Holds everything that the run and its twins (`--baseline-runs`, or `twins` in the settings) both tell against each
    other: speed, time of a step, duration, last step, tokens, peak memory and temperature, the training loss and the
    gradient norm step by step, each eval and the mean of the scores at the same steps, and which evals and series were
    logged. The yardstick is the spread of the twins themselves, of up to thirty; a difference counts where a healthy
    night would show it once in ten thousand, and never below a floor. `error`: slower, a higher loss, worse evals, a
    run cut short, no evals at all; memory, temperature, duration or gradient norm well above their bars. `warning`:
    those little above them, some evals or series missing, more tokens. `info`: faster, a lower loss, better evals.
    What every twin tells and cannot be compared leaves the run undecided, unless `may_lack` names it.

    Why it matters
    --------------
    A night that is 5 % worse at every step looks as healthy as any: its curve falls, nothing spikes. A night that
    logged no evals compares as equal, since nothing was compared.

    What to do
    ----------
    Look at what changed between the nights: commit, versions, config, data. `share` holds how far the curves part: from
    the first step on it is data, initialisation or a change of code, later it is what happened there. What is meant to
    stay is accepted with `runlens nights accept`.

    Settings
    --------
    twins : runs that this one should equal (names of runs, at the top level of the settings).
    loss : least difference of the training loss that counts, as a share.
    norm : the same of the gradient norm.
    speed : the same of the speed.
    score : least difference of a score that counts, in points of 1.
    last : newest good nights that say what is usual (`--last`).
    max_age : days; good nights that are older do not count. None for no limit.
    may_lack : what need not be comparable, by name: `speed`, `step_time`, `duration`, `tokens`,
        `tokens_per_step`, `memory`, `host_memory`, `temperature`, `train_loss`, `grad_norm`, `evals`, or the logged
        name of an eval.

    References
    ----------
    Four seeds of a 12M model differ by 0.5 to 1.4 % in training loss over the later three quarters of their runs, and
    by 2 to 4 % in gradient norm; each is silent beside the others. The spread is pooled with a prior (Gelman et al.,
    Bayesian Data Analysis, 2.6) and the bar is a quantile of Student's t. False alarms over simulated years, and the
    smallest differences that are found, stand in docs/quality.md.
    """

    code = "TREND002"
    name = "unlike-twins"
    needs = ()
    symptom = Symptom.WORSE
    headline = "run unlike its twins"
    part = Part()
    figure = Figure(panels=LOSSES, beside=TRAINING)
    advice = Advice(measures=("Compare commit, versions, config and data with those of the runs before.",))

    loss: float = 0.015
    norm: float = 0.3
    speed: float = 0.015
    score: float = 0.01
    may_lack: tuple[str, ...] = ()

    @property
    def floors(self) -> dict[str, float]:
        """Name of a measure to its floor, where a setting says it."""
        shares = {"train_loss": self.loss, "grad_norm": self.norm, "speed": self.speed, "step_time": self.speed}
        return {name: float(np.log1p(share)) for name, share in shares.items()} | {"score": self.score}

    def beside(self, own: Twin, nights: Sequence[Twin]) -> Iterator[Finding | Skip]:
        """Yield one finding for each difference, then what could not be compared."""
        nights = nights[-NEWEST:]
        came = beside(own, nights, self.last, self.floors)
        loud = {one.name for one in came.held if one.severity is not None and one.worse}
        for one in came.held:
            if one.severity is not None and not (one.worse and self._told_already(one, came.held, loud)):
                yield self._unlike(own, nights, one, one.severity)
        lacking = [(name, why) for name, why in came.lacking if "length" not in loud]
        if came.no_evals:
            none_at_all = not own.evals
            tail = ": nothing of them was compared" if none_at_all else ""
            yield self._gone(nights, "evals", came.no_evals, Severity.ERROR if none_at_all else Severity.WARNING, tail)
            lacking += [(name, "is not in tonight's log") for name in came.no_evals if own.evals]
        if came.no_series:
            yield self._gone(nights, "series", came.no_series, Severity.WARNING, "")
        told = [(name, why) for name, why in lacking if not self._allowed(name, own, nights)]
        if told:
            names = listed([name for name, _ in told])
            yield self.skip(
                f"{names} of {counted(nights[-self.last :])} could not be compared: {told[0][0]} {told[0][1]}",
                kind="not-comparable",
                lacking=[name for name, _ in told],
            )

    @staticmethod
    def _told_already(one: Held, held: Sequence[Held], loud: set[str]) -> bool:
        """Whether another difference says the same: the speed, the end, or the mean of all scores."""
        if loud.intersection(_FOLLOW.get(one.name, ())):
            return True
        speed = next((other for other in held if other.name == "speed" and other.name in loud), None)
        if one.name == "duration" and speed is not None and abs(one.shift + speed.shift) < one.bar:
            return True
        mean = next((other for other in held if other.name == MEAN and MEAN in loud), None)
        alike = mean is not None and one.name != MEAN and one.measure.log == mean.measure.log and not one.unit
        return mean is not None and alike and abs(one.shift) < ALIKE * abs(mean.shift)

    def _allowed(self, name: str, own: Twin, nights: Sequence[Twin]) -> bool:
        of_evals = name in own.evals or any(name in night.evals for night in nights)
        return name in self.may_lack or (of_evals and "evals" in self.may_lack)

    def _unlike(self, own: Twin, nights: Sequence[Twin], one: Held, severity: Severity) -> Finding:
        end = own.last_step
        steps = (one.since, max(one.since, end)) if one.since is not None and end is not None else None
        if one.name == "length" and end is not None:
            steps = (end, end)
        return self.finding(
            severity,
            one.metric,
            steps,
            sentence(one, nights[-self.last :]),
            {
                "what": one.name,
                "twins": [t.name for t in nights[-self.last :]],
                "tonight": one.tonight,
                "usual": one.usual,
                "share": one.measure.plain(one.shift),
                "bar": one.measure.plain(one.bar),
                "spread": one.spread,
                "missing": [],
            },
            "Look at how the job ended."
            if one.name == "length"
            else "Look at what changed between the runs: commit, versions, config, data.",
        )

    def _gone(
        self, nights: Sequence[Twin], what: str, missing: Sequence[str], severity: Severity, tail: str
    ) -> Finding:
        recent = nights[-self.last :]
        verb = "are" if len(missing) > 1 else "is"
        always = frozenset.intersection(*(t.evals if what == "evals" else t.series for t in recent))
        return self.finding(
            severity,
            missing[0],
            None,
            f"{len(missing)} of {len(always)} {what} that {counted(recent)} logged {verb} not in this run "
            f"({listed(missing)}){tail}",
            {
                "what": what,
                "twins": [t.name for t in recent],
                "tonight": float(len(always) - len(missing)),
                "usual": float(len(always)),
                "share": None,
                "bar": None,
                "spread": None,
                "missing": list(missing),
            },
            "Look at the job of the evals; a run whose evals did not come is not compared."
            if what == "evals"
            else "Look at what changed in the logging.",
        )
