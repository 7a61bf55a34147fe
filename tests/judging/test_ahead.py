"""Runs of servers are asked for before their turn: in order, a few at a time, each failure at its own run."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from runlens import sources
from runlens.errors import SourceDown
from runlens.judging.engines.ahead import AT_ONCE, Ahead
from runlens.model import Run, RunRef

REMOTE = [RunRef("wandb_api", f"team/proj/{i}", str(i)) for i in range(3 * AT_ONCE)]
HERE = [RunRef("table", f"/logs/{i}.csv", str(i)) for i in range(3)]


@pytest.fixture
def asked(monkeypatch):
    """What `sources.read` was asked for, in order; a run named `bad` in `asked.failing` is not there."""

    class Asked(list):
        failing = ""
        wait = 0.0

    found = Asked()

    def read(ref, *, progress=None):
        found.append(ref.id)
        time.sleep(found.wait)
        if ref.id == found.failing:
            raise SourceDown("the server is down")
        return Run(ref.id, ref.id, threading.current_thread().name)

    monkeypatch.setattr(sources, "read", read)
    return found


def test_runs_come_in_order_and_are_read_at_once_a_few_ahead(asked):
    asked.wait = 0.05
    most = 0
    with Ahead(REMOTE) as read:
        for at, ref in enumerate(REMOTE):
            run = read(ref)
            assert (run.id, run.source.startswith("runlens-ahead")) == (ref.id, True)
            most = max(most, len(asked) - at)
    assert sorted(asked) == sorted(ref.id for ref in REMOTE)
    assert 1 < most <= AT_ONCE + 1


def test_what_fails_is_raised_at_its_own_run(asked):
    asked.failing = "5"
    with Ahead(REMOTE) as read:
        for ref in REMOTE:
            if ref.id == "5":
                with pytest.raises(SourceDown, match="down"):
                    read(ref)
            else:
                assert read(ref).id == ref.id


@pytest.mark.parametrize("refs", [HERE, REMOTE[:1], []])
def test_files_and_a_single_run_are_read_when_they_are_asked_for_and_may_show_how_far_they_are(asked, refs):
    shown = []

    def read(ref):
        shown.append(ref.id)
        return sources.read(ref)

    with Ahead(refs, read) as ahead:
        assert asked == []
        for ref in refs:
            assert ahead(ref).source == threading.current_thread().name
    assert shown == asked == [ref.id for ref in refs]


def test_files_among_runs_of_a_server_are_read_in_their_turn(asked):
    mixed = [HERE[0], *REMOTE[:2], HERE[1]]
    with Ahead(mixed) as read:
        runs = [read(ref) for ref in mixed]
    assert [run.id for run in runs] == [ref.id for ref in mixed]
    assert [run.source.startswith("runlens-ahead") for run in runs] == [False, True, True, False]


def test_what_was_not_asked_for_is_given_up(asked):
    asked.wait = 0.05
    with pytest.raises(KeyboardInterrupt), Ahead(REMOTE) as read:
        read(REMOTE[0])
        raise KeyboardInterrupt
    time.sleep(0.3)
    assert len(asked) <= AT_ONCE + 1


def test_a_float_out_of_bounds_is_no_warning_in_a_thread_either(asked, monkeypatch):
    def read(ref, *, progress=None):
        return Run(ref.id, str(np.float64(1e308) * np.float64(10)), "here")

    monkeypatch.setattr(sources, "read", read)
    with Ahead(REMOTE[:2]) as ahead:
        assert [ahead(ref).name for ref in REMOTE[:2]] == ["inf", "inf"]
