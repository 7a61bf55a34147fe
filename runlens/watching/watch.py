"""The watch: look, tell what is new, wait, until it is over. Clock, sleep and all output are given to it."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from runlens.errors import NoRunFound, RunLensError
from runlens.model import Report
from runlens.watching import ends, words
from runlens.watching.gauges import Gauges
from runlens.watching.life import Life, Lives
from runlens.watching.renamed import renamed
from runlens.watching.sight import BLIND, BLIND_LOOKS, Sight, stamp
from runlens.watching.told import Told, of_watch

SIGN = 3600.0
"""Seconds between two signs of life on standard error."""
_NOTHING = Report("", "", "undecided", 3, ())


@dataclass(slots=True)
class Watch:
    """Everything that one `runlens watch` does between its flags and its exit code."""

    look: Callable[[], Report]
    lives: Lives
    told: Told
    names: Sequence[str]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    say: Callable[[str], None]
    """Takes a sentence for standard error."""
    interval: float = 60.0
    looks: int | None = None
    until: float | None = None
    gauges: Gauges | None = None
    heartbeat: float | None = None
    """Seconds between two signs of life to the channels; None for none."""
    debug: bool = False
    report: Report | None = None
    """The last one."""
    looked: int = 0
    began: float = field(default=math.nan)
    signed: float = field(default=math.nan)
    """When the last sign of life was given on standard error, and to the channels."""
    beaten: float = field(default=math.nan)
    sight: Sight = field(init=False)

    def __post_init__(self) -> None:
        self.sight = Sight(self.names, max(BLIND, BLIND_LOOKS * self.interval))

    def run(self) -> int:
        """Watch until it is over, and return the exit code.

        Raises
        ------
        RunLensError
            At the first look: nobody is helped by waiting for a wrong name.
        """
        self.began = self.signed = self.beaten = self.clock()
        self.told.load()
        why = "interrupted"
        stopped: BaseException | None = None
        try:
            while True:
                self._look()
                if self.looked == 1:
                    self._start()
                if (why := self._over()) != "":
                    break
                self._sign()
                now = self.clock()
                self.sleep(max(min(self.interval, (self.until or math.inf) - now), 0.0))
        except KeyboardInterrupt:
            why = "interrupted"
        except SystemExit as error:  # SIGTERM, as systemd and Kubernetes send it
            why, stopped = "terminated", error
        return self._end(why, stopped)

    def _look(self) -> None:
        """Look once, and tell; what fails after the first look is said, and the watch goes on."""
        failed = ""
        try:
            report = self.look()
        except NoRunFound as error:
            if self.looked == 0:
                raise
            failed = self._failed(error)
            if turns := self.lives.all_missing(self.clock()):
                self.told.look(replace(self.report, runs=()) if self.report else _NOTHING, turns)
        except RunLensError as error:
            if self.looked == 0:
                raise
            failed = self._failed(error)
        except Exception as error:
            if self.looked == 0 or self.debug:
                raise
            where = traceback.extract_tb(error.__traceback__)[-1]
            failed = self._failed(f"{type(error).__name__}: {error} (a fault of RunLens, in {where.name})")
        else:
            self.report = report
            self._tell(report)
        self.looked += 1
        self._watched_itself(failed)
        self._write()

    def _failed(self, error: object) -> str:
        self.say(f"this look failed, the watch goes on: {error}")
        return str(error)

    def _tell(self, report: Report) -> None:
        for old, new in renamed(self.lives.runs, report.runs).items():
            self.lives.rename(old, new)
            self.told.rename(old, new)
        turns = self.lives.look(report.runs, self.clock())
        if self.looked == 0:  # that runs are watched is said by the first line; how they stand already is news
            turns = [one for one in turns if not (one.was is None and one.now is Life.GOING)]
        self.told.look(report, turns)

    def _watched_itself(self, failed: str) -> None:
        """Tell that nothing can be seen for long, or can be again, and that the watch is alive."""
        now = self.clock()
        notices = self.sight.look(failed, now) if failed else self.sight.sees(now)
        if self.heartbeat is not None and now - self.beaten >= self.heartbeat:
            self.beaten = now
            text = words.sign(self.looked, self.lives, self.report, self.told.count)
            notices.append(of_watch("heartbeat", stamp(now), "info", text, self.names))
        if notices:
            self.told.tell(notices, None)
        self.told.send()

    def _write(self, *, over: bool = False) -> None:
        """Write the metrics; a disk that is full for a moment does not end a watch."""
        if self.gauges is None or self.report is None:
            return
        try:
            self.gauges.write(self.report, self.lives, over=over)
        except (RunLensError, OSError) as error:
            self.say(f"the metrics were not written, the watch goes on: {error}")

    def _over(self) -> str:
        """Why the watch is over; empty while it is not."""
        if self.looks is not None and self.looked >= self.looks:
            return "all looks are done"
        if self.until is not None:
            return "the time given by --until has come" if self.clock() >= self.until else ""
        return "every run has ended" if self.lives.ended else ""

    def _start(self) -> None:
        if self.report is not None:
            self.say(
                words.start(
                    self.names,
                    self.report,
                    self.interval,
                    until=self.until,
                    idle=self.lives.idle,
                    to=self.told.places(self.gauges.file if self.gauges else None),
                )
            )

    def _sign(self) -> None:
        if self.clock() - self.signed >= SIGN:
            self.signed = self.clock()
            self.say(words.sign(self.looked, self.lives, self.report, self.told.count))

    def _end(self, why: str, stopped: BaseException | None) -> int:
        code = ends.exit_code(self.report, self.lives)
        if why != "all looks are done":  # who looks so many times by hand comes back for the gauges
            self._write(over=True)
        seconds = self.clock() - self.began
        if self.heartbeat is not None:  # who waits for signs of life is told that there will be none
            text = f"the watch has ended ({why}): {words.counts(self.lives)}"
            self.told.tell([of_watch("ended", stamp(self.clock()), "info", text, self.names)], None)
            self.told.send()
        self.told.save()
        for text in words.summary(why, self.looked, seconds, self.lives, self.told.count, code):
            self.say(text)
        if stopped is not None:
            raise stopped
        return code
