"""Every command of the README and of the guides, in a copy of the fixtures, as a reader would type it.

What stands behind `# yours` needs a thing that only the reader has, such as a login or a cluster: of such a line the
names of commands and options are checked. A line that says `exit code N` is held to it; all others end with 0.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from runlens.cli import app
from runlens.config import load
from tests.cli.command import within
from tests.synthetic.results import answered, lm_eval

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if "examples" not in p.parts))
SHELLS = ("", "sh", "bash", "console", "text")
CLUSTERS = ("dask", "ray")
"""Programs of others that the guides start."""


FENCE = re.compile(
    r"(?:<!-- (?:run: (\w+)|exit code (\d)) -->\n)?^( *)```(\S*)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    mark: str
    """What stands in `<!-- run: … -->` above it."""
    code: int
    """Of a console, whose commands have no room for a comment: the exit code in `<!-- exit code N -->` above it."""

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            mark, code, indent, language, inner = match.groups()
            line = text[: match.start(4)].count("\n") + 1
            body = re.sub(rf"^{indent}", "", inner, flags=re.M).replace("\\\n", " ")
            found.append(Block(page, line, language, body, mark or "", int(code or 0)))
    return found


BLOCKS = blocks()


@dataclass(frozen=True)
class Command:
    """A line that a reader types."""

    block: Block
    words: tuple[str, ...]
    comment: str

    @property
    def code(self) -> int:
        told = re.search(r"exit code (\d)", self.comment)
        return int(told[1]) if told else self.block.code

    @property
    def yours(self) -> bool:
        return "yours" in self.comment


def commands(block: Block) -> list[Command]:
    """The commands of a block; what a console printed, and listings of files, are none."""
    found = []
    for raw in block.text.splitlines():
        line = raw.removeprefix("$ ") if block.language == "console" and raw.startswith("$ ") else raw
        if not re.match(r"(runlens|python|pytest|python3|\.venv/bin/\w+|dask|ray) ", line) or (
            block.language == "console" and line is raw
        ):
            continue
        code, _, comment = line.partition(" #")
        found.append(Command(block, tuple(shlex.split(code)), comment))
    return found


SHELL = [b for b in BLOCKS if b.language in SHELLS and commands(b)]
TYPED = [c for b in SHELL if not b.mark for c in commands(b)]


def parsed(words: tuple[str, ...]) -> None:
    """Let the command line take the words without doing anything; raises what it would complain of."""
    command, context, name, rest = typer.main.get_command(app), None, "runlens", list(words[1:])
    while hasattr(command, "get_command") and rest and not rest[0].startswith("-"):
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
        name, *rest = rest
        command = command.get_command(context, name)
        assert command is not None, f"there is no command {name}"
    command.make_context(name, rest, parent=context)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the guides name: the fixtures, and logs, results and a table under the names in use there."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "fixtures", folder / "fixtures", ignore=shutil.ignore_patterns("make", "__pycache__"))
    shutil.copytree(ROOT / "docs" / "library", folder / "docs" / "library")
    for at in range(3):
        shutil.copytree(ROOT / "fixtures" / "runs" / "ref_small_s0", folder / "logs" / f"seed{at}")
    for at in range(1, 6):
        tasks = {name: answered(base + 0.02 * at, 400, at) for name, base in (("hellaswag", 0.3), ("arc_easy", 0.4))}
        lm_eval(folder / "evals" / f"step_{1000 * at}", tasks, samples=False)
    (folder / "scores.csv").write_text("tokens,hellaswag,arc_easy\n1e9,0.30,0.35\n2e9,0.34,0.40\n4e9,0.38,0.44\n")
    return folder


def test_the_pages_have_commands() -> None:
    assert len(TYPED) > 25 and sum(c.yours for c in TYPED) < len(TYPED) / 2
    assert {b.page.name for b in SHELL} >= {"README.md", "gate.md", "evals.md", "fleets.md", "wandb.md"}


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    """Python by test_docs_python, settings below, workflows by the tests of continuous integration."""
    known = (*SHELLS, "python", "toml", "yaml", "json", "ini")
    assert [b.name for b in BLOCKS if b.language not in known] == []
    listings = [b for b in BLOCKS if b.language in SHELLS and not commands(b)]
    assert [b.name for b in listings if "runlens " in b.text] == []


def test_blocks_that_the_pipeline_runs_are_run_there() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    marks = [b.mark for b in BLOCKS if b.mark]
    assert marks and all(re.search(rf"readme {mark}\b", script) for mark in marks)


@pytest.mark.parametrize("block", [b for b in SHELL if not b.mark], ids=lambda b: b.name)
def test_the_commands_of_a_block_do_what_the_page_says(block: Block, clone: Path) -> None:
    for command in commands(block):
        program, *rest = command.words
        if program == "runlens":
            parsed(command.words)
        if command.yours:
            assert program == "runlens" or program in CLUSTERS or (clone / rest[0]).is_file(), command.words
        elif program == "runlens":
            done = within(*rest, cwd=clone)
            assert done.code == command.code, f"{command.words}: {done.out}{done.err}"
        else:
            assert program in ("python", "pytest"), f"{block.name}: {program} is run by no test"
            call = [sys.executable, *(["-m", "pytest", "-p", "no:cacheprovider"] if program == "pytest" else []), *rest]
            env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")} | {"PYTHONPATH": str(ROOT)}
            tried = subprocess.run(call, cwd=clone, env=env, capture_output=True, text=True, check=False)
            assert tried.returncode == command.code, tried.stdout + tried.stderr


INLINE = [
    pytest.param(match[1], id=f"{page.name}:{match[1][:60]}")
    for page in PAGES
    if page.name != "rules.md"
    for match in re.finditer(r"`(runlens [^`\n]*)`", page.read_text(encoding="utf-8"))
    if not re.search(
        r"--install-completion|\b(RUN|CODE|FORMAT|FILE|TEXT|NIGHT|REASON|NAME|FOLDER|REPORT)\b|\|", match[1]
    )
]


@pytest.mark.parametrize("text", INLINE)
def test_commands_within_sentences_have_valid_options(text: str) -> None:
    words = tuple(shlex.split(text.partition(">")[0].replace("<run", "run").replace("…", "x")))
    if len(words) > 1:
        with contextlib.suppress(typer.Exit):  # of --help and --version
            try:
                parsed(words)
            except Exception as error:  # noqa: BLE001 - typer has no name of its own for what click complains of
                named = re.search("requires an argument|Missing parameter", str(error))
                assert named, f"{text}: {error}"  # a command or an option that is only named


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "toml"], ids=lambda b: b.name)
def test_settings_are_taken(block: Block, tmp_path: Path) -> None:
    (tmp_path / "runlens.toml").write_text(block.text, encoding="utf-8")
    load(tmp_path / "runlens.toml")


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "ini"], ids=lambda b: b.name)
def test_commands_of_units_have_valid_options(block: Block) -> None:
    started = re.findall(r"^ExecStart=\S*/runlens (.*)$", block.text, re.M)
    assert started
    for line in started:
        parsed(("runlens", *shlex.split(line)))


@pytest.mark.parametrize("file", sorted((ROOT / "docs" / "ci").glob("*.yml")), ids=lambda p: p.name)
def test_commands_of_workflows_have_valid_options(file: Path) -> None:
    import yaml

    def lines(node: object) -> list[str]:
        if isinstance(node, dict):
            return [line for value in node.values() for line in lines(value)]
        if isinstance(node, list):
            return [line for value in node for line in lines(value)]
        return [line for line in str(node).splitlines() if line.startswith("runlens ")]

    for line in lines(yaml.safe_load(file.read_text(encoding="utf-8"))):
        parsed(tuple(shlex.split(line)))
