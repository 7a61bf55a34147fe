"""A series as one line of blocks, with a line of marks under it where findings are."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

import bottleneck as bn
import numpy as np
import numpy.typing as npt

from runlens.model import Chart, Finding, RunReport, Severity
from runlens.model.words import role_words
from runlens.render.text import amount, number

BLOCKS = "▁▂▃▄▅▆▇█"
RAMP = "_.-=+*%#"
MARKS = {Severity.ERROR: "▲", Severity.WARNING: "△", Severity.INFO: "·"}
ASCII_MARKS = {Severity.ERROR: "E", Severity.WARNING: "w", Severity.INFO: "i"}

_LOG = ("train_loss", "eval_loss", "grad_norm", "perplexity")
_LABELS = {
    "train_loss": "loss",
    "grad_norm": "grad norm",
    "tokens_per_second": "throughput",
    "samples_per_second": "throughput",
    "step_time": "step time",
}
LEVEL = 10
"""The level at which a speed begins or ends is the median of one part in so many of its points."""
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
    """Loss, gradient norm and throughput of a run, as far as the report holds them, over one common step axis.

    Parameters
    ----------
    run : RunReport
    width : int
        Columns for a line and the figures after it; a line takes 20 to 72 of them.
    blocks : str
        The signs from low to high.
    """
    charts = [c for role in ("train_loss", "grad_norm") if (c := main_chart(run, role))]
    speed = next(
        (c for r in ("tokens_per_second", "samples_per_second", "step_time") if (c := main_chart(run, r))), None
    )
    charts += [speed] if speed else []
    if not charts:
        return []
    first = min(c.steps[0] for c in charts)
    last = max(c.steps[-1] for c in charts)
    cells = max(min(width - max(len(figures(c)) for c in charts), 72), 20)
    return [_draw(chart, run.findings, first, max(last, first + 1), cells, blocks) for chart in charts]


def main_chart(run: RunReport, role: str) -> Chart | None:
    """The run's own first chart of a role that has points, or None."""
    return next((c for c in run.charts if c.role == role and not c.reference and c.steps), None)


def _draw(chart: Chart, findings: tuple[Finding, ...], first: int, last: int, width: int, blocks: str) -> Sparkline:
    steps = np.array(chart.steps, dtype=np.float64)
    values = np.array(chart.values, dtype=np.float64)
    marks: dict[int, Severity] = {}
    for finding in findings:
        if finding.metric != chart.metric or finding.steps is None or finding.suppressed is not None:
            continue
        cell = int(np.clip((finding.steps[0] - first) / (last - first) * width, 0, width - 1))
        if cell not in marks or marks[cell].rank < finding.severity.rank:
            marks[cell] = finding.severity
    line = line_of(steps, values, chart.role, (first, last), width, blocks)
    return Sparkline(
        _LABELS.get(chart.role, role_words(chart.role)), line, tuple(sorted(marks.items())), figures(chart)
    )


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
    return _line(np.array(heights), role in _LOG, blocks)


def _height(values: npt.NDArray[np.float64], role: str) -> float:
    """One cell's value: the highest where spikes matter, else the middle; inf where anything is not finite."""
    if len(values) == 0:
        return math.nan
    if not np.isfinite(values).all():
        return math.inf
    return float(values.max() if role in _LOG else bn.median(values))


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

    Of a speed these are levels, and the low leaves out the lowest of a hundred points: the first step of a run and the
    burst of a writer that flushes tell of no speed.
    """
    finite = [v for v in chart.values if math.isfinite(v)]
    if not finite:
        return "no finite value"
    show = amount if max(map(abs, finite)) >= 1e4 else lambda v: number(v, 3)
    if chart.role in _LOG:
        first, last, peak = finite[0], finite[-1], max(finite)
        far = f", peak {show(peak)}" if peak > 1.2 * max(first, last) else ""
    else:
        part = -(-len(finite) // LEVEL)
        first, last = statistics.median(finite[:part]), statistics.median(finite[-part:])
        low = sorted(finite)[len(finite) // 100]
        far = f", low {show(low)}" if low < 0.9 * min(first, last) else ""
    text = f"{show(first)} → {show(last)}{far}"
    lost = len(chart.values) - len(finite)
    unit = "" if chart.unit in ("1", "nats", "") else f" {chart.unit}"
    return text + unit + (f", {lost} not finite" if lost else "")
