"""Notices as the JSON that services take: one body a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from runlens.notify.notice import Notice

Form = Callable[[Sequence[Notice], Mapping[str, Any]], list[Any]]
_PAGER = {"error": "critical", "warning": "warning", "info": "info"}


def runlens(notices: Sequence[Notice], report: Mapping[str, Any]) -> list[Any]:
    """The JSON report of the findings (docs/watching.md), and the notices beside it."""
    return [{**report, "notices": [notice.to_json() for notice in notices]}]


def alertmanager(notices: Sequence[Notice], report: Mapping[str, Any]) -> list[Any]:
    """Alerts as Alertmanager's `POST /api/v2/alerts` takes them; what is over has an end."""
    alerts = []
    for notice in notices:
        labels = {
            "alertname": f"RunLens{(notice.code or notice.kind).title().replace('_', '')}",
            "id": notice.id,
            "severity": notice.severity,
            "run": notice.run,
            "project": notice.project,
            "source": notice.source,
        }
        alerts.append(
            {
                "labels": {name: value for name, value in labels.items() if value},
                "annotations": {"summary": notice.text, "action": notice.action_text, "kind": notice.kind},
                **({"endsAt": notice.created} if notice.over else {"startsAt": notice.created}),
                **({"generatorURL": notice.link} if notice.link else {}),
            }
        )
    return [alerts]


def pagerduty(notices: Sequence[Notice], report: Mapping[str, Any]) -> list[Any]:
    """Events for PagerDuty's Events API v2, one each; the routing key is added where it is sent."""
    return [
        {
            "event_action": "resolve" if notice.over else "trigger",
            "dedup_key": f"runlens-{notice.id}",
            "payload": {
                "summary": _line(notice)[:1024],
                "source": notice.source or notice.run or "runlens",
                "severity": _PAGER.get(notice.severity, "warning"),
                "timestamp": notice.created,
                "custom_details": notice.to_json(),
            },
            **({"links": [{"href": notice.link, "text": "The run at W&B"}]} if notice.link else {}),
        }
        for notice in notices
    ]


def discord(notices: Sequence[Notice], report: Mapping[str, Any]) -> list[Any]:
    """Messages of at most 2,000 characters that mention nobody."""
    return [{"content": page, "allowed_mentions": {"parse": []}} for page in pages([_line(n) for n in notices], 2000)]


def teams(notices: Sequence[Notice], report: Mapping[str, Any]) -> list[Any]:
    """Adaptive cards for a Teams workflow."""
    return [
        {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "content": {
                        "type": "AdaptiveCard",
                        "version": "1.4",
                        "body": [{"type": "TextBlock", "wrap": True, "text": page}],
                    },
                }
            ],
        }
        for page in pages([_line(n) for n in notices], 20_000)
    ]


FORMS: Mapping[str, Form] = MappingProxyType(
    {form.__name__: form for form in (runlens, alertmanager, pagerduty, discord, teams)}
)
"""Name of a form to what makes its bodies."""


def _line(notice: Notice) -> str:
    what = f"{notice.code} " if notice.code else ""
    over = f"{notice.kind}: " if notice.kind not in ("found",) and notice.code else ""
    do = f" Do: {notice.action}, {notice.action_text}" if notice.action not in ("", "continue") else ""
    link = f" {notice.link}" if notice.link else ""
    return f"[{notice.severity}] {notice.name or 'RunLens'}: {over}{what}{notice.text}{do}{link}"


def pages(lines: Sequence[str], most: int) -> list[str]:
    """The lines on as few pages of at most `most` characters as it takes; a longer line is cut."""
    made: list[str] = []
    for line in (line if len(line) <= most else f"{line[: most - 1]}…" for line in lines):
        if made and len(made[-1]) + 1 + len(line) <= most:
            made[-1] += f"\n{line}"
        else:
            made.append(line)
    return made
