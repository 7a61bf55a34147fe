"""The postmortem as Markdown, with links to the figures that stand beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from runlens.model import Report


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
    from runlens.render.postmortem.story import story

    template = environment().get_template("report.md.j2")
    text = template.render(report=report, story=story(report.runs[run_index], incident), figures=files, words=words)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
