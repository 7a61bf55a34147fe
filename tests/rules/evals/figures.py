"""Figures of the rules of this family on runs of any kind."""

from __future__ import annotations

import numpy as np

from runlens.rules.evals.behind_reference import BehindReference
from runlens.rules.evals.overdue import EvalOverdue
from runlens.rules.evals.overfitting import Overfitting
from runlens.rules.evals.regression import EvalRegression
from runlens.rules.evals.requirement import RequirementMissed
from tests.figures import case
from tests.rules.saying import at_random, run_of, told
from tests.synthetic import evals as made


@case
def overdue_at_random():
    return at_random(EvalOverdue())


@case
def overfitting_at_random():
    return at_random(Overfitting())


@case
def regression_at_random():
    return at_random(EvalRegression())


@case
def requirement_at_random():
    return at_random(RequirementMissed(requirements=("hellaswag>=0.45", "eval_loss<=3.2", "arc_easy>=0.5@5000 steps")))


STEPS = np.arange(250, 250 * 31, 250)
TOKENS = np.geomspace(2e9, 3e11, 20)


def evaluated(train=None, at=STEPS, **scores):
    """A run of 8,000 steps with a loss at every tenth, and evals at some steps: `hellaswag__acc=values`."""
    step = np.arange(0, 8000, 10)
    columns = {"loss": 2 + 3 * (step + 50.0) ** -0.3 if train is None else train(step)}
    for name, value in scores.items():
        column = np.full(len(step), np.nan)
        column[np.searchsorted(step, at[: len(value)])] = value
        columns[f"eval/{name.replace('__', '/')}" if "__" in name else name] = column
    return run_of(columns, step=step)


def rising(seed=0, noise=0.005, n=30):
    right = 0.25 + 0.4 * (1 - (1 + STEPS[:n] / 400) ** -0.7)
    return right + noise * np.random.default_rng(seed).standard_normal(n)


def falling(seed=0, noise=0.003, n=30):
    return (2.1 + 3 * STEPS[:n] ** -0.3) * np.exp(noise * np.random.default_rng(seed).standard_normal(n))


@case
def scores_that_fall():
    out = []
    for noise in (0.001, 0.006):
        for lost in (0.01, 0.02, 0.03, 0.05, 0.09, 0.11, 0.19, 0.21, 0.5):
            for last in (1, 2, 3, 8):
                score = rising(1, noise)
                score[30 - last :] -= lost
                out.append(told(EvalRegression(), evaluated(hellaswag__acc=score, arc_easy__acc=rising(2, noise))))
            score = rising(3, noise)
            score[18:22] -= lost
            out.append(told(EvalRegression(), evaluated(hellaswag__acc=score)))
    for n in (3, 4, 5, 6, 11, 12, 13):
        score = rising(4, 0.001, n)
        score[-1] -= 0.15
        out.append(told(EvalRegression(), evaluated(hellaswag__acc=score)))
    return out


@case
def losses_that_rise():
    out = []
    for noise in (0.0005, 0.004):
        for worse in (0.005, 0.009, 0.012, 0.03, 0.2, 1.0):
            for since in (10, 20, 26, 27, 28):
                loss = falling(5, noise) * np.exp(worse * np.clip(np.arange(30) - since, 0, None) / (30 - since))
                for train in (None, lambda step: np.where(step < 5000, 2 + 3 * (step + 50.0) ** -0.3, 2.4)):
                    run = evaluated(train, eval_loss=loss)
                    out.append([told(EvalRegression(), run), told(Overfitting(), run)])
    for n in (3, 4, 5, 6):
        loss = falling(6, 0.0005, n)
        loss[1:] *= np.exp(0.2 * np.arange(n - 1))
        out.append(told(Overfitting(), evaluated(eval_loss=loss)))
    for patience in (1, 2, 5):
        loss = falling(7, 0.0005) * np.exp(0.02 * np.clip(np.arange(30) - 26, 0, None))
        out.append(told(Overfitting(patience=patience), evaluated(eval_loss=loss)))
    return out


@case
def evals_that_are_late():
    out = []
    for gap in (500, 620, 630, 750, 2000):
        at = np.concatenate([np.arange(250, 3001, 250), 3000 + gap + np.arange(0, 4500 - gap, 250)])
        out.append(told(EvalOverdue(), evaluated(at=at, eval_loss=falling()[: len(at)])))
    for last in (7000, 7250, 7360, 7370, 7750):
        at = np.arange(250, last + 1, 250)
        out.append(told(EvalOverdue(), evaluated(at=at, eval_loss=np.full(len(at), 2.0))))
    for n in (2, 3, 4, 7, 8, 9):
        at = np.cumsum(np.array([100, 100, 100, 400, 100, 100, 100, 100, 300])[:n])
        out.append(told(EvalOverdue(), evaluated(at=at, eval_loss=np.full(n, 2.0), hellaswag__acc=np.full(n, 0.5))))
    return out


@case
def what_was_required():
    run = evaluated(hellaswag__acc=rising(8, 0.001), eval_loss=falling(9))
    bounds = ("hellaswag>=0.5", "hellaswag>=0.7", "hellaswag>=55%", "hellaswag>=60", "eval_loss<=2.0", "eval_loss<3")
    bounds += ("hellaswag>=0.5@2500 steps", "hellaswag>=0.7@2490 steps", "hellaswag>=0.7@2470 steps", "arc>=0.2")
    bounds += (
        "hellaswag>=0.6@9000 steps",
        "eval_loss<=9@100 steps",
        "hellaswag<0.3",
        "hellaswag>0.2",
        "hellaswag>=1.5",
    )
    return [told(RequirementMissed(requirements=(text,)), run) for text in bounds]


@case
def runs_behind_a_reference():
    out = []
    names = ("hellaswag", "arc_easy", "piqa")
    for seed in range(2):
        rng = np.random.default_rng(seed)
        reference = made.simulated_reference(names, TOKENS, rng)
        for lag in (0.6, 1.15, 1.4, 2.5):
            for points in (2, 3, 4, 12):
                curves = [made.reseeded(made.simulated_curve(name, TOKENS[-points:], lag), rng) for name in names]
                curves.append(made.simulated_loss(TOKENS[-points:], lag))
                run = made.eval_run(curves)
                rules = (BehindReference(references=(reference,)), BehindReference(references=(reference,), factor=1.5))
                out.append([told(rule, run) for rule in rules])
                bound = RequirementMissed(requirements=("hellaswag>=ref-0.02",), references=(reference,))
                out.append(told(bound, run))
    return out
