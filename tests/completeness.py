"""What a rule still lacks, each in one sentence: the end of the guide "A new rule" in CONTRIBUTING."""

from __future__ import annotations

import inspect
from pathlib import Path

from runlens.rules.base import AnyRule
from runlens.rules.page import HEADINGS, page

ROOT = Path(__file__).parent.parent
MARK = "FILL IN"
"""What `fixtures.make.rule` leaves where only the author knows."""
DECLARED = ("code", "name", "symptom", "part", "figure")
"""What a rule says about itself in its own class, also where it is the default."""


def left(rule: type[AnyRule]) -> list[str]:
    """What is left to do for this rule; empty where it is complete."""
    own = Path(inspect.getsourcefile(rule) or "")
    makers = _mentioning(f'"{rule.code}"', "fixtures/make", "rule.py")
    tests = _mentioning(rule.__name__, "tests/rules", "")
    said = [f"{rule.__name__} does not declare {name}" for name in DECLARED if name not in vars(rule)]
    for path in (own, own.parent / "__init__.py", *makers, *tests):
        lines = [n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if MARK in line]
        if lines:
            said.append(f"{path.relative_to(ROOT)} is to be filled in at lines {', '.join(map(str, lines))}")
    if not makers:
        said.append(f"no script in fixtures/make writes the runs of {rule.code}")
    runs = [f"fixtures/rules/{rule.code}/{name}.jsonl" for name in ("bad", "good")]
    said += [f"{path} is not there" for path in runs if not (ROOT / path).is_file()]
    if not tests:
        said.append(f"no test in tests/rules is about {rule.__name__}")
    headings = [heading for heading, text in page(rule).sections if text]
    said += [f"the page has no text under {heading!r}" for heading in HEADINGS if heading not in headings]
    if f"## {rule.code} {rule.name}\n" not in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"):
        said.append(f"docs/rules.md has no page of {rule.code}: run `just docs`")
    return said


def _mentioning(text: str, folder: str, but: str) -> list[Path]:
    """The Python files of a folder in which a text stands."""
    files = (path for path in sorted((ROOT / folder).glob("*.py")) if path.name != but)
    return [path for path in files if text in path.read_text(encoding="utf-8")]
