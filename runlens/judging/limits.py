"""What one run may cost: points, names, seconds and memory; beyond it the run is cut or given up, and that is said."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from runlens.errors import ReadError
from runlens.model import Note, Run
from runlens.sources.naming import printable

_GIGABYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading and judging one run may cost."""

    points: int = 500_000_000
    """Points of all series: ten million take 2.7 s and 0.5 GB to read."""
    names: int = 20_000
    """Series: to find out what a name means takes 0.1 ms; the shortest series beyond are left out."""
    seconds: float = 3600.0
    """Wall time, fetching included; 0 is no limit. Obeyed where a timer can interrupt: in the main thread on POSIX."""
    memory: float = 0.0
    """GB on top of what the process holds; 0 is no limit. Obeyed where the system limits a process (Linux)."""


UNTOUCHED = Limits()


class OverBudget(BaseException):
    """The time is up; no `Exception`, so that no reader and no rule takes it for one of its own."""


@contextlib.contextmanager
def budget(limits: Limits) -> Iterator[None]:
    """Give up what is inside when time or memory is used up.

    Raises
    ------
    OverBudget
        When the time is up.
    MemoryError
        When the memory is.
    """
    with _memory(limits.memory), _timer(limits.seconds):
        yield


@contextlib.contextmanager
def _timer(seconds: float) -> Iterator[None]:
    main = threading.current_thread() is threading.main_thread()
    if seconds <= 0 or not main or not hasattr(signal, "setitimer") or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def ring(*_: object) -> None:
        raise OverBudget

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _memory(gigabytes: float) -> Iterator[None]:
    if gigabytes <= 0:
        yield
        return
    try:
        import resource
        from pathlib import Path

        held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError):  # not Linux
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    wanted = held + int(gigabytes * _GIGABYTE)
    resource.setrlimit(resource.RLIMIT_AS, (wanted if before[1] < 0 else min(wanted, before[1]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def cut(raw: Run, limits: Limits) -> Run:
    """The run, as it was read, with its longest series, as many as may be; a note says what was left out.

    Raises
    ------
    ReadError
        It holds more points than may be.
    """
    if raw.points > limits.points:
        raise ReadError(
            f"{printable(raw.source)} holds {raw.points:,} points, more than the limit of {limits.points:,}; raise "
            "`points` under [limits] in runlens.toml, or name a part of it"
        )
    if len(raw.series) <= limits.names:
        return raw
    order = sorted(raw.series, key=lambda name: -len(raw.series[name]))
    kept = set(order[: limits.names])
    lost = order[limits.names :]
    said = (
        f"{len(lost):,} of {len(raw.series):,} series in {printable(raw.source)} were left out, the shortest ones such "
        f"as {printable(lost[0], 80)}: raise `names` under [limits] in runlens.toml to have more than {limits.names:,}"
    )
    series = {name: one for name, one in raw.series.items() if name in kept}
    return replace(raw, series=series, notes=(*raw.notes, Note("left-out", said, len(lost))))


def over_time(where: str, limits: Limits) -> str:
    """The sentence on a run that took too long."""
    return (
        f"{printable(where)} was given up after {limits.seconds:,.0f} s; raise `seconds` under [limits] in "
        "runlens.toml, or leave it out"
    )


def over_memory(where: str, limits: Limits) -> str:
    """The sentence on a run that needs too much memory."""
    held = f"the limit of {limits.memory:g} GB" if limits.memory else "there is (MemoryError)"
    return f"{printable(where)} needs more memory than {held}; judge it on a larger machine, or name a part of it"
