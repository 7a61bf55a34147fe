"""The fixed report, and hostile ones, that every renderer's tests share."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from runlens.model import Chart, Failure, Finding, Incident, Report, RoleLine, RunReport, Severity, Skip, Suspect
from runlens.render import json

REPORTS = Path(__file__).parents[2] / "fixtures" / "reports"

HOSTILE = {
    "rich markup": "[red]loss[/red] [link=file:///etc/passwd]x[/link] [/]",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"' &amp;",
    "ansi": "loss\x1b[31m\x1b]0;title\x07\x1b[2J\x9b31m",
    "workflow command": "::error::pwned\r\n::set-output name=x::y\n##[error]z",
    "newlines": "a\nb\r\nc\u2028d\u2029e\x85f\tg\vh\fi",
    "long": "x" * 10_000,
    "right to left": "abc\u202egnp.exe\u202c \u2066x\u2069\u200f",
    "markdown": "| a | `b` **c** [d](javascript:alert(1)) <b> ![](http://x/y.png) \\ $x$ ~~~ # @all #1 www.x.org",
    "xml": "]]> & \x00\x01\x08\ufffe\uffff \udcff",
    "template": "{{ 7 * 7 }} {% raw %} ${7*7}",
    "label": 'a"b\\c\n} 1 # {',
    "mathtext": r"$\frac{$ ^^ __ \%",
    "empty": "",
}


@cache
def fixed() -> Report:
    """The report of `fixtures/reports/report.json`."""
    return json.parse((REPORTS / "report.json").read_text(encoding="utf-8"))


def hostile(text: str) -> Report:
    """A report with `text` in every place that holds text from a log."""
    base = fixed().runs[0]
    finding = Finding(
        "LOSS001", "loss-spike", Severity.ERROR, text, (10, 20), f"The loss {text} rose.", {"note": text, text: [text]},
        f"Look at {text}.", incident=1, time=(1.7e9, 1.7e9 + 9), tokens=(1.0, 2.0), docs_url=text,
    )  # fmt: skip
    suspect = Suspect(text, text, (text,), (text,), 1)
    muted = replace(finding, suppressed=text, incident=None)
    charts = tuple(replace(c, metric=text, label=text, reference=text if c.reference else "") for c in base.charts)
    run = RunReport(
        text, text, text, "running", "fail", (0, 2600), None, 3,
        roles={"train_loss": RoleLine(text, 0.5, text, text), text: RoleLine(text, 0.5, text)},
        action=replace(base.action, reason=text, measures=(text,), sources=(text,)) if base.action else None,
        findings=(finding, muted),
        incidents=(Incident(1, text, Severity.ERROR, (10, 20), ("LOSS001",), (suspect,)),),
        about=base.about,
        skips=(Skip("HW001", text),), failures=(Failure("rule", text),), checked=("LOSS001",), charts=charts,
        framework=text, url=text,
    )  # fmt: skip
    return Report("0.1.0", "2025-11-24T01:15:00Z", "fail", 1, (run, replace(run, run=text + "2", verdict="undecided")))


def spread(points: int) -> Chart:
    """A chart of `points` points with one spike in it."""
    values = [3.0 + 0.01 * (i % 7) for i in range(points)]
    values[points // 2] = 9.0
    return Chart("train_loss", "loss", "nats", tuple(range(points)), tuple(values), direction="down")
