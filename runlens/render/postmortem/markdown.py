"""The postmortem as Markdown, with links to the figures that stand beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from runlens.model import Report

if TYPE_CHECKING:
    from runlens.render.postmortem.story import Story


@dataclass(frozen=True, slots=True)
class FigureFiles:
    """Names of the PNG files beside the Markdown file; empty where there are none."""

    timeline: str = ""
    incidents: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """Incident number to file name."""


def render(report: Report, run_index: int, files: FigureFiles, incident: int | None = None) -> str:
    """The postmortem of one run.

    Parameters
    ----------
    report : Report
    run_index : int
        Which of its runs.
    files : FigureFiles
    incident : int, optional
        Tell only of this incident.
    """
    from runlens.render import words
    from runlens.render.html import environment
    from runlens.render.postmortem.fields import FIELDS
    from runlens.render.postmortem.story import story

    told = story(report.runs[run_index], incident)
    template = environment().get_template("report.md.j2")
    text = template.render(
        report=report, story=told, figures=files, words=words, fields=FIELDS, contents=_contents(told)
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _contents(told: Story) -> list[tuple[str, str]]:
    """Headings and the anchors that forges give them: lower case, dashes for blanks, no other sign."""
    names = [f"Incident {i.incident.number}" for i in told.incidents]
    if told.timeline:
        names.insert(0, "Timeline")
    names += ["In a line each"] if told.further else []
    names += ["Known findings"] if any(f.suppressed is not None for f in told.run.findings) else []
    names += ["To be filled in", "What was checked, and what was not", "Appendix"]
    return [(name, re.sub(r"[^a-z0-9 ]", "", name.lower()).replace(" ", "-")) for name in names]
