"""Runs from a table of troubles: each trouble as it was reported, and a twin that is healthy.

A record says what a tool logged (`base`), what went wrong with it (`fault`), and what looks alike and is innocent
(`twin`). Nothing of the reports is copied: facts and figures only, and where a report shows a picture the figures are
of its size. Everything is seeded by the record's name.
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.reports import changes, courses
from benchmarks.reports.shapes import Curve, Floats, curve

STEPS_OF = (courses, changes)
"""Where the words of the table are made into numbers."""
FOLDER = Path(__file__).parent / "records"
START = 1.79e9
"""The clock at the first row, seconds since 1970."""
BREAK = 900.0
"""Seconds from the last row before a resume to its first."""


@dataclass(frozen=True)
class Trouble:
    """A record of the table.

    Parameters
    ----------
    expect : tuple of str
        Codes (or their beginnings) one of which should be said; none where the reporter was told that all is well.
    also : tuple of str
        Codes (or their beginnings) that follow from the trouble, and are no mistake.
    least : str
        The severity from which it counts as said.
    onset : float
        Share of the rows before it.
    slow : bool
        Whether it comes on so slowly that it may be told from any place on.
    """

    name: str
    source: str
    says: str
    form: str
    rows: int
    every: int
    seconds: str
    base: dict[str, str]
    fault: dict[str, str] = field(default_factory=dict)
    twin: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    resume: tuple[float, int] | None = None
    first: int | None = None
    planned: int | None = None
    axis: str = "step"
    line: str = ""
    scale: bool = False
    expect: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    least: str = "warning"
    onset: float = 0.0
    slow: bool = False
    family: str = ""


@dataclass(frozen=True)
class Log:
    """The rows of one run.

    Parameters
    ----------
    step : ndarray of int64, shape (n,)
    clock : ndarray of float64, shape (n,)
        Seconds since 1970.
    series : dict
        Logged name to its curve.
    resumed : int or None
        The first row after a resume.
    """

    trouble: Trouble
    step: np.ndarray
    clock: Floats
    series: dict[str, Curve]
    resumed: int | None

    @property
    def last(self) -> int:
        """The step at which the run was to end."""
        return self.trouble.planned or int(self.step.max())


def troubles() -> Iterator[Trouble]:
    """All records, family by family."""
    for path in sorted(FOLDER.glob("*.toml")):
        for entry in tomllib.loads(path.read_text("utf-8"))["trouble"]:
            words = {name: tuple(entry.pop(name, "").split()) for name in ("expect", "also")}
            resume = entry.pop("resume", None)
            yield Trouble(**entry, **words, resume=tuple(resume) if resume else None, family=path.stem)


def made(trouble: Trouble, changes: dict[str, str]) -> Log:
    """A run of a record: its base with some changes.

    Parameters
    ----------
    trouble : Trouble
    changes : dict
        Series (`seconds` for the time of a step) to what is done to it: `trouble.fault`, `trouble.twin` or nothing.
    """
    n = trouble.rows
    place = np.arange(n)
    resumed = None
    if trouble.resume is not None:
        resumed = round(trouble.resume[0] * n)
        place = np.where(place >= resumed, place - trouble.resume[1], place)
    step = place * trouble.every + (trouble.every if trouble.first is None else trouble.first)
    t = place / place.max()
    ones = np.ones(n)

    def words(name: str, first: str) -> str:
        return "; ".join(part for part in (first, changes.get(name, "")) if part)

    def fresh(name: str) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(f"{trouble.name}/{name}".encode()))

    seconds = curve(words("seconds", trouble.seconds), Curve(t, step.astype(float), ones, fresh("seconds"))).y
    took = seconds * trouble.every
    if resumed is not None:
        took[resumed] += BREAK
    series = {
        name: curve(words(name, first), Curve(t, step.astype(float), seconds, fresh(name)))
        for name, first in trouble.base.items()
    }
    return Log(trouble, step, START + np.cumsum(took), series, resumed)
