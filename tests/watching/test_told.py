"""Each thing is told once, in order, to whom it concerns, whatever refuses or restarts in between."""

import json
from dataclasses import replace

import pytest

from runlens.errors import SourceDown
from runlens.model import Action, Report
from runlens.notify.notice import Notice
from runlens.watching.memory import PATIENCE
from runlens.watching.outbox import A_LOOK, Message
from runlens.watching.sight import BLIND
from tests.builders import finding, report
from tests.watching.test_watch import reported
from tests.watching.world import START, Log, World


class Channel:
    """Takes messages unless the world says that it is down."""

    def __init__(self):
        self.got, self.down, self.tried = [], False, 0

    def __call__(self, message):
        self.tried += 1
        if self.down:
            raise SourceDown("Slack answered 503")
        json.dumps(message.to_json())
        self.got += [(n.kind, n.code or n.run, n.id) for n in message.notices]

    @property
    def kinds(self):
        return [(kind, what) for kind, what, _ in self.got]


@pytest.fixture
def world():
    return World()


@pytest.fixture
def slack():
    return Channel()


def test_what_a_channel_refuses_is_sent_later_in_order_once(world, slack, tmp_path):
    watch = world.watch("p", alone=False, channels={"Slack": slack}, until=START + 7200)
    a, b = finding("LOSS001", steps=(10, 20)), finding("LOSS003", steps=(30, 40))
    watch.look = reported((report(),), (report(a),), (report(a),), (report(a, b),))
    slack.down = True
    world.at(3600, lambda: setattr(slack, "down", False))
    watch.run()
    assert slack.kinds == [("found", "LOSS001"), ("found", "LOSS003")]
    assert slack.tried < 12, "a channel that is down is not asked at every look"
    assert sum("kept, and sent later" in text for text in world.err) == 1


def test_a_restart_tells_nothing_twice_and_loses_nothing(slack, tmp_path):
    state = tmp_path / "state.json"
    a, b = finding("LOSS001", steps=(10, 20)), finding("LOSS003", steps=(30, 40))
    out = []
    for looks, down in ([(report(),), (report(a),)], True), ([(report(a),)], True), ([(report(a, b),)], False):
        world = World()
        world.now += 7200 * len(out)
        watch = world.watch("p", alone=False, channels={"Slack": slack}, state=state, looks=len(looks))
        watch.look = reported(*looks)
        slack.down = down
        watch.run()
        out.append([line.split()[3] for line in world.out])
    assert slack.kinds == [("found", "LOSS001"), ("found", "LOSS003")]
    assert out == [["LOSS001"], [], ["LOSS003"]]


def test_what_is_to_be_sent_waits_for_a_watch_that_has_the_channel_again(slack, tmp_path):
    state, webhook = tmp_path / "state.json", Channel()
    slack.down = True
    for hour, channels in enumerate(({"Slack": slack}, {"a webhook": webhook}, {"Slack": slack})):
        world = World()
        world.now += 3600 * hour
        watch = world.watch("p", alone=False, channels=channels, state=state, looks=1)
        watch.look = reported((report(finding()),))
        assert watch.run() == 0
        slack.down = False
    assert slack.kinds == [("found", "LOSS001")]


def test_a_look_sends_no_more_than_one_look_may(world, slack):
    watch = world.watch("p", alone=False, channels={"Slack": slack}, looks=2)
    notices = tuple(Notice("found", str(n), "now", "error", str(n)) for n in range(2 * A_LOOK))
    watch.told.outbox.messages = [Message("Slack", (notice,), {}) for notice in notices]
    watch.look = reported((report(),), (report(),))
    sent = []
    world.at(30, lambda: sent.append(len(slack.got)))
    watch.run()
    assert sent == [A_LOOK] and len(slack.got) == 2 * A_LOOK


def test_an_end_that_was_told_is_not_told_again_after_a_restart(slack, tmp_path):
    state = tmp_path / "state.json"
    for _ in range(2):
        world = World()
        watch = world.watch("p", alone=False, channels={"Slack": slack}, state=state)
        watch.look = reported((replace(report(), state="crashed"),))
        assert watch.run() == 4
    assert slack.kinds == [("crashed", "r")]


def test_a_kill_between_two_messages_loses_and_doubles_none(tmp_path):
    """The state is on disk before the first is sent, and after each."""
    state, slack = tmp_path / "state.json", Channel()

    class Killed(BaseException):
        pass

    def dies(message):
        slack(message)
        raise Killed

    world = World()
    watch = world.watch("p", alone=False, channels={"W&B": slack, "Slack": dies}, state=state)
    watch.look = reported((report(finding()),))
    with pytest.raises(Killed):
        watch.run()
    assert [m["channel"] for m in json.loads(state.read_text())["outbox"]["messages"]] == ["Slack"]
    again = Channel()
    watch = World().watch("p", alone=False, channels={"W&B": again, "Slack": again}, state=state, looks=1)
    watch.look = reported((report(finding()),))
    watch.run()
    assert again.kinds == [("found", "LOSS001")]


def test_what_is_over_is_told_to_whom_it_was_told_under_the_same_id(world, slack):
    watch = world.watch("p", alone=False, channels={"Slack": slack}, floor=2, looks=3 + PATIENCE)
    bad, small = finding("LOSS001", steps=(10, 20)), finding("GRAD002", "warning", steps=(10, 20))
    judged = {"checked": ("LOSS001", "GRAD002")}
    watch.look = reported(
        (report(bad, small, **judged),),
        (report(replace(bad, evidence={"outcome": "recovered-slow"}, severity=small.severity), small, **judged),),
        (report(**judged),),
    )
    watch.run()
    assert slack.kinds == [("found", "LOSS001"), ("changed", "LOSS001"), ("retracted", "LOSS001")]
    assert len({id for *_, id in slack.got}) == 1
    assert [line.split()[2:5] for line in world.out][-2:] == [
        ["info", "retracted", "LOSS001"], ["info", "retracted", "GRAD002"],
    ], "standard output is told all"  # fmt: skip


