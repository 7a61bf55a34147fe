"""The settings of one rule: the fields of its dataclass, checked by their types."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_type_hints

from runlens.errors import SettingError, did_you_mean
from runlens.model import Severity
from runlens.rules import RULES
from runlens.rules.base import AnyRule
from runlens.rules.loss.parts.sensitivity import LossSensitivity

if TYPE_CHECKING:
    from pydantic import TypeAdapter

INJECTED = ("references", "requirements", "tokens_per_step", "total_tokens", "sensitivity", "surge", "twins")
"""Fields that are filled in for all rules that have them, so that they are given once: by the top-level settings of the
same name, `sensitivity` by the settings of LOSS001, and `surge` by those of GRAD002."""

_OF_A_SPIKE = frozenset(f.name for f in dataclasses.fields(LossSensitivity))


def settings_of(rule: type[AnyRule]) -> dict[str, dataclasses.Field[Any]]:
    """The fields of a rule that may stand under `[rules.CODE]`, by name."""
    return {f.name: f for f in dataclasses.fields(rule) if f.name not in INJECTED}


def types_of(rule: type[AnyRule]) -> dict[str, TypeAdapter[Any]]:
    """What checks each setting of a rule."""
    from pydantic import TypeAdapter

    hints = get_type_hints(rule)
    return {name: TypeAdapter(hints[name]) for name in settings_of(rule)}


def check_settings(code: str, settings: Mapping[str, object]) -> dict[str, object]:
    """The settings of a rule, with values changed to the types of its fields.

    `severity` is allowed for every rule and is left out of the result.

    Raises
    ------
    SettingError
        For an unknown setting (the nearest is named) or a value of the wrong type.
    """
    from pydantic import ValidationError

    rule = next(r for r in RULES if r.code == code)
    types = types_of(rule)
    checked: dict[str, object] = {}
    for key, value in settings.items():
        where = ("rules", code, key)
        if key == "severity":
            if value not in list(Severity):
                raise SettingError(f"rules.{code}.severity is {value!r}; it must be info, warning or error", where)
            continue
        if key not in types:
            if key in _OF_A_SPIKE and any(f.name == "sensitivity" for f in dataclasses.fields(rule)):
                raise SettingError(f"rule {code} goes by {key} of LOSS001; write it under [rules.LOSS001]", where)
            hint = did_you_mean(key, [*types, "severity"], f"it has {', '.join([*types, 'severity'])}.")
            raise SettingError(f"rule {code} has no setting {key!r}; {hint}", where)
        try:
            checked[key] = types[key].validate_python(value)
        except ValidationError as error:
            raise SettingError(f"rules.{code}.{key} is {value!r}: {error.errors()[0]['msg']}", where) from error
        ends = checked[key]
        if key == "band" and isinstance(ends, tuple) and not 0 < ends[0] < ends[1]:
            # The rule would only skip it, and a gate that was asked for a band would be green without one.
            raise SettingError(f"rules.{code}.band is {value!r}; it must be two positive rates, the lower first", where)
    return checked
