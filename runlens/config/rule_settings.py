"""The settings of one rule: the fields of its dataclass, checked by their types."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import get_type_hints

from runlens.errors import ConfigError
from runlens.model import Severity
from runlens.rules import RULES

INJECTED = ("references", "requirements", "tokens_per_step", "total_tokens")
"""Fields that the top-level settings of the same name fill in, so that they are given once for all rules."""


def check_settings(code: str, settings: Mapping[str, object], where: str) -> dict[str, object]:
    """The settings of a rule, with values changed to the types of its fields.

    `severity` is allowed for every rule and is left out of the result.

    Raises
    ------
    ConfigError
        For an unknown setting (the nearest is named) or a value of the wrong type.
    """
    from pydantic import TypeAdapter, ValidationError

    rule = next(r for r in RULES if r.code == code)
    hints = get_type_hints(rule)
    fields = [f.name for f in dataclasses.fields(rule) if f.name not in INJECTED]
    checked: dict[str, object] = {}
    for key, value in settings.items():
        if key == "severity":
            if value not in list(Severity):
                raise ConfigError(f"{where}: rules.{code}.severity is {value!r}; it must be info, warning or error")
            continue
        if key not in fields:
            near = difflib.get_close_matches(key, [*fields, "severity"], 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join([*fields, 'severity'])}."
            raise ConfigError(f"{where}: rule {code} has no setting {key!r}; {hint}")
        try:
            checked[key] = TypeAdapter(hints[key]).validate_python(value)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            raise ConfigError(f"{where}: rules.{code}.{key} is {value!r}: {problem}") from error
    return checked
