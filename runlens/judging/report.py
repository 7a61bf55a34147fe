"""The report as a Python user holds it: its words, its page and its table."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runlens import model

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False)
class Report(model.Report):
    """What `runlens.check` returns: the report of the model, with ways to look at it.

    `passed`, `findings` and `action` say what was found; `runs` has it run by run.
    """

    def __repr__(self) -> str:
        """A few lines, short enough that pytest shows them whole: `assert report.passed, report`."""
        from runlens.render.brief import in_short

        return in_short(self)

    def __str__(self) -> str:
        """About ten lines: the verdict, the worst findings in words, and what to do."""
        from runlens.render.brief import in_brief

        return in_brief(self)

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that a notebook's style and the page's do not meet."""
        page = html.escape(self.to_html())
        return f'<iframe srcdoc="{page}" sandbox="allow-scripts" width="100%" height="640" style="border:0"></iframe>'

    def to_html(self) -> str:
        """The self-contained HTML page, as `runlens check -f html` writes it."""
        return self.render("html")

    def render(self, format: str) -> str:
        """The report in any of the formats of `runlens check -f`.

        Raises
        ------
        ConfigError
            If there is no such format.
        """
        from runlens.render import render

        return render(self, format)

    def to_frame(self) -> pd.DataFrame:
        """A row a finding, as `runlens.frames.findings` gives it."""
        from runlens.frames import findings

        return findings(self.runs)
