"""The findings as bars over the step axis, packed in rows so that no label touches another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runlens.model import Action, Finding
from runlens.render.figures.palette import BLACK, GREEN, GREY, SEVERITY, SIGN
from runlens.render.text import plural, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 9
"""Rows at most; findings beyond them are counted, the least severe first."""
_FONT = 8.5
_SPACE = 0.08
"""Inches between two things in one row."""


@dataclass(frozen=True, slots=True)
class Item:
    """A bar with its label, in steps."""

    label: str
    color: str
    first: float
    last: float
    text_at: float
    """Where the label starts (`align` left) or ends (`align` right)."""
    align: str
    left: float
    """Outer edges, label included."""
    right: float
    open: bool = False
    """A point that the advice names, not a finding: drawn as a mark without a bar."""


def short(finding: Finding) -> str:
    """`✖ LOSS001 loss spike, plateaued`: sign, code, name and outcome if there is one."""
    tail = f", {visible(finding.outcome, 24).replace('-', ' ')}" if finding.outcome else ""
    return f"{SIGN[finding.severity]} {finding.code} {visible(finding.name, 40).replace('-', ' ')}{tail}"


def pack(
    findings: Sequence[Finding], limits: tuple[float, float], inches: float, action: Action | None
) -> list[list[Item]]:
    """Rows of bars from top to bottom, in order of onset, none of them touching another in its row.

    Parameters
    ----------
    findings : sequence of Finding
        Those at no step are left out.
    limits : (float, float)
        The steps that the axis shows.
    inches : float
        Its width.
    action : Action or None
        Its rewind point and the window to skip come along.
    """
    per_inch = (limits[1] - limits[0]) / inches
    placed = [f for f in findings if f.steps and f.steps[1] >= limits[0] and f.steps[0] <= limits[1]]
    placed.sort(key=lambda f: -f.severity.rank)
    kept, hidden = placed[:40], max(len(placed) - 40, 0)
    kept.sort(key=lambda f: f.steps or (0, 0))
    rows: list[list[Item]] = []
    for item in [*_advised(action, limits, per_inch), *(_item(f, limits, per_inch) for f in kept)]:
        free = next((r for r in rows if all(_apart(item, other, per_inch) for other in r)), None)
        if free is not None:
            free.append(item)
        elif len(rows) < ROWS:
            rows.append([item])
        else:
            hidden += 1
    if hidden > 0:
        rows.append([_at(f"and {plural(hidden, 'more finding')}", GREY, limits[0], limits[0], limits, per_inch, True)])
    return rows


def _apart(a: Item, b: Item, per_inch: float) -> bool:
    space = _SPACE * per_inch
    return a.right + space < b.left or b.right + space < a.left


def _item(finding: Finding, limits: tuple[float, float], per_inch: float) -> Item:
    assert finding.steps is not None
    first, last = max(finding.steps[0], limits[0]), min(finding.steps[1], limits[1])
    return _at(short(finding), SEVERITY[finding.severity], first, last, limits, per_inch)


def _advised(action: Action | None, limits: tuple[float, float], per_inch: float) -> list[Item]:
    if action is None or action.rewind_to_step is None or not limits[0] <= action.rewind_to_step <= limits[1]:
        return []
    at = float(action.rewind_to_step)
    return [_at(f"rewind to {action.rewind_to_step:,}", GREEN, at, at, limits, per_inch, True)]


def _at(
    label: str, color: str, first: float, last: float, limits: tuple[float, float], per_inch: float, open: bool = False
) -> Item:
    """The label goes inside a long bar, else to its right, else to its left."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    from runlens.render.figures.draw import drawable

    label = drawable(label)
    extent = TextPath((0, 0), label or " ", size=_FONT, prop=FontProperties(family="DejaVu Sans")).get_extents()
    text = (extent.width / 72 + 0.12) * per_inch
    pad = 0.06 * per_inch
    if last - first > text + pad:
        return Item(label, color, first, last, first + pad, "left", first, last, open)
    if last + pad + text <= limits[1]:
        return Item(label, color, first, last, last + pad, "left", first, last + pad + text, open)
    return Item(label, color, first, last, first - pad, "right", first - pad - text, last, open)


def draw(axes: Axes, rows: Sequence[Sequence[Item]]) -> None:
    """Draw the rows, the first on top."""
    axes.set_ylim(len(rows) or 1, 0)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(labelbottom=False, length=0)
    for at, row in enumerate(rows):
        for item in row:
            middle = at + 0.5
            if not item.open:
                axes.barh(middle, item.last - item.first, 0.72, item.first, color=item.color, alpha=0.28, linewidth=0)
            axes.plot(
                [item.first] * 2, [at + 0.14, at + 0.86], color=item.color, linewidth=2.2, solid_capstyle="butt",
                clip_on=False,
            )  # fmt: skip
            axes.text(
                item.text_at, middle, item.label, ha=item.align, va="center_baseline", fontsize=_FONT,
                color=GREY if item.color == GREY else BLACK,
            )  # fmt: skip
    if not rows:
        axes.text(0, 0.5, "no findings", transform=axes.transAxes, va="center", color=GREY, fontsize=_FONT)
