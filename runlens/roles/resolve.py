"""Which logged series plays which part: names, then data, then one canonical choice for each role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from runlens.model import Direction, PlacedSeries, RoleSeries, Run, Series
from runlens.roles.axes import PlacedByName, StepAxis, reference_of, step_axis
from runlens.roles.bits import in_nats
from runlens.roles.checks import checked
from runlens.roles.components import with_total_loss
from runlens.roles.derive import derived
from runlens.roles.directions import with_directions
from runlens.roles.doubled import each_once
from runlens.roles.measured import as_measured, claim_of
from runlens.roles.names.adversaries import adversaries
from runlens.roles.names.claim import Claim
from runlens.roles.names.evals import parse_eval
from runlens.roles.names.frameworks import recognise
from runlens.roles.names.metrics import FRACTIONS
from runlens.roles.names.reading import is_eval_dir, read_names
from runlens.roles.names.table import short
from runlens.roles.names.take_apart import take_apart
from runlens.roles.numbers import middle
from runlens.roles.override import apply_overrides
from runlens.roles.pick import score
from runlens.roles.rates import of_training, with_scopes, without_running_mean
from runlens.roles.rl import rl_sign
from runlens.roles.scores.preference import in_order
from runlens.roles.scores.rewards import reward_claims
from runlens.roles.scores.sides import with_sides
from runlens.roles.scores.splits import with_splits
from runlens.roles.smoothed import kind_of_mean
from runlens.roles.units import FACTORS, KEPT, corrected_by_clock, step_time_unit, steps_in_one_time, unit_of_values
from runlens.roles.vocabulary import ROLES

_NONE: Mapping[str, str] = MappingProxyType({})
_NO_DIRECTIONS: Mapping[str, Direction] = MappingProxyType({})
_IN_ORDER = ("eval_score", "train_score")
"""Roles whose series stand in the order of `scores.preference`."""
_REFERENCES = (
    "train_loss",
    "grad_norm",
    "learning_rate",
    "step_time",
    "tokens_per_second",
    "tokens",
    "eval_loss",
    "eval_score",
)
_HELD_OUT = ("eval_loss", "eval_score")
"""Roles that are of held-out data, whatever the name of the series that the user gives them; a perplexity may be of
either, all others are of training."""
_TWIN = re.compile(r" vs (samples|tokens|gigaflos)")
_KINDS = ("hbm", "bus", "activity", "free", "code", "soft", "lifetime", "counter", "per-parameter")
"""What a hardware series measures where its role has several quantities: it becomes `RoleSeries.metric_kind`."""
_CURVES = frozenset({"train_loss", "grad_norm", "tokens_per_second", "samples_per_second", "step_time"})
_DOWN = frozenset({"train_loss", "eval_loss", "perplexity", "step_time", "data_time", "checkpoint_time"})
_UP = frozenset({"reward", "tokens_per_second", "samples_per_second", "tflops", "mfu"})


def resolve(
    run: Run, overrides: Mapping[str, str] = _NONE, directions: Mapping[str, Direction] = _NO_DIRECTIONS
) -> Run:
    """Find out which series of a run play which roles.

    Parameters
    ----------
    run : Run
        As a reader made it: raw series under their logged names.
    overrides : mapping of str to str
        Role to logged name: the user's word, before anything else.
    directions : mapping of str to {'up', 'down'}
        Logged name of an eval to the way that is better, as the user or a requirement says it.

    Returns
    -------
    Run
        The same run with `roles`, `placed`, `framework` and `hardware_count` filled in. In each role the canonical
        series comes first, then devices, tasks and alternates. Every `RoleSeries` has the training step as its x axis
        and the role's canonical unit, or says which other unit it has. Series under `other` are understood to be of no
        use to a rule; those in no role at all were not understood.

    Raises
    ------
    ConfigError
        An override names a role or a series that does not exist.
    """
    run = each_once(run)
    series = run.series
    frameworks = recognise(series)
    folder = re.split(r"[\\/]", run.id.rstrip("/\\") or run.source.rstrip("/\\"))[-1]
    claims = _claims(run, frameworks, folder)
    claims = {**claims, **_override_claims(claims, overrides, series)}
    axis = _axis(run, claims)
    sign = rl_sign(series, run.axis_name)
    rewards = reward_claims(series, claims, sign)
    claims |= rewards
    groups = _grouped(claims, series, axis)
    if rewards:
        place = {name: i for i, name in enumerate(rewards)}
        groups["reward"].sort(key=lambda r: place[r.series.name])
    if sign and "train_loss" not in overrides:
        _set_aside_rl_loss(groups, sign)
    elif not sign:
        groups = with_total_loss(groups)
    groups = with_scopes(in_nats(with_sides(groups, series)))
    groups = apply_overrides(groups, overrides, series)
    groups = with_directions(as_measured(groups, run.measured), run, directions)
    for role in _IN_ORDER:
        if role in groups:
            groups[role] = in_order(groups[role], claims, tuple(series), run.configured.best_metric()[0])
    groups, count = derived(run, groups, _devices(groups))
    roles = {role: tuple(groups[role]) for role in ROLES if groups.get(role)}
    return replace(
        run,
        roles=MappingProxyType(roles),
        placed=PlacedByName(series, claims, axis),
        framework=short(frameworks[0]) if frameworks else run.configured.framework(),
        hardware_count=count,
    )


def _devices(groups: Mapping[str, list[RoleSeries]]) -> int:
    """Distinct GPUs that log hardware metrics; only those that the run's own process uses, where a monitor tells."""
    seen = [r for role, group in groups.items() if role.startswith("gpu_") for r in group if "gpu" in r.device]
    own = [r for r in seen if ".gpu.process." in r.series.name]
    return len({r.device for r in own or seen})


