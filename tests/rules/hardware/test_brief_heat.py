"""A card that touches its limit for a while is worth knowing, and no warning."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.model import Finding
from runlens.rules.hardware.overheating import GpuOverheating
from tests.rules.hardware.machines import ROWS, machine, stretch


def severities(**given: object) -> list[str]:
    said = GpuOverheating().check(machine("temp", **given))
    return [str(one.severity) for one in said if isinstance(one, Finding)]


@pytest.mark.parametrize(("peak", "points", "told"), [
    (86.9, ROWS // 12, "info"), (87.1, ROWS // 12, "warning"), (86.9, ROWS // 8, "warning"), (90.5, 10, "error"),
])  # fmt: skip
def test_two_degrees_above_the_limit_for_less_than_a_tenth_of_the_run(peak: float, points: int, told: str) -> None:
    assert severities(value=stretch(60, peak, points=points)) == [told]


@pytest.mark.parametrize(("slower", "told"), [(0.015, "info"), (0.025, "warning")])
def test_where_training_is_slower_it_is_a_warning(slower: float, told: str) -> None:
    points = ROWS // 12
    inside = (np.arange(ROWS) >= 80) & (np.arange(ROWS) < 80 + points)
    assert severities(value=stretch(60, 86, points=points), speed=np.where(inside, 1000.0 * (1 - slower), 1000.0)) == [
        told
    ]
