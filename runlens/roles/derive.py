"""What was not logged and can be computed: step time, tokens, tokens per second."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from runlens.growing import all_finite, chosen, differences, least, mapped, some_finite
from runlens.model import Direction, PlacedSeries, RoleSeries, Run, Scope
from runlens.roles.names.adversaries import adversaries
from runlens.roles.numbers import middle
from runlens.roles.scores.sides import SIDES
from runlens.roles.world import world_size

Groups = Mapping[str, list[RoleSeries]]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_STEPS_PER_SECOND = re.compile(
    r"^(?!eval|val|test|train/batches_per|train/train_steps)(.*/)?(steps_per_sec(ond)?s?|(batch|epoch)_steps_per_second|ups|it/s"
    r"|iter(ation)?s_per_sec(ond)?|updates_per_sec(ond)?|device/BPS"
    r"|(?<!device/)batches_per_sec(ond)?|device/batches_per_second|[^/]*\((?:it|iters?|steps?|batch(es)?)/s(ec)?\))$"
)
"""Rates whose inverse is the time of a step. `device/batches_per_sec` is divided by the world size in Composer and
NeMo, `train/batches_per_sec` multiplied by it in Lightning: neither is here. OLMo's `device/batches_per_second` and
OLMo-core's `device/BPS` are whole-run rates in spite of their names."""

_CLOCKS = ("train_loss", "grad_norm", "learning_rate", "tokens")


def derived(run: Run, groups: Groups, devices: int) -> tuple[dict[str, list[RoleSeries]], int]:
    """Add derived roles, and say how many devices the run has.

    Parameters
    ----------
    run : Run
        As read; `config` may tell batch size, sequence length and world size.
    groups : mapping
        Role to series, the canonical one first.
    devices : int
        Distinct devices that log hardware metrics: a lower bound.

    Returns
    -------
    dict
        With `step_time`, `tokens` and `tokens_per_second` added where they could be computed; each such series is
        marked `derived` and `why` says from what.
    int
        Devices of the whole run, 0 if unknown.
    """
    out = {role: list(group) for role, group in groups.items()}
    count = world_size(run, out, devices)
    if _wanting(out, "step_time") and (found := _step_time(out)) is not None:
        out.setdefault("step_time", []).insert(0, found)
    if _wanting(out, "tokens") and (found := _tokens(run, out, count)) is not None:
        out.setdefault("tokens", []).insert(0, found)
    if _wanting(out, "tokens_per_second") and (found := _tokens_per_second(run, out, count)) is not None:
        out.setdefault("tokens_per_second", []).insert(0, found)
    return out, count


def time_per_step(series: PlacedSeries) -> PlacedSeries | None:
    """Seconds for each step by the wall times of consecutive points of one attempt.

    Parameters
    ----------
    series : PlacedSeries
        On the training step, with wall times.

    Returns
    -------
    PlacedSeries or None
        One value a point but the first of each attempt. A wall time says when a value was written, and some
        writers write several steps at once: where more than a tenth of the gaps is below a tenth of the usual, the
        gaps are taken over blocks of 10, 20, 50 or 100 points. None with fewer than three points or without wall times.
    """
    if not some_finite(series.time):
        return None
    parts = [_over_blocks(p, p.time, _as_float(p.step)) for p in series.attempts()]
    return _joined(series.name, [p for p in parts if p is not None])


def tokens_per_time(series: PlacedSeries) -> PlacedSeries | None:
    """Tokens per second by a cumulative count over wall time, with the blocks of `time_per_step`."""
    parts = [_over_blocks(p, p.time, p.value) for p in series.attempts()]
    found = _joined(series.name, [p for p in parts if p is not None])
    return None if found is None else found.with_value(mapped("reciprocal", (found.value,), np.reciprocal))


def _over_blocks(part: PlacedSeries, time: Floats, amount: Floats) -> PlacedSeries | None:
    """Time for each unit of amount between points, over blocks long enough that writing in bursts does not show."""
    if not (all_finite(time) and all_finite(amount)):
        known = np.isfinite(time) & np.isfinite(amount)
        part, time, amount = part.where(known), time[known], amount[known]
    for block in (1, 10, 20, 50, 100):
        at, counted = time[::block], amount[::block]
        if len(at) < 3:
            return None
        end = part.take(slice(None, None, block)).take(slice(1, None))
        some = chosen("advance", (differences(counted), differences(at), end.step, end.time), advances)
        if len(some[0]) < 2:
            continue
        if block > 1 or not _in_bursts(at, counted):
            done, gone, step, when = some
            return PlacedSeries(part.name, step, when, mapped("for each", (gone, done), np.divide))
    return None