def _claims(run: Run, frameworks: tuple[str, ...], folder: str) -> dict[str, Claim]:
    out: dict[str, Claim] = {}
    said = read_names(tuple(run.series), frameworks, is_eval_dir(folder, run.series))
    for (name, series), claim in zip(run.series.items(), said, strict=True):
        if name in run.texts:
            continue
        if (measured := run.measured.get(name)) is not None:
            out[name] = claim_of(measured)
            continue
        if claim is not None and (claim := checked(claim, series)) is not None:
            out[name] = of_training(claim, name)
    return with_splits(out, run.series)


def _override_claims(
    claims: Mapping[str, Claim], overrides: Mapping[str, str], series: Mapping[str, Series]
) -> dict[str, Claim]:
    """Claims of the series that the user named: the role is given, unit and scope stay what the name says."""
    out = {}
    for role, name in overrides.items():
        if name in series and role in ROLES:
            old = claims.get(name)
            old = old if old is not None and old.role == role else Claim(role, device=old.device if old else "")
            out[name] = replace(
                old,
                split="eval" if role in _HELD_OUT else old.split if role == "perplexity" else "train",
                flags=old.flags - {"secondary"},
                confidence=1.0,
                why="named by the user",
                origin="user",
                by="",
            )
    return out


def _axis(run: Run, claims: Mapping[str, Claim]) -> StepAxis:
    """The training step, found with the best series of training as the reference."""
    for role in _REFERENCES:
        names = [n for n, c in claims.items() if c.role == role and c.axis not in ("tokens", "flops")]
        if names:
            if len(names) > 1:
                longest = max(len(run.series[n]) for n in names)
                names.sort(key=lambda n: -score(n, role, claims[n], run.series[n], longest))
            batch = run.configured.batch_samples()
            return step_axis(run, claims, reference_of(run, names), batch.value if batch else None)
    pair = adversaries(run.series)  # of two networks that train against each other the losses play no role
    return step_axis(run, claims, reference_of(run, pair), None) if pair else StepAxis(None)


def _grouped(claims: Mapping[str, Claim], series: Mapping[str, Series], axis: StepAxis) -> dict[str, list[RoleSeries]]:
    by_role: dict[str, list[str]] = {}
    for name, claim in claims.items():
        by_role.setdefault(claim.role, []).append(name)
    groups: dict[str, list[RoleSeries]] = {}
    for role, names in by_role.items():
        if role == "other":
            groups[role] = [
                RoleSeries(
                    "other",
                    axis.place(series[n], claims[n])[0],
                    "",
                    scope="per_rank" if (device := take_apart(n).device).startswith("rank") else "unknown",
                    device=device,
                    confidence=claims[n].confidence,
                    why=claims[n].why,
                    cumulative="running-mean" in claims[n].flags,
                    origin=claims[n].origin,
                    by=claims[n].by,
                )
                for n in names
            ]
            continue
        names = _without_twins(names, claims)
        if len(names) > 1 and role not in _IN_ORDER:
            longest = max(len(series[n]) for n in names)
            names.sort(key=lambda n: (-score(n, role, claims[n], series[n], longest), n))
        groups[role] = [_role_series(role, series[n], claims[n], axis) for n in names]
    return groups


