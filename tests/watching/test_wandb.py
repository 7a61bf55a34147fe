"""Looks at a run at W&B: one request where it is as it was, and only what is new where it has grown."""

import json
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from runlens.errors import SourceDown
from runlens.judging.engines.ahead import AT_ONCE
from runlens.sources.wandb_api import live as at_wandb
from runlens.sources.wandb_api import system
from runlens.sources.wandb_api.live import BEATS, WHOLE
from runlens.watching import unchanged
from runlens.watching.glances import Glances
from tests.sources.wandb_at import NAME, server
from tests.watching.test_unchanged import counted, full_look_report
from tests.watching.world import START, World

__all__ = ["server"]


def rows(first, last, rng, **more):
    return [
        {"_step": s, "_timestamp": START + 10.0 * s, "loss": 2 + 4 * (s + 20.0) ** -0.3 + rng.normal(0, 0.01), **more}
        for s in range(first, last)
    ]


def event(seconds, celsius=60):
    return json.dumps({"_timestamp": START + seconds, "system.gpu.0.temp": celsius, "system.gpu.0.gpu": 97})


class At:
    """A run at the loopback server, and a watch of it."""

    def __init__(self, server, monkeypatch, steps=600):
        self.server, self.rng = server, np.random.default_rng(0)
        self.world = World()
        self.state = server.store.add()
        self.steps = 0
        self.log(steps)
        self.state.events = [event(10 * s) for s in range(0, steps, 3)]
        self.world.now = START + 10 * steps
        self.watch = self.world.watch(NAME, select=("LOSS", "LOG", "HW"))
        self.calls = counted(monkeypatch)
        self.beat = 0

    def log(self, many, **more):
        self.state.log(rows(self.steps, self.steps + many, self.rng, **more))
        self.steps += many
        self.state.heartbeat_at = "2027-01-15T08:00:00"

    def beats(self, seconds):
        self.beat += seconds
        self.state.heartbeat_at = f"2027-01-15T{8 + self.beat // 3600:02}:{self.beat // 60 % 60:02}:{self.beat % 60:02}"

    def look(self):
        """The operations of a look, and its report."""
        self.asked = self.server.faults.seen
        self.asked.clear()
        report = self.watch.look()
        self.watch.lives.look(report.runs, self.world.now)
        return Counter(one.operation for one in self.asked), report.runs[0]


@pytest.fixture
def at(server, monkeypatch):
    return At(server, monkeypatch)


def test_a_run_that_is_as_it_was_costs_one_request_and_is_not_judged(at):
    _, first = at.look()
    for _ in range(3):
        at.world.now += 5.0
        asked, again = at.look()
        assert asked == {"Run": 1} and again.findings == first.findings
    assert len(at.calls) == 1


def test_no_connection_stays_open_between_looks(at):
    """Of thousands of runs each would take a file descriptor of the watch."""
    at.look()
    at.look()
    (live,) = at.watch.look.unchanged.live.values()
    assert live._client is None


def test_gpus_that_the_settings_name_later_are_joined_to_all_of_the_run(at, tmp_path):
    at.look()
    at.log(3)
    at.look()
    request = at.watch.look.request
    at.watch.look.request = replace(request, given={**request.given, "hardware": str(tmp_path / "smi.csv")})
    (tmp_path / "smi.csv").write_text(
        "timestamp, index, temperature.gpu\n" + f"{datetime.fromtimestamp(START + 60, UTC):%Y/%m/%d %H:%M:%S}, 0, 61\n"
    )
    _, after = at.look()
    assert not after.failures and after.steps == (0, at.steps - 1)


def test_a_run_that_has_grown_is_asked_for_its_new_rows_and_its_newest_sample(at):
    at.look()
    at.log(6)
    at.look()  # from now on it is held
    at.log(6)
    at.state.events.append(event(10 * at.steps, celsius=61))
    asked, grown = at.look()
    assert asked == {"Run": 1, "HistoryPage": 1, "RunResumeStatus": 1}
    (page,) = [one for one in at.asked if one.operation == "HistoryPage"]
    assert int(page.variables["minStep"]) >= at.steps - 7, "the last row that is known is asked for once more"
    whole = full_look_report(at.watch).runs[0]
    assert grown.points == whole.points and grown.steps == whole.steps == (0, at.steps - 1)
    assert [one.value for one in grown.latest if one.role == "gpu_temperature"] == [61.0]


def test_a_beating_heart_alone_is_nothing_new_until_the_gpus_went_on_for_minutes(at):
    at.look()
    at.beats(int(BEATS) - 1)
    assert at.look()[0] == {"Run": 1}
    at.beats(1)
    at.state.events.append(event(10 * at.steps, celsius=99))
    at.look()
    assert len(at.calls) == 2
    at.beats(int(BEATS) + 1)
    asked, _ = at.look()
    assert asked == {"Run": 1, "RunResumeStatus": 1}


def test_what_is_told_of_a_run_that_grows_is_what_a_whole_look_tells(at):
    at.look()
    for n in range(5):
        at.log(20, **({"loss": float("nan")} if n == 3 else {}))
        at.world.now += 200.0
        _, grown = at.look()
        whole = at_once(at)
        assert grown.findings == whole.findings and grown.points == whole.points
        assert repr(grown.latest) == repr(whole.latest), "NaN is unlike itself"
    assert "LOSS003" in {f.code for f in grown.findings}


