"""The timeline as a PNG: what happened to the run, panel under panel, over one step axis."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from runlens.model import Finding, Incident, Report, RunReport
from runlens.render import words
from runlens.render.figures import draw, lanes
from runlens.render.figures.palette import BLACK, GREY, LIGHT, VERDICT
from runlens.render.figures.panels import Panel, about, answers, panels, restarts, window
from runlens.render.links import called
from runlens.render.text import amount, named, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 12.0
_LEFT, _RIGHT = 0.85, 1.45
_HEAD, _LINE, _FOOT, _GAP = 0.84, 0.22, 0.5, 0.42
_WRAP = 148
"""Characters of a line of the header's sentence."""
_HEIGHTS = {"train_loss": 2.4, "grad_norm": 1.4, "tokens_per_second": 1.4}
_STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.parse_math": False,
    "axes.edgecolor": LIGHT,
    "axes.labelcolor": GREY,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": "#ececec",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "agg.path.chunksize": 20000,
}
"""Of matplotlib's settings; the user's own matplotlibrc has no say, so that one report gives one figure."""


def render(report: Report, run_index: int = 0, *, incident: int | None = None) -> bytes:
    """The timeline of one run as PNG bytes.

    Parameters
    ----------
    report : Report
    run_index : int
        Which run of the report, from 0.
    incident : int, optional
        Number of an incident: only its part of the run, with only its findings. The whole run if None.

    Returns
    -------
    bytes
        1800 pixels wide, high enough for its panels. A run without charts gives its findings and a sentence.

    Raises
    ------
    IndexError
        If there is no such run or incident.
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    run = report.runs[run_index]
    chosen = next((i for i in run.incidents if i.number == incident), None)
    if incident is not None and chosen is None:
        raise IndexError(f"run {named(run.run)} has no incident {incident}")
    span = window(run, chosen) if chosen else None
    findings = [f for f in run.findings if f.suppressed is None and incident in (None, f.incident)]
    with matplotlib.style.context(["default", _STYLE], after_reset=False):
        figure = Figure(dpi=draw.DPI)
        _compose(figure, run, findings, span, chosen)
        return _bytes(figure, called(run))


def _bytes(figure: Figure, title: str) -> bytes:
    """The figure with a palette of 256 colours, which flat drawings do with, at a third of the size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")  # type: ignore[no-untyped-call]
    image = image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    notes = PngInfo()
    notes.add_itxt("Software", "RunLens")
    notes.add_itxt("Title", title)
    buffer = BytesIO()
    image.save(buffer, "png", pnginfo=notes, dpi=(draw.DPI, draw.DPI))
    return buffer.getvalue()


