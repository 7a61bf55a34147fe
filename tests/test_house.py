"""What CONTRIBUTING and README say of the house is so: who imports whom, the counts, and the guides when followed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from fixtures.make import counts, scaffold
from runlens.render import FORMATS
from runlens.rules import RULES

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROOMS = sorted(p.name for p in (ROOT / "runlens").iterdir() if (p / "__init__.py").exists())
DOORS = sorted(p.stem for p in (ROOT / "runlens").glob("*.py") if not p.stem.startswith("_"))
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def table() -> dict[str, set[str]]:
    """Room to what it may import, by CONTRIBUTING."""
    rows = re.findall(r"^\| `(\w+)/` \| .* \| ([^|]+) \|$", GUIDE, re.MULTILINE)
    known = {"everything": {*ROOMS, *DOORS}, "nothing": set()}
    found = {}
    for room, words in rows:
        plain = re.sub(r" \([^)]*\)", "", words)
        found[room] = known[plain] if plain in known else set(plain.split(", "))
    return found


def reached(room: str) -> set[str]:
    """All that a room may come to, directly or through what it imports."""
    seen: set[str] = set()
    ahead = [room]
    while ahead:
        for other in table().get(ahead.pop(), {"model", "errors"}) - seen:
            seen.add(other)
            ahead.append(other)
    return seen | {room}


def imported(room: str) -> set[str]:
    """What the files of a room do import of this project."""
    found: set[str] = set()
    for file in (ROOT / "runlens" / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "runlens":
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("runlens."):
                found.add(node.module.split(".")[1])
            elif isinstance(node, ast.Import):
                found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("runlens.")}
    return found & {*ROOMS, *DOORS} - {room}


def test_the_table_has_a_row_for_each_room():
    assert sorted(table()) == ROOMS
    assert set().union(*table().values()) <= {*ROOMS, *DOORS}
    assert all(f"`{door}`" in GUIDE for door in DOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_the_table_says(room):
    assert imported(room) <= table()[room], "CONTRIBUTING, 'may import'"


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in ("cli", "config", "judging")])
def test_import_linter_forbids_what_the_table_does_not_allow(room):
    """The contracts also forbid what is reached through others, so they name what no road leads to."""
    forbidden: set[str] = set()
    for contract in CONTRACTS:
        if contract["type"] == "forbidden" and f"runlens.{room}" in contract["source_modules"]:
            forbidden |= {m.split(".")[1] for m in contract["forbidden_modules"] if m.startswith("runlens.")}
    assert forbidden == {*ROOMS, *DOORS} - reached(room), "pyproject.toml, [[tool.importlinter.contracts]]"


def test_the_counts_are_right():
    assert counts.counted(README) == README, "python -m fixtures.make.counts writes them"
    for said in (r"the (\d+) rules", r"names of (\d+) training frameworks", r"`-f ([\w|]+)`"):
        assert len(re.findall(said, README)) == 1, f"README: {said} is said once, for fixtures.make.counts to find"
    assert f"the {len(RULES)} rules" in README
    assert f"`-f {'|'.join(FORMATS)}`" in README


def test_every_format_says_what_it_is_for_and_has_a_test_of_its_own():
    tests = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests" / "render").glob("test_*.py"))
    for name, form in FORMATS.items():
        assert len(form.about) > 5, f"runlens/render/__init__.py: what is {name} for?"
        own = (ROOT / "tests" / "render" / f"test_{name}.py").exists() or f"def test_{name}_" in tests
        assert own, f"tests/render/test_{name}.py is not there"


def test_no_module_is_longer_than_three_hundred_lines_and_no_folder_holds_more_than_twenty():
    modules = sorted((ROOT / "runlens").rglob("*.py"))
    long = {p.relative_to(ROOT).as_posix(): n for p in modules if (n := len(p.read_text("utf-8").splitlines())) > 300}
    assert long == {}
    full = Counter(p.parent.relative_to(ROOT).as_posix() for p in modules if p.name != "__init__.py")
    assert {folder: n for folder, n in full.items() if n > 20} == {}


@pytest.mark.parametrize("kind", scaffold.KINDS)
def test_a_guide_has_six_steps_and_begins_with_the_scaffold(kind):
    guide = GUIDE.split(f"## A new {kind}\n")[1].split("\n## ")[0]
    assert re.findall(r"^(\d)\. ", guide, re.MULTILINE) == list("123456")
    assert f"1. `python -m fixtures.make.scaffold {kind} NAME`" in guide
    assert "python -m pytest" in guide.split("\n6. ")[1]


@pytest.fixture
def house(tmp_path):
    """A copy of all that the guides touch."""
    for folder in ("runlens", "tests/sources", "tests/render", "fixtures/reports", "fixtures/make"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "test_*.py"))
    for file in ("README.md", "tests/__init__.py", "tests/sources/test_registry.py", "tests/render/test_goldens.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def suite(house: Path, *tests: str) -> tuple[int, str]:
    call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(house), *tests]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")} | {"PYTHONPATH": str(house)}
    done = subprocess.run(call, capture_output=True, text=True, cwd=house, env=environment, check=False)
    return done.returncode, done.stdout + done.stderr


READER = '''
import numpy as np
from runlens.errors import NotALog
from runlens.model import Series


def claims(head: bytes, path: Path) -> bool:
    """Whether a file begins as these logs do."""
    return head.startswith(b"DOTS")


def read(ref: RunRef) -> Run:
    """Read one run."""
    first, _, rest = Path(ref.location).read_text(errors="replace").partition("\\n")
    if first != "DOTS":
        raise NotALog("no dots")
    value = np.array(list(map(float, rest.split())))
    steps = np.arange(len(value))
    return Run(ref.id, ref.id, ref.location, series={"loss": Series("loss", steps, steps * np.nan, value)})
'''


def test_the_guide_to_a_new_source_leads_to_one_that_reads(house):
    touched = scaffold.source("dots", house)
    assert len(touched) == 3
    tests = ("tests/sources/test_registry.py", "tests/sources/test_dots.py", "-k", "dots or damaged or every_point")
    code, said = suite(house, *tests)
    assert code == 1
    assert "README.md, 'Name a run': a row that ends in <!-- dots -->" in said
    assert "NotImplementedError: write a log with the format's own writer" in said
    module, test, readme = house / "runlens/sources/dots.py", touched[-1], house / "README.md"
    head, _, rest = module.read_text().partition("def claims")
    module.write_text(head + "def refs" + rest.split("def refs")[1].split("def read")[0] + READER)
    wrote = '    (tmp_path / "run.dots").write_text("DOTS\\n3 2 1\\n")\n    (ref,) = discover(str(tmp_path))\n'
    wrote += '    assert read(ref).series["loss"].value.tolist() == [3, 2, 1]'
    test.write_text(re.sub(r"    raise NotImplementedError.*", lambda _: wrote, test.read_text()))
    readme.write_text(
        readme.read_text().replace("| a W&B project |", "| dots | `x` <!-- dots --> |\n| a W&B project |")
    )
    code, said = suite(house, *tests)
    assert code == 0, said


def test_the_guide_to_a_new_format_leads_to_one_that_is_written(house):
    touched = scaffold.format("dots", house)
    assert len(touched) == 3
    code, said = suite(house, "tests/render/test_goldens.py", "tests/render/test_dots.py")
    assert code != 0
    assert "NotImplementedError" in said
    module, _, test = touched
    head = module.read_text().split("    raise NotImplementedError")[0]
    module.write_text(head + '    return "".join(f"{named(r.run)} {visible(words.why(r))}\\n" for r in report.runs)\n')
    counted = '    assert render(fixed(), "dots").count("\\n") == len(fixed().runs)'
    test.write_text(re.sub(r"    raise NotImplementedError.*", lambda _: counted, test.read_text()))
    code, said = suite(house, "tests/render/test_goldens.py", "tests/render/test_dots.py")
    assert code == 1, said
    assert "python -m fixtures.make.goldens" in said
    environment = os.environ | {"PYTHONPATH": str(house)}
    subprocess.run([sys.executable, "-m", "fixtures.make.goldens"], cwd=house, env=environment, check=True)
    assert "|dots|" in (house / "README.md").read_text()
    code, said = suite(house, "tests/render/test_goldens.py", "tests/render/test_dots.py")
    assert code == 0, said


def test_nothing_is_written_over(house):
    scaffold.source("dots", house)
    with pytest.raises(SystemExit, match="is there already"):
        scaffold.source("dots", house)
    with pytest.raises(SystemExit, match="give a kind"):
        scaffold.main(["source", "Not A Name"])


def test_the_python_of_the_readme_runs():
    code, *_ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("FAIL lr_bump: ")
