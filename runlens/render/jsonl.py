"""One line of JSON a run, for log collectors: the run's part of the JSON report without its charts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from runlens.model import Report
from runlens.render.json import run_dict, to_dict


def render(report: Report) -> str:
    """The runs as lines of JSON, each with the report's schema, tool and time; empty if there is no run."""
    return "".join(parts(report))


def parts(report: Report) -> Iterator[str]:
    """What `render` gives, a run at a time."""
    whole = to_dict(replace(report, runs=()))
    head = {key: whole[key] for key in ("schema", "tool", "created")}
    for run in report.runs:
        line = {**head, **{k: v for k, v in run_dict(replace(run, charts=())).items() if k != "charts"}}
        yield json.dumps(line, allow_nan=False) + "\n"
