"""Restart or go on: which finishes earlier, by how many tokens and GPU hours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from runlens.comparison.words import amount, times
from runlens.model import Run


@dataclass(frozen=True, slots=True)
class Choice:
    """The arithmetic of a run that trails a healthy reference by a factor in tokens."""

    restart: bool
    """True if a restart reaches the run's own end quality before the run does."""
    certain: bool
    """True if the answer is the same at both ends of the lag's interval (or no interval is known)."""
    tokens_done: float
    total_tokens: float
    """Tokens that are planned."""
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
    interval: tuple[float, float] | None = None,
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
    interval : tuple of float, optional
        95 % interval of the lag.

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
    lag = max(lag, 1.0)
    ends_like = total_tokens / lag
    go_on, again = max(total_tokens - tokens_done, 0.0), ends_like
    saved = abs(go_on - again)
    hours = saved / tokens_per_second * gpus / 3600 if tokens_per_second and tokens_per_second > 0 and gpus else None
    answers = {tokens_done < total_tokens * (1 - 1 / max(end, 1.0)) for end in (lag, *(interval or ()))}
    return Choice(
        restart=again < go_on,
        certain=len(answers) == 1,
        tokens_done=tokens_done,
        total_tokens=total_tokens,
        tokens_saved=saved,
        gpu_hours_saved=hours,
        break_even=total_tokens * (1 - 1 / lag),
        ends_like=ends_like,
        full_quality_go_on=lag * total_tokens - tokens_done,
        full_quality_restart=total_tokens,
    )


def planned_tokens(run: Run) -> float | None:
    """Tokens that the run's config plans: told as such, else its planned steps at the tokens per step so far.

    None where the config tells neither, or the steps but the log no tokens.
    """
    told, steps, span = run.configured.planned_tokens(), run.configured.planned_steps(), run.step_range()
    if told or not steps or span is None:
        return told.value if told else None
    tokens = run.tokens_at(np.array(span, dtype=np.float64))
    made = float(tokens[1] - tokens[0])
    return steps.value * made / max(span[1] - span[0], 1) if made > 0 else None


def weigh(
    run: Run, lag: float, tokens_done: float, total_tokens: float, interval: tuple[float, float] | None = None
) -> Choice:
    """`restart_or_go_on` with the run's own throughput (median) and GPUs."""
    return restart_or_go_on(lag, tokens_done, total_tokens, speed_of(run), run.hardware_count, interval)


def speed_of(run: Run) -> float | None:
    """Tokens per second of the whole run, the median of what was logged; None where nothing was."""
    rate = run.role("tokens_per_second")
    if rate is None or not np.isfinite(rate.series.value).any():
        return None
    scale = max(run.hardware_count, 1) if rate.scope in ("per_gpu", "per_rank") else 1
    return float(np.nanmedian(rate.series.value)) * scale


def said(choice: Choice, interval: tuple[float, float] | None = None) -> str:
    """The choice in two sentences with numbers, for people; without a full stop at the end."""
    done, total = amount(choice.tokens_done), amount(choice.total_tokens)
    hours = f" and {choice.gpu_hours_saved:,.3g} GPU hours" if choice.gpu_hours_saved is not None else ""
    level = f"the scores that a healthy run has at {amount(choice.ends_like)}"
    saved = f"{amount(choice.tokens_saved)}{hours}"
    if choice.tokens_done >= choice.total_tokens:
        return (
            f"all of the {total} planned are done, and the run has {level}. For the scores of a healthy run at {total} "
            f"it needs {amount(choice.full_quality_go_on)} more, a restart {amount(choice.full_quality_restart)}"
        )
    if choice.restart:
        text = (
            f"{done} of {total} are done, fewer than the {amount(choice.break_even)} up to which a restart pays. Going "
            f"on, the run ends with {level}; a healthy restart is there {saved} earlier"
        )
    else:
        text = (
            f"{done} of {total} are done, more than the {amount(choice.break_even)} up to which a restart pays. Going "
            f"on, the run ends with {level}, {saved} earlier than a restart gets there"
        )
    if not choice.certain and interval is not None:
        text += (
            f". It is a close call: within the interval of the lag ({times(interval[0])} to {times(interval[1])}) the "
            "answer changes"
        )
    return text
