"""A card that stands at its limit at full speed is worth knowing, and no warning; what it costs makes it one."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding
from runlens.rules.hardware.overheating import GpuOverheating
from runlens.rules.hardware.parts.meanwhile import trained
from runlens.rules.hardware.underused import GpuUnderused
from tests.rules.hardware.machines import ROWS, machine, stretch
from tests.rules.saying import START, run_of
from tests.synthetic.hardware import drift, healthy


def said(rule: GpuOverheating | GpuUnderused, what: str, **given: object) -> list[Finding]:
    return [one for one in rule.check(machine(what, **given)) if isinstance(one, Finding)]


@pytest.mark.parametrize(("peak", "points", "told"), [
    (86.9, ROWS // 12, "info"), (87.1, ROWS // 12, "info"), (89.0, ROWS // 4, "info"), (90.5, 10, "warning"),
])  # fmt: skip
def test_a_card_that_keeps_its_speed_is_no_warning_below_the_critical_limit(
    peak: float, points: int, told: str
) -> None:
    assert [str(f.severity) for f in said(GpuOverheating(), "temp", value=stretch(60, peak, points=points))] == [told]


@pytest.mark.parametrize(("slower", "told"), [(0.015, "info"), (0.025, "warning")])
def test_where_training_is_slower_it_is_a_warning(slower: float, told: str) -> None:
    points = ROWS // 12
    inside = (np.arange(ROWS) >= 80) & (np.arange(ROWS) < 80 + points)
    speed = np.where(inside, 1000.0 * (1 - slower), 1000.0)
    assert [
        str(f.severity) for f in said(GpuOverheating(), "temp", value=stretch(60, 86, points=points), speed=speed)
    ] == [told]


@pytest.mark.parametrize(("wander", "told"), [(0.0, "warning"), (0.2, "info")])
def test_a_speed_that_wanders_as_much_by_itself_tells_of_no_loss(wander: float, told: str) -> None:
    row = np.arange(ROWS)
    speed = 1000.0 * (1 + wander * np.sin(row / 8)) * np.where((row >= 80) & (row < 100), 0.9, 1.0)
    assert [str(f.severity) for f in said(GpuOverheating(), "temp", value=stretch(60, 88, points=20), speed=speed)] == [
        told
    ]


def test_a_busy_session_between_two_idle_ones_does_not_count_as_idle() -> None:
    """Three sessions in one series at the same steps: each half hour idle, busy, idle, with an hour between them."""
    value = np.repeat([95.0, 20.0, 95.0, 20.0], [20, 60, 60, 60])
    later = np.repeat([0.0, 0.0, 3600.0, 7200.0], [20, 60, 60, 60])
    for found in said(GpuUnderused(), "gpu", value=value, later=later):
        assert found.evidence["utilization_percent"] == 20
        assert 29 <= found.evidence["minutes"] <= 31


@pytest.mark.parametrize("rise", [22.0, 27.0])
def test_a_card_that_drifts_beyond_its_limit_is_no_less_than_one_that_drifts_to_it(rise: float) -> None:
    made = healthy(10_000, gpus=4)
    drift(made, rise=rise)
    told = [f for f in GpuOverheating().check(made.run()) if isinstance(f, Finding)]
    assert [str(f.severity) for f in told if f.evidence["kind"] == "drift"] == ["warning"]


@pytest.mark.parametrize("name", ["rollout/ep_rew_mean", "acc", "loss", "something"])
def test_whatever_a_training_logs_tells_that_it_went_on(name: str) -> None:
    """A reward and a score of training have roles of their own, and what they tell of the time must not be lost."""
    run = run_of({name: np.arange(40.0)})
    assert trained(run, (START, START + 39.0)) == (0.0 if name == "something" else 1.0)