def at_once(at):
    """A look at everything at the same moment."""
    kept, live = dict(at.watch.look.unchanged.kept), dict(at.watch.look.unchanged.live)
    at.watch.look.unchanged.live.clear()
    found = full_look_report(at.watch).runs[0]
    at.watch.look.unchanged.kept, at.watch.look.unchanged.live = kept, live
    return found


def test_after_half_an_hour_and_at_its_end_all_is_fetched(at):
    now = [0.0]
    at.look()
    (live,) = at.watch.look.unchanged.live.values()
    live.clock = lambda: now[0]
    at.log(3)
    at.look()
    at.state.events += [event(10 * at.steps + n) for n in range(5)]
    now[0] = WHOLE - 1
    at.log(3)
    at.look()
    assert len(live.pulled.system) == 201
    now[0] = WHOLE + 1
    at.log(3)
    asked, _ = at.look()
    assert asked["RunFullHistory"] == 1 and len(live.pulled.system) == 205
    at.state.events += [event(10 * at.steps + n) for n in range(50, 55)]
    at.log(3)
    at.state.state = "finished"
    asked, ended = at.look()
    assert asked["RunFullHistory"] == 1 and len(live.pulled.system) == 210 and ended.state == "finished"


@pytest.mark.parametrize("how", ["rewound", "anew"])
def test_a_run_that_was_rewound_or_made_anew_is_read_anew(at, how):
    at.look()
    at.log(5)
    at.look()
    if how == "rewound":
        at.state.put_history(300, [])
        at.steps = 300
        at.log(10)
    else:
        at.server.store.runs.clear()
        at.state = at.server.store.add()
        at.steps = 0
        at.log(40)
    _, after = at.look()
    assert after.steps == (0, at.steps - 1)


def test_a_server_that_is_down_is_said_and_comes_back(at, monkeypatch):
    at.look()
    with monkeypatch.context() as patch:
        patch.setattr(at_wandb.Live, "glance", lambda self: (_ for _ in ()).throw(SourceDown("it is down")))
        _, down = at.look()
    assert [f.message for f in down.failures] == ["it is down"] and down.verdict == "undecided"
    at.log(3)
    _, back = at.look()
    assert not back.failures and back.steps == (0, at.steps - 1)


def test_a_run_that_is_gone_is_missing(at):
    at.look()
    at.server.store.runs.clear()
    at.server.store.add(name="other")
    with pytest.raises(unchanged.RunLensError):
        at.look()


def test_what_is_held_is_bounded(at, monkeypatch):
    at.look()
    at.log(3)
    at.look()
    (live,) = at.watch.look.unchanged.live.values()
    assert live.size > 600 * 3 * 8
    monkeypatch.setattr(at_wandb, "HELD", live.size - 1)
    at.log(3)
    at.look()
    assert live.pulled is None
    at.log(3)
    _, after = at.look()
    assert after.steps == (0, at.steps - 1)


@pytest.mark.parametrize("said", [None, "", "nonsense", "{}", json.dumps(["nonsense", 3, json.dumps({"a": 1})])])
def test_a_tail_that_makes_no_sense_adds_nothing(said):
    class Client:
        def graphql(self, *args, **more):
            return {"model": {"bucket": {"eventsTail": said}}}

    class Address:
        entity = project = run = "x"

    table = system.from_events([json.loads(event(0)), json.loads(event(5))])
    assert system.with_newest(Client(), Address(), table) is table


def test_many_runs_are_asked_about_a_few_at_a_time_and_each_once(server, monkeypatch):
    """One whose server says wait holds up all; one that is gone is missing by itself; no connection stays open."""
    world, rng, open_now, most = World(), np.random.default_rng(0), [], []
    states = [server.store.add(name=f"run{k}") for k in range(12)]
    for state in states:
        state.log(rows(0, 200, rng))
    world.now = START + 2000.0
    glance, lock = at_wandb.Live.glance, threading.Lock()

    def counted_glance(live):
        with lock:
            open_now.append(live)
            most.append(len(open_now))
        try:
            time.sleep(0.02)
            return glance(live)
        finally:
            with lock:
                open_now.remove(live)

    monkeypatch.setattr(at_wandb.Live, "glance", counted_glance)
    watch = world.watch(NAME.rsplit("/", 1)[0], select=("LOSS", "LOG"))
    first = watch.look()
    server.faults.seen.clear()
    server.faults.throttle = 1
    states[3].log(rows(200, 260, rng))
    most.clear()
    report = watch.look()
    asked = Counter(one.operation for one in server.faults.seen)
    assert len(report.runs) == 12 == len(most) and 1 < max(most) <= AT_ONCE
    assert [run.run for run in report.runs] == [run.run for run in first.runs]
    assert asked["Run"] <= 12 + 1 and sum(run.points == 260 for run in report.runs) == 1
    assert not any(live._client for live in watch.look.unchanged.live.values())


def test_who_stops_in_the_middle_of_a_look_leaves_no_connection_open(server):
    world, rng = World(), np.random.default_rng(0)
    for k in range(6):
        server.store.add(name=f"run{k}").log(rows(0, 50, rng))
    watch = world.watch(NAME.rsplit("/", 1)[0], select=("LOSS", "LOG"))
    watch.look()
    known = watch.look.unchanged
    lives = list(known.live.values())
    with Glances(lives) as glances:
        glances.of(lives[0])
        lives[0].close()
    assert not any(live._client for live in lives)
