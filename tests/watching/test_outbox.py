"""Messages on their way."""

import json

from runlens.errors import SourceDown
from runlens.notify.notice import Notice
from runlens.watching.outbox import A_LOOK, FIRST, LONGEST, Message, Outbox, outbox_of


def message(text, channel="Slack"):
    return Message(channel, (Notice("found", text, "now", "error", text, steps=(1, 2)),), {"runs": []})


class Channel:
    def __init__(self):
        self.got, self.down = [], False

    def __call__(self, sent):
        if self.down:
            raise SourceDown("Slack answered 503")
        self.got.append(sent.notices[0].text)


def deliver(box, channel, now, said=None, saves=None):
    said = [] if said is None else said
    return box.deliver(
        {"Slack": channel}, lambda: saves.append(len(box.messages)) if saves is not None else None, said.append, now
    )


def test_all_is_sent_in_order_and_struck_off_one_by_one():
    box, channel, saves = Outbox([message("a"), message("b"), message("c")]), Channel(), []
    assert deliver(box, channel, 0, saves=saves) == 3
    assert channel.got == ["a", "b", "c"] and saves == [2, 1, 0] and box.messages == []


def test_what_is_refused_is_kept_in_order_and_sent_once_when_it_is_taken_again():
    box, channel, said = Outbox([message("a"), message("b")]), Channel(), []
    channel.down = True
    assert deliver(box, channel, 0, said) == 0
    box.messages.append(message("c"))
    assert deliver(box, channel, FIRST - 1, said) == 0
    channel.down = False
    assert deliver(box, channel, FIRST - 1, said) == 0, "it is left alone for a while"
    assert deliver(box, channel, FIRST, said) == 3
    assert deliver(box, channel, FIRST + 1, said) == 0
    assert channel.got == ["a", "b", "c"]
    assert said == [
        "Slack answered 503; what is to be told there is kept, and sent later",
        "Slack takes messages again",
    ]


def test_the_wait_doubles_up_to_an_hour_and_is_said_once():
    box, channel, said, now, waits = Outbox([message("a")]), Channel(), [], 0.0, []
    channel.down = True
    for _ in range(12):
        deliver(box, channel, now, said)
        waits.append(box.waits["Slack"].until - now)
        now = box.waits["Slack"].until
    assert waits[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST] and waits[-1] == LONGEST and len(said) == 1


def test_one_channel_that_is_down_does_not_hold_up_the_other():
    down, up = Channel(), Channel()
    down.down = True
    box = Outbox([message("a"), message("a", "W&B"), message("b"), message("b", "W&B")])
    box.deliver({"Slack": down, "W&B": up}, lambda: None, [].append, 0)
    assert up.got == ["a", "b"] and [m.channel for m in box.messages] == ["Slack", "Slack"]


def test_after_an_outage_nobody_is_flooded():
    box, channel = Outbox([message(str(n)) for n in range(A_LOOK + 5)]), Channel()
    assert deliver(box, channel, 0) == A_LOOK
    assert deliver(box, channel, 60) == 5
    assert channel.got == [str(n) for n in range(A_LOOK + 5)]


def test_it_survives_a_restart():
    box, channel = Outbox([message("a"), message("b")]), Channel()
    channel.down = True
    deliver(box, channel, 0)
    again = outbox_of(json.loads(json.dumps(box.to_json())))
    assert again == box
