"""Notices as the JSON that services take."""

import json
from dataclasses import replace

import pytest

from runlens.model import Action
from runlens.notify.forms import FORMS, pages
from runlens.notify.notice import Notice, of_json, of_run
from tests.builders import finding, report

FOUND = Notice(
    "found", "abc123", "2027-01-15T08:00:00Z", "error", "The loss rose.", run="r", name="exp 7", source="wandb://t/p/r",
    entity="t", project="p", verdict="fail", link="https://wandb.ai/t/p/runs/r", code="LOSS001", metric="loss",
    steps=(1500, 1512), outcome="diverged", cause="bad data", action="rewind-and-skip", action_step=1400,
    action_text="rewind to step 1,400",
)  # fmt: skip
OVER = replace(FOUND, kind="resolved", severity="info", text="is over")
BLIND = Notice("blind", "xyz", "2027-01-15T08:00:00Z", "error", "the watch is blind")


def test_the_form_of_runlens_is_the_report_and_the_notices():
    (body,) = FORMS["runlens"]([FOUND, BLIND], {"schema": 1, "runs": []})
    assert body["schema"] == 1 and [n["id"] for n in body["notices"]] == ["abc123", "xyz"]
    first = body["notices"][0]
    assert first["steps"] == [1500, 1512] and first["action_step"] == 1400 and first["resolved"] is False
    assert FORMS["runlens"]([OVER], {})[0]["notices"][0]["resolved"] is True


def test_alertmanager_gets_labels_of_texts_and_one_time():
    (alerts,) = FORMS["alertmanager"]([FOUND, OVER, BLIND], {})
    assert [a["labels"]["alertname"] for a in alerts] == ["RunLensLoss001", "RunLensLoss001", "RunLensBlind"]
    assert all(isinstance(v, str) and v for a in alerts for v in a["labels"].values())
    assert alerts[0]["startsAt"] == "2027-01-15T08:00:00Z" and "endsAt" not in alerts[0]
    assert alerts[1]["endsAt"] == "2027-01-15T08:00:00Z"
    same = [{k: v for k, v in a["labels"].items() if k != "severity"} for a in alerts[:2]]
    assert same[0] == same[1] and alerts[0]["generatorURL"] == FOUND.link and "generatorURL" not in alerts[2]


def test_pagerduty_gets_an_event_each_that_resolves_under_its_key():
    one, two, three = FORMS["pagerduty"]([FOUND, OVER, BLIND], {})
    assert (one["event_action"], two["event_action"]) == ("trigger", "resolve") and one["dedup_key"] == two["dedup_key"]
    assert one["payload"]["severity"] == "critical" and one["links"][0]["href"] == FOUND.link
    assert three["payload"]["source"] == "runlens" and "links" not in three
    assert "exp 7" in one["payload"]["summary"] and len(one["payload"]["summary"]) <= 1024


@pytest.mark.parametrize("form", ["discord", "teams"])
def test_chats_get_all_lines_on_pages_that_fit(form):
    many = [replace(FOUND, run=str(n), name=f"exp {n}", text="The loss rose. " * 5) for n in range(200)]
    bodies = FORMS[form](many, {})
    texts = [b["content"] if form == "discord" else b["attachments"][0]["content"]["body"][0]["text"] for b in bodies]
    assert all(len(t) <= (2000 if form == "discord" else 20_000) for t in texts) and len(texts) > 1
    assert all(any(f" exp {n}:" in t for t in texts) for n in range(200))
    if form == "discord":
        assert all(b["allowed_mentions"] == {"parse": []} for b in bodies)


def test_every_form_is_json():
    for form in FORMS.values():
        json.dumps(form([FOUND, OVER, BLIND], {"schema": 1}))
        assert form.__doc__


def test_pages():
    assert pages([], 10) == []
    assert pages(["abc", "def", "ghi"], 7) == ["abc\ndef", "ghi"]
    assert pages(["a" * 20, "b"], 10) == ["a" * 9 + "…", "b"]


def test_a_notice_survives_its_json():
    for one in (FOUND, OVER, BLIND):
        assert of_json(json.loads(json.dumps({**one.to_json(), "later": 1}))) == one


def test_a_notice_of_a_run_holds_its_verdict_action_and_link():
    run = replace(
        report(finding()), url="https://wandb.example/t/p/runs/r", verdict="fail", entity="t",
        action=Action("rewind-and-skip", "why", rewind_to_step=1400, cause="bad data", headline="h"),
    )  # fmt: skip
    made = of_run(run, "found", "i", "now", "error", "text", finding=run.findings[0])
    assert made.link == run.url and made.steps == (1500, 1512) and made.code == "LOSS001"
    assert (made.action, made.action_step, made.action_text, made.cause) == ("rewind-and-skip", 1400, "h", "bad data")
    assert of_run(None, "gone", "i", "now", "error", "text", name="x").run == "x"
    unsafe = replace(run, url="javascript:alert(1)")
    assert of_run(unsafe, "gone", "i", "now", "error", "text").link == ""
