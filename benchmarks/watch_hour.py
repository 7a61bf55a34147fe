"""An hour of a live run in each form, with every kind of incident, at a clock that nobody waits for.

Run as `python -m benchmarks.watch_hour [--seeds N]`: a training logs a row every two seconds, and one incident follows
the other; meanwhile its disk or server is away for a minute, the watch is started anew five times, and Slack refuses
three times. Prints how long after its onset each incident was told in the log of the watch, and how long after that
Slack had it; and what was told twice, lost, or told without cause.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import watch_hour_forms as forms
from benchmarks.tables import table
from runlens.errors import SourceDown
from runlens.notify.notice import Notice
from runlens.render.text import duration
from runlens.watching.outbox import Message

INTERVAL = 60.0
RESTARTS = (450, 1250, 1720, 2400, 3830)
REFUSED = ((250, 900), (1580, 2000), (3780, 4100))
AWAY = (1310, 1370)


@dataclass(frozen=True)
class Incident:
    """What is to be told, and when it set in; times are seconds from the start."""

    what: str
    kinds: tuple[str, ...]
    """Kinds of notice that tell it."""
    codes: tuple[str, ...]
    """Codes of rules; an empty one where it is told of the run."""
    onset: float
    until: float
    """When it must have been told."""
    quiet: bool = False
    """Whether a note is enough: what was over before it was seen alerts nobody."""

    def told_by(self, at: float, notice: Notice) -> bool:
        """Whether a notice of that moment tells it."""
        known = notice.kind in self.kinds and notice.code in self.codes and self.onset <= at <= self.until
        return known and (self.quiet or notice.severity != "info" or notice.kind == "going")


def incidents(form: forms.Form) -> list[Incident]:
    """All that happen, in order."""
    found, end, back = ("found", "worse"), forms.END, forms.RESUME + form.late
    what, kind, code = ("it crashes", "crashed", "LOG006") if form.crashes else ("it is killed", "stalled", "LOG004")
    out = [
        Incident("a spike of the loss", found, ("LOSS001",), forms.SPIKE, forms.DIVERGE, quiet=True),
        Incident("a GPU at 97 C", found, ("HW001",), forms.HOT, end),
        Incident("15 % slower", found, ("TPUT001",), forms.SLOW, end),
        Incident("the loss is NaN", found, ("LOSS003",), forms.NAN, end),
        Incident("it stalls", ("found", "stalled"), ("LOG004", ""), forms.STALL, back),
        Incident("it goes on again", ("going",), ("",), forms.RESUME, forms.DIVERGE),
        Incident("the loss diverges", found, ("LOSS001",), forms.DIVERGE, end),
        Incident(what, ("found", kind), (code, ""), forms.CRASH, end),
    ]
    return [one for one in out if form.hardware or one.codes != ("HW001",)]


FOLLOWS = {"TPUT005": forms.RESUME, "LOSS002": forms.DIVERGE}
"""Rules that speak of what followed from an incident, and from when on: the time that the stall lost, and spikes that
are many once there are two."""


@dataclass
class Hour:
    """What was told of one run."""

    form: forms.Form
    told: list[tuple[float, Notice]]
    """What the watch told, and when, in seconds from the start."""
    sent: list[tuple[float, Notice]]
    """What Slack had, and when."""

    def first(self, one: Incident) -> tuple[float | None, float | None]:
        """When an incident was told, and when Slack had it; None if it never was."""
        told = next(((at, notice) for at, notice in self.told if one.told_by(at, notice)), None)
        if told is None:
            return None, None
        return told[0], next((at for at, notice in self.sent if notice == told[1]), None)

    def lost(self) -> list[str]:
        """Incidents that were not told, and notices that Slack never had."""
        out = [one.what for one in incidents(self.form) if self.first(one)[0] is None]
        sent = [notice for _, notice in self.sent]
        return out + [f"Slack never had: {notice.text}" for _, notice in self.told if notice not in sent]

    def doubled(self) -> list[str]:
        """What was told or sent more than once, and incidents that were told as two; and Slack out of order."""
        out = []
        for heard in (self.told, self.sent):
            seen = Counter((n.id, n.kind, n.code, n.text) for _, n in heard)
            out += [f"{kind} {code}: {text}" for (_, kind, code, text), count in seen.items() if count > 1]
        for one in incidents(self.form):
            times = sum(notice.kind != "worse" and one.told_by(at, notice) for at, notice in self.told)
            out += [f"{one.what}: {times} times"] if times > 1 else []
        in_order = [notice for _, notice in self.told if notice in [n for _, n in self.sent]]
        return out + ([] if in_order == [notice for _, notice in self.sent] else ["Slack had it in another order"])

    def without_cause(self) -> list[str]:
        """What was found at warning or above and is no incident that happened, nor follows from one."""
        known = incidents(self.form)
        return [
            f"{notice.code} at {at:.0f} s: {notice.text}"
            for at, notice in self.told
            if notice.kind in ("found", "worse")
            and notice.severity != "info"
            and at < FOLLOWS.get(notice.code, forms.END)
            and not any(one.told_by(at, notice) for one in known)
        ]


class _Channel:
    """Takes messages unless it is down, and notes when."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock, self.down = clock, False
        self.got: list[tuple[float, Notice]] = []

    def __call__(self, message: Message) -> None:
        if self.down:
            raise SourceDown("Slack answered 503")
        self.got += [(self.clock() - forms.START, notice) for notice in message.notices]