def _compose(
    figure: Figure, run: RunReport, findings: list[Finding], span: tuple[float, float] | None, incident: Incident | None
) -> None:
    """Lay out header, findings and panels from top to bottom, all in inches."""
    drawn = panels(run) if span is None else [p for p in about(run, panels(run), findings) if _seen(p, span)]
    limits = span or _limits(run, drawn)
    inside = WIDTH - _LEFT - _RIGHT
    rows = lanes.pack(findings, limits, inside, run.action)
    lane_height = 0.24 * max(len(rows), 1) + 0.1
    heights = [_HEIGHTS.get(p.kind, 1.1) for p in drawn]
    title = f"Incident {incident.number}: {visible(incident.title, 120)}" if incident else ""
    order, reason = _action(run) if answers(run, incident) else (_help(findings), [])
    head = _HEAD + _LINE * (bool(order) + len(reason))
    total = head + lane_height + sum(heights) + _GAP * (len(heights) + 1) + _FOOT
    figure.set_size_inches(WIDTH, total)

    def place(top: float, height: float) -> Axes:
        return figure.add_axes((_LEFT / WIDTH, 1 - (top + height) / total, inside / WIDTH, height / total), xlim=limits)

    _header(figure, run, title, total, [order, *reason])
    top = head + _GAP * 0.75
    lane = place(top, lane_height)
    lanes.draw(lane, rows)
    _token_axis(lane, drawn, limits)
    top += lane_height
    axes: list[Axes] = []
    for panel, height in zip(drawn, heights, strict=True):
        top += _GAP
        axes.append(place(top, height))
        draw.panel(axes[-1], panel, findings, limits)
        top += height
    for axis in axes:
        for step in restarts(run):
            axis.axvline(step, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axis.tick_params(labelbottom=axis is axes[-1], length=3 if axis is axes[-1] else 0)
    bottom = axes[-1] if axes else lane
    bottom.set_xlabel("training step", fontsize=9)
    bottom.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    bottom.tick_params(labelbottom=True)
    if not drawn:
        figure.text(0.5, 0.12, "The report holds no charts of this run.", ha="center", color=GREY)


def _seen(panel: Panel, span: tuple[float, float]) -> bool:
    return any(span[0] <= step <= span[1] for c in panel.charts for step in c.steps)


def _limits(run: RunReport, drawn: list[Panel]) -> tuple[float, float]:
    ends = [step for p in drawn for c in p.charts for step in (c.steps[0], c.steps[-1])]
    ends += [] if run.steps is None else run.steps
    if not ends:
        return 0.0, 1.0
    low, high = float(min(ends)), float(max(ends))
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _action(run: RunReport) -> tuple[str, list[str]]:
    """What to do, and why in two lines at most; both empty where the report advises nothing."""
    from textwrap import wrap

    if run.action is None:
        return "", []
    reason = wrap(words.sentence(run.action.reason), _WRAP, max_lines=2, placeholder=" …")
    return f"→ {words.headline(run.action)}", reason


def _help(findings: list[Finding]) -> str:
    """What the gravest finding says to do, of an incident that the advice does not answer, or nothing."""
    worst = max(findings, key=lambda f: f.severity.rank, default=None)
    return f"→ {words.sentence(worst.help)}" if worst is not None and worst.help else ""


def _header(figure: Figure, run: RunReport, title: str, total: float, action: list[str]) -> None:
    def line(x: float, y: float, text: str, **style: Any) -> Any:
        """Text at `x`, `y` inches from the top left, smaller where it would not fit."""
        made = figure.text(x / WIDTH, 1 - y / total, draw.drawable(text), va="baseline", **style)
        room = (WIDTH - x - 0.2) * figure.dpi / max(made.get_window_extent().width, 1)
        made.set_fontsize(style["fontsize"] * min(room, 1.0))
        return made

    chip = line(
        0.35, 0.42, f" {run.verdict.upper()} ", color="white", fontsize=13, fontweight="bold",
        bbox={"boxstyle": "round,pad=0.25", "facecolor": VERDICT[run.verdict], "edgecolor": "none"},
    )  # fmt: skip
    width = chip.get_window_extent().width / figure.dpi
    name = title or called(run)
    line(0.35 + width + 0.2, 0.42, name, color=BLACK, fontsize=15, fontweight="bold")
    facts = " · ".join(part for part in (called(run) if title else "", words.counts(run), words.facts(run)) if part)
    line(0.3, 0.72, facts, color=GREY, fontsize=9.5)
    for at, text in enumerate(filter(None, action)):
        order = at == 0
        line(0.3 if order else 0.5, 0.98 + _LINE * at, text, color=BLACK, fontsize=10.5 if order else 9.5,
             fontweight="bold" if order else "normal")  # fmt: skip


def _token_axis(lane: Axes, drawn: list[Panel], limits: tuple[float, float]) -> None:
    """Tokens along the top, where the charts know them."""
    from matplotlib.ticker import MaxNLocator

    known = next((c for p in drawn for c in p.charts if len(c.tokens) == len(c.steps) > 1), None)
    if known is None:
        return
    steps, tokens = np.array(known.steps, dtype=np.float64), np.array(known.tokens)
    good = np.isfinite(tokens)
    if good.sum() < 2 or np.ptp(tokens[good]) == 0:
        return
    steps, tokens = steps[good], np.maximum.accumulate(tokens[good])
    ends = np.interp(limits, steps, tokens)
    ticks = [t for t in MaxNLocator(8).tick_values(ends[0], ends[1]) if ends[0] <= t <= ends[1]]
    lane.xaxis.set_ticks_position("top")
    lane.set_xticks(np.interp(ticks, tokens, steps), [amount(t) for t in ticks])
    lane.tick_params(axis="x", length=3, labelsize=8.5, colors=GREY)
    lane.annotate(
        "tokens", (1.028, 1.0), xytext=(0, 6.5), xycoords="axes fraction", textcoords="offset points", color=GREY,
        fontsize=8.5, annotation_clip=False,
    )  # fmt: skip
