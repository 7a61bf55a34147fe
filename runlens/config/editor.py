"""The JSON Schema of `runlens.toml` for editors: every setting of every rule, with its type, default and words."""

from __future__ import annotations

from typing import Any

from runlens.config.rule_settings import settings_of, types_of
from runlens.config.schema import ConfigFile
from runlens.model import Severity
from runlens.roles.vocabulary import ROLES
from runlens.rules import RULES
from runlens.rules.base import AnyRule
from runlens.rules.page import page


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12). What it accepts, `config.parse` accepts but for codes that are no rule's."""
    schema = ConfigFile.model_json_schema()
    tables = [schema, schema["$defs"]["RunOverride"]]
    for table in tables:
        table["properties"]["metrics"] |= {"propertyNames": {"enum": list(ROLES)}}
        table["properties"]["rules"] = {
            "type": "object",
            "description": table["properties"]["rules"]["description"],
            "properties": {rule.code: {"$ref": f"#/$defs/{rule.code}"} for rule in RULES},
            "additionalProperties": False,
        }
    schema["$defs"] |= {rule.code: _rule(rule) for rule in RULES}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "RunLens"}


def _rule(rule: type[AnyRule]) -> dict[str, Any]:
    fields = settings_of(rule)
    properties: dict[str, Any] = {
        "severity": {
            "enum": [str(s) for s in Severity],
            "description": "Severity of its findings, in place of its own.",
        }
    }
    for name, kind in types_of(rule).items():
        default = fields[name].default
        properties[name] = {**kind.json_schema(), "default": list(default) if isinstance(default, tuple) else default}
    return {
        "type": "object",
        "title": f"{rule.code} {rule.name}",
        "description": page(rule).summary,
        "properties": properties,
        "additionalProperties": False,
    }
