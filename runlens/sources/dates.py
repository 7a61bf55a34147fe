"""Dates as loggers write them."""

from __future__ import annotations

from datetime import UTC, datetime


def unix_time(date: object) -> float | None:
    """An ISO 8601 date in s since the epoch, None where it is none; without a zone it is taken for UTC."""
    try:
        found = datetime.fromisoformat(date if isinstance(date, str) else "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