def live(form: forms.Form, folder: Path, seed: int) -> Hour:
    """Watch one training for its whole hour."""
    from tests.watching.world import World

    world = World()
    log, slack = _Channel(world.clock), _Channel(world.clock)
    training = forms.training(np.random.default_rng(seed), goes_back=form.goes_back)
    done = 0

    def write(at: float) -> None:
        nonlocal done
        upto = training.upto(at)
        if upto > done:
            form.write(training, done, upto)
            done = upto

    write(0)
    for at in range(10, forms.END, 10):
        world.at(at, lambda at=at: write(at))
    world.at(forms.CRASH + 1, form.crash)
    for at, gone in zip(AWAY, (True, False), strict=True):
        world.at(at, lambda gone=gone: form.away(gone))
    for first, last in REFUSED:
        world.at(first, lambda: setattr(slack, "down", True))
        world.at(last, lambda: setattr(slack, "down", False))
    for until in (*RESTARTS, forms.END):
        world.slept = 0
        watch = world.watch(
            form.name,
            channels={"log": log, "Slack": slack},
            floor=0,
            state=folder / "state.json",
            until=forms.START + until,
            interval=INTERVAL,
            select=("LOSS", "LOG", "GRAD", "TPUT", "HW", "LR"),
        )
        watch.run()
    return Hour(form, log.got, slack.got)


def hours(seed: int) -> dict[str, Hour]:
    """The hour of each form."""
    from tests.wandb_server import Server, environment

    out = {}
    for name, make in forms.FORMS.items():
        with tempfile.TemporaryDirectory() as folder:
            out[name] = live(make(Path(folder)), Path(folder), seed)
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        os.environ.update(environment(server.url, Path(folder) / "home"))
        out["W&B"] = live(forms.WandbServer(server), Path(folder), seed)
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    for seed in range(given.seeds):
        found = hours(seed)
        rows: dict[str, list[str]] = {}
        for name, hour in found.items():
            known = {one.what: hour.first(one) for one in incidents(hour.form)}
            for one in incidents(hour.form):
                told, sent = known[one.what]
                cell = "lost" if told is None or sent is None else duration(told - one.onset)
                later = f" + {duration(sent - told)}" if told is not None and sent is not None and sent > told else ""
                rows.setdefault(one.what, [""] * len(found))[list(found).index(name)] = cell + later
            for word, said in (
                ("lost", hour.lost()),
                ("twice", hour.doubled()),
                ("without cause", hour.without_cause()),
            ):
                for text in said:
                    print(f"{name}: {word}: {text}")
        sys.stdout.write(table(f"seed {seed}", [(what, *cells) for what, cells in rows.items()], ("incident", *found)))


if __name__ == "__main__":
    main()
