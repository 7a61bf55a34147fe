"""The few hundred points of each main series that travel in the report, decimated so that no spike is lost."""

from __future__ import annotations

from collections.abc import Sequence

from runlens.model import Chart, Run
from runlens.rules.base import Rule


def charts_of(run: Run, rules: Sequence[Rule], points: int) -> tuple[Chart, ...]:
    """Charts of a run (first version: none)."""
    return ()
