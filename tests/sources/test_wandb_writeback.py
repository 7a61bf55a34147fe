from __future__ import annotations

import dataclasses
import json

import pytest

from runlens.errors import AccessRefused, NoRunFound, UsageError
from runlens.model import Action, Failure, Finding, Report, RunReport, Severity
from runlens.sources.wandb_api.writeback import alert_of, summary_of, write
from tests.sources.wandb_at import server
from tests.wandb_server import Server

__all__ = ["server"]


def finding(severity: Severity, message: str = "the loss rose", suppressed: str | None = None) -> Finding:
    return Finding("LOSS001", "loss-spike", severity, "loss", (1, 2), message, suppressed=suppressed)


def judged(*findings: Finding, source: str = "wandb://team/proj/run1", **more: object) -> RunReport:
    action = Action("rewind-and-skip", "the loss did not come back")
    run = RunReport("run1", "fox", source, "finished", "fail", None, None, 9, action=action, findings=findings)
    return dataclasses.replace(run, **more)  # type: ignore[arg-type]


def report(*runs: RunReport) -> Report:
    return Report("1.2.3", "2026-01-01T00:00:00Z", "fail", 1, runs)


ERRORS = (
    finding(Severity.ERROR),
    finding(Severity.ERROR, suppressed="known"),
    finding(Severity.WARNING),
    finding(Severity.INFO),
)


def test_verdict_counts_and_action_join_the_summary(server: Server) -> None:
    run = server.store.add(state="finished", summary={"loss": float("nan"), "_step": 4, "_wandb": {"runtime": 3}})
    write(report(judged(*ERRORS)), summary=True, alert=False)
    assert run.summary.pop("loss") != run.summary.get("loss")
    assert run.summary == {
        "_step": 4,
        "_wandb": {"runtime": 3},
        "runlens/verdict": "fail",
        "runlens/errors": 1,
        "runlens/warnings": 1,
        "runlens/infos": 1,
        "runlens/version": "1.2.3",
        "runlens/action": "rewind-and-skip",
        "runlens/action_reason": "the loss did not come back",
    }
    assert run.alerts == []
    assert run.state == "finished"


def test_errors_raise_one_alert(server: Server) -> None:
    run = server.store.add()
    write(report(judged(*ERRORS)), summary=False, alert=True)
    [alert] = run.alerts
    assert alert["title"] == "RunLens: 1 error in fox"
    assert alert["severity"] == "ERROR"
    assert "LOSS001 loss-spike: the loss rose" in alert["text"]
    assert "rewind-and-skip" in alert["text"]
    assert "runlens/verdict" not in run.summary


def test_no_error_no_alert(server: Server) -> None:
    run = server.store.add()
    write(
        report(judged(finding(Severity.WARNING), finding(Severity.ERROR, suppressed="known"))),
        summary=False,
        alert=True,
    )
    assert run.alerts == []


def test_alerts_are_short_and_harmless() -> None:
    many = [finding(Severity.ERROR, f"name \x1b[31m\u202e {i}") for i in range(500)]
    alert = alert_of(judged(*many, name="a\nb\x07"))
    assert alert is not None
    assert len(alert.text) <= 2_000
    assert not any(c in alert.text + alert.title for c in "\x1b\u202e\x07")
    assert "\n" not in alert.title


def test_only_what_was_read_from_wandb_is_written(server: Server) -> None:
    run = server.store.add()
    local = judged(*ERRORS, source="team/proj/run1")
    unread = judged(*ERRORS, failures=(Failure("read", "down"),))
    with pytest.raises(UsageError, match="none of these runs"):
        write(report(local), summary=True, alert=True)
    write(report(local, unread), summary=True, alert=True)
    assert (run.summary, run.alerts) == ({}, [])


def test_one_failure_does_not_stop_the_others(server: Server) -> None:
    run = server.store.add(name="run2")
    gone = judged(*ERRORS)
    with pytest.raises(NoRunFound, match="team/proj/run1"):
        write(report(gone, judged(*ERRORS, source="wandb://team/proj/run2")), summary=True, alert=False)
    assert run.summary["runlens/verdict"] == "fail"


def test_no_right_to_write(server: Server) -> None:
    server.store.add()
    server.faults.only, server.faults.errors, server.faults.error_status = {"UpsertBucket"}, 9, 403
    with pytest.raises(AccessRefused):
        write(report(judged(*ERRORS)), summary=True, alert=False)


def test_the_cache_notices_that_only_the_summary_changed(server: Server) -> None:
    from tests.sources.wandb_at import read

    run = server.store.add(state="finished")
    run.log([{"_step": i, "_timestamp": 1.7e9 + i, "loss": 1.0} for i in range(20)])
    read()
    write(report(judged(*ERRORS)), summary=True, alert=False)
    server.faults.forget()
    found = read()
    assert found.summary["runlens/errors"] == 1
    assert server.faults.counts()["HistoryPage"] <= 1


def test_entries_are_plain_json() -> None:
    assert json.loads(json.dumps(summary_of(judged(*ERRORS, action=None), "1")))["runlens/errors"] == 1
