"""What happens once a report is written: summaries and alerts that were asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runlens.cli.shared.progress import say
from runlens.errors import NoRunFound, ReadError, RunLensError

if TYPE_CHECKING:
    from runlens.model import Report


def check(report: Report, *, wandb_summary: bool, wandb_alert: bool, slack: bool, step_summary: bool) -> None:
    """Notes on standard error, GitHub's step summary, W&B's summary and alerts, Slack.

    What W&B or Slack does not take is said on standard error: the verdict stands, and so does its exit code.
    """
    for note in report.notes:
        say(note)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if step_summary and summary:
        from runlens.render import markdown

        with Path(summary).open("a", encoding="utf-8") as file:  # GitHub drops all of a step's summary above the limit
            file.write(markdown.render(report, limit=markdown.LIMIT - file.tell()))
    if wandb_summary or wandb_alert:
        from runlens.sources.wandb_api import writeback as wandb_writeback

        try:
            wandb_writeback.write(report, summary=wandb_summary, alert=wandb_alert)
        except (ReadError, NoRunFound) as error:
            say(f"warning: not written back to W&B: {error}")
    if slack:
        from runlens.notify.slack import slack as send

        try:
            send(report, os.environ.get("RUNLENS_SLACK_WEBHOOK", ""))
        except RunLensError as error:
            say(f"warning: not sent to Slack: {error}")
