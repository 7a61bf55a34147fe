"""The watch: look, tell what is new, wait, until it is over. Clock, sleep and all output are given to it."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from runlens.errors import NoRunFound, RunLensError
from runlens.model import Finding, Report, RunReport
from runlens.watching import ends, words
from runlens.watching.gauges import Gauges
from runlens.watching.life import Lives, Turn
from runlens.watching.told import Told

SIGN = 3600.0
"""Seconds between two signs of life on standard error."""


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
    print: Callable[[str], None]
    """Takes a line for standard output."""
    interval: float = 60.0
    looks: int | None = None
    until: float | None = None
    gauges: Gauges | None = None
    debug: bool = False
    report: Report | None = None
    """The last one."""
    looked: int = 0
    began: float = field(default=math.nan)
    signed: float = field(default=math.nan)
    """When the last sign of life was given."""

    def run(self) -> int:
        """Watch until it is over, and return the exit code.

        Raises
        ------
        RunLensError
            At the first look: nobody is helped by waiting for a wrong name.
        """
        self.began = self.signed = self.clock()
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
        try:
            report = self.look()
        except NoRunFound as error:
            if self.looked == 0:
                raise
            self._turned(self.lives.all_missing(self.clock()), ())
            self._failed(error)
        except RunLensError as error:
            if self.looked == 0:
                raise
            self._failed(error)
        except Exception as error:
            if self.looked == 0 or self.debug:
                raise
            where = traceback.extract_tb(error.__traceback__)[-1]
            self._failed(f"{type(error).__name__}: {error} (a fault of RunLens, in {where.name})")
        else:
            self.report = report
            self._tell(report)
        self.looked += 1
        self._write()

    def _failed(self, error: object) -> None:
        self.say(f"this look failed, the watch goes on: {error}")

    def _tell(self, report: Report) -> None:
        turns = self.lives.look(report.runs, self.clock())
        if self.looked == 0:  # that runs are watched is said by the first line; how they stand already is news
            turns = [one for one in turns if not (one.was is None and one.now.value == "going")]
        news = []
        for run in report.runs:
            found = self.told.memory.news(run)
            news.append((run, found))
            for finding in found:
                self.print(line(report.created, run, finding))
            for trouble in self.told.memory.troubles(run):
                self.say(f"{run.run}: {trouble}")
        self._turned(turns, {(run.run, f.code) for run, found in news for f in found})
        self.told.send(report, news)

    def _turned(self, turns: Sequence[Turn], said: object) -> None:
        """Say whose life has changed, unless a finding of this look has said it already."""
        created = self.report.created if self.report is not None else ""
        codes = said if isinstance(said, set) else set()
        for one in turns:
            if {(one.run, code) for code in words.SAID_BY.get(one.now, ())} & codes:
                continue
            self.print(f"{created} {one.run} {words.SEVERITY[one.now]} {one.now.value}: {words.turn(one)}")

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
        for text in words.summary(why, self.looked, seconds, self.lives, self.told.count, code):
            self.say(text)
        if stopped is not None:
            raise stopped
        return code


def line(created: str, run: RunReport, finding: Finding) -> str:
    """A finding on one line, for those who cut it up again: no commas in steps."""
    where = ""
    if finding.steps:
        first, last = finding.steps
        where = f" step {first}" if first == last else f" steps {first}-{last}"
    return f"{created} {run.run} {finding.severity.value} {finding.code}{where}: {finding.message}"
