"""One self-contained HTML page: the postmortem of every run that needs one, readable with and without scripts.

Nothing on the page is fetched: style, script and uPlot (MIT, in `vendor/`) are inlined, and a content security policy
forbids the rest.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from runlens.model import Report
from runlens.render import links, text, words
from runlens.render.figures.palette import SIGN

if TYPE_CHECKING:
    from jinja2 import Environment

SCRIPTS = ("vendor/uPlot.iife.min.js", "templates/charts.js", "templates/runs.js")
DETAILS = 20
"""Runs told in full; a page of more is not read, and the table names every run."""


def render(report: Report, *, incident: int | None = None) -> str:
    """The page.

    Parameters
    ----------
    report : Report
        Its charts are drawn as they are: `runlens report` judges with more points than `check` does.
    incident : int, optional
        Tell only of this incident, of a report of one run.
    """
    from markupsafe import Markup

    from runlens.render.figures.html_panels import drawings
    from runlens.render.many import skips
    from runlens.render.many.beside import columns
    from runlens.render.many.overlay import overlay
    from runlens.render.many.rows import by_gravity, row, standing, told_together
    from runlens.render.postmortem import story
    from runlens.render.postmortem.fields import FIELDS

    order = by_gravity(report)
    told = [r for r in order if len(order) == 1 or words.worth_reading(r)][:DETAILS]
    rows = [row(run) for run in order] if len(order) > 1 else []
    page = environment().get_template("page.html.j2")
    html = page.render(
        report=report,
        runs=order,
        stories=[(at, story(run, incident), drawings(run)) for at, run in enumerate(told)],
        drawings=drawings,
        standing=standing,
        fields=FIELDS,
        rows=rows,
        together=told_together(rows),
        columns=columns(rows),
        common=skips.in_common(order),
        skips=skips,
        overlay=overlay(order) if len(order) > 1 else [],
        script=Markup("\n".join(map(source, SCRIPTS))),  # noqa: S704 - ours
        style=Markup(source("vendor/uPlot.min.css") + "\n" + source("templates/page.css")),  # noqa: S704 - ours
    )
    return re.sub(r"\n\s*\n+", "\n", html).strip() + "\n"


@cache
def environment() -> Environment:
    """Jinja with escaping on, and the words that the pages use."""
    import jinja2

    from runlens.render import markdown

    env = jinja2.Environment(
        loader=jinja2.PackageLoader("runlens.render", "templates"),
        autoescape=jinja2.select_autoescape(("html.j2",), default=False),  # Markdown escapes by its own filters
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        visible=text.visible, named=text.named, amount=text.amount, number=text.number, md=markdown.text,
        code=markdown.code, title=markdown.title, clock=text.clock, where=words.where, hours=hours,
        called=links.called, sentence=capital, moment=moment, gpu_time=text.gpu_time,
    )  # fmt: skip
    env.globals.update(words=words, links=links, signs={k.value: v for k, v in SIGN.items()})
    return env


@cache
def source(name: str) -> str:
    """A file of this package, such as a template's script."""
    return resources.files("runlens.render").joinpath(name).read_text(encoding="utf-8")


def capital(value: str) -> str:
    """A title that begins a line."""
    return value[:1].upper() + value[1:]


def moment(created: str) -> str:
    """When the report was made, `2025-11-24 01:15 UTC`; what is no such time stands as it is."""
    date, sign, rest = created.partition("T")
    return (
        f"{text.visible(date)} {text.visible(rest[:5])} UTC" if sign and rest.endswith("Z") else text.visible(created)
    )


def hours(value: Any) -> str:
    """Hours in a length of time that is read at once; empty for None."""
    return "" if value is None else text.duration(float(value) * 3600)
