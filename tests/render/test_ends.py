"""One series begins and ends at one value, whatever page says it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from runlens.model import Chart
from runlens.render.ends import ends, of_chart
from runlens.render.figures.curves import end
from runlens.render.sparkline import figures


@pytest.mark.parametrize(
    ("values", "role", "expected"),
    [
        ([], "train_loss", None),
        ([math.nan, math.inf], "train_loss", None),
        ([3.0], "train_loss", (3.0, 3.0)),
        ([9.0, 5.0, 2.0], "train_loss", (9.0, 2.0)),
        ([9.0, *[2.0] * 99], "tokens_per_second", (2.0, 2.0)),
        ([9.0, *[2.0] * 99], "train_loss", (9.0, 2.0)),
        ([0.0, 1e9, 2e9], "tokens", (0.0, 2e9)),
        (list(range(1000)), "learning_rate", (0.0, 999.0)),
        ([1.7e308, 1.7e308], "step_time", (1.7e308, 1.7e308)),
    ],
)
def test_the_levels(values: list[float], role: str, expected: tuple[float, float] | None) -> None:
    assert ends(values, role) == expected


def test_a_change_in_the_last_part_is_seen_and_the_last_flush_is_not() -> None:
    late = np.r_[np.full(940, 161e3), np.full(60, 134e3)]
    assert ends(late, "tokens_per_second") == (161e3, 134e3)
    flushed = np.r_[late[:-1], 1e6]
    assert ends(flushed, "tokens_per_second") == (161e3, 134e3)


@pytest.mark.parametrize("points", [40, 400, 900])
def test_every_page_says_the_same_however_few_points_it_draws(points: int) -> None:
    rng = np.random.default_rng(points)
    whole = np.r_[np.full(5000, 161e3), np.full(5000, 134e3)] * (1 + 0.03 * rng.normal(0, 1, 10_000))
    levels = ends(whole, "tokens_per_second")
    assert levels is not None
    some = np.linspace(0, 9999, points).astype(int)
    chart = Chart(
        "tokens_per_second", "tps", "tokens/s", tuple(some.tolist()), tuple(whole[some].tolist()), ends=levels
    )
    assert of_chart(chart) == levels
    assert figures(chart).startswith("161 k → 134 k")
    assert end(chart, (0, 9999), several=False) == (levels[1], "134 k")
    inside = end(chart, (0, 3000), several=False)
    assert inside is not None
    assert inside[0] > 150e3, "a window that ends before the curve does shows where it leaves"
