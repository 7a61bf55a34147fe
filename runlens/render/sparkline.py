"""A series as one line of blocks, with a line of marks under it where findings are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.model import Chart, Finding, RunReport, Severity
from runlens.model.words import role_words
from runlens.render.ends import FALLING, of_chart
from runlens.render.figures.panels import readable
from runlens.render.text import amount, number, visible

BLOCKS = "▁▂▃▄▅▆▇█"
RAMP = "_.-=+*%#"
MARKS = {Severity.ERROR: "▲", Severity.WARNING: "△", Severity.INFO: "·"}
ASCII_MARKS = {Severity.ERROR: "E", Severity.WARNING: "w", Severity.INFO: "i"}

_LABELS = {
    "train_loss": "loss",
    "grad_norm": "grad norm",
    "tokens_per_second": "throughput",
    "samples_per_second": "throughput",
    "step_time": "step time",
}
_PEAKED = ("gpu_temperature", "gpu_memory", "host_memory", "step_time", "data_time", "gpu_errors")
"""Roles of which the highest value is the bad one, as in those that fall."""
_HIGHEST = (*FALLING, "gpu_errors", "gpu_temperature")
"""Roles of which a cell shows the highest value: one point is enough to tell."""
_UNITS = {"C": "°C"}
_SPEEDS = ("tokens_per_second", "samples_per_second", "step_time")
"""Roles that tell a speed, the first that a run has counts."""
ACCUSED = 4
"""Lines of series that are there for a finding's sake, of the worst ones."""
LABEL, WIDEST = 10, 20
"""Columns of labels: at least, and of the longest one."""
_FLAT = 0.1
"""A line whose whole range is less than this share of its median fills no more than that share's part of the height:
a healthy throughput that wanders by 1 % must not look like a mountain range."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """One drawn series."""

    label: str
    line: str
    marks: tuple[tuple[int, Severity], ...]
    """Cell and worst severity of what was found there."""
    figures: str
    """First, last and most extreme value with the unit."""


def sparklines(run: RunReport, width: int, blocks: str = BLOCKS) -> list[Sparkline]:
    """Loss, gradient norm, throughput and what findings are about, as far as held, over one common step axis.

    Parameters
    ----------
    run : RunReport
    width : int
        Columns for a label, a line and the figures after it; a line takes 20 to 72 of them.
    blocks : str
        The signs from low to high.
    """
    charts = [c for role in ("train_loss", "grad_norm") if (c := main_chart(run, role))]
    charts += [speed] if (speed := speed_chart(run)) else []
    charts += _accused(run, charts)
    if not charts:
        return []
    charts = [readable(chart) for chart in charts]
    first = min(c.steps[0] for c in charts)
    last = max(c.steps[-1] for c in charts)
    taken = max(len(figures(c)) for c in charts) + max(max(len(label(c)) for c in charts), LABEL)
    cells = max(min(width - taken - 3, 72), 20)
    return [_draw(chart, run.findings, first, max(last, first + 1), cells, blocks) for chart in charts]


def _accused(run: RunReport, drawn: Sequence[Chart]) -> list[Chart]:
    """The main series of findings that count above a note and is not among those drawn, the worst first."""
    counted = [f for f in run.findings if f.suppressed is None and f.severity is not Severity.INFO]
    names = [f.series[0] for f in sorted(counted, key=lambda f: -f.severity.rank) if f.series]
    own = {c.metric: c for c in reversed(run.charts) if not c.reference and c.steps}
    there = {c.metric for c in drawn}
    return [own[name] for name in dict.fromkeys(names) if name in own and name not in there][:ACCUSED]


def label(chart: Chart) -> str:
    """What a curve is called on one line: `loss`, `GPU 5 temperature`, `hellaswag (acc_norm)`."""
    words = _LABELS.get(chart.role, role_words(chart.role))
    if chart.role in ("other", "eval_score", "perplexity") or (chart.role == "eval_loss" and chart.label):
        return visible(chart.label or chart.metric, WIDEST)
    if chart.label and chart.label != chart.metric:
        return visible(f"{chart.label} {words.removeprefix('GPU ')}", WIDEST)
    return visible(words, WIDEST)


def main_chart(run: RunReport, role: str) -> Chart | None:
    """The run's own first chart of a role that has points, or None."""
    return next((c for c in run.charts if c.role == role and not c.reference and c.steps), None)


