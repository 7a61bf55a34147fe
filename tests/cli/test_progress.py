from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from runlens.cli.shared import progress
from runlens.sources import wandb_api
from tests.sources.wandb_at import NAME, rows_of, same, server
from tests.wandb_server import Server

__all__ = ["server"]


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
