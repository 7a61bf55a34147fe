"""A source is a module and a line: what is missing is named here, and what a source may be is tried on made-up ones."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import types
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from runlens.errors import ConfigError, NoRunFound, NotALog
from runlens.model import ReadOptions, Run, RunRef, Series
from runlens.sources import discover, read, registry
from runlens.sources.contract import AddressSource, AppendedSource, FileSource, SearchedSource, SlowSource
from runlens.sources.registry import SOURCES, Entry

ROOT = Path(__file__).parents[2]
NAMES = [e.name for e in SOURCES]


def protocols(entry: Entry) -> list[type]:
    kinds = (
        (FileSource, entry.files),
        (AddressSource, entry.addresses and not entry.searches),
        (SearchedSource, entry.searches),
        (SlowSource, entry.heavy),
        (AppendedSource, entry.appended),
    )
    return [p for p, has in kinds if has]


def seen_by_mypy(listed: str) -> set[str]:
    """The modules in a tuple of the registry that only mypy reads."""
    tree = ast.parse((ROOT / "runlens/sources/registry.py").read_text(encoding="utf-8"))
    (value,) = (n.value for n in ast.walk(tree) if isinstance(n, ast.AnnAssign) and ast.unparse(n.target) == listed)
    return {name.id for name in ast.walk(value) if isinstance(name, ast.Name)}


def lacks(entry: Entry) -> list[str]:
    """What a source still needs, in words for whoever adds it."""
    missing = []
    if not protocols(entry):
        return [f"{entry.name}: give its entry `files` or `addresses`, the words for messages"]
    module = entry.module()
    for protocol in protocols(entry):
        for name, wanted in inspect.getmembers(protocol, inspect.isfunction):
            if name.startswith("_"):
                continue
            asked = [p for p in inspect.signature(wanted).parameters.values() if p.name != "self"]
            has = getattr(module, name, None)
            if has is None:
                missing.append(f"runlens/sources/{entry.name} lacks {name}({', '.join(p.name for p in asked)})")
                continue
            if not (has.__doc__ or "").strip():
                missing.append(f"runlens.sources.{entry.name}.{name} has no docstring")
        listed = {
            FileSource: "_FILES",
            AddressSource: "_ADDRESSES",
            SearchedSource: "_SEARCHED",
            SlowSource: "_SLOW",
            AppendedSource: "_APPENDED",
        }[protocol]
        if entry.name not in seen_by_mypy(listed):
            missing.append(f"registry.{listed} lacks {entry.name}, so mypy does not look at it")
    if not list((ROOT / "tests/sources").glob(f"test_{entry.name}*.py")):
        missing.append(f"tests/sources/test_{entry.name}.py is not there: write what a damaged log of it says")
    if [p for p in (*entry.names, *entry.maybe) if p != p.lower()]:
        missing.append(f"{entry.name}: patterns are compared with lower-case names")
    if set(entry.options) - {f.name for f in fields(ReadOptions)}:
        missing.append(f"{entry.name}: runlens.model.ReadOptions lacks one of {entry.options}")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    if f"<!-- {entry.name} -->" not in readme:
        missing.append(f"README.md, 'Name a run': a row that ends in <!-- {entry.name} -->")
    return missing


@pytest.mark.parametrize("name", NAMES)
def test_every_source_has_all_that_a_source_needs(name):
    assert lacks(registry.entry(name)) == []


def test_what_a_new_source_still_needs_is_named(monkeypatch):
    module = types.ModuleType("runlens.sources.made_up")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    said = "\n".join(lacks(Entry("made_up", "a made-up log", "made-up logs", names=("*.Made",))))
    for what in (
        "lacks claims(head, path)",
        "lacks refs(files, look)",
        "lacks read(ref)",
        "_FILES",
        "README",
        "test_made_up",
    ):
        assert what in said
    assert "lower-case" in said
    assert lacks(Entry("made_up", "nothing")) != []


def test_names_and_forms_are_told_apart():
    assert len(set(NAMES)) == len({e.form for e in SOURCES}) == len(SOURCES)
    with pytest.raises(ValueError, match="no source is called 'x'"):
        registry.entry("x")


def test_help_and_messages_name_every_source(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "runlens", "check", "--help"], capture_output=True, text=True, check=True
    )
    shown = " ".join(done.stdout.split()).lower()
    with pytest.raises(NoRunFound) as nothing:
        discover(str(tmp_path / "qqqq"))
    with pytest.raises(NoRunFound) as empty:
        discover(str(tmp_path))
    with pytest.raises(NoRunFound) as address:
        discover("http://example.org/x")
    for e in SOURCES:
        assert e.form.lower() in shown, e.name
        assert e.form in str(nothing.value), e.name
        assert e.files in str(empty.value), e.name
        assert e.addresses in str(address.value), e.name


def test_the_words_of_the_registry_load_nothing_heavy():
    code = (
        "import sys, runlens.cli.check, runlens.sources.registry as r; r.forms()\n"
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'wandb'} & set(sys.modules)))\n"
        "print(sorted(m for m in sys.modules if m.startswith('runlens.sources.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "['runlens.sources.contract', 'runlens.sources.registry']"]


# Made-up sources: all that the contract allows


@pytest.fixture
def made_up(monkeypatch):
    """A store with many runs in one file, known by its first bytes, that obeys `x`; and runs of many files each."""

    def source(name: str, **functions) -> None:
        module = types.ModuleType(f"runlens.sources.{name}")
        module.__dict__.update(functions)
        monkeypatch.setitem(sys.modules, module.__name__, module)

    def run(ref: RunRef, values: list[float]) -> Run:
        steps = np.arange(len(values))
        return Run(
            ref.id, ref.id, ref.location, series={"loss": Series("loss", steps, np.nan * steps, np.array(values))}
        )

    def members(files, look):
        return [
            RunRef("store", str(file), f"{file.name}/{line}", (str(file),), member=line)
            for file in files
            for line in file.read_text().splitlines()[1:]
        ]

    source(
        "store",
        claims=lambda head, path: head.startswith(b"STORE"),
        refs=members,
        read=lambda ref: run(ref, [float(len(ref.member)), float(ref.options.x == "tokens")]),
    )
    source(
        "shards",
        claims=lambda head, path: False,
        refs=lambda files, look: [RunRef("shards", str(look.root), look.root.name, tuple(map(str, files)))],
        read=lambda ref: run(ref, [float(Path(f).read_text()) for f in ref.files]),
    )
    more = (
        Entry("store", "a store", "stores", maybe=("*.db",), options=("x",)),
        Entry("shards", "a folder of shards", "shards", names=("*.shard",), inner=("parts",)),
    )
    monkeypatch.setattr(registry, "SOURCES", (*SOURCES, *more))


def test_one_file_may_hold_many_runs_and_is_known_by_its_first_bytes(made_up, tmp_path):
    (tmp_path / "a.db").write_text("STORE\nx\nyy\n")
    (tmp_path / "b.db").write_text("something else\n")
    (tmp_path / "a.other").write_text("STORE\nx\n")
    refs = discover(str(tmp_path))
    assert [(r.id, r.member) for r in refs] == [("a.db/x", "x"), ("a.db/yy", "yy")], "its name is in `maybe`"
    assert [read(r).series["loss"].value[0] for r in refs] == [1, 2]
    assert [r.member for r in discover(str(tmp_path / "a.other"))] == ["x"], "named by the user: any name will do"
    with pytest.raises(NotALog, match=r"stores, and shards$"):
        discover(str(tmp_path / "b.db"))


def test_a_store_named_by_the_user_that_holds_no_run_is_no_log(made_up, tmp_path):
    (tmp_path / "a.db").write_text("STORE\n")
    with pytest.raises(NotALog, match="no log that RunLens knows"):
        discover(str(tmp_path / "a.db"))


def test_one_run_may_be_made_of_many_files_and_folders_beside_them_hold_none(made_up, tmp_path):
    for i in range(3):
        (tmp_path / f"{i}.shard").write_text(str(i))
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "metrics.csv").write_text("step,loss\n1,2\n")
    (ref,) = discover(str(tmp_path))
    np.testing.assert_array_equal(read(ref).series["loss"].value, [0, 1, 2])


def test_what_the_user_says_of_reading_reaches_the_reader_or_is_refused(made_up, tmp_path):
    (tmp_path / "a.db").write_text("STORE\nx\n")
    (tmp_path / "0.shard").write_text("1")
    said = ReadOptions(x="tokens")
    refs = discover(str(tmp_path), options=said)
    assert {r.source: r.options for r in refs} == {"store": said, "shards": ReadOptions()}
    assert [read(r).series["loss"].value[-1] for r in refs if r.source == "store"] == [1]
    with pytest.raises(
        ConfigError, match=r"--x tells how to read .*a store, and nothing at '.*shard' is one; leave it"
    ):
        discover(str(tmp_path / "0.shard"), options=said)
