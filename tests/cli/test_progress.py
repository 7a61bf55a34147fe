from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import numpy as np
import pytest

from runlens.cli.shared import progress
from runlens.judging.library import report_of
from runlens.judging.request import Request
from runlens.sources import wandb_api
from tests.sources.wandb_at import NAME, rows_of, same, server
from tests.wandb_server import Server

__all__ = ["server"]


ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error as a terminal: to be called in a test, since pytest puts its own there before each one."""
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    return made


def test_a_long_search_gives_a_sign_of_life_and_wipes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said = terminal(monkeypatch)
    now = iter([100.0, 100.05, 100.11, 100.2, 100.4])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    step = progress.looking()
    step(0, "/a")
    step(10, "/b")
    assert said.getvalue() == ""
    step(1234, "/c\x1b[2J")
    assert said.getvalue().endswith("looking for runs: 1,234 files, now in /c\\x1b[2J")
    step(2000, "/d")  # too soon after the word before
    assert "2,000" not in said.getvalue()
    step(2000, "")
    assert said.getvalue().endswith(" \r")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    progress.looking()(0, "/a")  # no terminal: no clock is asked, nothing said


def test_a_large_first_read_shows_how_far_it_is_and_the_next_one_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = terminal(monkeypatch)
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(25_000)))
    ref = wandb_api.find(NAME)[0]
    same(progress.read(ref), run)
    assert "rows/s" in said.getvalue()
    assert "/25000" in said.getvalue()
    said.truncate(0)
    same(progress.read(ref), run)
    assert "rows" not in said.getvalue()


def test_a_small_read_shows_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    said = terminal(monkeypatch)
    run = server.store.add(state="finished")
    run.log(rows_of(np.arange(500)))
    same(progress.read(wandb_api.find(NAME)[0]), run)
    assert said.getvalue() == ""


def test_what_is_no_terminal_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = io.StringIO()
    monkeypatch.setattr(sys, "stderr", plain)
    with progress.rows_of("run") as show:
        show(1, 1_000_000)
    assert plain.getvalue() == ""


def test_a_hostile_name_is_shown_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    said = terminal(monkeypatch)
    with progress.rows_of("run[/red]\x1b[31m") as show:
        show(1, 2)
    assert "\x1b[31mrun" not in said.getvalue()
    assert "run[/red]" in said.getvalue()


def test_check_is_quiet_when_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from runlens.cli import app
    from runlens.judging import library

    run = tmp_path / "run.csv"
    run.write_text("step,loss\n1,2\n")
    seen: list[object] = []
    judged = library.judged
    monkeypatch.setattr(
        library, "judged", lambda plan, engine, *, keep, read: seen.append(read) or judged(plan, engine, read=read)
    )
    for quiet in ((), ("--quiet",)):
        with pytest.raises(SystemExit):
            app(["check", str(run), *quiet])
    assert seen == [progress.read, None]


def worked(monkeypatch: pytest.MonkeyPatch, seconds: float, calls: list[tuple[int, int, str]]) -> str:
    """What stands on the terminal after so many seconds of judging."""
    said = terminal(monkeypatch)
    monkeypatch.setattr(progress, "_TICK", 0.001)
    start = progress.time.monotonic()
    monkeypatch.setattr(progress.time, "monotonic", lambda: start)
    with progress.Working() as count:
        for call in calls:
            count(*call)
        monkeypatch.setattr(progress.time, "monotonic", lambda: start + seconds)
        assert count._thread is not None
        for _ in range(1000):
            if said.getvalue() or seconds < progress._PATIENCE:
                break
            count._ended.wait(0.01)
    return said.getvalue()


def test_judging_that_takes_more_than_two_seconds_says_how_far_it_is_and_wipes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = worked(monkeypatch, 4.0, [(0, 22, "a"), (3, 22, "b")])
    assert text.startswith("\rjudging runs: 3 of 22 done, 4 s") and text.endswith(" \r")
    assert worked(monkeypatch, 1.9, [(0, 22, "a")]) == ""


def test_of_one_run_the_name_is_said_and_a_hostile_one_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worked(monkeypatch, 12.0, [(0, 1, "exp\x1b[2J7")]).startswith("\rjudging exp\\x1b[2J7, 12 s")


def test_a_bar_of_rows_has_the_terminal_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    progress._BAR.set()
    try:
        monkeypatch.setattr(progress, "_PATIENCE", 0.0)
        assert worked(monkeypatch, -1.0, [(0, 1, "a")]) == ""
    finally:
        progress._BAR.clear()


def test_without_a_terminal_and_with_quiet_nothing_is_said_and_every_run_is_counted() -> None:
    told: list[tuple[int, int, str]] = []
    request = Request(["fixtures/runs/lr_bump", "fixtures/runs/restart_clean"], count=lambda *call: told.append(call))
    with contextlib.chdir(ROOT):
        report_of(request)
    assert told == [(0, 2, "lr_bump"), (1, 2, "restart_clean"), (2, 2, "")]
    with progress.Working() as count:
        count(0, 2, "a")
        assert count._thread is None
    with progress.working(quiet=True) as silent:
        silent(0, 2, "a")
