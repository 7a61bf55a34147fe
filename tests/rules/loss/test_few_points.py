"""LOSS001 and LOSS004 in few epochs and of fine-tunings, just below and just above each limit."""

import numpy as np
import pytest

from runlens.model import Severity
from runlens.rules.loss.dead import DeadLoss
from runlens.rules.loss.spike import LossSpike
from runlens.rules.loss.stalled import StalledLoss
from tests.rules.saying import mark, run_of, said


def still(n=34, moved=0.0, noise=0.002, first=20, **others):
    """A loss that comes down by so much along a line; noise is drawn once."""
    drawn = np.random.default_rng(5).standard_normal(3000)[:n]
    loss = 4.69 * np.exp(noise * drawn - moved * np.arange(n) / n)
    return run_of({"train/loss": loss, **others}, step=first + 20 * np.arange(n))


@pytest.mark.parametrize(("n", "says"), [(19, "-"), (20, "w"), (400, "w")])
def test_a_fine_tuning_that_has_not_moved_is_told_from_20_points_on(n, says):
    assert mark(StalledLoss(), still(n, noise=0.001)) == says


@pytest.mark.parametrize(("moved", "says"), [(0.003, "w"), (0.012, "-")])
def test_one_that_came_down_by_a_per_cent_has(moved, says):
    assert mark(StalledLoss(), still(moved=moved)) == says


@pytest.mark.parametrize(("noise", "says"), [(0.004, "w"), (0.006, ".")])
def test_a_loss_of_much_noise_tells_nothing(noise, says):
    assert mark(StalledLoss(), still(3000, noise=noise)) == says


@pytest.mark.parametrize(("gained", "says"), [(0.002, "w"), (0.02, "-")])
def test_an_eval_that_moves_says_that_something_is_learnt(gained, says):
    acc = np.where(np.arange(34) % 8 == 7, np.linspace(0.5, 0.5 + gained, 34), np.nan)
    assert mark(StalledLoss(), still(**{"eval/accuracy": acc})) == says


@pytest.mark.parametrize(("first", "says"), [(600, "w"), (700, "-")])
def test_a_log_that_goes_on_from_training_that_is_not_in_it_tells_nothing(first, says):
    """The log is 660 steps long."""
    assert mark(StalledLoss(), still(first=first)) == says


def table(n=24, times=20.0, axis="epoch", shift=0.0):
    """A table of epochs of which the 15th stands so many times as high."""
    loss = 0.5 + np.exp(-np.arange(n) / 4.0) - shift
    loss[14] = loss[14] * times if not shift else loss[14] + times
    return run_of({"train_loss": loss}, step=np.arange(1, n + 1), axis_name=axis)


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (table(times=4.8), "i"),
        (table(times=5.2), "w"),
        (table(n=50), "w"),
        (table(n=51), "i"),
        (table(axis="step"), "i"),
        (table(times=10.0, shift=1.0), "w"),
        (table(times=2.0, shift=1.0), "i"),
    ],
)
def test_an_epoch_at_five_times_the_loss_is_a_warning_though_it_was_back(run, says):
    assert mark(LossSpike(), run) == says


@pytest.mark.parametrize(("top", "severity"), [(3.5, Severity.INFO), (30.0, Severity.WARNING)])
def test_no_training_begins_at_twice_all_that_a_log_of_lines_held(top, severity):
    loss = 0.5 + 2.0 * np.exp(-np.arange(60) / 8.0) + 0.002 * np.cos(np.arange(60) * 2.0)
    loss[-6:] = top
    run = run_of({"train_loss": loss}, axis_name="lines")
    (finding,) = said(LossSpike(), run)
    assert finding.evidence["outcome"] == "unresolved" and finding.severity is severity


def bump(n, times):
    """A loss that stands so many times as high for a tenth of the log, and comes back."""
    at = np.arange(n)
    loss = 0.5 + np.exp(-at / (n / 8.0)) + 0.001 * np.cos(at * 2.1)
    return run_of({"train/loss": np.where((at >= 0.6 * n) & (at < 0.7 * n), times * loss, loss)})


@pytest.mark.parametrize(("n", "says"), [(60, "i"), (100, "i"), (102, "w")])
def test_a_bump_of_a_few_per_cent_in_a_short_log_is_no_warning(n, says):
    assert mark(LossSpike(), bump(n, 1.08)) == says


@pytest.mark.parametrize(("times", "says"), [(1.07, "i"), (1.2, "w")])
def test_nor_is_it_up_to_a_tenth(times, says):
    assert mark(LossSpike(), bump(60, times)) == says


def ordered(end=600, epochs=True, at_once=True, first=400, epoch=300):
    """The loss stands 12 % higher from a step on, and is back at `end`; an epoch ends every 300 steps."""
    step = np.arange(0, 900, 10)
    high = 0.12 * ((step >= first) & (step < end))
    if not at_once:
        high = np.where(step >= end - 100, 0.12 * np.clip((end + 60 - step) / 160, 0, 1), high)
    loss = 0.7 * (1 + high) + 0.001 * np.cos(np.arange(90) * 2.1)
    columns = {"train/loss": loss}
    return run_of({**columns, "train/epoch": step / epoch} if epochs else columns, step=step)


@pytest.mark.parametrize(
    ("run", "loud"),
    [
        (ordered(), False),
        (ordered(epochs=False), True),
        (ordered(end=570), True),
        (ordered(at_once=False), True),
        (ordered(epoch=50), True),  # it lived through four epochs
        (ordered(first=310), False),
        (ordered(first=270), True),
        (ordered(first=550, epoch=100), False),
        (ordered(first=550, epoch=60), True),  # an epoch ends within a point of any fall
    ],
)
def test_a_rise_that_falls_at_once_where_the_epoch_ends_is_the_order_of_batches(run, loud):
    (finding,) = said(LossSpike(), run)
    assert bool(finding.severity.rank) is loud
    assert ("the epoch ended" in finding.message) is not loud


@pytest.mark.parametrize(("value", "says"), [(0.0, "-"), (0.1, ".")])
def test_a_sum_of_terms_that_are_switched_off_is_no_dead_loss(value, says):
    terms = {"Consistency Loss": np.full(40, value), "VICReg Loss": np.full(40, 0.0)}
    terms["Consistency Loss"][1::2] += value / 10
    run = run_of(terms)
    assert run.role("train_loss").derived
    assert mark(DeadLoss(), run) == says