def _without_twins(names: list[str], claims: Mapping[str, Claim]) -> list[str]:
    """Leave out series drawn over samples, tokens or FLOPs whose twin over steps is there: the same points again."""
    own = [n for n in names if claims[n].origin == "user" or not _TWIN.search(n)]
    return own or names


def _role_series(role: str, raw: Series, claim: Claim, axis: StepAxis) -> RoleSeries:
    series, placing = axis.place(raw, claim)
    series, unit, said = _in_unit(role, series, claim)
    if role == "step_time" and claim.axis == "micro-batches" and (per_step := axis.raw_per_step()) > 1.0:
        series, said = series.with_value(series.value * per_step), f"{per_step:g} micro-batches a step"
    if "running-mean" in claim.flags:
        series = without_running_mean(role, series)
    task = kind = setting = ""
    direction = "down" if role in _DOWN else "up" if role in _UP else None
    if role in ("eval_score", "eval_loss", "perplexity", "train_score"):
        parsed = parse_eval(claim.base or raw.name)
        task, kind, setting = parsed.task, parsed.metric_kind, parsed.setting
        direction = parsed.direction or direction
        if role in ("eval_score", "train_score"):
            series, unit = _as_fraction(series, kind, unit)
    else:
        kind = next((flag for flag in _KINDS if flag in claim.flags), "")
    smoothed = kind_of_mean(raw.name, claim) if role in _CURVES else ""
    mean = f"smoothed ({smoothed})" if smoothed else ""
    why = "; ".join(part for part in (claim.why, said, mean, placing.said) if part)
    confidence = claim.confidence - 0.1 * (placing.how == "wall-time" and claim.axis not in ("wall", "seconds"))
    return RoleSeries(
        role, series, unit, claim.scope, claim.split, task, kind, setting, claim.device, direction,  # type: ignore[arg-type]
        round(confidence, 3), why, cumulative="running-mean" in claim.flags, origin=claim.origin, by=claim.by,
        smoothed=smoothed,
    )  # fmt: skip


def _in_unit(role: str, series: PlacedSeries, claim: Claim) -> tuple[PlacedSeries, str, str]:
    """The series in the role's canonical unit; its unit; and what was done, for people."""
    unit = claim.unit
    said = ""
    if role == "step_time" and not unit and (steps := steps_in_one_time(series)) > 1.0:
        series, unit = series.with_value(series.value / steps), "s"
        said = f"of {steps:,.0f} steps by the wall time between its points"
    elif role == "step_time" and not unit:
        unit = step_time_unit(series)
        said = f"in {unit} by the wall time between its points" if unit else ""
    elif role == "step_time" and (by_clock := corrected_by_clock(unit, series)):
        said = f"in {by_clock} by the wall time between its points, against its name ({unit})"
        unit = by_clock
    elif not unit:
        unit = unit_of_values(role, series.value)
        if unit and role in ("mfu", "clip_fraction", "gpu_utilization", "tflops", "gpu_memory", "host_memory"):
            said = f"in {unit} by its size"
    if unit in KEPT.get(role, ()):
        if unit == "fraction":
            return series.with_value(series.value * 100.0), "%", "fraction as percent"
        return series, unit, said
    factor = FACTORS.get(role, {}).get(unit)
    if factor is None:
        return series, unit if role == "batch_size" else "1" if unit == "mse" else ROLES[role], said
    if factor != 1.0:
        return series.with_value(series.value * factor), ROLES[role], said or f"logged in {unit}"
    return series, ROLES[role], said


def _as_fraction(series: PlacedSeries, kind: str, unit: str) -> tuple[PlacedSeries, str]:
    """Shares as 0-1, whichever way they were logged."""
    finite = series.value[np.isfinite(series.value)]
    if kind not in FRACTIONS or len(finite) == 0:
        return series, "1"
    # an error rate may start above 1 (more errors than words), an accuracy may not
    top = middle(finite) if kind in ("wer", "cer") else float(finite.max())
    if unit == "%" or (1.5 < top <= 100.0 and float(finite.min()) >= 0.0):
        return series.with_value(series.value / 100.0), "1"
    return series, "1"


def _set_aside_rl_loss(groups: dict[str, list[RoleSeries]], sign: str) -> None:
    """In reinforcement learning a loss is near zero, negative and not monotone: no rule may judge it."""
    for loss in groups.pop("train_loss", []):
        why = f"{loss.why}; no training loss, because {sign} says that this is reinforcement learning"
        aside = RoleSeries(
            "other", loss.series, "", confidence=loss.confidence, why=why, origin=loss.origin, by=loss.by
        )
        groups.setdefault("other", []).append(aside)
