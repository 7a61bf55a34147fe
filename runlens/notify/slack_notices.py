"""Notices in Slack: run, verdict, cause, what to do with its step, link; more than ten runs are counted and grouped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runlens.errors import SourceDown
from runlens.notify.address import TROUBLES
from runlens.notify.notice import Notice
from runlens.notify.slack import MARKS, escaped, retries, send, slack_client, unreached

if TYPE_CHECKING:
    from slack_sdk import WebClient

RUNS, NOTICES = 10, 10
"""Runs that a message shows in full, and notices of each; the others are counted by what was found."""
THREADS = 5000
"""Incidents whose thread is remembered; of what is older a follow-up begins a new one."""
SECTION, BLOCKS = 2900, 50
"""Characters of a section and blocks of a message that Slack takes."""
_MARKS = {"error": "🟥", "warning": "🟨", "info": "🟦"}
_FIRST = {"worse": "worse: ", "changed": "now: ", "resolved": "resolved: ", "retracted": "taken back: "}


def post(notices: Sequence[Notice], address: str) -> None:
    """Send notices through an incoming webhook, as one message.

    Raises
    ------
    ConfigError, SourceDown
        As `runlens.notify.slack.slack` does.
    """
    send(slack_client(address), title(notices), blocks(notices))


def post_thread(notices: Sequence[Notice], client: WebClient, channel: str, threads: dict[str, str]) -> tuple[str, str]:
    """Send notices to a channel as an app, a follow-up as an answer in the thread of what was told first.

    Parameters
    ----------
    notices : sequence of Notice
        All new ones, or one follow-up.
    client : WebClient
    channel : str
    threads : dict
        Id of an incident to Slack's id of the first message; added to, and the oldest forgotten beyond `THREADS`.

    Returns
    -------
    (str, str)
        Slack's ids of the channel and of the message that begins the thread.

    Raises
    ------
    SourceDown
        Slack did not take the message.
    """
    from slack_sdk.errors import SlackApiError, SlackClientError

    thread = threads.get(notices[0].id) if len(notices) == 1 else None
    try:
        answer = client.chat_postMessage(
            channel=channel, text=title(notices), blocks=blocks(notices), thread_ts=thread, unfurl_links=False
        )
    except SlackApiError as error:
        why = escaped(str(error.response.get("error", "no reason")))[:80]
        raise SourceDown(f"Slack refused the message ({why})") from None
    except (SlackClientError, *TROUBLES) as error:
        raise unreached(error) from None
    began = thread or str(answer["ts"])
    for notice in notices:
        threads[notice.id] = threads.pop(notice.id, began)  # those that are still told of are forgotten last
    for old in list(threads)[: max(len(threads) - THREADS, 0)]:
        del threads[old]
    return str(answer["channel"]), began


def app_client(token: str) -> WebClient:
    """A client for an app's token; raises `ConfigError` where the extra `slack` is not installed."""
    again = retries()
    from slack_sdk import WebClient

    client = WebClient(token, timeout=20)
    client.retry_handlers.append(again)
    return client


def title(notices: Sequence[Notice]) -> str:
    """What a telephone shows: the only notice, or how many there are."""
    if len(notices) == 1:
        one = notices[0]
        return escaped(f"RunLens: {one.name or 'the watch'}: {_FIRST.get(one.kind, '')}{one.text}")
    new = sum(n.kind == "found" for n in notices)
    runs = len({n.run for n in notices})
    if new == len(notices):
        return f"RunLens: {new} new finding{'' if new == 1 else 's'}" + (f" in {runs} runs" if runs > 1 else "")
    return f"RunLens: {len(notices)} notices on {runs} run{'' if runs == 1 else 's'}"


def blocks(notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """The message in Slack's Block Kit; names from logs are escaped."""
    by_run: dict[str, list[Notice]] = {}
    for notice in notices:
        by_run.setdefault(notice.run, []).append(notice)
    order = sorted(by_run.values(), key=lambda mine: min(_rank(n) for n in mine))
    made = [_section("\n".join(_run(mine))) for mine in order[:RUNS]]
    others = _grouped(order[RUNS:])
    made += [_section(others[at : at + SECTION]) for at in range(0, len(others), SECTION)]
    return made[: BLOCKS - 1] + ([_section(f"… and {len(made) - BLOCKS + 1} more")] if len(made) >= BLOCKS else [])


def _run(mine: Sequence[Notice]) -> list[str]:
    """One run, the worst first: name and verdict, what happened, cause, what to do, link."""
    first = mine[0]
    verdict = f": {first.verdict}" if first.verdict else ""
    worst = min(mine, key=_rank)
    mark = "✅" if all(n.over for n in mine) else _MARKS.get(worst.severity, MARKS["undecided"])
    lines = [f"{mark} *{escaped(first.name or 'RunLens')}*{verdict}"]
    lines += [_line(n) for n in mine[:NOTICES]]
    if len(mine) > NOTICES:
        lines.append(
            f"… and {len(mine) - NOTICES} more: {', '.join(sorted({n.code or n.kind for n in mine[NOTICES:]}))}"
        )
    if first.cause and not first.over:
        lines.append(f"Cause: {escaped(first.cause)}")
    if first.action not in ("", "continue"):
        step = f" to step {first.action_step:,}" if first.action_step is not None else ""
        lines.append(f"Do: *{first.action}*{step}: {escaped(first.action_text)}")
    if first.link:
        lines.append(f"<{escaped(first.link)}|The run at W&amp;B>")
    return lines


def _line(notice: Notice) -> str:
    code = f"`{notice.code}` " if notice.code else ""
    where = f"at step {notice.steps[0]:,}: " if notice.steps and notice.code else ""
    outcome = f"{escaped(notice.outcome)}: " if notice.kind == "changed" and notice.outcome else ""
    return f"• {code}{_FIRST.get(notice.kind, '')}{outcome}{where}{escaped(notice.text)}"


def _grouped(others: Sequence[Sequence[Notice]]) -> str:
    """The runs that are not shown in full, by what was found in them: none is dropped. Empty without one."""
    if not others:
        return ""
    by: dict[tuple[str, str], list[str]] = {}
    for mine in others:
        for notice in mine:
            by.setdefault((notice.severity, notice.code or notice.kind), []).append(escaped(notice.name or notice.run))
    lines = [f"*and {len(others)} more run{'' if len(others) == 1 else 's'}*"]
    for (severity, code), names in sorted(by.items(), key=lambda item: (-len(item[1]), item[0])):
        lines.append(f"{_MARKS.get(severity, '')} `{code}` in {len(names)}: {', '.join(dict.fromkeys(names))}")
    return "\n".join(lines)


def _rank(notice: Notice) -> int:
    return ("error", "warning", "info").index(notice.severity) if not notice.over else 3


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}
