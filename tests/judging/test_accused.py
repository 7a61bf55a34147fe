"""What a finding is about is drawn: it travels in the report, with its peers where it has many."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.judging.accused import ALL, EACH, MOST
from runlens.judging.one import Settings, judge_run
from runlens.model import Run, RunReport, Series
from runlens.render.figures.panels import panels
from runlens.render.sparkline import sparklines
from runlens.roles import resolve
from runlens.rules import RULES

N = 600
STEP = np.arange(N)
HOT = (STEP >= 200) & (STEP < 400)


def judged(columns: dict[str, np.ndarray]) -> RunReport:
    rng = np.random.default_rng(3)
    columns = {"loss": 2 + 5 * np.exp(-STEP / 100) + rng.normal(0, 0.01, N), **columns}
    series = {name: Series(name, STEP, 1.7e9 + 5.0 * STEP, np.asarray(value, float)) for name, value in columns.items()}
    return judge_run(resolve(Run("r", "r", "r", series=series)), Settings(tuple(rule() for rule in RULES)))


def temperatures(gpus: int, hot: tuple[int, ...]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return {f"system.gpu.{k}.temp": 66.0 + rng.normal(0, 1, N) + 30.0 * HOT * (k in hot) for k in range(gpus)}


def test_the_gpu_that_is_hot_is_drawn_and_marked_on_its_own_panel() -> None:
    run = judged(temperatures(8, hot=(5,)))
    finding = next(f for f in run.findings if f.code == "HW001")
    assert finding.series == ("system.gpu.5.temp",)
    (panel,) = (p for p in panels(run) if p.kind == "gpu_temperature")
    assert [c.label for c in panel.charts] == ["GPU 5"], "seven healthy ones are no curve of their own"
    assert finding in panel.spans
    assert finding.steps is not None
    (chart,) = panel.charts
    inside = [v for s, v in zip(chart.steps, chart.values, strict=True) if finding.steps[0] <= s <= finding.steps[1]]
    outside = [v for s, v in zip(chart.steps, chart.values, strict=True) if not 199 <= s <= 400]
    assert min(inside) > 85 > max(outside), "the shaded span and the curve agree"
    assert f"{max(inside):.0f} °C" in finding.message, "the sentence and the curve agree"


def test_of_many_devices_the_others_are_a_band_and_of_few_all_are_drawn() -> None:
    many = judged(temperatures(64, hot=(40,)))
    (band,) = (c for c in many.charts if c.reference == "peers")
    assert band.label == "63 others"
    assert band.metric == "system.gpu.40.temp"
    assert max(band.high) < 80
    assert all(a <= b <= c for a, b, c in zip(band.low, band.values, band.high, strict=True))
    few = judged(temperatures(ALL, hot=(2,)))
    (panel,) = (p for p in panels(few) if p.kind == "gpu_temperature")
    assert [c.label for c in panel.charts] == ["GPU 2", "GPU 0", "GPU 1", "GPU 3"]
    assert not panel.references


def test_the_terminal_draws_what_is_accused_with_its_mark() -> None:
    lines = {line.label: line for line in sparklines(judged(temperatures(8, hot=(5,))), 100)}
    assert set(lines) == {"loss", "step time", "GPU 5 temperature"}
    hot = lines["GPU 5 temperature"]
    assert hot.marks
    assert hot.figures.endswith("°C")
    assert "peak 98" in hot.figures


@pytest.mark.parametrize("hot", [EACH, EACH + 1, 30])
def test_so_many_series_and_no_more(hot: int) -> None:
    run = judged(temperatures(96, hot=tuple(range(hot))))
    own = [c for c in run.charts if c.role == "gpu_temperature" and not c.reference]
    assert len(own) == EACH <= MOST
    finding = next(f for f in run.findings if f.code == "HW001")
    assert set(finding.series) == {c.metric for c in own}
    assert next(c for c in run.charts if c.reference).label == f"{96 - EACH} others"


def test_the_ninth_eval_is_drawn_where_it_is_the_one_that_fell() -> None:
    at = np.arange(0, N, 50)
    rising = np.linspace(0.3, 0.6, len(at))
    names = ["arc_easy", "arc_challenge", "boolq", "hellaswag", "lambada", "openbookqa", "piqa", "sciq", "winogrande"]
    columns = {"loss": (STEP, 2 + 5 * np.exp(-STEP / 100))}
    for name in names:
        worse = np.r_[rising[:-4], np.full(4, 0.3)] if name == "winogrande" else rising
        columns[f"eval/{name}/acc"] = (at, worse)
    series = {n: Series(n, s, 1.7e9 + 5.0 * s, np.asarray(v, float)) for n, (s, v) in columns.items()}
    run = judge_run(resolve(Run("r", "r", "r", series=series)), Settings(tuple(rule() for rule in RULES)))
    fell = next(f for f in run.findings if f.code == "EVAL002" and f.severity.rank > 0)
    assert "eval/winogrande/acc" in fell.series
    assert any("winogrande" in p.title and fell in p.findings for p in panels(run))


def test_a_series_without_a_role_has_a_panel_of_its_name() -> None:
    rng = np.random.default_rng(1)
    load = np.where(STEP > 100, 0.97, 0.2) + rng.normal(0, 0.005, N)
    run = judged({"moe/max_expert_load": load, "moe/num_experts": np.full(N, 8.0)})
    (finding,) = (f for f in run.findings if f.code == "MOE001")
    assert finding.series == ("moe/max_expert_load",)
    (panel,) = (p for p in panels(run) if finding in p.findings)
    assert panel.title == "moe/max_expert_load"


def test_without_charts_no_finding_names_any() -> None:
    series = {n: Series(n, STEP, 1.7e9 + 5.0 * STEP, v) for n, v in temperatures(4, hot=(1,)).items()}
    run = judge_run(resolve(Run("r", "r", "r", series=series)), Settings(tuple(r() for r in RULES), chart_points=0))
    assert run.findings
    assert all(f.series == () for f in run.findings)
