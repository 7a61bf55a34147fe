"""One line of JSON a run, for log collectors: the run's part of the JSON report without its charts."""

from __future__ import annotations

import json

from runlens.model import Report
from runlens.render.json import to_dict


def render(report: Report) -> str:
    """The runs as lines of JSON, each with the report's schema, tool and time; empty if there is no run."""
    whole = to_dict(report)
    head = {key: whole[key] for key in ("schema", "tool", "created")}
    lines = [{**head, **{k: v for k, v in run.items() if k != "charts"}} for run in whole["runs"]]
    return "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