def speed_chart(run: RunReport) -> Chart | None:
    """The run's own first chart of a speed, or None."""
    return next((c for role in _SPEEDS if (c := main_chart(run, role))), None)


def _draw(chart: Chart, findings: tuple[Finding, ...], first: int, last: int, width: int, blocks: str) -> Sparkline:
    steps = np.array(chart.steps, dtype=np.float64)
    values = np.array(chart.values, dtype=np.float64)
    marks: dict[int, Severity] = {}
    for finding in findings:
        if (
            chart.metric not in (finding.metric, *finding.series)
            or finding.steps is None
            or finding.suppressed is not None
        ):
            continue
        cell = int(np.clip((finding.steps[0] - first) / (last - first) * width, 0, width - 1))
        if cell not in marks or marks[cell].rank < finding.severity.rank:
            marks[cell] = finding.severity
    line = line_of(steps, values, chart.role, (first, last), width, blocks)
    return Sparkline(label(chart), line, tuple(sorted(marks.items())), figures(chart))


def line_of(
    steps: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    role: str,
    span: tuple[int, int],
    width: int,
    blocks: str = BLOCKS,
) -> str:
    """One line of `width` signs over the steps `span` (first < last): a space where nothing was logged.

    Parameters
    ----------
    steps, values : ndarray of float64, shape (n,)
    role : str
        Says whether the height is on a log scale and whether a cell shows its highest or its middle value.
    """
    first, last = span
    cells = np.clip(((steps - first) / (last - first) * width).astype(int), 0, width - 1)
    heights = [_height(values[cells == cell], role) for cell in range(width)]
    return _line(np.array(heights), role in FALLING, blocks)


def _height(values: npt.NDArray[np.float64], role: str) -> float:
    """One cell's value: the highest where spikes matter, else the middle; inf where anything is not finite."""
    if len(values) == 0:
        return math.nan
    if not np.isfinite(values).all():
        return math.inf
    return float(values.max() if role in _HIGHEST else bn.median(values))


def _line(heights: npt.NDArray[np.float64], log: bool, blocks: str) -> str:
    good = np.isfinite(heights)
    heights = np.where(good, heights / 4.0, heights)  # of any two floats the difference is one
    if log and bool((heights[good] > 0).all()):
        heights = np.where(good, np.log(np.where(good, heights, 1.0)), heights)
    if not good.any():
        low, span = 0.0, 1.0
    else:
        low, high = float(heights[good].min()), float(heights[good].max())
        span = max(high - low, _FLAT if log else _FLAT * abs(float(bn.median(heights[good]))), 1e-300)
        low -= (span - (high - low)) / 2  # a line that is flat lies in the middle, and not on the floor
    line = []
    for value in heights:
        if math.isnan(value):
            line.append(" ")
        elif math.isinf(value):
            line.append("!")
        else:
            line.append(blocks[min(int((value - low) / span * len(blocks)), len(blocks) - 1)])
    return "".join(line)


def figures(chart: Chart) -> str:
    """Where the series began and ended, and the peak or low where it is far from both: `4.31 → 2.58, peak 11.2`.

    Both are levels (`runlens.render.ends`). Of a speed the low leaves out the lowest of a hundred points: the first
    step of a run and the burst of a writer that flushes tell of no speed.
    """
    finite = [v for v in chart.values if math.isfinite(v)]
    levels = of_chart(chart)
    if not finite or levels is None:
        return "no finite value"
    show = amount if max(map(abs, finite)) >= 1e4 else lambda v: number(v, 3)
    first, last = levels
    if chart.role in (*FALLING, *_PEAKED):
        peak = max(finite)
        far = f", peak {show(peak)}" if peak > 1.2 * max(first, last) else ""
    else:
        low = sorted(finite)[len(finite) // 100]
        far = f", low {show(low)}" if low < 0.9 * min(first, last) else ""
    text = f"{show(first)} → {show(last)}{far}"
    lost = len(chart.values) - len(finite)
    unit = "" if chart.unit in ("1", "nats", "") else f" {_UNITS.get(chart.unit, chart.unit)}"
    return text + unit + (f", {lost} not finite" if lost else "")
