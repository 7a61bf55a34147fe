"""What docs/evals.md shows is what the commands print."""

import re
from pathlib import Path

import pytest

from runlens.rules.evals.parts.require import parse_requirement
from tests.cli.command import within

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "evals.md").read_text("utf-8")
SHOWN = re.findall(r"```console\n\$ runlens (.*)\n((?:.*\n)*?)```", PAGE)


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_the_output_is_real(command, output):
    assert within(*command.split(), cwd=ROOT, env={"COLUMNS": "100"}).out.rstrip() == output.rstrip()


def test_there_is_output_to_check():
    assert SHOWN


@pytest.mark.parametrize("text", re.findall(r"^\| `([^`]*[<>]=?[^`]*)` \|", PAGE, re.MULTILINE))
def test_the_requirements_are_understood(text):
    assert parse_requirement(text).text == text
