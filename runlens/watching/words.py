"""What a watch says of itself: at its start, from time to time, and at its end."""

from __future__ import annotations

from collections.abc import Sequence

from runlens.model import Report
from runlens.model.words import some
from runlens.notify.notice import Notice
from runlens.render.text import clock, duration, named, plural, steps
from runlens.watching.life import Life, Lives, Turn

MOST = 10
"""Runs that a summary names; the others are counted."""
SAID = {
    Life.GOING: "goes on again",
    Life.STALLED: "is stalled: nothing new arrives",
    Life.QUIET: "has logged nothing new for the idle time, and counts as ended",
    Life.FINISHED: "has finished",
    Life.CRASHED: "has crashed",
    Life.GONE: "is gone: its log is not there any more",
}
SEVERITY = {
    Life.GOING: "info",
    Life.STALLED: "warning",
    Life.QUIET: "info",
    Life.FINISHED: "info",
    Life.CRASHED: "error",
    Life.GONE: "error",
}


def turn(one: Turn) -> str:
    """A sentence on a run whose life has changed."""
    if one.was is None and one.now is Life.GOING:
        return "is watched from now on"
    where = f" at step {one.report.steps[1]:,}" if one.report is not None and one.report.steps else ""
    return f"{SAID[one.now]}{where}"


def line(notice: Notice) -> str:
    """A notice on one line, for those who cut it up again: no commas in steps."""
    where = ""
    if notice.steps and notice.code:
        first, last = notice.steps
        where = f" step {first}" if first == last else f" steps {first}-{last}"
    what = f"{notice.code}{where}" if notice.code else notice.kind
    if notice.kind in ("resolved", "retracted"):
        what = f"{notice.kind} {what}"
    return f"{notice.created} {notice.run or '-'} {notice.severity} {what}: {notice.text}"


def start(
    names: Sequence[str], report: Report, interval: float, *, until: float | None, idle: float, to: Sequence[str]
) -> str:
    """What is watched, how often, where it is told and when it ends."""
    what = f"{plural(len(report.runs), 'run')} of {some([named(n) for n in names])}"
    where = f"; told to {', '.join(to)}" if to else ""
    ends = f"at {clock(until)} UTC" if until is not None else "when every run has ended"
    quiet = f"; a run counts as ended after {duration(idle)} without news" if idle != float("inf") else ""
    return f"watching {what} every {duration(interval)}{where}; ends {ends}{quiet}, or at Ctrl-C"


def sign(looks: int, lives: Lives, report: Report | None, told: int) -> str:
    """That the watch is alive, and how its runs stand."""
    furthest = max((run.steps[1] for run in report.runs if run.steps), default=None) if report else None
    at = f", the furthest at step {furthest:,}" if furthest is not None else ""
    return f"still watching: {counts(lives)}{at}; {plural(looks, 'look')}, {plural(told, 'incident')} told"


def counts(lives: Lives) -> str:
    """How many runs stand how: `2 going, 1 crashed`."""
    found = [f"{n:,} {life.value}" for life in Life if (n := lives.count(life))]
    return ", ".join(found) or "no run"


def summary(why: str, looks: int, seconds: float, lives: Lives, told: int, code: int) -> list[str]:
    """Lines at the end: why and after how long it ended, and how each run stands."""
    lines = [
        f"stopped after {plural(looks, 'look')} in {duration(seconds)} ({why}): {counts(lives)}; "
        f"{plural(told, 'incident')} told; exit code {code}"
    ]
    order = sorted(lives.runs.items(), key=lambda item: -list(Life).index(item[1].life))
    for name, watched in order[:MOST]:
        report = watched.last
        if report is None:
            lines.append(f"  {named(name)}: could not be read")
            continue
        span = f", steps {steps(report.steps)}" if report.steps else ""
        codes = list(dict.fromkeys(f.code for f in report.findings if f.suppressed is None))
        found = f" ({', '.join(codes[:5])}{', …' if len(codes) > 5 else ''})" if codes else ""
        lines.append(f"  {named(name)}: {watched.life.value}{span}, {report.verdict}{found}")
    if len(order) > MOST:
        lines.append(f"  and {plural(len(order) - MOST, 'more run')}")
    return lines
