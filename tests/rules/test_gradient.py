"""GRAD001 and GRAD002: what the gradient norm says before the loss does, and what loss scaling does by itself."""

import numpy as np
import pytest

from runlens.rules.gradient.non_finite import NonFiniteGradient
from runlens.rules.gradient.surge import GradientSurge
from tests.synthetic.training import STEPS, healthy, spike, surge


def non_finite(where, value=np.inf, loss=None, scale=False, **config):
    made = healthy(1)
    made["grad_norm"][where] = value
    if loss is not None:
        made["loss"][where] = loss
    if scale:
        made["loss_scale"] = np.full(STEPS, 65536.0)
    (found,) = NonFiniteGradient().check(made.run(**config))
    return found


@pytest.mark.parametrize(
    ("where", "more", "severity"),
    [
        (slice(0, 14), {}, "info"),
        (slice(0, 14), {"value": np.nan}, "info"),
        (slice(0, 14), {"loss": np.nan}, "error"),
        (slice(0, 200), {}, "error"),
        ([500], {}, "warning"),
        ([500], {"scale": True}, "info"),
        ([500], {"fp16": True}, "info"),
        ([500], {"model": {"precision": "16-mixed"}}, "info"),
        ([500], {"bf16": True}, "warning"),
        ([0, 1, 2, 500, 900], {"scale": True}, "info"),
        (slice(500, 512), {"scale": True}, "error"),
        (slice(100, STEPS, 10), {"scale": True}, "warning"),
        ([STEPS - 1], {}, "warning"),
        ([STEPS - 1], {"scale": True}, "info"),
        ([STEPS - 1], {"loss": np.nan, "scale": True}, "error"),
        (slice(STEPS - 4, STEPS), {"scale": True}, "error"),
    ],
)
def test_overflows_are_judged_by_where_they_are_and_what_the_loss_does(where, more, severity):
    found = non_finite(where, **more)
    assert found.severity == severity, found.message
    assert found.evidence["points"] == np.arange(STEPS)[where].size


def test_finite_norms_are_silent():
    assert list(NonFiniteGradient().check(healthy(2).run())) == []


def surges(made):
    return list(GradientSurge().check(made.run()))


def test_a_surge_alone_is_info_and_says_how_far_and_how_long():
    made = healthy(3)
    surge(made, 700, 8.0, 5)
    (found,) = surges(made)
    assert (found.severity, found.steps) == ("info", (700, 704))
    assert 6 < found.evidence["multiple"] < 11
    assert found.evidence["loss_spike_step"] is None
    assert "back after 5 steps" in found.message


def test_a_surge_before_a_spike_says_by_how_much():
    made = healthy(4)
    surge(made, 700, 8.0, 20)
    spike(made, 712, 0.6, 10)
    (found,) = surges(made)
    assert (found.severity, found.steps[0], found.evidence["steps_before_loss"]) == ("info", 700, 12)
    assert "the loss spikes 12 steps later" in found.message


def test_a_surge_with_a_loss_that_does_not_come_back_is_a_warning():
    made = healthy(5)
    surge(made, 700, 20.0, 20)
    made["loss"][705:] *= 1.2 + 1.5 * np.exp(-np.arange(STEPS - 705) / 20)
    assert [f.severity for f in surges(made)] == ["warning"]


def test_a_norm_that_stays_up_is_a_warning_and_a_slow_rise_is_none():
    made = healthy(6)
    made["grad_norm"][600:] *= 5.0
    (found,) = surges(made)
    assert (found.severity, found.steps) == ("warning", (600, STEPS - 1))
    slow = healthy(7)
    slow["grad_norm"] *= np.linspace(1, 5, STEPS)
    assert surges(slow) == []


def test_one_surge_ends_where_the_next_begins():
    made = healthy(8)
    made["grad_norm"][600:] *= 4.0
    surge(made, 1000, 10.0, 30)
    first, second = surges(made)
    assert first.steps[1] < second.steps[0] == 1000


@pytest.mark.parametrize("seed", range(6))
def test_settling_and_heavy_tails_are_silent(seed):
    made = healthy(seed + 20)
    rng = np.random.default_rng(seed)
    made["grad_norm"] *= np.exp(0.15 * rng.standard_t(4, STEPS))
    made["grad_norm"][:100] *= np.linspace(30, 1, 100)
    assert [f for f in surges(made) if f.severity != "info"] == []
    clipped = healthy(seed + 40)
    clipped["grad_norm"] = np.minimum(clipped["grad_norm"] * 3, 1.0)
    assert surges(clipped) == []


def test_too_few_points_are_said():
    (skip,) = GradientSurge().check(healthy(9, 40).run())
    assert "fewer than 50" in skip.reason
