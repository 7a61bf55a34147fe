"""The timeline: legible from 2 points to 10 million, deterministic, with labels that do not collide."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure as Drawn
from matplotlib.image import imread

from runlens.model import About, Chart, Figure, Finding, Incident, Report, RunReport, Severity, Symptom
from runlens.render import png
from runlens.render.figures import draw, lanes, scale
from runlens.render.figures.curves import middle
from runlens.render.figures.panels import panels, restarts, window
from tests.render.reports import HOSTILE, fixed, hostile, spread

EMPTY = RunReport("r", "r", "r", "unknown", "pass", None, None, 0)


def report(run: RunReport) -> Report:
    return Report("0.1.0", "2025-11-24T01:15:00Z", "pass", 0, (run,))


def pixels(content: bytes) -> np.ndarray[Any, Any]:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    return np.asarray(imread(io.BytesIO(content), format="png"))


def test_the_same_report_gives_the_same_bytes_whatever_matplotlib_is_set_to() -> None:
    first = png.render(fixed())
    with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "red", "font.size": 30, "text.parse_math": True}):
        before = dict(mpl.rcParams)
        assert png.render(fixed()) == first
        assert dict(mpl.rcParams) == before


def test_width_and_something_in_every_panel() -> None:
    image = pixels(png.render(fixed()))
    assert image.shape[1] == 1800
    ink = (image[:, :, :3] < 0.9).any(axis=2)
    rows = ink.any(axis=1)
    empty = max(len(run) for run in "".join("x" if r else " " for r in rows).split("x"))
    assert empty < 150, "no hole as high as an inch in the page"
    assert not ink[:, :20].any()
    assert not ink[:, -20:].any()
    assert not ink[:20].any()
    assert not ink[-20:].any()


@pytest.mark.parametrize("run", [EMPTY, replace(EMPTY, steps=(5, 5)), replace(EMPTY, charts=(spread(1),))])
def test_runs_with_next_to_nothing(run: RunReport) -> None:
    assert pixels(png.render(report(run))).shape[1] == 1800


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_draw_without_a_warning(text: str) -> None:
    assert pixels(png.render(hostile(text), incident=1)).shape[1] == 1800


def test_only_values_that_are_not_finite() -> None:
    chart = Chart("train_loss", "loss", "nats", (1, 2, 3), (float("nan"), float("inf"), float("-inf")))
    pixels(png.render(report(replace(EMPTY, charts=(chart,)))))


def test_an_incident_that_is_not_there() -> None:
    with pytest.raises(IndexError, match="no incident 9"):
        png.render(fixed(), incident=9)


def test_panels_in_order_with_their_own_findings() -> None:
    drawn = panels(fixed().runs[0])
    assert [p.title for p in drawn] == [
        "Loss (nats, log scale)",
        "Gradient norm (log scale)",
        "Learning rate",
        "Throughput (tokens/s)",
        "hellaswag (acc_norm)",
    ]
    assert [[f.code for f in p.findings] for p in drawn] == [
        ["LOSS001"],
        ["GRAD002"],
        ["LR001"],
        ["TPUT001"],
        ["EVAL001"],
    ]
    assert [c.reference for c in drawn[4].references] == ["ref_small_s0"]
    assert restarts(fixed().runs[0]) == [1000]


def test_every_chart_is_in_one_panel_when_there_are_many_evals() -> None:
    base = fixed().runs[0].charts[5]
    charts = tuple(replace(base, metric=f"task{i}", label=f"task{i}") for i in range(9))
    finding = Finding("EVAL002", "eval-regression", Severity.WARNING, "task8", (1, 2), "m")
    drawn = panels(replace(EMPTY, charts=charts, findings=(finding,)))
    assert [p.title for p in drawn] == ["task8", "task0", "task1", "task2", "Other evals"]
    assert sorted(c.metric for p in drawn for c in p.charts) == sorted(c.metric for c in charts)


def test_a_window_shows_the_onset_and_all_of_a_slow_incident() -> None:
    about = {"LOSS001": About(Symptom.SPIKE, Figure(sudden=True)), "TPUT002": About(Symptom.SLOW)}
    run = replace(EMPTY, steps=(0, 100_000), about=about)
    spike = Incident(1, "t", Severity.ERROR, (50_000, 100_000), ("LOSS001",))
    drift = Incident(2, "t", Severity.ERROR, (20_000, 100_000), ("TPUT002",))
    low, high = window(run, spike) or (0, 0)
    assert 44_000 < low < 50_000 < 60_000 < high < 71_000
    assert window(run, drift) == (0, 100_000)
    assert window(run, replace(drift, steps=None)) is None


findings = st.lists(
    st.builds(
        lambda a, n, severity: Finding("LOSS001", "spike", severity, "l", (a, a + n), "m", {"outcome": "x" * (n % 9)}),
        st.integers(0, 1000), st.integers(0, 400), st.sampled_from(list(Severity)),
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(findings)
def test_no_two_labels_of_findings_touch_and_none_is_lost(found: list[Finding]) -> None:
    rows = lanes.pack(found, (0.0, 1000.0), 9.7, None)
    for row in rows:
        for a, b in combinations(row, 2):
            assert a.right < b.left or b.right < a.left
    shown = sum(len(row) for row in rows)
    hidden = [item.label for row in rows for item in row if item.label.startswith("and ")]
    if hidden:
        shown += int(hidden[0].split()[1]) - 1
    assert shown == sum(f.steps is not None and f.steps[0] <= 1000 for f in found)
    assert len(rows) <= lanes.ROWS + 1


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [0.0, 0.5, 1.0], [1.0, 1.0, 1.0, 1.0, 0.99], [0.0] * 6])
def test_labels_at_the_ends_of_curves_keep_apart(values: list[float]) -> None:
    figure = Drawn(figsize=(6, 1.5), dpi=draw.DPI)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    draw._end_labels(axes, [(v, str(i), "k") for i, v in enumerate(values)])
    heights = sorted(text.get_position()[1] for text in axes.texts)
    assert len(heights) == len(values)
    assert all(b - a > 0.1 for a, b in pairwise(heights))
    assert heights[-1] <= 1.0


def test_the_middle_line_of_a_decimated_curve_is_flat_where_the_noise_is() -> None:
    low_high = np.tile([1.0, 3.0], 500)
    assert np.allclose(middle(low_high)[4:-4], 2.0)
    assert np.isnan(middle(np.full(50, np.nan))).all()


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([25500, 27000, 28500], ["25.5 k", "27.0 k", "28.5 k"]),
        ([0.0, 0.015, 0.03], ["0.000", "0.015", "0.030"]),
        ([0, 3e-4, 6e-4], ["0", "3e-4", "6e-4"]),
        ([0, 30, 60], ["0", "30", "60"]),
        ([2.0], ["2"]),
        ([], []),
    ],
)
def test_ticks_are_told_apart(ticks: list[float], labels: list[str]) -> None:
    assert scale.tick_labels(np.array(ticks, dtype=np.float64)) == labels


def test_a_figure_of_ten_million_points_has_its_spike() -> None:
    """Charts are decimated before they get here; what is left of the spike is one point, and it must be drawn."""
    from runlens.stats.decimate import extremes

    values = np.full(10_000_000, 2.0)
    values[7_654_321] = 20.0
    kept = extremes(values, 4000)
    chart = Chart("train_loss", "loss", "nats", tuple(kept.tolist()), tuple(values[kept].tolist()))
    image = pixels(png.render(report(replace(EMPTY, steps=(0, 9_999_999), charts=(chart,)))))
    column = round(1800 * (0.85 + (12 - 0.85 - 1.45) * 0.7654321) / 12)
    part = image[:, column - 4 : column + 5, :3]
    blue = (part[:, :, 2] - part[:, :, 0] > 0.08).any(axis=1)
    assert blue.sum() > 250, "the line goes up through the panel"