def _in_bursts(time: Floats, amount: Floats) -> bool:
    """Whether more than a tenth of the gaps is below a tenth of the usual gap: points were written several at once."""
    lag = 10 if len(time) >= 30 else len(time) - 1
    steady = _each(_over(time, lag), _over(amount, lag))
    if len(steady) == 0:
        return False
    single, bar = _each(differences(time), differences(amount)), 0.1 * middle(steady)
    if len(single) and float(least(single)) >= bar:  # asked first: the bar moves as the log grows
        return False
    return float(np.mean(single < bar)) > 0.1


def _over(column: Floats, lag: int) -> Floats:
    """Changes over so many points."""
    return mapped(("over", lag), (column,), lambda c: c[lag:] - c[:-lag], back=lag, short=lag)


def _as_float(step: Ints) -> Floats:
    return mapped("as float", (step,), lambda steps: steps.astype(np.float64))


def advances(done: Floats, gone: Floats, step: Ints, time: Floats) -> npt.NDArray[np.bool_]:
    """Whether something was done in a time that passed; of step and time one goes with each."""
    return np.asarray((done > 0) & (gone > 0))


def _each(gone: Floats, done: Floats) -> Floats:
    """Time for each unit, where any was done."""
    done, gone = chosen("done", (done, gone), lambda done, gone: done > 0)
    return mapped("for each", (gone, done), np.divide)


def _joined(name: str, parts: list[PlacedSeries]) -> PlacedSeries | None:
    if not parts:
        return None
    if len(parts) == 1:
        return PlacedSeries(name, parts[0].step, parts[0].time, parts[0].value)
    columns = ([getattr(p, c) for p in parts] for c in ("step", "time", "value"))
    return PlacedSeries(name, *(np.concatenate(c) for c in columns))


def tokens_per_step(run: Run, groups: Groups, count: int) -> tuple[float, str]:
    """Tokens of one training step and what says so; NaN and an empty text if nothing does, or if it changes."""
    tokens = _usable(groups, "tokens")
    if tokens is not None and not tokens.derived:
        known = tokens.series.latest()
        rates = _each(differences(known.value), differences(known.step))
        if len(rates) and float(np.ptp(np.quantile(rates, [0.05, 0.95]))) <= 0.01 * abs(middle(rates)):
            return middle(rates), tokens.series.name
    for batch in groups.get("batch_size", []):
        value = batch.series.value[np.isfinite(batch.series.value)]
        if (
            batch.unit == "tokens"
            and batch.scope == "global"
            and len(value)
            and float(np.ptp(value)) <= 0.01 * middle(value)
        ):
            return middle(value), batch.series.name
    if told := run.configured.batch_tokens():
        return told.value, f"config {told.key}"
    rate, step_time = _usable(groups, "tokens_per_second"), _usable(groups, "step_time")
    if rate is not None and step_time is not None and not step_time.derived and (rate.scope == "global" or count > 0):
        x, a, b = np.intersect1d(rate.series.step, step_time.series.step, return_indices=True)
        product = rate.series.value[a] * step_time.series.value[b] * (count if rate.scope == "per_gpu" else 1)
        product = product[np.isfinite(product)]
        if len(x) >= 5 and len(product) and float(np.ptp(np.quantile(product, [0.1, 0.9]))) <= 0.02 * middle(product):
            return middle(product), f"{rate.series.name} x {step_time.series.name}"
    return float("nan"), ""


def _step_time(groups: Groups) -> RoleSeries | None:
    for rate in groups.get("other", []):
        if _STEPS_PER_SECOND.search(rate.series.name) and len(rate.series) >= 3:
            value = np.divide(
                1.0, rate.series.value, out=np.full(len(rate.series), np.nan), where=rate.series.value > 0
            )
            return _made("step_time", rate.series.with_value(value), "s", f"1 / {rate.series.name}", 0.8, "global")
    clock = _clock(groups) or _of_a_mean(groups)
    found = time_per_step(clock) if clock is not None else None
    if clock is None or found is None:
        return None
    return _made("step_time", found, "s", f"wall time between the points of {clock.name}", 0.6, "global")


