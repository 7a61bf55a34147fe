"""Where a report points to: a run's page at its tracker, and the page of a rule. Only what a browser may be sent to."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from runlens.model import Finding, RunReport
from runlens.model.words import web_address
from runlens.render.text import named, visible


def called(run: RunReport) -> str:
    """The run's name with its id behind it, `amber-sunset-8 (ab12cd34)`; the id alone where the name says no more."""
    name, key = _letters(run.name), _letters(run.run)
    return named(run.run) if not name or name in key else f"{visible(run.name, 80)} ({named(run.run)})"


def page(run: RunReport) -> str:
    """The address of the run's page at its tracker; empty where it has none, or none that is safe to follow."""
    return web_address(run.url)


def to_step(run: RunReport, step: int | None) -> str:
    """What a link to that page says: `wandb.ai, step 1,500`. No tracker has an address of a step."""
    host = visible(urlsplit(page(run)).hostname or "", 80)
    return host if step is None else f"{host}, step {step:,}"


def docs(finding: Finding) -> str:
    """The address of the page of the finding's rule; empty where it is a path in this project's repository."""
    return web_address(finding.docs_url)


def explained(finding: Finding) -> str:
    """How to learn what a code means: `runlens rule LOSS001`, with the place of its page where there is one."""
    where = f" ({visible(finding.docs_url, 200)})" if finding.docs_url else ""
    return f"runlens rule {visible(finding.code, 20)}{where}"


def spoke(findings: Sequence[Finding]) -> list[Finding]:
    """One finding of each code that has a page, by code."""
    return sorted({f.code: f for f in reversed(findings) if f.docs_url}.values(), key=lambda f: f.code)


def pages(findings: Sequence[Finding]) -> str:
    """Where the pages of the codes are: `docs/rules.md#loss001-loss-spike, #lr001-schedule-break`, or nothing."""
    told: list[str] = []
    last = ""
    for finding in spoke(findings):
        base, sharp, place = finding.docs_url.partition("#")
        told.append(visible(sharp + place if base == last else finding.docs_url, 200))
        last = base
    return ", ".join(told)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
