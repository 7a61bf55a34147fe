"""`runlens config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from runlens.cli import options as o


def config(
    run: Annotated[
        str | None, typer.Option("--run", help="Id of a run, to see its overrides applied.", show_default=False)
    ] = None,
    path: o.ConfigPath = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of runlens.toml, for editors.")
    ] = False,
    format: Annotated[str, typer.Option("--format", "-f", help="terminal or json.")] = "terminal",
    debug: o.Debug = False,
) -> None:
    """Show every setting, its value and where it comes from."""
    from runlens.cli.output import echo
    from runlens.config import in_force, load, settings_for
    from runlens.errors import ConfigError

    if schema:
        from runlens.config.schema import ConfigFile

        echo(json.dumps(ConfigFile.model_json_schema(), indent=2))
        return
    if format not in ("terminal", "json"):
        raise ConfigError(f"--format {format!r} must be terminal or json")
    found = load(path)
    force = in_force(found, {}, run)
    rules = settings_for(run or "", found, {}).rules
    rows = []
    for key, value in force.values.items():
        if key in ("metrics", "rules"):
            continue
        rows.append((key, value, force.origin.get(key, "default")))
    rows += [
        (f"metrics.{role}", name, force.origin[f"metrics.{role}"]) for role, name in force.values["metrics"].items()
    ]
    for rule in rules:
        given = force.values["rules"].get(rule.code, {})
        if "severity" in given:
            rows.append((f"rules.{rule.code}.severity", given["severity"], force.origin[f"rules.{rule.code}.severity"]))
        for name in rule.__dataclass_fields__:
            if name in ("references", "requirements"):
                continue
            key = f"rules.{rule.code}.{name}"
            rows.append((key, getattr(rule, name), force.origin.get(key, "default")))
    if format == "json":
        table = {key: {"value": value, "origin": origin} for key, value, origin in rows}
        echo(json.dumps({"file": str(found.path) if found.path else None, "settings": table}, indent=2, default=str))
        return
    wide = max(len(key) for key, _, _ in rows)
    lines = [f"configuration file: {found.path or 'none found here or above'}", ""]
    lines += [f"{key:{wide}}  {_toml(value):28}  {origin}" for key, value, origin in rows]
    echo("\n".join(lines))


def _toml(value: object) -> str:
    return "not set" if value is None else json.dumps(value, default=str)
