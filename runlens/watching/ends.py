"""When a watch ends, and with which exit code."""

from __future__ import annotations

import datetime
import re

from runlens.errors import ConfigError
from runlens.model import Report
from runlens.watching.life import Life, Lives

CRASHED, STALLED, GONE = 4, 5, 6
"""Exit codes of `watch` beside those of `check`: how the runs ended comes before what was found in them."""
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def exit_code(report: Report | None, lives: Lives) -> int:
    """4 if a run crashed, 6 if one is gone, 5 if one is stalled, in this order; else that of the last report.

    Parameters
    ----------
    report : Report or None
        The last one; None if no look could read anything, which is 3.
    lives : Lives
    """
    for life, code in ((Life.CRASHED, CRASHED), (Life.GONE, GONE), (Life.STALLED, STALLED)):
        if lives.count(life):
            return code
    return 3 if report is None else report.exit_code


def seconds_of(text: str, flag: str) -> float:
    """A length of time such as `90s`, `45m`, `12h`, `7d` or `2w`, in seconds.

    Raises
    ------
    ConfigError
        If it is none, or is not above 0.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip().lower())
    if found is None or float(found[1]) <= 0:
        raise ConfigError(f"{flag} takes a length of time such as 45m, 12h or 7d, and {text!r} is none")
    return float(found[1]) * _UNITS[found[2]]


def moment_of(text: str, flag: str, now: float) -> float:
    """A date and time (UTC unless it names a zone) or a length of time from now on, as seconds since the epoch.

    Raises
    ------
    ConfigError
        If it is neither, or lies in the past.
    """
    try:
        when = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        if re.fullmatch(r"[\d.]+\s*[a-zA-Z]", text.strip()) is None:
            raise ConfigError(
                f"{flag} takes a time such as 2026-12-24T18:00 (UTC) or a length of time such as 12h, and {text!r} is "
                "neither"
            ) from None
        return now + seconds_of(text, flag)
    moment = (when if when.tzinfo else when.replace(tzinfo=datetime.UTC)).timestamp()
    if moment <= now:
        raise ConfigError(f"{flag} {text} lies in the past")
    return moment
