"""Training curves beside golden runs: healthy twins are level, faults are apart, and from the right step on."""

from dataclasses import replace

import numpy as np
import pytest

from runlens.comparison.training import training_beside, training_of
from runlens.model import Run, Series, Severity
from runlens.model.training import Training
from runlens.roles import resolve
from tests.synthetic.twins import STEPS, twin


def gap(own, *members, role="train_loss"):
    gaps, _ = training_beside(own, members)
    return next(g for g in gaps if g.role == role)


def seeds(first, count=3, **how):
    return [twin(first + i, **how) for i in range(count)]


@pytest.mark.parametrize("members", [1, 3])
def test_healthy_twins_are_level(members):
    said = [gap(twin(900 + i), *seeds(10 * i, members)) for i in range(60)]
    assert sum(g.severity is not None for g in said) <= 1


@pytest.mark.parametrize("members", [1, 3])
def test_a_loss_five_per_cent_higher_is_apart(members):
    said = [gap(twin(900 + i, worse=0.05), *seeds(10 * i, members)) for i in range(40)]
    assert sum(g.severity is Severity.ERROR for g in said) >= 38


def test_a_lower_loss_is_apart_and_no_error():
    assert gap(twin(1, worse=-0.06), *seeds(10)).severity is Severity.WARNING


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("since", [800, 2400])
def test_the_first_step_of_divergence(members, since):
    found = [gap(twin(900 + i, worse=0.08, since=since), *seeds(10 * i, members)).since for i in range(20)]
    assert np.median(np.abs(np.array(found) - since)) <= STEPS / 40


def test_frameworks_that_log_each_in_their_own_interval():
    own, theirs = twin(1, every=10, start=1, worse=0.06), twin(2, every=3)
    assert gap(own, theirs).severity is Severity.ERROR
    assert gap(twin(1, every=10, start=1), theirs).severity is None


@pytest.mark.parametrize("start", [-1, 0, 1])
@pytest.mark.parametrize("every", [1, 10])
def test_on_the_same_batches_less_is_proven(start, every):
    how = {"batches": 5, "spread": 0.001, "every": every}
    worse = gap(twin(1, start=start if every == 1 else 0, worse=0.02, **how), twin(2, **how))
    level = gap(twin(1, start=start if every == 1 else 0, **how), twin(2, **how))
    assert worse.same_batches and worse.severity is Severity.ERROR
    assert level.same_batches and level.severity is None
    assert gap(twin(1, worse=0.02), twin(2)).severity is None, "on other batches it is no more than seeds make"


def test_a_change_of_code_shows_at_its_very_step():
    same = twin(1)
    loss = same.curves["train_loss"]
    changed = np.where(loss.step < 1234, loss.value, loss.value * 1.04)
    own = Training("refactored", {"train_loss": replace(loss, value=changed)})
    found = gap(own, same)
    assert found.since == 1234 and "the very same values up to step 1,233" in found.notes
    assert gap(same, same).notes == ("the very same values at every step",)


def test_what_was_apart_the_other_way_before_is_said():
    own = twin(1, batches=5)
    loss = own.curves["train_loss"]
    value = loss.value * np.where(loss.step < 1500, 1.0, np.where(loss.step < 2200, 1.06, 0.95))
    found = gap(Training("faster", {"train_loss": replace(loss, value=value)}), twin(2, batches=5, spread=0.001))
    assert abs(found.since - 2200) <= STEPS / 40 and abs(found.was_apart[0] - 1500) <= STEPS / 40
    assert "and apart before that from step" in found.sentence
    course = found.course
    assert course.members.shape == (1, len(course.step)) and len(course.run) == len(course.step)
    assert np.median(course.run[course.step > 2300] / course.members[0][course.step > 2300]) == pytest.approx(
        0.95, 0.02
    )


def test_a_widening_gap_is_said():
    own = twin(1)
    loss = own.curves["train_loss"]
    drifted = Training("drift", {"train_loss": replace(loss, value=loss.value * (1 + 0.08 * loss.step / STEPS))})
    found = gap(drifted, *seeds(10))
    assert found.trend == "widening" and found.severity is Severity.ERROR
    assert "and widening" in found.sentence


def test_what_was_apart_and_came_back_is_a_warning():
    found = gap(twin(1, worse=0.15, since=1500, until=2200), *seeds(10))
    assert not found.apart and found.severity is Severity.WARNING
    assert found.was_apart is not None and abs(found.was_apart[0] - 1500) < 100
    assert "and came back" in found.sentence


def test_a_loss_that_ends_in_nan_is_an_error():
    own = twin(1)
    lost = Training("lost", {"train_loss": replace(own.curves["train_loss"], lost_from=3500)})
    found = gap(lost, twin(2))
    assert found.severity is Severity.ERROR and "not finite from step 3,500 on" in found.sentence


@pytest.mark.parametrize(
    ("speed", "severity"), [(1000, None), (1150, None), (920, Severity.WARNING), (850, Severity.ERROR)]
)
def test_throughput(speed, severity):
    assert gap(twin(1, speed=speed), twin(2), role="tokens_per_second").severity is severity


def test_a_large_figure_is_written_out():
    said = gap(twin(1, speed=134_400.0), twin(2, speed=134_400.0), role="tokens_per_second").sentence
    assert "(134," in said and "e+05" not in said


def test_a_gradient_norm_apart_is_a_warning():
    own = twin(1)
    curves = dict(own.curves)
    curves["grad_norm"] = replace(curves["grad_norm"], value=curves["grad_norm"].value * 1.4)
    assert gap(Training("x", curves), twin(2), role="grad_norm").severity is Severity.WARNING


def test_another_batch_size_is_compared_at_the_same_tokens():
    own = twin(1, steps=STEPS // 2, per_step=2e6)
    assert "compared at the same tokens" in gap(own, twin(2)).notes[0]


def test_the_spread_of_wild_seeds_widens_what_counts():
    wild = [twin(10 + i, spread=0.04) for i in range(4)]
    assert gap(twin(1, worse=0.05), *wild).severity is None
    assert gap(twin(1, worse=0.05), *wild).spread > 0.02


def test_what_cannot_be_compared_is_said():
    own = twin(1)
    short = Training("short", {"train_loss": replace(own.curves["train_loss"], **{
        k: getattr(own.curves["train_loss"], k)[:5] for k in ("step", "tokens", "value")
    })})  # fmt: skip
    _, left_out = training_beside(short, [own])
    assert left_out == (
        ("train_loss", "the two have fewer than 8 points at the same steps"),
        ("grad_norm", "only the reference logged it"),
        ("tokens_per_second", "only the reference logged it"),
    )
    rate = own.curves["tokens_per_second"]
    per_gpu = Training("x", {"tokens_per_second": replace(rate, scope="per_gpu")})
    assert training_beside(per_gpu, [own])[1][-1][1] == "one side logs it for each GPU, the other for all"


def test_a_run_that_ends_early_is_compared_so_far_and_it_is_said():
    found = gap(twin(1, steps=STEPS // 2), twin(2))
    assert found.severity is None and "before the reference" in found.notes[-1]


def test_curves_of_a_run():
    step = np.arange(100)
    value = np.where(step < 90, 2.0 + 1 / (step + 1.0), np.nan)
    series = {"train/loss": Series("train/loss", step, np.full(100, np.nan), value)}
    found = training_of(resolve(Run("r", "r", "r", series=series)))
    assert found.curves["train_loss"].lost_from == 90 and len(found.curves["train_loss"].step) == 90
