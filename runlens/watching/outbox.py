"""Messages on their way: what a channel refuses is sent later, in order, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from runlens.errors import RunLensError
from runlens.notify.notice import Notice, of_json

FIRST, LONGEST = 60.0, 3600.0
"""Seconds until a refused message is tried again: doubled each time, up to an hour."""
A_LOOK = 20
"""Messages of one channel that are sent after one look: after a day's outage nobody is flooded at once."""


@dataclass(slots=True)
class Message:
    """What goes to one channel in one request."""

    channel: str
    notices: tuple[Notice, ...]
    report: dict[str, Any]
    """The JSON report of the findings in it, without charts."""

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON knows it."""
        return {"channel": self.channel, "notices": [n.to_json() for n in self.notices], "report": self.report}


@dataclass(slots=True)
class Wait:
    """When a channel that refused is tried again."""

    tries: int = 0
    until: float = 0.0
    said: bool = False


@dataclass(slots=True)
class Outbox:
    """Messages by channel, the oldest first."""

    messages: list[Message] = field(default_factory=list)
    waits: dict[str, Wait] = field(default_factory=dict)

    def deliver(
        self,
        channels: Mapping[str, Callable[[Message], None]],
        save: Callable[[], None],
        say: Callable[[str], None],
        now: float,
    ) -> int:
        """Send what can be sent, and return how many messages were.

        A channel that refuses keeps its messages, and their order; the others are not held up. So does one that a watch
        before this one had, and this one has not. What was sent is struck off on disk before the next is sent, so that
        no restart sends it again.

        Parameters
        ----------
        channels : mapping
            Name of each channel to what sends one message there; a `RunLensError` means that it was not taken.
        save : callable
            Writes all of this to disk.
        say : callable
            Takes a sentence, once for each outage and once for its end.
        now : float
            Seconds since the epoch.
        """
        held: set[str] = set()
        sent: dict[str, int] = {}
        for message in [m for m in self.messages if m.channel in channels]:
            channel = message.channel
            wait = self.waits.setdefault(channel, Wait())
            if channel in held or now < wait.until or sent.get(channel, 0) >= A_LOOK:
                held.add(channel)
                continue
            try:
                channels[channel](message)
            except RunLensError as error:
                held.add(channel)
                wait.tries += 1
                wait.until = now + min(FIRST * 2 ** (wait.tries - 1), LONGEST)
                if not wait.said:
                    say(f"{error}; what is to be told there is kept, and sent later")
                    wait.said = True
                continue
            if wait.said:
                say(f"{channel} takes messages again")
            self.waits[channel] = Wait()
            sent[channel] = sent.get(channel, 0) + 1
            self.messages.remove(message)
            save()
        return sum(sent.values())

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON knows it."""
        return {
            "messages": [m.to_json() for m in self.messages],
            "waits": {channel: asdict(wait) for channel, wait in self.waits.items()},
        }


def outbox_of(raw: dict[str, Any]) -> Outbox:
    """What `to_json` made."""
    messages = [Message(m["channel"], tuple(map(of_json, m["notices"])), m["report"]) for m in raw["messages"]]
    return Outbox(messages, {channel: Wait(**wait) for channel, wait in raw["waits"].items()})
