"""Every setting of every rule stands in a table of runs on both sides of its edge."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

import pytest

from runlens.rules import RULES

HERE = Path(__file__).parent
TABLES = sorted(path.parent.name for path in HERE.glob("*/test_edges.py"))
BY_THEMSELVES = {
    "GAN001": "test_one_sided_game.py",
    "GRAD005": "test_gradient_climb.py",
    "MOE001": "test_expert_imbalance.py",
    "RL001": "test_policy_collapse.py",
    "RES001": "test_resume_break.py",
    "TREND001": "test_slow_creep.py",
    "TREND002": "test_unlike_twins.py",
    "EVAL005": "",
    "EVAL006": "test_frozen_score.py",
}
"""Rules whose edges have a test file of their own; a requirement is a bound that the user gives."""


def rows():
    """All rows of all tables: rule, what makes a run, knobs, letters."""
    return [row for family in TABLES for row in importlib.import_module(f"tests.rules.{family}.test_edges").EDGES]


def numbers(rule):
    """The settings of a rule that are numbers."""
    values = {f.name: getattr(rule(), f.name) for f in dataclasses.fields(rule)}
    return [name for name, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool)]


SETTINGS = [(rule, name) for rule in RULES if rule.code not in BY_THEMSELVES for name in numbers(rule)]
ASSUMED = {("HW002", "capacity_gb"), ("LOG004", "as_of"), ("LOG002", "most")}
"""What is told to a rule and no threshold, or shows in its table only beside another setting."""


@pytest.mark.parametrize(("rule", "name"), SETTINGS, ids=[f"{rule.code} {name}" for rule, name in SETTINGS])
def test_a_setting_moves_an_edge(rule, name):
    moved = [row for row in rows() if type(row[0]) is rule and getattr(row[0], name) != getattr(rule(), name)]
    assert moved or (rule.code, name) in ASSUMED, f"add a row with another `{name}` to the table of its family"


@pytest.mark.parametrize("rule", [r for r in RULES if r.code not in BY_THEMSELVES], ids=lambda r: r.code)
def test_a_rule_has_an_edge_by_its_defaults(rule):
    assert [row for row in rows() if row[0] == rule() or (type(row[0]) is rule and rule.code in ("TPUT003", "EVAL001"))]


def test_a_row_crosses_an_edge():
    same = [row for row in rows() if len(row[2]) > 1 and len(set(row[3])) == 1]
    assert len(same) < 0.1 * len(rows()), "rows of one letter say nothing of an edge"


@pytest.mark.parametrize("file", [name for name in BY_THEMSELVES.values() if name])
def test_a_file_of_its_own_is_there(file):
    assert (HERE / file).is_file()
