"""EVAL005: do the evals reach what was asked of them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NotRequired, TypedDict

import numpy as np

from runlens.comparison.curves import RunCurve, RunCurves, run_curves
from runlens.comparison.words import amount, label
from runlens.errors import ConfigError
from runlens.model import Axis, Figure, Finding, Reference, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.evals.parts.lookup import any_series, level_of, wanted
from runlens.rules.evals.parts.require import Requirement, parse_requirement
from runlens.rules.meaning import Part
from runlens.rules.shared.panels import BESIDE_EVALS, EVALS

ON_TIME = 1.01
"""A checkpoint within 1 % after the due point still counts as taken there: nobody evaluates at exactly 1 T."""


class RequirementEvidence(TypedDict):
    """What was asked for, and by how much it is missed or why it cannot be met."""

    requirement: str
    why: NotRequired[str]
    value: NotRequired[float]
    bound: NotRequired[float]
    missing: NotRequired[float]
    stderr: NotRequired[float | None]
    within_two_standard_errors: NotRequired[bool]


@dataclass(frozen=True)
class RequirementMissed(Rule[RequirementEvidence]):
    """An eval that does not reach what was required of it.

    What it does
    ------------
    Holds the run against every requirement: `hellaswag>=0.55@1T` (from 1 T tokens on; `@50k` are steps),
    `eval_loss<=2.3` (now), `mmlu>=ref-0.01` (against each reference at the same tokens). The last checkpoint at or
    before the due point decides; without one, the last checkpoint. A requirement whose due point has not been
    reached is not judged, and the report says so. Every logged series can be named, evals or not; the sign says
    which way is better where nothing else does. What cannot be judged at all (a series that was never logged, a run
    without tokens, a reference without that eval) misses its requirement: a typing error must not make a gate
    green. A requirement is a bound, not a test: the value itself decides, and the message tells its standard error.
    `ref-1%` is one point of a score and one hundredth of a loss.

    Why it matters
    --------------
    A gate on nightly evals needs a rule that people wrote down before they saw the numbers.

    What to do
    ----------
    If the value is within two standard errors of the bound, evaluate more items before deciding. Otherwise treat it
    as the regression that the requirement was written for.

    Settings
    --------
    requirements : given at the top of the configuration (`requirements = ["hellaswag>=0.55@1T"]`) or by `--require`
    references, tokens_per_step : likewise, by `--reference` and `--tokens-per-step`

    References
    ----------
    Standard errors of accuracies are binomial, sqrt(p (1 - p) / n).
    """

    code: ClassVar[str] = "EVAL005"
    name: ClassVar[str] = "requirement-missed"
    symptom = Symptom.OTHER
    part = Part()
    figure = Figure(panels=EVALS, beside=BESIDE_EVALS)

    requirements: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    tokens_per_step: float | None = None

    def __post_init__(self) -> None:
        for text in self.requirements:
            if parse_requirement(text).relative and not self.references:  # said at once, not at the first run
                raise ConfigError(f"requirement {text!r} is against a reference and none was given; add --reference")

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding for each requirement that is missed; a skip for each that cannot be judged yet."""
        if not self.requirements:
            yield self.skip(
                "no requirement was given (--require 'hellaswag>=0.55@1T')",
                kind="not-asked",
                lacking=("--require 'hellaswag>=0.55@1T'",),
            )
            return
        over_steps = run_curves(run, "steps", whole=True)
        over_tokens = run_curves(run, "tokens", self.tokens_per_step)
        for text in self.requirements:
            yield from self._judge(run, parse_requirement(text), over_steps, over_tokens)

    def _judge(
        self, run: Run, asked: Requirement, over_steps: RunCurves, over_tokens: RunCurves
    ) -> Iterator[Finding | Skip]:
        tokens_known = not over_tokens.why_not
        if asked.at is not None and asked.unit == "tokens" and not tokens_known and over_steps.curves:
            yield self._unmet(run, asked, over_tokens.why_not)
            return
        done = self._done(run, asked)
        if asked.at is not None and done < asked.at:
            yield self.skip(f"{asked.text} is not due: the run is at {amount(done, asked.unit)}", kind="not-due")
            return
        own = wanted(asked.name, over_tokens if tokens_known and asked.unit == "tokens" else over_steps)
        if isinstance(own, str) and (plain := any_series(run, asked)) is not None:
            own = plain
        if isinstance(own, str):
            yield self._unmet(run, asked, own)
            return
        at = own.curve.at
        upto = len(at) if asked.at is None else int(np.searchsorted(at, asked.at * ON_TIME, "right"))
        if upto == 0:
            why = f"{label(own.curve)} has no checkpoint up to {amount(asked.at or 0, asked.unit)}"
            yield self._unmet(run, asked, why, own.curve.name)
        elif clash := asked.clash(float(own.curve.value[upto - 1]), own.curve.direction):
            yield self._unmet(run, asked, clash, own.curve.name)
        elif not asked.relative:
            yield from self._missed(asked, own, upto - 1, asked.bound, "")
        else:
            axis: Axis = "tokens" if tokens_known else "steps"
            over = over_tokens if tokens_known else over_steps
            beside = next((c for c in over.curves if c.curve.name == own.curve.name), own)
            yield from self._beside_references(run, asked, own, beside, upto - 1, axis)

    def _beside_references(
        self, run: Run, asked: Requirement, own: RunCurve, beside: RunCurve, i: int, axis: Axis
    ) -> Iterator[Finding | Skip]:
        """A bound relative to what each reference scored where the run's checkpoint `i` was taken."""
        where = float(np.interp(own.step[i], beside.step, beside.curve.at))
        levels = [(reference, level_of(beside.curve, reference, axis, where)) for reference in self.references]
        if not any(isinstance(level, float) for _, level in levels):
            yield self._unmet(run, asked, "; ".join(str(level) for _, level in levels), own.curve.name)
            return
        for reference, level in levels:
            if isinstance(level, str):
                yield self.skip(f"{asked.text}: {level}", kind="not-comparable")
            else:
                bound = asked.beside(level, own.curve.direction)
                yield from self._missed(asked, own, i, bound, f"{reference.name}, {level:.4g}, ")

    def _unmet(self, run: Run, asked: Requirement, why: str, metric: str = "") -> Finding:
        """What cannot be judged is missed: a typing error must not make a gate green."""
        return self.finding(
            Severity.ERROR,
            metric,
            run.step_range(),
            f"the requirement {asked.text} cannot be met: {why}",
            {"requirement": asked.text, "why": why},
            "Correct the requirement, or have the run log the eval; `runlens show RUN` lists what it logged.",
        )

    def _done(self, run: Run, asked: Requirement) -> float:
        """How far the run is, in the requirement's unit."""
        span = run.step_range()
        if span is None:
            return 0.0
        if asked.unit == "steps":
            return float(span[1])
        if self.tokens_per_step:
            return span[1] * self.tokens_per_step
        tokens = float(run.tokens_at([span[1] + 1])[0])  # a step is done when the next one begins
        return tokens if np.isfinite(tokens) else 0.0

    def _missed(
        self, asked: Requirement, own: RunCurve, i: int, bound: float, reference: str
    ) -> Iterator[Finding | Skip]:
        value, step = float(own.curve.value[i]), int(own.step[i])
        if asked.holds(value, bound):
            return
        error = float(own.curve.stderr[i])
        if not np.isfinite(error) and own.curve.direction == "up" and own.curve.n_items and 0 <= value <= 1:
            error = float(np.sqrt(value * (1 - value) / own.curve.n_items))
        known = bool(np.isfinite(error) and error > 0)
        close = known and abs(value - bound) <= 2 * error
        spread = f" ± {error:.2g}" if known else ""
        beside = f" ({reference}at the same point)" if reference else ""
        where = f" at step {step:,}" if np.isfinite(own.curve.at[i]) else ""
        text = (
            f"{label(own.curve)} is {value:.4g}{spread}{where}, "
            f"{'below' if asked.sign.startswith('>') else 'above'} the required {bound:.4g}{beside}: {asked.text}"
        )
        yield self.finding(
            Severity.ERROR,
            own.curve.name,
            (step, step),
            text,
            {
                "requirement": asked.text,
                "value": value,
                "bound": bound,
                "missing": abs(value - bound),
                "stderr": error if known else None,
                "within_two_standard_errors": close,
            },
            "It is within two standard errors of the bound: evaluate more items before deciding."
            if close
            else "Treat it as the regression that the requirement was written for: look at what changed since it held.",
        )
