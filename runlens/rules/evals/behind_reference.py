"""EVAL001: do the evals trail a reference's checkpoints at the same tokens?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, TypedDict

from runlens.comparison.axis import Asked
from runlens.comparison.compare import compare
from runlens.comparison.joint import Bar
from runlens.comparison.match import unlogged
from runlens.comparison.verdict import group_numbers, point_numbers, projection_numbers, rounded, task_numbers
from runlens.model import AtOnePoint, Comparison, Figure, Finding, GroupLag, Reference, Run, Severity, Skip, Symptom
from runlens.rules.base import Rule
from runlens.rules.meaning import Part
from runlens.rules.shared.panels import BESIDE_EVALS, EVALS


class _Both(TypedDict):
    """What a lag and a gap at one checkpoint have in common."""

    reference: str
    axis: Literal["tokens", "steps"]
    groups: list[dict[str, object]]
    tasks: list[dict[str, object]]
    tasks_behind: int
    tasks_compared: int
    unmatched: list[dict[str, str]]
    tokens_from: str
    at_one_checkpoint: list[dict[str, object]]


class LagEvidence(_Both):
    """How far the run is behind, by all tasks and by each."""

    lag_factor: float | None
    """None where only one checkpoint could be compared, which tells no lag."""
    lag_interval: list[float] | None
    tokens_behind: float | None
    tokens_behind_interval: list[float] | None
    steps_behind: float | None
    steps_behind_interval: list[float] | None
    at: float
    trend: str
    sigmas: float
    projected: dict[str, object] | None
    persists: bool
    from_start: bool


@dataclass(frozen=True)
class BehindReference(Rule[LagEvidence]):
    """Evals that trail where a reference model stood after the same number of tokens.

    What it does
    ------------
    Lays the run's evals over those of a reference's intermediate checkpoints, at the same tokens (or steps), and asks
    how many times more tokens the run needed for what it can do: the lag. The reference becomes a monotone curve over
    log tokens (isotonic regression, then local lines as wide as its noise allows); the lag is the shift that explains
    the run's last checkpoints best, all tasks together. Its interval holds the shifts that are not ruled out (profile
    likelihood), given the binomial error of each score, the scatter between checkpoints, the error of the reference's
    own curve and how far healthy models differ for long; it grows where tasks disagree. Scores and validation losses
    are judged apart; from four tasks on, the lag must be there whichever of them is left out, since one benchmark alone
    may differ by chance.
    Behind is proven when the last checkpoints lie further off than healthy twins differ by, alone or together with all
    that came before. The spread of several references (seeds of one model) is the yardstick; with one reference it is
    what healthy seeds were measured to differ by. How far behind is another question: a lag that is proven is a
    warning, an error from 1.25 x on, or when its trend leads there before the planned end.

    Why it matters
    --------------
    A fault in the set-up can hide behind a healthy loss curve. SmolLM3's tensor-parallel ranks drew the same random
    numbers; the loss looked fine, and only evals that trailed SmolLM2's checkpoints at the same tokens showed it.
    The run was restarted after 1 T tokens; found at 100 B it would have cost a tenth.

    What to do
    ----------
    If it trails from the start with a healthy loss: check the seeds of parallel initialisation, the initialisation
    itself, the data mixture and the tokenizer. `runlens compare RUN --reference REF --png FILE` shows it task by task;
    `--total-tokens` adds whether a restart would finish earlier.

    Settings
    --------
    least : smallest lag that is said
    factor : lag from which on it is an error, now or by its trend at the planned end
    last : how many of the run's last checkpoints are judged
    fewest : fewest checkpoints of a task that can be judged
    axis : `tokens`, `steps`, or `auto`: tokens where both sides know them, else steps where a step is the same
    references, tokens_per_step, total_tokens : given at the top of the configuration or by `--reference`,
    `--tokens-per-step` and `--total-tokens`
    1.25 is about what seeds, data order and evaluation noise make at most between Pythia models
    that differ in deduplication alone.

    References
    ----------
    Hugging Face, The smol training playbook (2025), "Staying the course". Biderman et al. 2023 (arXiv 2304.01373) for
    the checkpoints on which the noise was measured; docs/evals.md for the figures.
    """

    code: ClassVar[str] = "EVAL001"
    name: ClassVar[str] = "behind-reference"
    needs: ClassVar[tuple[str, ...]] = ("eval_score|eval_loss|perplexity",)
    symptom = Symptom.BEHIND
    headline = "evals behind the reference"
    part = Part()
    figure = Figure(panels=EVALS, beside=BESIDE_EVALS)

    references: tuple[Reference, ...] = ()
    tokens_per_step: float | None = None
    total_tokens: float | None = None
    least: float = 1.05
    factor: float = 1.25
    last: int = 5
    fewest: int = 3
    axis: Asked = "auto"

    @property
    def bar(self) -> Bar:
        """The settings as `runlens.comparison.compare` takes them."""
        return Bar(self.least, self.factor, self.last, self.fewest)

    @property
    def asked(self) -> bool:
        """Whoever gives a reference wants to be compared with it."""
        return bool(self.references)

    def comparisons(self, run: Run) -> tuple[Comparison, ...]:
        """The run beside each of the references, worked out once a run."""
        by = (self.axis, self.tokens_per_step, self.bar, self.total_tokens)
        return run.once(
            ("EVAL001", tuple(map(id, self.references)), by),
            lambda: tuple(
                compare(run, reference, self.axis, self.tokens_per_step, self.bar, self.total_tokens)
                for reference in self.references
            ),
        )

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """One finding a reference that the run is behind; a skip for each that it cannot be compared with."""
        if not self.references:
            yield self.skip(
                "no reference was given (--reference NAME; `runlens reference list` shows the shipped ones)",
                kind="not-asked",
                lacking=("--reference NAME",),
            )
            return
        for reference, comparison in zip(self.references, self.comparisons(run), strict=True):
            if comparison.why_not:
                yield self.skip(f"{reference.name}: {comparison.why_not}", kind="not-comparable")
                continue
            if missing := unlogged(comparison.matched, reference):
                yield self.skip(f"{reference.name}: {missing}", kind="not-comparable")
            if comparison.severity is None:
                continue
            lag = next((g for g in comparison.groups if g.behind), None)
            point = next((p for p in comparison.at_one if p.behind), None)
            if lag is not None:
                yield self._lag(comparison, lag, comparison.severity)
            elif point is not None:
                yield self._point(comparison, point, comparison.severity)

    def _lag(self, comparison: Comparison, group: GroupLag, severity: Severity) -> Finding:
        lead = next(t for t in comparison.tasks if t.group == group.group)
        axis = comparison.axis
        behind = rounded(group.at - group.at / group.factor)
        interval = [rounded(group.at - group.at / max(v, 1e-9)) for v in group.interval]
        tokens = axis == "tokens"
        evidence: LagEvidence = {
            **_both(comparison),
            "lag_factor": rounded(group.factor, 4),
            "lag_interval": [rounded(v, 4) for v in group.interval],
            "tokens_behind": behind if tokens else None,
            "tokens_behind_interval": interval if tokens else None,
            "steps_behind": None if tokens else behind,
            "steps_behind_interval": None if tokens else interval,
            "at": rounded(group.at, 9),
            "trend": group.trend,
            "sigmas": rounded(group.sigmas, 4),
            "projected": projection_numbers(group.projected),
            "persists": group.persists,
            "from_start": group.from_start,
        }
        return self.finding(
            severity, lead.run.name, (group.since, group.last), comparison.sentence, evidence,
            "Trailing from the start with a healthy loss points to the set-up: parallel seeds, initialisation, data, "
            "tokenizer. `runlens compare` with the same reference shows each task, and --total-tokens whether a "
            "restart would finish earlier.",
        )  # fmt: skip

    def _point(self, comparison: Comparison, found: AtOnePoint, severity: Severity) -> Finding:
        evidence: LagEvidence = {
            **_both(comparison),
            "lag_factor": None,
            "lag_interval": None,
            "tokens_behind": None,
            "tokens_behind_interval": None,
            "steps_behind": None,
            "steps_behind_interval": None,
            "at": rounded(found.at, 9),
            "trend": "",
            "sigmas": rounded(found.sigmas, 4),
            "projected": None,
            "persists": False,
            "from_start": False,
        }
        return self.finding(
            severity, found.points[0].name, (found.step, found.step), comparison.sentence, evidence,
            "One checkpoint tells a gap and no lag. `runlens compare` with the same reference shows each eval; three "
            "checkpoints or more tell since when, and how many tokens it is.",
        )  # fmt: skip


def _both(comparison: Comparison) -> _Both:
    return {
        "reference": comparison.reference,
        "axis": comparison.axis,
        "groups": [group_numbers(g) for g in comparison.groups],
        "tasks": [task_numbers(t) for t in comparison.tasks],
        "tasks_behind": sum(t.behind for t in comparison.tasks),
        "tasks_compared": len(comparison.tasks),
        "unmatched": [{"name": name, "why": why} for name, why in comparison.unmatched],
        "tokens_from": comparison.tokens_from,
        "at_one_checkpoint": [point_numbers(p) for p in comparison.at_one],
    }
