"""Every rule: its page, its good and bad run, its place in the list."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import NotRequired, get_args, get_origin, get_type_hints

import pytest

from runlens import roles, sources
from runlens.config import load, settings_for
from runlens.config.load import Config
from runlens.errors import ConfigError
from runlens.judging.one import judge_run
from runlens.model import Severity
from runlens.rules import RULES
from runlens.rules.base import Rule
from runlens.rules.page import HEADINGS, markdown, page
from runlens.rules.select import check_codes, select
from tests.completeness import left

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures" / "rules"
NORMAL = {"LOG002", "LOSS005"}
"""What is normal is never above info: the bad run of these shows an info."""
CODES = [rule.code for rule in RULES]


def judged(code: str, which: str):
    """The report of a fixture by all rules, with the settings that stand beside it."""
    folder = FIXTURES / code
    path = folder / "runlens.toml"
    config = load(path) if path.exists() else Config()
    (ref,) = sources.discover(str(folder / f"{which}.jsonl"))
    settings = settings_for(ref, config, {})
    return judge_run(roles.resolve(sources.read(ref), settings.metrics), settings)


def test_codes_are_listed_by_family_and_number_each_once():
    families = list(dict.fromkeys(code[:-3] for code in CODES))
    assert sorted(CODES, key=lambda code: (families.index(code[:-3]), code)) == CODES
    assert all(re.fullmatch(r"[A-Z]{2,5}\d{3}", code) for code in CODES)
    assert len(set(CODES)) == len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=CODES)
def test_nothing_is_left_to_do_for_a_rule(rule):
    lacking = left(rule)
    assert not lacking, "\n".join(lacking)


def test_no_run_stands_for_a_rule_that_is_not():
    assert {path.name for path in FIXTURES.iterdir()} == set(CODES)


EXAMPLES = {
    "runlens/cli/rule.py": 1,
    "runlens/cli/shared/options.py": 1,
    "runlens/config/rule_settings.py": 1,
    "runlens/config/schema.py": 4,
}
"""Texts for users that name a code as an example: all other code knows rules by their classes."""


def test_codes_stand_in_the_rules_alone():
    found = Counter()
    for path in sorted((ROOT / "runlens").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("runlens/rules/"):
            found[name] += sum(_names_a_rule(text) for text in _strings(ast.parse(path.read_text(encoding="utf-8"))))
    assert {name: count for name, count in found.items() if count} == EXAMPLES


def _strings(tree):
    """Every string of a module but docstrings, the parts of f-strings among them."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def _names_a_rule(text):
    """Whether a text holds a code, or is the beginning of some and nothing else."""
    return any(code in text for code in CODES) or text in {code[:-3] for code in CODES}


@pytest.mark.parametrize("code", CODES)
def test_the_bad_run_is_found(code):
    report = judged(code, "bad")
    assert not report.failures
    hits = [f for f in report.findings if f.code == code]
    floor = Severity.INFO if code in NORMAL else Severity.WARNING
    assert any(f.severity.rank >= floor.rank for f in hits), [(f.code, f.message) for f in report.findings]
    for finding in hits:
        assert finding.message.strip() and "\n" not in finding.message
        assert any(c.isdigit() for c in finding.message), "a message states numbers"
        assert finding.help
        assert finding.evidence


def evidence_type(rule: type) -> type:
    """The TypedDict that a rule, or what it is made from, names as its evidence."""
    bases = [base for cls in rule.__mro__ for base in getattr(cls, "__orig_bases__", ())]
    of_rules = [
        get_args(base)[0] for base in bases if isinstance(get_origin(base), type) and issubclass(get_origin(base), Rule)
    ]
    return next(named for named in of_rules if isinstance(named, type))


@pytest.mark.parametrize("rule", RULES, ids=CODES)
def test_the_evidence_has_the_keys_that_its_type_names(rule):
    hints = get_type_hints(evidence_type(rule), include_extras=True)
    required = {key for key, hint in hints.items() if get_origin(hint) is not NotRequired}
    assert hints
    for finding in (f for which in ("bad", "good") for f in judged(rule.code, which).findings if f.code == rule.code):
        assert required <= set(finding.evidence) <= set(hints)


@pytest.mark.parametrize("code", CODES)
def test_the_good_run_is_quiet(code):
    report = judged(code, "good")
    assert not report.failures
    assert code in report.checked, [s for s in report.skips if s.code == code]
    assert [(f.code, f.message) for f in report.findings if f.severity.rank >= 1] == []


@pytest.mark.parametrize("rule", RULES, ids=CODES)
def test_the_page_has_every_section(rule):
    about = page(rule)
    assert [heading for heading, _ in about.sections] == list(HEADINGS)
    assert about.summary and all(text for _, text in about.sections)
    settings = dict(about.sections)["Settings"]
    for name, _ in about.settings:
        assert name in settings, f"{rule.code} does not explain its setting {name}"


def test_the_pages_in_the_docs_are_those_of_the_rules():
    written = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert written == "# Rules\n\n" + "\n".join(markdown(rule) for rule in RULES), "run: just docs"


@pytest.mark.parametrize(
    ("given", "meant"),
    [("LOS001", "LOSS001"), ("loss-spik", "LOSS001"), ("loss-shft", "LOSS005"), ("stragler", "TPUT006")],
)
def test_a_misspelt_rule_is_told_the_nearest_code_or_name(given, meant):
    with pytest.raises(ConfigError, match=f"did you mean {meant}"):
        check_codes([given])


def test_longer_prefixes_win():
    assert [r.code for r in select(["LOSS"], ["LOSS002"])] == [
        c for c in CODES if c.startswith("LOSS") and c != "LOSS002"
    ]
    assert [r.code for r in select(["LOSS001"], ["LOSS"])] == ["LOSS001"]
    assert [r.code for r in select(["loss-spike"], None)] == ["LOSS001"]
    assert select(["LOSS001"], ["LOSS001"]) == ()
    assert len(select(None, None)) == len(RULES)
