"""`runlens config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from runlens.cli.shared import options as o


def config(
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="ID", help="Id of a run, to see its overrides applied.", show_default=False),
    ] = None,
    path: o.ConfigPath = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of runlens.toml, for editors.")
    ] = False,
    format: o.PageOrJson = "terminal",
    debug: o.Debug = False,
) -> None:
    """Show every setting, its value and where it comes from."""
    from runlens.cli.shared.output import echo
    from runlens.config import in_force, load
    from runlens.config.rule_settings import settings_of
    from runlens.rules.select import select

    if schema:
        from runlens.config.editor import json_schema

        echo(json.dumps(json_schema(), indent=2))
        return
    found = load(path)
    force = in_force(found, {}, run)
    rows = [(key, value) for key, value in force.values.items() if key not in ("metrics", "evals", "limits", "rules")]
    rows += [(f"metrics.{role}", name) for role, name in force.values["metrics"].items()]
    rows += [(f"limits.{name}", value) for name, value in force.values["limits"].items()]
    rows += [
        (f"evals.{name}.{setting}", value)
        for name, said in force.values["evals"].items()
        for setting, value in said.items()
    ]
    for rule in select(force.values["select"], force.values["ignore"]):
        own = force.values["rules"].get(rule.code, {})
        defaults = {name: field.default for name, field in settings_of(rule).items()}
        rows += [(f"rules.{rule.code}.{name}", value) for name, value in {**defaults, **own}.items()]
    table = [(key, value, force.origin.get(key, "default")) for key, value in rows]
    if format == "json":
        settings = {key: {"value": value, "origin": origin} for key, value, origin in table}
        echo(json.dumps({"file": str(found.path) if found.path else None, "settings": settings}, indent=2))
        return
    wide = max(len(key) for key, _ in rows)
    lines = [f"configuration file: {found.path or 'none found here or above'}"]
    if run is None and found.runs:
        lines.append(f"it has settings for some runs ([[runs]], {len(found.runs)}): --run ID shows them applied")
    lines.append("")
    lines += [f"{key:{wide}}  {_toml(value):28}  {origin}" for key, value, origin in table]
    echo("\n".join(lines))


def _toml(value: object) -> str:
    return "not set" if value is None else json.dumps(value)