def test_a_stall_and_its_end_are_one_incident(world, slack, tmp_path):
    log = Log(tmp_path / "run.jsonl", world)
    log.upto(600)
    log.live(660, 3600)
    log.live(10_800, 12_000)
    world.watch(log.path, channels={"Slack": slack}, until=START + 12_000).run()
    assert slack.kinds == [("found", "LOG004"), ("going", "run")] and len({id for *_, id in slack.got}) == 1


def test_a_series_that_stopped_is_no_crash(world, slack):
    watch = world.watch("p", alone=False, channels={"Slack": slack}, looks=2 + PATIENCE)
    stopped = finding("LOG006", kind="series-stopped", steps=(10, 20))
    watch.look = reported((report(stopped, checked=("LOG006",)),), (report(checked=("LOG006",)),))
    watch.run()
    assert slack.kinds == [("found", "LOG006"), ("retracted", "LOG006")]


def test_a_watch_that_sees_nothing_for_long_says_so_once_and_that_it_sees_again(world, slack):
    watch = world.watch("p", alone=False, channels={"Slack": slack}, looks=40)
    calls = []

    def look():
        calls.append(1)
        if 3 <= len(calls) <= 30:
            raise SourceDown("the server does not answer")
        return Report("1", "2027-01-15T08:00:00Z", "pass", 0, (report(),))

    watch.look = look
    watch.run()
    assert slack.kinds == [("blind", ""), ("sees", "")] and len({id for *_, id in slack.got}) == 1
    (blind,) = world.lines(" blind: ")
    assert "nothing could be read for 15 min (the server does not answer)" in blind
    assert BLIND == 900


def test_a_short_outage_is_no_blindness(world, slack):
    watch = world.watch("p", alone=False, channels={"Slack": slack}, looks=30)
    calls = []

    def look():
        calls.append(1)
        if len(calls) % 15:
            raise SourceDown("the server does not answer")
        return Report("1", "now", "pass", 0, (report(),))

    look_first = reported((report(),))
    watch.look = lambda: look_first() if watch.looked == 0 else look()
    watch.run()
    assert slack.got == []


def test_the_heart_beats_and_its_end_is_told(world, slack):
    watch = world.watch("p", alone=False, channels={"Slack": slack}, heartbeat=3600.0, until=START + 3 * 3600 + 60)
    watch.look = reported((report(),))
    watch.run()
    assert [kind for kind, _ in slack.kinds] == ["heartbeat"] * 3 + ["ended"]


def test_a_broken_state_is_set_aside_and_the_watch_begins_anew(world, slack, tmp_path):
    state = tmp_path / "state.json"
    for text in ("{", "[]", '{"runlens-watch": 1}', '{"runlens-watch": 1, "incidents": {"known": [1], "taken": {}}}'):
        state.write_text(text)
        world = World()
        watch = world.watch("p", alone=False, channels={"Slack": slack}, state=state, looks=1)
        watch.look = reported((report(finding()),))
        assert watch.run() == 0 and any("begins anew" in said for said in world.err), text
    assert slack.kinds == [("found", "LOSS001")] * 4
    assert (tmp_path / "state.broken").exists()


def test_a_state_that_cannot_be_written_does_not_end_it(world, slack, tmp_path):
    (tmp_path / "file").write_text("")
    watch = world.watch("p", alone=False, channels={"Slack": slack}, state=tmp_path / "file" / "state.json", looks=2)
    watch.look = reported((report(finding()),))
    assert watch.run() == 0
    assert slack.kinds == [("found", "LOSS001")] and any("the state was not written" in said for said in world.err)


def test_a_message_holds_the_findings_told_and_no_others(world):
    got = []
    a, b = finding("LOSS001", steps=(10, 20)), finding("LOSS003", steps=(30, 40))
    run = replace(report(a), action=Action("rewind-and-skip", "go back", rewind_to_step=5, headline="h", cause="c"))
    watch = world.watch("p", alone=False, channels={"a webhook": got.append}, looks=2)
    watch.look = reported((run,), (replace(run, findings=(a, b)), report(run="other")))
    watch.run()
    assert [[f["code"] for r in m.report["runs"] for f in r["findings"]] for m in got] == [["LOSS001"], ["LOSS003"]]
    (notice,) = got[0].notices
    assert (notice.action, notice.action_step, notice.cause, notice.steps) == ("rewind-and-skip", 5, "c", (10, 20))


def test_an_hour_of_incidents_with_restarts_and_a_slack_that_refuses(tmp_path):
    """A real log: a spike, NaN and a stall, the watch restarted every few minutes, Slack down half of the time."""
    state, slack, world = tmp_path / "state.json", Channel(), World()
    log = Log(tmp_path / "run.jsonl", world)
    world.now += 6000
    log.upto(6000)
    log.live(6060, 9000)
    world.at(9001, lambda: log.write(6, loss=float("nan")))
    log.live(9120, 12_000)
    for k in range(20):
        world.at(1000 * k, lambda k=k: setattr(slack, "down", k % 2 == 1))
    while world.now < START + 20_000:
        world.slept = 0
        watch = world.watch(log.path, channels={"Slack": slack}, state=state, looks=17)
        watch.run()
        world.sleep(30)
    codes = [what for kind, what in slack.kinds if kind == "found"]
    assert sorted(codes) == ["LOG004", "LOSS003"], slack.kinds
