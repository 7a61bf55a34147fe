"""GitLab's code quality report: what a merge request shows as new and as fixed (docs.gitlab.com, "Code Quality")."""

from __future__ import annotations

import json
from hashlib import sha256

from runlens.model import Finding, Report, RunReport, Severity
from runlens.render import words
from runlens.render.links import called, explained, page
from runlens.render.text import named, visible

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(report: Report) -> str:
    """The findings that count, and what could not be judged, as a JSON array.

    A fingerprint stays the same while run, code, metric and first step do, so that GitLab can tell the new from the
    known. A run has no lines: every entry points at line 1 of the run's source, as a path without a root, which is what
    GitLab takes; the command makes those below the project relative to it.
    """
    entries = []
    for run in report.runs:
        counted = [f for f in run.findings if f.suppressed is None]
        entries += [
            _entry(run, f.code, SEVERITIES[f.severity], _described(f), _key(f)) | {"content": {"body": _body(run, f)}}
            for f in counted
        ]
        entries += [_entry(run, f.stage, "blocker", visible(f.message), f.message) for f in run.failures]
        if run.verdict == "undecided" and not run.failures:
            entries.append(_entry(run, "judgement", "blocker", words.why(run), "judgement"))
    return json.dumps(entries, indent=2) + "\n"


def _described(finding: Finding) -> str:
    place = f" ({', '.join(words.where(finding)[:2])})" if finding.steps else ""
    return f"{visible(finding.message)}{place}"


def _body(run: RunReport, finding: Finding) -> str:
    """What to do, the page of the rule and that of the run: the `content` of Code Climate's issues."""
    lines = [visible(finding.help), f"What {visible(finding.code)} means: {explained(finding)}", page(run)]
    return "\n\n".join(line for line in lines if line)


def _key(finding: Finding) -> str:
    return f"{finding.code}\n{finding.metric}\n{finding.steps[0] if finding.steps else ''}"


def _entry(run: RunReport, check: str, severity: str, description: str, key: str) -> dict[str, object]:
    return {
        "description": f"{called(run)}: {description}",
        "check_name": visible(check),
        "fingerprint": sha256(f"{run.run}\n{key}".encode("utf-8", "backslashreplace")).hexdigest(),
        "severity": severity,
        "location": {"path": _rootless(run.source) or named(run.run), "lines": {"begin": 1}},
    }


def _rootless(source: str) -> str:
    """A path as GitLab takes it: no root, no scheme, no way up."""
    parts = visible(source).replace("://", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))
