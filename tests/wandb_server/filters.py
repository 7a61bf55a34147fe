"""The filters of a project's runs: the few MongoDB operators that the tests use."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.wandb_server.store import RunState


def matches(run: RunState, filters: str | None) -> bool:
    return _holds(run, json.loads(filters) if filters else {})


def _holds(run: RunState, wanted: dict[str, Any]) -> bool:
    for key, test in wanted.items():
        if key == "$and":
            if not all(_holds(run, part) for part in test):
                return False
            continue
        if key.startswith("config."):
            entry = run.config.get(key.removeprefix("config.").removesuffix(".value"))
            value = entry.get("value") if isinstance(entry, dict) else entry
        else:
            value = {"state": run.state, "tags": run.tags, "name": run.name, "displayName": run.display_name}.get(key)
        for sign, operand in test.items() if isinstance(test, dict) else [("$eq", test)]:
            held = _compares(sign, value, operand)
            if not held:
                return False
    return True


def _compares(sign: str, value: Any, operand: Any) -> bool:
    if sign == "$eq":
        return operand in value if isinstance(value, list) else value == operand
    if sign == "$in":
        return any(v in operand for v in (value if isinstance(value, list) else [value]))
    if sign == "$regex":
        return re.search(operand, str(value)) is not None
    if sign == "$ne":
        return value != operand
    return value is not None and {"$gte": value >= operand, "$lt": value < operand}[sign]
