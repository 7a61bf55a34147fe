"""The guide "A new rule" in CONTRIBUTING, followed step by step in a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE, NAME, FAMILY, MODULE = "XYZ001", "high-loss", "example", "high_loss"


def steps() -> list[str]:
    """The numbered steps of the guide."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    guide = text.split("## A new rule\n", 1)[1].split("\n## ", 1)[0]
    return [" ".join(step.split()) for step in re.split(r"^\d\. ", guide, flags=re.M)[1:]]


def command(step: int) -> list[str]:
    """The first command of a step, for this example."""
    found = re.search(r"`python (-m [^`]+)`", steps()[step - 1])
    assert found, f"step {step} has no command"
    example = {"CODE": CODE, "NAME": NAME, "FAMILY": FAMILY, "MODULE": MODULE}
    return re.sub("|".join(example), lambda word: example[word[0]], found[1]).split()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The parts of the repository that a rule touches; of the runs none."""
    without = shutil.ignore_patterns("__pycache__", "rules", "runs", "reports")
    shutil.copytree(ROOT / "runlens", tmp_path / "runlens", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "fixtures", tmp_path / "fixtures", ignore=without)
    shutil.copytree(ROOT / "tests" / "synthetic", tmp_path / "tests" / "synthetic")
    shutil.copytree(ROOT / "tests" / "rules", tmp_path / "tests" / "rules")
    for name in ("tests/__init__.py", "tests/completeness.py", "tests/test_rules.py", "docs/rules.md", "justfile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, which hides the installed package."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True,
        text=True,
    )  # fmt: skip


def replace(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def test_following_the_guide_makes_a_rule_that_the_suite_accepts(copy: Path) -> None:
    assert len(steps()) == 6
    begun = run(copy, *command(1))
    assert begun.returncode == 0, begun.stderr
    rule, script, tests, listing = (copy / line for line in begun.stdout.splitlines())
    assert f"/{FAMILY}/{MODULE}.py" in steps()[1].replace("FAMILY", FAMILY).replace("MODULE", MODULE)
    assert "HighLoss,\n    UnreadableData" in listing.read_text(encoding="utf-8")

    told = run(copy, *command(6)).stdout
    for left in (
        f"runlens/rules/{FAMILY}/{MODULE}.py is to be filled in",
        f"runlens/rules/{FAMILY}/__init__.py is to be filled in",
        f"fixtures/make/{MODULE}.py is to be filled in",
        f"tests/rules/test_{MODULE}.py is to be filled in",
        f"fixtures/rules/{CODE}/bad.jsonl is not there",
        f"fixtures/rules/{CODE}/good.jsonl is not there",
        f"docs/rules.md has no page of {CODE}",
    ):
        assert left in told

    replace(rule, ("FILL IN", "The loss"), ("limit: float = 1.0", "limit: float = 4.0"))
    replace(rule.parent / "__init__.py", ("FILL IN", "an example"))
    replace(
        script,
        ("FILL IN", "a loss"),
        (
            "return healthy(301), healthy(302)",
            "bad = healthy(301)\n    bad['loss'] += 4.0\n    return bad, healthy(302)",
        ),
    )
    replace(tests, ("FILL IN", "Here follow"))
    assert run(copy, *command(3)).returncode == 0
    docs = re.search(r"^docs:\n +(.+)$", (copy / "justfile").read_text(encoding="utf-8"), re.M)
    assert docs and "`just docs`" in steps()[4]
    python = f"{sys.executable} -m runlens"
    subprocess.run(
        ["/bin/sh", "-c", docs[1].replace(".venv/bin/runlens", python)], cwd=copy, check=True,
        env={**os.environ, "PYTHONPATH": str(copy)},
    )  # fmt: skip
    done = run(copy, *command(6))
    assert done.returncode == 0, done.stdout
    assert run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("LOSS001", "new-thing", "loss"), "taken"),
        (("XYZ1", "new-thing", "loss"), "no code"),
        (("XYZ001", "New", "loss"), "no name"),
        (("XYZ001", "spike", "loss"), "there already"),
        (("XYZ001", "../up", "loss"), "no name"),
        (("XYZ001", "new", "../up"), "no family"),
    ],
)
def test_nothing_is_written_for_a_rule_that_cannot_be(copy: Path, arguments: tuple[str, str, str], said: str) -> None:
    from fixtures.make.rule import begin

    before = sorted(copy.rglob("*"))
    with pytest.raises((ValueError, FileExistsError), match=said):
        begin(*arguments, root=copy)
    assert sorted(copy.rglob("*")) == before
