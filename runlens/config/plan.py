"""From the layers of settings (defaults, file, per-run overrides, flags) to what each run is judged by."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runlens.check import Settings
from runlens.config.load import Config
from runlens.config.rule_settings import INJECTED, check_settings
from runlens.errors import ConfigError
from runlens.model import Reference, RunRef, Severity
from runlens.roles.vocabulary import ROLES
from runlens.rules.select import select

DEFAULTS: Mapping[str, Any] = {
    "select": None,
    "ignore": [],
    "fail_on": "error",
    "references": [],
    "requirements": [],
    "tokens_per_step": None,
    "total_tokens": None,
    "metrics": {},
    "rules": {},
    "baseline": None,
    "jobs": 1,
}


@dataclasses.dataclass(frozen=True, slots=True)
class InForce:
    """The settings in force for one run, and where each comes from."""

    values: Mapping[str, Any]
    origin: Mapping[str, str]
    """Dotted key to `default`, the file's path, the file's path with the pattern, or `command line`."""


def in_force(config: Config, flags: Mapping[str, Any], run_id: str | None = None) -> InForce:
    """Lay the settings over each other: defaults, file, overrides that match the run, command line.

    Tables (`metrics`, `rules`) are merged key by key; everything else is replaced whole. Flags that are None or
    empty do not count as given.
    """
    file = str(config.path)
    layers: list[tuple[str, Mapping[str, Any]]] = [("default", DEFAULTS), (file, config.values)]
    if run_id is not None:
        layers += [
            (f"{file} [[runs]] match = {override['match']!r}", override)
            for override in config.runs
            if fnmatch.fnmatchcase(run_id, str(override["match"]))
        ]
    layers.append(("command line", {k: v for k, v in flags.items() if v not in (None, [], (), {})}))
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, layer in layers:
        for key, value in layer.items():
            if key == "match":
                continue
            if key == "metrics":
                values[key] = {**values.get(key, {}), **value}
                origin.update({f"metrics.{role}": name for role in value})
            elif key == "rules":
                merged = dict(values.get(key, {}))
                for code, settings in value.items():
                    merged[code] = {**merged.get(code, {}), **settings}
                    origin.update({f"rules.{code}.{setting}": name for setting in settings})
                values[key] = merged
            else:
                values[key] = value
                origin[key] = name
    return InForce(values, origin)


def settings_for(
    ref: RunRef | str, config: Config, flags: Mapping[str, Any], *, chart_points: int = 400, debug: bool = False
) -> Settings:
    """What one run is judged by.

    Parameters
    ----------
    ref : RunRef or str
        The run, or its id.
    config : Config
    flags : mapping
        What was given on the command line, by the names of the settings.

    Raises
    ------
    ConfigError
        For unknown codes, settings, references or requirements.
    """
    run_id = ref if isinstance(ref, str) else ref.id
    values = in_force(config, flags, run_id).values
    for role in values["metrics"]:
        if role not in ROLES:
            near = difflib.get_close_matches(role, ROLES, 1)
            hint = f"did you mean {near[0]}?" if near else f"the roles are {', '.join(ROLES)}."
            raise ConfigError(f"there is no role {role!r}; {hint}")
    given: dict[str, Any] = {
        "references": _references(tuple(values["references"]), str(config.folder)),
        "requirements": tuple(values["requirements"]),
        "tokens_per_step": values["tokens_per_step"],
        "total_tokens": count_of_tokens(values["total_tokens"]) if values["total_tokens"] else None,
    }
    rules = []
    for rule in select(values["select"], values["ignore"]):
        fields = {f.name for f in dataclasses.fields(rule)}
        injected = {k: given[k] for k in INJECTED if k in fields and given[k]}
        own = values["rules"].get(rule.code)
        settings = check_settings(rule.code, own, str(config.path or "the command line")) if own else {}
        rules.append(rule(**{**injected, **settings}))
    severities = {code: Severity(s["severity"]) for code, s in values["rules"].items() if "severity" in s}
    return Settings(
        rules=tuple(rules),
        metrics=values["metrics"],
        fail_on=Severity(values["fail_on"]),
        severities=severities,
        total_tokens=given["total_tokens"],
        chart_points=chart_points,
        debug=debug,
    )


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


@functools.lru_cache(maxsize=32)
def _references(specs: tuple[str, ...], folder: str) -> tuple[Reference, ...]:
    if not specs:
        return ()
    from runlens.references import load

    return tuple(load(str(Path(folder, spec)) if Path(folder, spec).exists() else spec) for spec in specs)
