"""Numbers of tokens, as people write them."""

from __future__ import annotations

from runlens.errors import ConfigError


def count_of_tokens(text: str | float) -> float:
    """A number of tokens, written as `3e12`, `3T`, `600B` or `14.5M`.

    Raises
    ------
    ConfigError
        If it is no such number.
    """
    raw = str(text).strip()
    factor = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(raw[-1:].upper(), 1.0)
    try:
        count = float(raw[:-1] if factor > 1 else raw) * factor
    except ValueError as error:
        raise ConfigError(f"{raw!r} is no number of tokens; write it as 3e12, 3T, 600B or 14.5M") from error
    if not 0 < count < float("inf"):
        raise ConfigError(f"{raw!r} is no number of tokens; it must be positive")
    return count
