"""docs/gate.md: every command and setting in it, as a reader would try them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from runlens.config import load
from runlens.judging.baseline import loads
from tests.cli.command import runlens

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return [re.sub(r"^ +", "", body, flags=re.M) for body in re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.S)]


COMMANDS = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]
EXPECTED = {"gpu_drop6 --fail-on warning": 1, "--baseline-runs": 1}
"""The commands that find something, by a part of them; all others are green."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clone")
    (folder / "fixtures").symlink_to(ROOT / "fixtures")
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c[1:4]))
def test_the_commands_do_what_the_guide_says(clone, command):
    assert command[0] == "runlens"
    done = runlens(*command[1:], cwd=clone)
    expected = next((code for part, code in EXPECTED.items() if part in " ".join(command)), 0)
    assert done.code == expected, done.out + done.err
    for written in re.findall(r"out/\S+", " ".join(command)):
        assert (clone / written).stat().st_size


def test_the_settings_are_right(tmp_path):
    (toml,) = blocks("toml")
    (tmp_path / "runlens.toml").write_text(toml, encoding="utf-8")
    assert load(tmp_path / "runlens.toml").runs[0]["match"] == "ablation/*"
    done = runlens("check", str(ROOT / "fixtures/runs/ref_small_s0"), cwd=tmp_path)
    assert done.code == 0, done.out


def test_the_entry_of_a_baseline_is_right():
    (entry,) = blocks("json")
    (known,) = loads(f'{{"runlens_baseline": 1, "known": [{entry}]}}', "docs/gate.md")
    assert json.loads(entry)["code"] == known.code


def test_the_files_that_it_links_to_are_there():
    links = [target for target in re.findall(r"\]\(([^)]+)\)", GUIDE) if "://" not in target]
    assert links and all((ROOT / "docs" / target).is_file() for target in links)