def _of_a_mean(groups: Groups) -> PlacedSeries | None:
    """A mean since the start that tells no rate of its own: when its points were written does."""
    return next((r.series for r in groups.get("other", []) if r.cumulative), None)


def _tokens(run: Run, groups: Groups, count: int) -> RoleSeries | None:
    for loss in groups.get("train_loss", []):
        twin = next((s for n, s in run.series.items() if n == f"{loss.series.name} vs tokens"), None)
        if twin is not None and len(twin) == len(loss.series):
            value = twin.step.astype(np.float64)
            return _made("tokens", loss.series.with_value(value), "tokens", f"x axis of {twin.name}", 0.9, "global")
    clock = _clock(groups)
    per_step, what = tokens_per_step(run, groups, count)
    if clock is None or not np.isfinite(per_step):
        return None
    return _made(
        "tokens",
        clock.with_value(_as_float(clock.step) * per_step),
        "tokens",
        f"step x {per_step:g} tokens ({what})",
        0.6,
        "global",
    )


def _tokens_per_second(run: Run, groups: Groups, count: int) -> RoleSeries | None:
    step_time, tokens = _usable(groups, "step_time"), _usable(groups, "tokens")
    per_step, what = tokens_per_step(run, groups, count)
    if step_time is not None and not step_time.derived and np.isfinite(per_step):
        value = step_time.series.value
        rate = np.divide(per_step, value, out=np.full(len(value), np.nan), where=value > 0)
        why = f"{per_step:,.12g} tokens a step ({what}) / {step_time.series.name}"
        return _made("tokens_per_second", step_time.series.with_value(rate), "tokens/s", why, 0.7, "global")
    if tokens is not None and not tokens.derived and (found := tokens_per_time(tokens.series)) is not None:
        return _made("tokens_per_second", found, "tokens/s", f"{tokens.series.name} over wall time", 0.6, "global")
    length = run.configured.sequence_length()
    samples = _usable(groups, "samples_per_second")
    if length and samples is not None and samples.split == "train":
        why = f"{samples.series.name} x config {length.key}"
        series = samples.series.with_value(samples.series.value * length.value)
        return _made("tokens_per_second", series, "tokens/s", why, 0.6, samples.scope)
    if step_time is not None and np.isfinite(per_step):
        value = per_step / np.where(step_time.series.value > 0, step_time.series.value, np.nan)
        why = f"{per_step:,.12g} tokens a step ({what}) / {step_time.why}"
        return _made("tokens_per_second", step_time.series.with_value(value), "tokens/s", why, 0.5, "global")
    return None


def _made(role: str, series: PlacedSeries, unit: str, why: str, confidence: float, scope: Scope) -> RoleSeries:
    direction: Direction | None = "down" if role == "step_time" else "up" if role == "tokens_per_second" else None
    named = PlacedSeries(f"{role} (derived)", series.step, series.time, series.value)
    return RoleSeries(
        role,
        named,
        unit,
        scope,
        direction=direction,
        confidence=confidence,
        why=f"derived: {why}",
        derived=True,
        origin="derived",
    )


def _usable(groups: Groups, role: str) -> RoleSeries | None:
    """The canonical series of a role if it is of training as a whole and has points enough, else None."""
    for r in groups.get(role, [])[:1]:
        if len(r.series) >= 2 and r.split == "train":
            return r
    return None


def _wanting(groups: Groups, role: str) -> bool:
    """Whether a role is to be computed: nothing logged stands for training as a whole, and the user named nothing."""
    named = any(r.origin == "user" for r in groups.get(role, [])[:1])
    return not named and _usable(groups, role) is None


def _clock(groups: Groups) -> PlacedSeries | None:
    """The training series with the most points: its wall times are the run's clock.

    Where two networks train against each other and nothing else is logged, the loss of one of them.
    """
    found = [groups[role][0].series for role in _CLOCKS if groups.get(role)]
    if not found:
        series = {r.series.name: r.series for role in ("other", *SIDES) for r in groups.get(role, ())}
        found = [series[name] for name in adversaries(series)[:1]]
    return max(found, key=len, default=None)
