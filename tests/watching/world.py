"""A log that grows while a watch sleeps, and a clock that nobody waits for."""

from __future__ import annotations

import json
import math

import numpy as np

from runlens.judging.request import Request
from runlens.watching.gauges import Gauges
from runlens.watching.life import Lives
from runlens.watching.looker import Looker
from runlens.watching.told import Told
from runlens.watching.watch import Watch

START = 1_800_000_000.0


class World:
    """The watcher's clock, and what happens at each moment."""

    def __init__(self):
        self.now = START
        self.happens = []
        self.out, self.err, self.slept = [], [], 0
        self.most = 2000

    def clock(self):
        return self.now

    def at(self, seconds, do):
        """`do` happens once the clock shows so many seconds after the start."""
        self.happens.append((START + seconds, do))
        self.happens.sort(key=lambda item: item[0])

    def sleep(self, seconds):
        self.slept += 1
        assert self.slept < self.most, "the watch does not end"
        until = self.now + seconds
        while self.happens and self.happens[0][0] <= until:
            when, do = self.happens.pop(0)
            self.now = max(self.now, when)
            do()
        self.now = until

    def watch(
        self,
        *names,
        idle=math.inf,
        metrics=None,
        select=("LOSS", "LOG", "GRAD"),
        config=None,
        floor=1,
        channels=None,
        state=None,
        extra=None,
        alone=None,
        hardware=None,
        **more,
    ):
        """A watch of real logs in this world."""
        lives = Lives(idle, alone=alone)
        request = Request(
            [str(name) for name in names],
            {"select": list(select), "hardware": str(hardware) if hardware else None},
            config,
        )
        return Watch(
            look=Looker(request, lives, self.clock, self.err.append),
            lives=lives,
            told=Told(
                self.err.append, self.out.append, self.clock, lives, floor, channels or {}, state, extra=extra or {}
            ),
            names=[str(name) for name in names],
            clock=self.clock,
            sleep=self.sleep,
            say=self.err.append,
            gauges=Gauges(metrics, self.clock) if metrics else None,
            **more,
        )

    def lines(self, word):
        return [line for line in self.out if word in line]


class Log:
    """A JSON-lines log with a loss every `every` seconds by its own clock."""

    def __init__(self, path, world, every=10.0, skew=0.0, seed=0, timed=True):
        self.path, self.world, self.every, self.skew, self.timed = path, world, every, skew, timed
        self.step = 0
        self.rng = np.random.default_rng(seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def write(self, rows, **more):
        with self.path.open("a") as file:
            for _ in range(rows):
                loss = 2 + 4 * (self.step + 20.0) ** -0.3 + self.rng.normal(0, 0.01)
                row = {"step": self.step, "loss": loss}
                if self.timed:
                    row["timestamp"] = START + self.skew + self.step * self.every
                file.write(json.dumps({**row, **more}) + "\n")
                self.step += 1

    def upto(self, seconds):
        """Write what a training has done after so many seconds."""
        self.write(max(int(seconds / self.every) - self.step, 0))

    def live(self, first, last, each=60.0):
        """Rows that arrive every `each` seconds from `first` to `last`, as much as the training has done by then."""
        for k in range(int((last - first) / each) + 1):
            at = first + k * each
            self.world.at(at, lambda at=at: self.upto(at))
