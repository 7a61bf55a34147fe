"""`.gitignore` in a folder of runs: what is left out, by git's own rules, and what is said of it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from runlens.errors import NoRunFound
from runlens.sources import Search, discover
from tests.sources.tfevents_writer import scalar
from tests.sources.tfevents_writer import write as events

LOG = "step,loss\n1,2\n2,1.5\n3,1\n"


def put(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(LOG)


def found(root, **how):
    search = Search(**how)
    refs = discover(str(root), search=search)
    return sorted(ref.id for ref in refs), search


def test_what_a_gitignore_names_is_left_out_and_said(tmp_path):
    put(tmp_path, "good.csv", "old/a.csv", "old/deep/b.csv", "notes.csv")
    (tmp_path / ".gitignore").write_text("old/\n/notes.csv\n")
    ids, search = found(tmp_path)
    assert ids == ["good"]
    (note,) = search.notes
    assert note.startswith("3 logs are left out by a .gitignore, such as ") and note.endswith(
        "--no-gitignore reads them"
    )
    assert not search.unread


def test_unless_it_is_not_heeded(tmp_path):
    put(tmp_path, "good.csv", "old/a.csv")
    (tmp_path / ".gitignore").write_text("old/\n")
    ids, search = found(tmp_path, gitignore=False)
    assert ids == ["good", "old/a"]
    assert not search.notes


def test_of_a_folder_whose_logs_are_all_ignored_all_are_read_and_it_is_said(tmp_path):
    put(tmp_path, "runs/a.csv", "runs/train.csv")
    (tmp_path / ".gitignore").write_text("runs/\n")
    ids, search = found(tmp_path)
    assert ids == ["runs/a", "runs/train"]
    (note,) = search.notes
    assert "leaves out every log" in note


def test_of_a_folder_without_logs_nothing_is_found_either_way(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / ".gitignore").write_text("data/\n")
    with pytest.raises(NoRunFound):
        found(tmp_path)


def test_the_gitignore_of_a_tool_for_its_own_folder_says_nothing_of_its_runs(tmp_path):
    put(tmp_path, "good.csv", "wandb/run/a.csv")
    (tmp_path / "wandb" / ".gitignore").write_text("# made by a tool\n*\n")
    ids, search = found(tmp_path)
    assert ids == ["good", "wandb/run/a"]
    assert not search.notes


def test_one_above_the_named_folder_does_not_count(tmp_path):
    put(tmp_path, "runs/a.csv")
    (tmp_path / ".gitignore").write_text("*.csv\n")
    ids, search = found(tmp_path / "runs")
    assert ids == ["a"]
    assert not search.notes


def test_what_is_no_log_by_name_is_left_out_without_a_word(tmp_path):
    put(tmp_path, "good.csv")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "train.log").write_text("hello\n")
    (tmp_path / ".gitignore").write_text("cache/\n")
    _, search = found(tmp_path)
    assert not search.notes and not search.unread


def test_event_files_are_left_out_too(tmp_path):
    put(tmp_path, "good.csv")
    (tmp_path / "old").mkdir()
    events(tmp_path / "old", [scalar("loss", i, 1.0) for i in range(5)])
    (tmp_path / ".gitignore").write_text("*tfevents*\n")
    ids, search = found(tmp_path)
    assert ids == ["good"]
    assert search.notes[0].startswith("1 log is left out")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the judge")
def test_git_itself_says_the_same(tmp_path):
    names = ["a.csv", "b.csv", "x/a.csv", "x/b.csv", "x/y/c.csv", "z/c.csv", "z/keep/d.csv", "tmp/e.csv", "w/tmp/f.csv"]
    put(tmp_path, *names)
    (tmp_path / ".gitignore").write_text("/b.csv\nx/*\n!x/y/\n# z\n**/tmp/\nz/c.csv\n")
    (tmp_path / "x" / "y" / ".gitignore").write_text("*.csv\n!c.csv\n")
    (tmp_path / "z" / ".gitignore").write_text("!c.csv\nkeep\n")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    asked = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", "--no-index", *names], capture_output=True, text=True, check=False
    )
    kept = sorted(name.removesuffix(".csv") for name in set(names) - set(asked.stdout.split()))
    assert found(tmp_path)[0] == kept
