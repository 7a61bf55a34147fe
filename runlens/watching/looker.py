"""One look after the other at the same runs, whatever happens to logs and settings in between."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runlens.errors import ConfigError, NoRunFound
from runlens.judging.library import report_of
from runlens.judging.request import Plan, Request, planned
from runlens.model import Report, Run, RunRef
from runlens.watching.life import Lives
from runlens.watching.unchanged import Unchanged

if TYPE_CHECKING:
    from runlens.sources.carried.text import CarriedLog


@dataclass(slots=True)
class Looker:
    """Makes the report of a request again and again."""

    request: Request
    lives: Lives
    clock: Callable[[], float]
    """Seconds since the epoch."""
    say: Callable[[str], None]
    """Takes a sentence for standard error."""
    unchanged: Unchanged = field(init=False)
    plan: Plan | None = None
    """Of the last settings that could be read."""
    logs: dict[Path, CarriedLog] = field(default_factory=dict)
    """What was read of console logs."""
    broken: str = ""
    """What was said last of settings that cannot be read, so that it is said once."""

    def __post_init__(self) -> None:
        self.unchanged = Unchanged(self.lives, self.clock)

    def __call__(self) -> Report:
        """Look once.

        Settings that cannot be read any more, such as a file that is saved just now, leave those of the look before in
        force.

        Raises
        ------
        ConfigError
            At the first look.
        NoRunFound
            None of the runs named is there.
        ReadError
            They cannot be looked at.
        """
        from runlens.sources.carried.text import keeping

        with keeping(self.logs):
            return self._look()

    def _look(self) -> Report:
        read = self._read(self.request.read)
        request = replace(self.request, read=read, jobs=1, judge=self.unchanged.judge)
        try:
            self.plan = planned(request)
            self.broken = ""
        except NoRunFound:
            raise
        except ConfigError as error:
            if self.plan is None:
                raise
            if str(error) != self.broken:
                self.say(f"{error}; the settings of the look before stay in force")
                self.broken = str(error)
            self.plan = replace(self.plan, request=request, now=datetime.datetime.now(datetime.UTC))
        return report_of(request, self.plan)

    def _read(self, read: Callable[[RunRef], Run] | None) -> Callable[[RunRef], Run]:
        """Read as asked, and give each run the age that it has by the clock of its own log."""
        from runlens import sources

        return lambda ref: self.lives.as_read(self.unchanged.read(ref, read or sources.read), self.clock())
