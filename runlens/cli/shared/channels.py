"""Where a watch alerts: addresses from the environment, checked before the first look."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runlens.errors import ConfigError, SourceDown

if TYPE_CHECKING:
    from runlens.watching.outbox import Message
    from runlens.watching.pictures import Pictures

SLACK, WEBHOOK = "RUNLENS_SLACK_WEBHOOK", "RUNLENS_WEBHOOK"
TOKEN, CHANNEL, PAGER = "RUNLENS_SLACK_TOKEN", "RUNLENS_SLACK_CHANNEL", "RUNLENS_PAGERDUTY_KEY"


def channels(
    *,
    slack: bool,
    webhook: bool,
    form: str,
    wandb_alert: bool,
    extra: dict[str, Any],
    pictures: Pictures | None = None,
) -> dict[str, Callable[[Message], None]]:
    """Name of each channel that was asked for to what sends a message there.

    Parameters
    ----------
    slack, webhook, wandb_alert : bool
    form : str
        Of the webhook's bodies (`runlens.notify.forms.FORMS`).
    extra : dict
        What channels remember across restarts; filled.
    pictures : Pictures, optional
        What draws for an app of Slack; nothing is drawn without.

    Raises
    ------
    ConfigError
        One cannot work: said now, and not at the first incident, days later.
    """
    made: dict[str, Callable[[Message], None]] = {}
    if slack:
        made["Slack"] = _slack(extra, pictures)
    if webhook:
        made["a webhook"] = _webhook(form)
    if wandb_alert:
        made["W&B"] = _wandb
    return made


def _slack(extra: dict[str, Any], pictures: Pictures | None) -> Callable[[Message], None]:
    from runlens.notify import slack_notices, slack_picture
    from runlens.notify.slack import slack_client

    token, channel = os.environ.get(TOKEN, ""), os.environ.get(CHANNEL, "")
    if token and channel:
        client, threads = slack_notices.app_client(token), extra.setdefault("threads", {})

        def send(message: Message) -> None:
            where, thread = slack_notices.post_thread(message.notices, client, channel, threads)
            if pictures is None:
                return
            for title, png in pictures.of(message.notices):
                try:
                    slack_picture.share(png, title, client, where, thread)
                except SourceDown as error:  # the message is there: it must not be sent again for its picture
                    pictures.failed(str(error))
                    break

        return send
    if token or channel:
        raise ConfigError(f"an app of Slack needs both {TOKEN} and {CHANNEL}")
    slack_client(os.environ.get(SLACK, ""))
    return lambda message: slack_notices.post(message.notices, os.environ.get(SLACK, ""))


def _webhook(form: str) -> Callable[[Message], None]:
    from runlens.errors import did_you_mean
    from runlens.notify.address import check_address
    from runlens.notify.forms import FORMS
    from runlens.notify.webhook import webhook

    if form not in FORMS:
        raise ConfigError(f"there is no webhook form {form!r}; {did_you_mean(form, FORMS)}")
    check_address(os.environ.get(WEBHOOK, ""), WEBHOOK)
    key = os.environ.get(PAGER, "")
    if form == "pagerduty" and not key:
        raise ConfigError(f"PagerDuty needs the routing key of its integration in {PAGER}")

    def send(message: Message) -> None:
        for body in FORMS[form](message.notices, message.report):
            whole = {**body, "routing_key": key} if form == "pagerduty" else body
            webhook(json.dumps(whole), os.environ.get(WEBHOOK, ""))

    return send


def _wandb(message: Message) -> None:
    """Raise an alert at W&B, once an incident: for errors that are new, of runs that are there."""
    from runlens.render import json as report_json
    from runlens.sources.wandb_api import writeback

    new = {
        (n.run, n.code, n.metric)
        for n in message.notices
        if n.kind in ("found", "worse") and n.source.startswith("wandb://") and n.severity == "error"
    }
    if not new:
        return
    report = report_json.parse(json.dumps(message.report))
    runs = tuple(
        replace(run, findings=tuple(f for f in run.findings if (run.run, f.code, f.metric) in new))
        for run in report.runs
        if any(name == run.run for name, *_ in new)
    )
    writeback.write(replace(report, runs=runs), summary=False, alert=True)
