"""Timestamps of console lines: how loggers write them, as a table, and their numbers as unix seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from runlens.sources.units import TIMES

Floats = npt.NDArray[np.float64]

_CLOCK = r"(?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?"
_ZONE = r"(?: ?(?P<z>Z|UTC|[+-]\d\d:?\d\d)(?!\d))?"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?<!\d)(?P<Y>\d{{4}})[-/.](?P<m>\d\d)[-/.](?P<d>\d\d)[ T_,|-]{{1,3}}{_CLOCK}{_ZONE}",  # ISO 8601
        rf"(?<!\d)(?P<a>\d\d)[-/](?P<b>\d\d)[-/](?P<Y>\d{{4}})[ T,|-]{{1,3}}{_CLOCK}",  # nanotron, transformers
        rf"(?<!\d)(?P<y>\d\d)[-/](?P<m>\d\d)[-/](?P<d>\d\d)[ T,|-]{{1,3}}{_CLOCK}",  # Spark, MXNet
        rf"(?<![\d/-])(?P<m>\d\d)[-/](?P<d>\d\d)[ T|-]{{1,3}}{_CLOCK}",  # detectron2
        rf"(?<!\w)[IWEF](?P<m>\d\d)(?P<d>\d\d) {_CLOCK}",  # glog, absl
        rf"(?P<n>{'|'.join(_MONTHS)})[a-z]* +(?P<d>\d{{1,2}})[, ]+(?:(?P<Y>\d{{4}})[, ]+)?{_CLOCK}(?: (?P<Z>\d{{4}}))?",
        rf"^\W{{0,2}}{_CLOCK}(?![\d:<])",  # a clock without a date
    )
)
"""How loggers write the time, the first that a line holds counts; a date without a zone is taken for UTC."""
_LASTING = re.compile(r"(?: ?\d+ ?(?:s|m|h|d|min|sec)\b)+")
_GLUED = re.compile(r"(?:[dhm]\d+)+[hms]?(?![A-Za-z\d])")
"""What follows the first number of `2m13s` or `1h02m`: the digits there are read as a part of a word."""
_ANY = re.compile(r"\d\d:\d\d:\d\d")
_FARTHEST = 160
"""Characters in which a timestamp begins; a later one is part of a message."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where the parts of a timestamp stand in the lines of one shape."""

    span: tuple[int, int]
    """Of the whole timestamp in the line it was learned from."""
    at: dict[str, int]
    """Part (`Y`, `m`, `d`, `H`, …) to the number of the line that says it."""
    fixed: dict[str, int]
    """Parts that are no numbers of their own, such as the name of a month."""
    shift: float = 0.0
    """Seconds to take off for the zone that the line names."""

    @property
    def dated(self) -> str:
        """`date`, `day` (no year) or `clock` (no date): how much has to be filled in."""
        parts = self.at.keys() | self.fixed.keys()
        return "date" if parts & {"Y", "y", "Z"} else "day" if "d" in parts else "clock"


def lasting(line: str, end: int, unit: str) -> int:
    """Where a duration of several units ends, of which the first number was read (`1m 52s`, `2m13s`, `2d 21h 43m`); -1
    if it is none.

    Parameters
    ----------
    line : str
    end : int
        Where the text goes on behind that number and its unit.
    unit : str
        That unit, empty where none is known.
    """
    glued = _GLUED.match(line, end) if not unit else None
    if glued is not None:
        return glued.end()
    days = not unit and line[end : end + 1] == "d"
    found = _LASTING.match(line, end + days) if days or unit == "m" or unit in TIMES else None
    return found.end() if found is not None else -1


def find_stamp(line: str, numbers: dict[int, int]) -> Stamp | None:
    """The timestamp of a line, or None.

    Parameters
    ----------
    line : str
    numbers : dict of int to int
        Where each number of the line begins, and which number it is.
    """
    if _ANY.search(line, 0, _FARTHEST + 40) is None:
        return None
    for form in FORMS:
        found = form.search(line, 0, _FARTHEST + 40)
        if found is None or found.start() > _FARTHEST:
            continue
        at: dict[str, int] = {}
        fixed: dict[str, int] = {}
        for part, text in found.groupdict().items():
            if text is None or part == "z":
                continue
            begin = found.start(part)
            if begin in numbers:
                at[part] = numbers[begin]
            elif part == "n":
                fixed["m"] = _MONTHS.index(text) + 1
            elif part != "f" and text.isdigit():  # the fraction may be part of the seconds
                fixed[part] = int(text)
        return Stamp(found.span(), at, fixed, _shift(found.groupdict().get("z")))
    return None


def _shift(zone: str | None) -> float:
    if not zone or zone[0] not in "+-":
        return 0.0
    digits = zone[1:].replace(":", "")
    return (1 if zone[0] == "+" else -1) * (int(digits[:2]) * 3600.0 + int(digits[2:]) * 60.0)


def seconds(stamp: Stamp, value: Floats, width: npt.NDArray[np.int64]) -> Floats:
    """Unix seconds of the lines of one shape, as if of 1970 where no year is written.

    Parameters
    ----------
    stamp : Stamp
    value : ndarray of float64, shape (n, k)
        The numbers of each line.
    width : ndarray of int64, shape (n, k)
        How many characters each has, for fractions.
    """
    rows = len(value)

    def part(name: str, otherwise: float) -> Floats:
        if name in stamp.at:
            return value[:, stamp.at[name]]
        return np.full(rows, float(stamp.fixed.get(name, otherwise)))

    year = part("Y", np.nan)
    year = np.where(np.isfinite(year), year, part("Z", np.nan))
    year = np.where(np.isfinite(year), year, part("y", -30.0) + 2000.0)
    month, day = part("m", 1.0), part("d", 1.0)
    if "a" in stamp.at:  # month first, unless a line shows that it cannot be
        a, b = part("a", 1.0), part("b", 1.0)
        month, day = (b, a) if bool(np.any(a > 12)) else (a, b)
    usable = (year >= 1970) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(usable, (year - 1970) * 12 + month - 1, 0.0).astype(np.int64)
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    out = days * 86400.0 + part("H", 0.0) * 3600.0 + part("M", 0.0) * 60.0 + part("S", 0.0) - stamp.shift
    if "f" in stamp.at:
        out = out + value[:, stamp.at["f"]] / 10.0 ** width[:, stamp.at["f"]]
    return np.where(usable, out, np.nan)


def with_date(time: Floats, dated: str, written: float) -> Floats:
    """Times with the year or date that the lines do not say, so that the last one is not after the file was written.

    Parameters
    ----------
    time : ndarray of float64, shape (n,)
        In the order written, as `seconds` gives them; NaN where a line has no timestamp.
    dated : str
        As `Stamp.dated`.
    written : float
        When the file was last written, unix seconds.
    """
    if dated == "date":
        return time
    known = np.flatnonzero(np.isfinite(time))
    if not len(known):
        return time
    lap = 86400.0 if dated == "clock" else 365.0 * 86400.0
    falls = np.diff(time[known]) < -lap / 2  # midnight, or new year
    out = time.copy()
    out[known] += lap * np.concatenate([[0], np.cumsum(falls)])
    last = datetime.fromtimestamp(written, UTC)
    start = (
        datetime(last.year, last.month, last.day, tzinfo=UTC)
        if dated == "clock"
        else datetime(last.year, 1, 1, tzinfo=UTC)
    )
    base = start.timestamp() - lap * int(falls.sum())
    if float(out[known[-1]]) + base > written + 86400.0:
        base -= lap
    return np.asarray(out + base, dtype=np.float64)
