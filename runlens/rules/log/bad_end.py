"""LOG006: a run that did not end as it should: a crash, short of its plan, or a series that stops before the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from runlens.growing import greatest
from runlens.model import Figure, Finding, PlacedSeries, RoleSeries, Run, Severity, Skip, Symptom
from runlens.model.words import percent, role_words
from runlens.rules.base import Rule
from runlens.rules.meaning import Part
from runlens.rules.needs import not_logged, roles_there, unmet
from runlens.rules.shared.panels import BESIDE_LOG
from runlens.rules.shared.points import TRAINING

_JUDGED = ("train_loss", "grad_norm", "tokens_per_second")
_LEARNT = ("train_loss", "eval_loss", "eval_score", "perplexity", "tokens_per_second", "step_time", "grad_norm")
"""What is logged of a training, beside settings."""
_WITNESSES = (*TRAINING[0].split("|"), "samples_per_second", "loss_scale")


class BadEndEvidence(TypedDict):
    """Which series stopped, and how far the run went on without it."""

    kind: str
    last_step: int
    """-1 where none was logged."""
    end_step: int
    missing_points: int
    share: float
    witness: str


@dataclass(frozen=True)
class BadEnd(Rule[BadEndEvidence]):
    """The run crashed, stopped short of its plan, or a series of its training stops long before the run does.

    What it does
    ------------
    `error` if its source says that the run crashed, failed or was killed, whatever it logs, be it nothing; an end by
    Ctrl-C is none.
    `warning` if it is finished and reached less than `plan` of the steps that its own settings plan, unless it logs a
    row an epoch and did all of those; of a run whose log does not say whether it goes on, nothing. A log that is
    written every so many steps may end that much before the run does.
    Compares the last logged step of the training loss, of the gradient norm and of the rate with that of the other
    series of the training. `error` if the loss is missing for `error_share` of the run, `warning` if any of them
    lacks `points` points by its own cadence and `warning_share` of the run. Nothing is said where another series of
    the same role goes on in its place, nor of series that never had `points` points.

    Why it matters
    --------------
    What is not logged is not judged. A NaN that a tool writes as null or as a blank cell looks like this, and so does a
    logger that lost a key at a resume: the run goes on, and nobody sees its loss.

    What to do
    ----------
    Look at the training's own output around the last point: whether the value became NaN there, and how the logger
    writes NaN; else at what changed in the code or the configuration.

    Settings
    --------
    error_share : float
        Share of the run's steps without a loss from which it is an error: as for LOG001, what is said of a level
        does not stand where a fifth of the run is missing.
    warning_share : float
        Share of the run's steps.
    plan : float
        Share of the planned steps that a finished run must have reached.
    points : int
        Points that are missing by the series' own cadence, and points that it must have had.

    References
    ----------
    pandas `DataFrame.to_csv` (`na_rep=''`: NaN is a blank cell); JSON has no NaN (RFC 8259), and writers put null.
    """

    code = "LOG006"
    name = "bad-end"
    needs = ()  # a crash needs no series of the training
    symptom = Symptom.OTHER
    part = Part()
    figure = Figure(beside=BESIDE_LOG)
    settles = False

    error_share: float = 0.2
    warning_share: float = 0.01
    points: int = 10
    plan: float = 0.95

    def check(self, run: Run) -> Iterator[Finding | Skip]:
        """Yield one finding on how the run ended, and one for each role whose series stopped."""
        missing = unmet(TRAINING, roles_there(run))
        if (ended := self._ended(run)) is not None and (not missing or run.state == "crashed"):
            yield ended
        elif missing:
            words, lacking = not_logged(missing)
            yield self.skip(words, kind="missing-role", lacking=lacking)
            return
        for role in _JUDGED:
            group = [r for r in run.every(role) if not r.derived and not r.device and r.split == "train"]
            if group and (found := self._stopped(run, group)) is not None:
                yield found

    def _ended(self, run: Run) -> Finding | None:
        span = run.step_range()
        if span is None and run.state == "crashed":
            return self._before_a_step(run)
        if span is None or run.state not in ("crashed", "finished"):
            return None
        last, crashed, series = span[1], run.state == "crashed", _main(run)
        if span[0] == last and run.framework == "" and not any(run.role(role) for role in _LEARNT):
            return None  # settings that were printed once: of no training is anything known
        planned = run.configured.planned_steps(last)
        of = float(planned.value) if planned is not None else None
        if not crashed and (of is None or last + max(1.0, _interval(series)) >= self.plan * of):
            return None
        if not crashed and _in_epochs(run, series):
            return None
        done = f", {percent((last + 1) / of)} of the {of:,.0f} that {planned.key} plans" if of and planned else ""
        how = "crashed, failed or was killed" if crashed else "is finished, short of its plan,"
        return self.finding(
            Severity.ERROR if crashed else Severity.WARNING,
            series.name if series is not None else "",
            (last, last),
            f"the run {how} at step {last:,}{done}",
            {
                "kind": "crashed" if crashed else "short-of-plan",
                "last_step": last,
                "end_step": int(of) if of else last,
                "missing_points": 0,
                "share": max(1.0 - (last + 1) / of, 0.0) if of else 0.0,
                "witness": "",
            },
            "Look at the last lines of the job's output, its exit code, and the scheduler's word on it.",
        )

    def _before_a_step(self, run: Run) -> Finding:
        """Nothing was logged: an exit record or a tracker says it, since who guesses has lines to guess from."""
        return self.finding(
            Severity.ERROR,
            "",
            None,
            "the run crashed, failed or was killed before it logged a step",
            {
                "kind": "crashed",
                "last_step": -1,
                "end_step": -1,
                "missing_points": 0,
                "share": 1.0,
                "witness": "",
            },
            "Look at the last lines of the job's output, its exit code, and the scheduler's word on it.",
        )

    def _stopped(self, run: Run, group: list[RoleSeries]) -> Finding | None:
        series = max(group, key=lambda r: len(r.series)).series
        if len(series) < self.points:
            return None
        last = max(int(greatest(r.series.step)) for r in group if len(r.series))
        witnesses = [
            r.series
            for role in _WITNESSES
            for r in run.every(role)[:1]
            if r.role != group[0].role and not r.derived and not r.device and r.split == "train" and len(r.series)
            if r.series.step is not series.step  # which ends where this one ends: columns of a table share their steps
        ]
        later = [w for w in witnesses if int(greatest(w.step)) > last]
        going_on = [w for w in later if int(np.count_nonzero(w.step > last)) >= self.points]
        if not going_on:
            return None
        witness = max(going_on, key=lambda w: int(w.step.max()))
        first, end = int(series.step.min()), int(witness.step.max())
        missing = int((end - last) / (_interval(series) or 1.0))
        share = (end - last) / max(end - first, 1)
        if missing < self.points or share < self.warning_share:
            return None
        is_loss = group[0].role == "train_loss"
        what = role_words(group[0].role)
        return self.finding(
            Severity.ERROR if is_loss and share >= self.error_share else Severity.WARNING,
            series.name,
            (last, end),
            f"the {what} {series.name} ends at step {last:,} while {witness.name} goes on to step {end:,}: "
            f"{end - last:,} steps ({percent(share)} of the run) without it; a NaN that is written as null or as a "
            "blank looks like this",
            {
                "kind": "series-stopped",
                "last_step": last,
                "end_step": end,
                "missing_points": missing,
                "share": share,
                "witness": witness.name,
            },
            f"Look at the training's own output after step {last:,}: whether it became NaN, and how that was logged.",
        )


def _main(run: Run) -> PlacedSeries | None:
    """The series that shows where the run ended."""
    return next((r.series for role in _WITNESSES if (r := run.role(role)) is not None), None)


def _interval(series: PlacedSeries | None) -> float:
    """Steps from one of the last points of a series to the next; 0 for fewer than two."""
    return float(np.median(np.abs(np.diff(series.step[-1000:])))) if series is not None and len(series) > 1 else 0.0


def _in_epochs(run: Run, series: PlacedSeries | None) -> bool:
    """Whether the rows of the log are epochs and all of the plan were done: a plan in steps counts something else."""
    epochs = run.configured.planned_epochs()
    return epochs is not None and series is not None and epochs.value > 1 and len(series) == round(epochs.value)
