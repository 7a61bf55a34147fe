"""EVAL001-EVAL004 just below and just above each limit: `.` silent, `-` skipped, `i`nfo, `w`arning, `e`rror."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.model import Reference
from runlens.rules.evals.behind_reference import BehindReference
from runlens.rules.evals.overdue import EvalOverdue
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.evals.regression import EvalRegression
from tests.rules.saying import marks, run_of
from tests.synthetic import evals as made

STEPS = np.arange(250, 7501, 250)


def evaluated(step, **evals):
    """A run of 8,000 steps whose training loss falls, with evals at some steps."""
    train = np.arange(0, 8001, 10)
    columns = {"loss": 2 + 3 * (train + 50.0) ** -0.3}
    for name, value in evals.items():
        column = np.full(len(train), np.nan)
        column[np.searchsorted(train, step)] = value
        columns[name.replace("__", "/")] = column
    return run_of(columns, step=train)


def fallen(lost, last=3, n=30):
    """A score that has lost so much of its progress at the last checkpoints."""
    score = 0.3 + 0.3 * (1 - np.exp(-np.arange(n) / 6))
    score[n - last :] -= 0.3 * lost
    return evaluated(STEPS[:n], eval__hellaswag__acc=score)


def fallen_of_a_policy(lost):
    """The same of a policy in an environment."""
    score = 0.3 + 0.3 * (1 - np.exp(-np.arange(30) / 6))
    score[-3:] -= 0.3 * lost
    return evaluated(STEPS[:30], eval__success_rate=score, approx_kl=np.full(30, 0.01))


def fallen_in_epochs(lost, n=19):
    """The same in a table of epochs."""
    score = 0.3 + 0.3 * (1 - np.exp(-np.arange(n) / 4))
    score[-3:] -= 0.3 * lost
    return replace(evaluated(STEPS[:n], val__acc=score), axis_name="epoch")


REGRESSION = [
    (EvalRegression(), fallen_in_epochs, (0.4, 0.6), "ie"),
    (EvalRegression(), lambda n: fallen_in_epochs(0.4, n), (19, 20), "iw"),
    (EvalRegression(), fallen_of_a_policy, (0.21, 0.26, 0.48), "iwe"),
    (EvalRegression(), fallen, (0.4, 0.48), "we"),
    (EvalRegression(severe=0.8), fallen, (0.7, 0.78), "we"),
    (EvalRegression(), lambda last: fallen(0.2, last), (2, 3), "iw"),
    (EvalRegression(patience=5), lambda last: fallen(0.2, last), (4, 5), "iw"),
    (EvalRegression(), lambda last: fallen(0.6, last), (1, 2), "ie"),
    (EvalRegression(), lambda lost: fallen(lost, 2), (0.22, 0.26), "iw"),
    (EvalRegression(at_once=0.4), lambda lost: fallen(lost, 2), (0.36, 0.4), "iw"),
    (EvalRegression(), lambda n: fallen(0.4, 1, n), (3, 4, 5), "-.i"),
]


def overfitted(rise, last=12, n=30):
    """A held-out loss that rises by so much within three checkpoints and stays, of which it had come down by one."""
    loss = 2 + np.exp(-np.arange(n) / 6)
    loss[n - last :] = loss[n - last - 1] + rise * np.minimum(np.arange(1, last + 1) / 3, 1.0)
    return evaluated(STEPS[:n], eval_loss=loss)


def overfitted_while_scores_held(rise):
    """The same beside an accuracy that stands still."""
    n, loss = 30, 2 + np.exp(-np.arange(30) / 6)
    loss[18:] = loss[17] + rise * np.minimum(np.arange(1, 13) / 3, 1.0)
    return evaluated(STEPS[:n], eval_loss=loss, eval__accuracy=0.6 + 0.002 * (-1.0) ** np.arange(n))


def measured_thrice(gap):
    """Three evaluations, the second 250 steps after the first."""
    return evaluated(np.array([250, 500, 500 + gap]), eval_loss=np.full(3, 2.0))


def overfitted_while_accuracy_rose(rise):
    """The same beside an accuracy that goes on rising."""
    n, loss = 30, 2 + np.exp(-np.arange(30) / 6)
    loss[18:] = loss[17] + rise * np.minimum(np.arange(1, 13) / 3, 1.0)
    return evaluated(STEPS[:n], eval_loss=loss, eval__accuracy=0.5 + 0.01 * np.arange(n))


OVERFITTING = [
    (Overfitting(), overfitted_while_accuracy_rose, (0.2, 0.3), "iw"),
    (Overfitting(), overfitted_while_scores_held, (0.07, 0.14), "iw"),
    (Overfitting(given_back=0.3), overfitted_while_scores_held, (0.2, 0.4), "iw"),
    (Overfitting(), overfitted, (0.02, 0.05, 0.11, 0.13, 0.4, 0.5), ".iiwwe"),
    (Overfitting(severe=0.8), overfitted, (0.7, 0.75), "we"),
    (Overfitting(), lambda last: overfitted(0.3, last), (2, 3), ".w"),
    (Overfitting(patience=8), lambda last: overfitted(0.3, last), (6, 7), ".w"),
    (Overfitting(), lambda n: overfitted(0.3, 3, n), (4, 5), "-e"),
]


def stopped(last):
    """Evals at every 250th step that end before the run does."""
    at = np.arange(250, last + 1, 250)
    return evaluated(at, eval_loss=np.full(len(at), 2.0))


def paused(gap):
    """Evals at every 250th step, but for one gap."""
    at = np.concatenate([np.arange(250, 3001, 250), 3000 + gap + np.arange(0, 4800 - gap, 250)])
    return evaluated(at, eval_loss=np.full(len(at), 2.0))


OVERDUE = [
    (EvalOverdue(), stopped, (7250, 7500), "w."),
    (EvalOverdue(), measured_thrice, (620, 630), "w."),
    (EvalOverdue(factor=4.0), stopped, (6750, 7000), "w."),
    (EvalOverdue(), paused, (620, 630), ".i"),
    (EvalOverdue(factor=4.0), paused, (1000, 1010), ".i"),
    (EvalOverdue(), lambda n: evaluated(STEPS[:n], eval_loss=np.full(n, 2.0)), (2, 3), "-w"),
]


TASKS = ("hellaswag", "arc_easy", "piqa")
TOKENS = np.geomspace(2e9, 3e11, 20)


def scores(lag):
    return [made.simulated_curve(task, TOKENS, lag, 200_000) for task in TASKS]


REFERENCE = (Reference("simulated", "tokens", tuple(scores(1.0)), made.TOKENS_PER_STEP),)


def behind(lag, points=8):
    """A run that needs so many times the tokens for every score."""
    part = slice(len(TOKENS) - points, None)
    return made.eval_run([replace(c, at=c.at[part], value=c.value[part], stderr=c.stderr[part]) for c in scores(lag)])


def lately(points):
    """A run that stands level with the reference but for the last checkpoints."""
    late = np.arange(len(TOKENS)) >= len(TOKENS) - points
    pairs = zip(scores(1.0), scores(2.0), strict=True)
    return made.eval_run([replace(one, value=np.where(late, two.value, one.value)) for one, two in pairs])


BEHIND = [
    (BehindReference(references=REFERENCE), behind, (1.08, 1.2, 1.24, 1.4), ".wwe"),
    (BehindReference(references=REFERENCE, least=1.15), behind, (1.16, 1.18), ".w"),
    (BehindReference(references=REFERENCE, factor=1.6), behind, (1.58, 1.7), "we"),
    (BehindReference(references=REFERENCE), lambda points: behind(1.3, points), (2, 3), ".e"),
    (BehindReference(references=REFERENCE, fewest=5), lambda points: behind(1.3, points), (4, 5), ".e"),
    (BehindReference(references=REFERENCE), lately, (1, 2), ".e"),
    (BehindReference(references=REFERENCE, last=9), lately, (1, 2, 3), ".we"),
]

EDGES = [*REGRESSION, *OVERFITTING, *OVERDUE, *BEHIND]


@pytest.mark.parametrize(("rule", "make", "knobs", "expected"), EDGES)
def test_each_side_of_the_edge(rule, make, knobs, expected):
    assert marks(rule, make, knobs) == expected


def test_flat_and_noisy_losses_of_few_checkpoints_hardly_fall():
    said = []
    for seed in range(100):
        loss = 1.5 * (1 + 0.03 * np.random.default_rng(seed).standard_normal(8))
        said.append(marks(EvalRegression(), lambda value: evaluated(STEPS[:8], eval_loss=value), (loss,)))
    assert sum(mark in ("w", "e") for mark in said) <= 12
