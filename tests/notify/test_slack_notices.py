"""Notices in Slack."""

import json
from dataclasses import replace

import pytest

from runlens.errors import SourceDown
from runlens.notify import slack_notices
from runlens.notify.slack_notices import BLOCKS, NOTICES, RUNS, blocks, title
from tests.notify.test_forms import BLIND, FOUND, OVER
from tests.notify.test_notify import HOSTILE, receiver

__all__ = ["receiver"]


def texts(notices):
    return [block["text"]["text"] for block in blocks(notices)]


def test_a_message_says_run_verdict_cause_action_with_its_step_and_link():
    (text,) = texts([FOUND])
    assert text.splitlines() == [
        "🟥 *exp 7*: fail",
        "• `LOSS001` at step 1,500: The loss rose.",
        "Cause: bad data",
        "Do: *rewind-and-skip* to step 1,400: rewind to step 1,400",
        "<https://wandb.ai/t/p/runs/r|The run at W&amp;B>",
    ]


def test_what_is_over_and_what_changed_say_so():
    (text,) = texts([OVER])
    assert text.startswith("✅ *exp 7*") and "`LOSS001` resolved: at step 1,500: is over" in text
    (text,) = texts([replace(FOUND, kind="changed", outcome="recovered-slow", severity="warning")])
    assert text.startswith("🟨") and "`LOSS001` now: recovered-slow: at step 1,500" in text


def test_the_watch_itself_has_a_name():
    (text,) = texts([BLIND])
    assert text == "🟥 *RunLens*\n• the watch is blind"
    assert title([BLIND]) == "RunLens: the watch: the watch is blind"


@pytest.mark.parametrize(
    ("notices", "said"),
    [
        ([FOUND], "RunLens: exp 7: The loss rose."),
        ([FOUND, FOUND], "RunLens: 2 new findings"),
        ([FOUND, replace(FOUND, run="b")], "RunLens: 2 new findings in 2 runs"),
        ([FOUND, OVER], "RunLens: 2 notices on 1 run"),
    ],
)
def test_titles(notices, said):
    assert title(notices) == said


def test_more_than_ten_runs_are_counted_and_grouped_and_none_is_dropped():
    many = [replace(FOUND, run=f"r{n}", name=f"exp-{n:03}") for n in range(300)]
    many += [replace(FOUND, run="x", name="other", code="LOG004", severity="warning")]
    shown = texts(many)
    assert len(shown) < BLOCKS and all(len(text) <= 3000 for text in shown)
    whole = "".join(shown[RUNS:])
    assert f"*and {301 - RUNS} more runs*" in whole and f"`LOSS001` in {300 - RUNS}: " in whole
    assert all(f"exp-{n:03}" in "".join(shown) for n in range(300)) and "other" in whole


def test_the_worst_runs_come_first():
    many = [replace(FOUND, run=f"r{n}", name=f"w{n}", severity="warning") for n in range(RUNS)]
    assert texts([*many, replace(FOUND, run="bad", name="bad")])[0].startswith("🟥 *bad*")


def test_the_notices_of_one_run_are_counted_too():
    (text,) = texts([replace(FOUND, id=str(n), code=f"LOSS{n:03}") for n in range(NOTICES + 2)])
    assert "… and 2 more: LOSS010, LOSS011" in text


def test_hostile_names_are_harmless():
    bad = replace(FOUND, name=HOSTILE, run=HOSTILE, text=HOSTILE, cause=HOSTILE, action_text=HOSTILE, outcome=HOSTILE)
    many = [replace(bad, run=f"{HOSTILE}{n}") for n in range(20)]
    said = json.dumps(blocks(many), ensure_ascii=False) + title([bad])
    for forbidden in ("<!channel>", "<http://evil", "\x1b", "\u202e"):
        assert forbidden not in said


def test_a_webhook_gets_one_message(receiver):
    pytest.importorskip("slack_sdk")
    got, address, handler = receiver
    slack_notices.post([FOUND, OVER], address)
    assert len(got) == 1 and got[0]["text"] == "RunLens: 2 notices on 1 run"
    handler.status = 503
    with pytest.raises(SourceDown) as error:
        slack_notices.post([FOUND], address)
    assert "503" in str(error.value) and "secret" not in str(error.value)
    with pytest.raises(SourceDown, match="could not be reached"):
        slack_notices.post([FOUND], "http://127.0.0.1:1/secret-path")


class App:
    """As `slack_sdk.WebClient` answers."""

    def __init__(self):
        self.posts = []

    def chat_postMessage(self, **post):
        self.posts.append(post)
        return {"ok": True, "ts": f"1.{len(self.posts)}", "channel": "C1"}


def test_what_follows_is_told_in_the_thread_of_what_was_told_first():
    pytest.importorskip("slack_sdk")
    app, threads = App(), {}
    slack_notices.post_thread([FOUND, replace(FOUND, id="other")], app, "#train", threads)
    slack_notices.post_thread([OVER], app, "#train", threads)
    assert [post["thread_ts"] for post in app.posts] == [None, "1.1"]
    assert threads == {"abc123": "1.1", "other": "1.1"} and app.posts[1]["channel"] == "#train"


def test_a_refusal_of_the_app_is_said_without_its_token():
    pytest.importorskip("slack_sdk")
    from slack_sdk.errors import SlackApiError

    class Refuses:
        def chat_postMessage(self, **post):
            raise SlackApiError("no", {"ok": False, "error": "channel_not_found"})

    with pytest.raises(SourceDown, match=r"refused the message \(channel_not_found\)"):
        slack_notices.post_thread([FOUND], Refuses(), "#x", {})
