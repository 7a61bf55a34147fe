"""Restart or go on: which finishes earlier, by how many tokens and GPU hours."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """The arithmetic of a run that trails a healthy reference by a factor in tokens."""

    restart: bool
    """True if a restart reaches the run's own end quality before the run does."""
    tokens_saved: float
    """Tokens by which the better choice is earlier at that quality; 0 or more."""
    gpu_hours_saved: float | None
    """The same in GPU hours; None where throughput or GPUs are not known."""
    break_even: float
    """Tokens done up to which a restart pays: total (1 - 1 / lag)."""
    ends_like: float
    """The healthy run's tokens at which it stands where this run will end: total / lag."""
    full_quality_go_on: float
    """Tokens still to train, going on, until the quality that a healthy run has at the end: lag x total - done."""
    full_quality_restart: float
    """The same after a restart: the total."""


def restart_or_go_on(
    lag: float,
    tokens_done: float,
    total_tokens: float,
    tokens_per_second: float | None = None,
    gpus: int = 0,
) -> Choice:
    """Weigh a restart against going on.

    Parameters
    ----------
    lag : float
        Tokens that this run needs over tokens that a healthy one needs for the same scores, as EVAL001 measures it
        (`lag_factor`). At 1 or below, going on always wins.
    tokens_done, total_tokens : float
        Tokens; the total that is planned.
    tokens_per_second : float, optional
        Of the whole run.
    gpus : int, optional
        0 if not known.

    Returns
    -------
    Choice

    Notes
    -----
    The run will end, at T tokens, where a healthy one stands at T / lag. A restart is there after T / lag more tokens,
    the run itself after T - D more: the restart is earlier if D < T (1 - 1 / lag). It assumes that the cause is
    found, that a restart is healthy, and that the lag stays what it is. For the quality that a healthy run has at the
    end the case is stronger still: T against lag T - D.

    Raises
    ------
    ValueError
        If a number is not positive and finite (`tokens_done` may be 0).
    """
    if not (lag > 0 and total_tokens > 0 and tokens_done >= 0) or not math.isfinite(lag + total_tokens + tokens_done):
        raise ValueError(f"lag {lag}, tokens done {tokens_done} and total {total_tokens} must be positive and finite")
    ends_like = total_tokens / max(lag, 1.0)
    go_on, again = max(total_tokens - tokens_done, 0.0), ends_like
    saved = abs(go_on - again)
    hours = saved / tokens_per_second * gpus / 3600 if tokens_per_second and tokens_per_second > 0 and gpus else None
    return Choice(
        restart=again < go_on and lag > 1,
        tokens_saved=saved,
        gpu_hours_saved=hours,
        break_even=total_tokens * (1 - 1 / max(lag, 1.0)),
        ends_like=ends_like,
        full_quality_go_on=max(lag, 1.0) * total_tokens - tokens_done,
        full_quality_restart=total_tokens,
    )
