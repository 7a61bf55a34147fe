"""Pictures of what is told: the part of the timeline that an incident is in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from runlens.model import Report, RunReport
from runlens.notify.notice import Notice
from runlens.watching.life import Lives

A_MESSAGE, AN_HOUR = 3, 20
"""Pictures at most: who is told of fifty runs at once wants words, and each takes a second to draw."""
_DRAWN = ("found", "worse", "changed")


@dataclass(slots=True)
class Pictures:
    """Draws what a channel may show beside a message."""

    lives: Lives
    clock: Callable[[], float]
    say: Callable[[str], None]
    drawn: deque[float] = field(default_factory=deque)
    """When the last were drawn."""
    said: str = ""
    """Why the last could not be shown, so that it is said once."""

    def of(self, notices: Sequence[Notice]) -> Iterator[tuple[str, bytes]]:
        """Title and PNG of the incidents in a message, the worst first; one that cannot be drawn is said and left out.

        They show the runs as they are now: a message that waited for a day shows what came after, too.
        """
        done: set[tuple[str, int | None]] = set()
        for notice in sorted(notices, key=lambda one: ("error", "warning", "info").index(one.severity)):
            watched = self.lives.runs.get(notice.run)
            run = watched.last if watched is not None else None
            if notice.kind not in _DRAWN or not notice.code or run is None or not run.charts:
                continue
            number = _incident(run, notice)
            if (run.run, number) in done or not self._may(len(done)):
                continue
            done.add((run.run, number))
            try:
                png = _png(run, number)
            except Exception as error:  # noqa: BLE001 - what cannot be drawn takes nothing from what is told in words
                self.failed(f"{run.run} could not be drawn ({type(error).__name__})")
                continue
            self.drawn.append(self.clock())
            yield f"{notice.name or notice.run}: {notice.code}", png

    def failed(self, why: str) -> None:
        """Say why there is no picture, once until another reason comes."""
        if why != self.said:
            self.say(f"no picture: {why}; it is told in words")
            self.said = why

    def _may(self, here: int) -> bool:
        while self.drawn and self.clock() - self.drawn[0] >= 3600.0:
            self.drawn.popleft()
        return here < A_MESSAGE and len(self.drawn) < AN_HOUR


def _incident(run: RunReport, notice: Notice) -> int | None:
    """The number of the incident that a notice tells of; None draws the whole run."""
    found = (f for f in run.findings if (f.code, f.metric, f.steps) == (notice.code, notice.metric, notice.steps))
    number = next((f.incident for f in found), None)
    return number if any(one.number == number for one in run.incidents) else None


def _png(run: RunReport, number: int | None) -> bytes:
    from runlens.render import png

    return png.render(Report("", "", run.verdict, 0, (run,)), incident=number)
