"""What is said for people is never read by code to decide anything: there is a field for that."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1] / "runlens"
PROSE = {"why", "reason", "message", "help"}
"""Fields whose text is for people."""
LOOKED_INTO = {"startswith", "endswith", "find", "index", "count", "split", "partition", "removeprefix"}
"""Methods by which a text is taken apart."""
MATCHED = {"match", "search", "fullmatch", "findall", "finditer", "split"}
"""Methods of regular expressions."""


def faults(source: str) -> list[int]:
    """Lines of a module on which prose is compared, searched or taken apart."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(_prose(part) for part in (node.left, *node.comparators)):
            found.append(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            taken_apart = node.func.attr in LOOKED_INTO and _prose(node.func.value)
            if taken_apart or (node.func.attr in MATCHED and any(map(_prose, node.args))):
                found.append(node.lineno)
    return found


def _prose(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in PROSE


@pytest.mark.parametrize("path", sorted(HOME.rglob("*.py")), ids=lambda p: str(p.relative_to(HOME)))
def test_no_module_decides_by_prose(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "fault",
    [
        "role.why == 'named by the user'",
        "'Ultralytics' in r.why",
        "skip.reason.startswith('no band')",
        "PATTERN.fullmatch(skip.reason)",
        "re.split(', ', finding.message)",
    ],
)
def test_the_test_sees_what_it_is_for(fault: str) -> None:
    assert faults(fault) == [1]
