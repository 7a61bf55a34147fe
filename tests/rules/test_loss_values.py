"""LOSS003: values that are not finite."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Severity, Skip
from runlens.rules.loss.non_finite import NonFiniteLoss
from tests.rules.test_loss_spike import STEP, healthy, run_of


def found(where, value=np.nan, **settings):
    loss = healthy()
    loss[where] = value
    return list(NonFiniteLoss(**settings).check(run_of(loss)))


def test_finite_losses_are_silent():
    assert found([]) == []


def test_nan_to_the_end_is_an_error_and_a_divergence():
    (one,) = found(STEP >= 900)
    assert (one.severity, one.steps) == (Severity.ERROR, (900, 1199))
    assert one.evidence["outcome"] == "diverged" and one.evidence["to_the_end"]
    assert "NaN from step 900 and stays so to the end" in one.message


@pytest.mark.parametrize(("width", "severity"), [(1, Severity.WARNING), (9, Severity.WARNING), (10, Severity.ERROR)])
def test_a_stretch_that_comes_back_is_judged_by_its_length(width, severity):
    (one,) = found(slice(500, 500 + width))
    assert (one.severity, one.steps) == (severity, (500, 499 + width))
    assert "outcome" not in one.evidence


def test_the_length_is_a_setting():
    assert found(slice(500, 503), steps=3)[0].severity is Severity.ERROR


def test_many_stretches_are_one_finding():
    (one,) = found(STEP % 100 == 50)
    assert (one.evidence["stretches"], one.evidence["points"], one.evidence["longest_points"]) == (12, 12, 1)
    assert one.steps == (50, 1150)
    assert "12 of 1,200 logged points" in one.message


@pytest.mark.parametrize("sign", [1, -1])
def test_infinity_is_called_so(sign):
    (one,) = found([700], sign * np.inf)
    assert one.evidence["kind"] == "infinite"
    both = healthy()
    both[600], both[700] = np.nan, np.inf
    (one,) = NonFiniteLoss().check(run_of(both))
    assert one.evidence["kind"] == "NaN or infinite"


def test_a_run_without_a_loss_is_not_judged():
    (skip,) = NonFiniteLoss().check(run_of([], []))
    assert isinstance(skip, Skip)
