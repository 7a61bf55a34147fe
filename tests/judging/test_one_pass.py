"""Evaluations alone: one pass of a test loop is no training and is not passed as one; checkpoints are judged."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.judging.one import Settings, judge_run
from runlens.model import Run, Series
from runlens.roles import resolve
from runlens.rules import RULES
from runlens.rules.shared.one_pass import COURSE, ENOUGH, MANY, one_pass

N = 60


def noise(seed, n=N, size=0.05):
    return size * np.random.default_rng(seed).standard_normal(n)


def run_of(axis="", n=N, every=1, more=(), **values):
    step = np.arange(n) * every
    series = {
        name: Series(name, step[: len(v)], np.full(len(v[:n]), np.nan), np.asarray(v, float)[:n])
        for name, v in values.items()
    }
    series |= {name: Series(name, step, np.full(n, np.nan), 3.0 + noise(9)[:n]) for name in more}
    return resolve(Run("r", "r", "r", series=series, axis_name=axis))


def verdict(run):
    return judge_run(run, Settings(tuple(rule() for rule in RULES))).verdict


FLAT = {"test_loss": 0.5 + noise(1), "test_acc": 0.8 + noise(2)}
LEARNT = {"val_loss": 0.3 + 1 / (1 + np.arange(N)) + noise(1, size=0.01), "val_acc": 0.5 + np.arange(N) / 200}


@pytest.mark.parametrize(
    ("axis", "values", "alone"),
    [
        ("", FLAT, True),
        ("step", FLAT, True),
        ("lines", FLAT, True),
        ("batch", FLAT, True),
        ("batch", LEARNT, True),  # a mean over the pass settles
        ("batch_idx", LEARNT, True),
        ("image", LEARNT, True),
        ("epoch", FLAT, False),  # a training that learns nothing
        ("round", FLAT, False),
        ("", LEARNT, False),
        ("step", LEARNT, False),
        ("step", {**FLAT, "val_acc": LEARNT["val_acc"]}, False),  # one of them goes somewhere
    ],
)
def test_a_pass_is_told_from_checkpoints(axis, values, alone):
    assert bool(one_pass(run_of(axis, **values))) is alone


@pytest.mark.parametrize("name", ["loss", "lr", "grad_norm", "train_acc"])
def test_what_only_a_training_logs_makes_a_training_of_it(name):
    assert one_pass(run_of("batch", more=(name,), **FLAT)) == ""


@pytest.mark.parametrize(("n", "alone"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_few_evals_may_be_of_checkpoints(n, alone):
    assert bool(one_pass(run_of("step", n=n, test_acc=0.8 + noise(2)))) is alone


@pytest.mark.parametrize(("n", "alone"), [(MANY - 1, False), (MANY, True)])
def test_so_many_evals_are_of_samples(n, alone):
    rises = 0.5 + np.arange(n) / 1000 + noise(2, n, 0.01)
    assert bool(one_pass(run_of("step", n=n, test_acc=rises))) is alone
    assert bool(one_pass(run_of("step", n=n, test_acc=rises, test_avg_acc=rises[:3]))) is alone
    assert not one_pass(run_of("step", n=n, test_acc=rises, loss=5 - rises))


@pytest.mark.parametrize(("pull", "alone"), [(0.8, True), (1.2, False)])
def test_an_eval_goes_somewhere_by_its_order(pull, alone):
    order = np.arange(N) / N - 0.5
    value = 80 + 5 * noise(4, size=1.0) + pull * 5 * 2.2 * order
    rank = np.corrcoef(np.argsort(np.argsort(value)), np.arange(N))[0, 1]
    assert bool(abs(rank) < COURSE) is alone
    assert bool(one_pass(run_of("step", test_psnr=value))) is alone


def test_a_policy_that_is_evaluated_is_judged():
    assert one_pass(run_of("step", eval_reward=10 + noise(1), episode_length=100 + noise(2))) == ""


def test_a_pass_is_not_passed_and_a_training_is():
    assert verdict(run_of("batch", **FLAT)) == "undecided"
    assert verdict(run_of("step", every=1000, **LEARNT)) == "pass"
