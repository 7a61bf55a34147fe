"""Runs the cases of a target one by one and counts what became of them."""

from __future__ import annotations

import contextlib
import signal
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from runlens.errors import RunLensError

LONGEST = 2.0
"""CPU seconds that a small input may take: whoever waits longer thinks that the program hangs."""

Outcome = str
"""`read`: everything was read. `told`: something was not, and it was said. `refused`: in one sentence."""

Target = Callable[[Random, Path], Outcome | Counter[Outcome]]
"""Makes one input, reads it from an empty folder, and holds it against the judge. Raises `Lost` or `RunLensError`.

A target of many small inputs, such as the cells of a table, holds each of them against the judge and counts them.
"""


class Lost(AssertionError):
    """Something was lost or changed, and nothing said so."""


class Hangs(BaseException):
    """An input took too long; no `Exception`, so that nothing under test catches it."""


@dataclass(slots=True)
class Totals:
    """What became of the inputs of one target."""

    counts: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[int, str]] = field(default_factory=list)
    """Numbers of the cases that failed, with the traceback."""

    @property
    def inputs(self) -> int:
        """All of them."""
        return sum(self.counts.values())


def draw_of(name: str, case: int) -> Random:
    """The source of chance of one case: the same in every process."""
    return Random(f"{name} {case}")


def run_one(name: str, target: Target, case: int, folder: Path, totals: Totals) -> None:
    """One case, in a folder that is emptied behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _at_most(LONGEST):
            found = target(draw_of(name, case), folder)
        if isinstance(found, Counter):
            totals.counts.update(found)
            return
        kind = found
    except RunLensError as error:
        kind = "refused" if _is_one_sentence(str(error)) else "crash"
        if kind == "crash":
            totals.failed.append((case, f"no sentence: {error!r}"))
    except Hangs:
        kind = "hang"
        totals.failed.append((case, traceback.format_exc()))
    except Lost:
        kind = "lost"
        totals.failed.append((case, traceback.format_exc()))
    except Exception:  # noqa: BLE001 - that is what is looked for
        kind = "crash"
        totals.failed.append((case, traceback.format_exc()))
    finally:
        _emptied(folder)
    totals.counts[kind] += 1


def _is_one_sentence(text: str) -> bool:
    return bool(text.strip()) and "\n" not in text and text.isprintable() and len(text) < 2000


def _emptied(folder: Path) -> None:
    for at in sorted(folder.rglob("*"), key=lambda p: -len(p.parts)):
        if at.is_dir() and not at.is_symlink():
            at.rmdir()
        else:
            at.unlink()


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Break off after so many seconds of CPU time: a machine that is busy with other things hangs nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise Hangs

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)
