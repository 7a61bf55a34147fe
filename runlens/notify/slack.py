"""Slack: the runs that did not pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runlens.errors import ConfigError, SourceDown
from runlens.model import Finding, Report, RunReport
from runlens.model.words import web_address
from runlens.notify.address import TROUBLES, check_address

if TYPE_CHECKING:
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
    from slack_sdk.webhook import WebhookClient

MARKS = {"pass": "✅", "fail": "🟥", "undecided": "🟨"}
MOST_FINDINGS = 10
"""A message lists no more findings than fit on a telephone's screen; the rest is counted."""


def slack(report: Report, address: str) -> None:
    """Send the runs that did not pass to a Slack webhook, if there are any.

    Raises
    ------
    ConfigError
        No address, none of the web, or the extra `slack` is not installed.
    SourceDown
        Slack did not take the message.
    """
    bad = [run for run in report.runs if run.verdict != "pass"]
    if bad:
        send(slack_client(address), f"RunLens: {len(bad)} of {len(report.runs)} runs did not pass", blocks(bad))


def slack_client(address: str) -> WebhookClient:
    """A client for the webhook; raises `ConfigError` as `slack` does, without a word to Slack."""
    if not address:
        raise ConfigError("no Slack webhook: set RUNLENS_SLACK_WEBHOOK to the address of an incoming webhook")
    check_address(address, "RUNLENS_SLACK_WEBHOOK")
    again = retries()
    from slack_sdk.webhook import WebhookClient

    client = WebhookClient(address, timeout=20)
    client.retry_handlers.append(again)
    return client


def retries() -> RateLimitErrorRetryHandler:
    """What waits and asks again where Slack is asked too often; `ConfigError` where the extra `slack` is missing."""
    try:
        from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
    except ImportError as error:
        raise ConfigError("alerts to Slack need slack-sdk: pip install 'runlens-cli[slack]'") from error
    return RateLimitErrorRetryHandler(max_retry_count=2)


def send(client: WebhookClient, text: str, made: list[dict[str, Any]]) -> None:
    """Send one message through a webhook; raises `SourceDown` as `slack` does."""
    from slack_sdk.errors import SlackClientError

    try:
        answer = client.send(text=text, blocks=made)
    except (SlackClientError, *TROUBLES) as error:
        raise unreached(error) from None
    if answer.status_code != 200:
        raise SourceDown(f"Slack answered {answer.status_code}: is the webhook still valid?")


def unreached(error: Exception) -> SourceDown:
    """What is raised for a connection that failed; the client's own words may hold the address."""
    return SourceDown(f"Slack could not be reached ({type(error).__name__}): is the network open?")


def blocks(runs: Sequence[RunReport]) -> list[dict[str, Any]]:
    """The message in Slack's Block Kit, with the findings that are more than notes.

    Names from logs are escaped as Slack asks (`&`, `<`, `>`).
    """
    made: list[dict[str, Any]] = []
    for run in runs[:MOST_FINDINGS]:
        counted = [f for f in run.findings if f.suppressed is None and f.severity.rank >= 1]
        lines = [f"{MARKS[run.verdict]} *{_called(run)}*: {run.verdict}"]
        lines += [_line(f) for f in counted[:MOST_FINDINGS]]
        if len(counted) > MOST_FINDINGS:
            lines.append(f"… and {len(counted) - MOST_FINDINGS} more")
        lines += [f"• could not judge: {escaped(f.message)}" for f in run.failures[:3]]
        if run.action is not None and run.action.kind != "continue":
            lines.append(f"*{run.action.kind}*: {escaped(run.action.reason)}")
        made.append({"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)[:2900]}})
    return made


def _called(run: RunReport) -> str:
    """Name and id, with a link to the run's page where it has one."""
    name = escaped(run.name or run.run)
    shown = name if run.name in ("", run.run) else f"{name} ({escaped(run.run)})"
    where = web_address(run.url)
    return f"<{where.replace('&', '&amp;')}|{shown.replace('|', '¦')}>" if where else shown


def _line(finding: Finding) -> str:
    """One finding as a line."""
    where = f" at step {finding.steps[0]:,}" if finding.steps else ""
    return f"• `{finding.code}`{where}: {escaped(finding.message)}"


def escaped(text: str) -> str:
    """Text that Slack shows as it stands: no mention, link or command, on one line, at most 500 characters."""
    short = " ".join(text.split())[:500]
    clean = "".join(c if c.isprintable() else "?" for c in short)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
