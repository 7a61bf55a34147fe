from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from runlens.errors import AccessRefused, ConfigError, NoRunFound, NotALog, RunLensError
from runlens.model import RunRef
from runlens.sources import discover, local, read, unique
from runlens.sources.naming import near, printable
from tests.sources.wandb_writer import rows, write

TABLE = "".join(json.dumps({"step": i, "loss": 1.0}) + "\n" for i in range(3))


@pytest.fixture
def mixed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.jsonl").write_text(TABLE)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "metrics.jsonl").write_text(TABLE)
    (tmp_path / "a" / "events.out.tfevents.1700000000.host.1.0").write_bytes(b"")
    write(tmp_path / "wandb/offline-run-20260101_000000-abc/run-abc.wandb", rows(3))
    write(tmp_path / "other/wandb/offline-run-20260101_000000-abc/run-abc.wandb", rows(3))
    files = tmp_path / "wandb/offline-run-20260101_000000-abc/files"
    files.mkdir()
    (files / "table.jsonl").write_text(TABLE)
    return tmp_path


def test_a_mixed_folder_lists_every_run_once_with_an_id_of_its_own(mixed):
    refs = discover(str(mixed))
    assert sorted(r.source for r in refs) == ["table", "table", "tensorboard", "wandb_file", "wandb_file"]
    assert len({r.id for r in refs}) == 5
    assert [r.id for r in refs if r.source == "table"] == ["a/metrics", "b/metrics"]
    assert all("files" not in Path(r.location).parts for r in refs)
    assert discover(str(mixed)) == refs
    for ref in refs:
        assert read(ref).id == ref.id


def test_links_are_followed_once_and_never_in_circles(mixed):
    (mixed / "wandb" / "latest-run").symlink_to("offline-run-20260101_000000-abc")
    (mixed / "a" / "loop").symlink_to(mixed)
    assert len(discover(str(mixed))) == 5
    (ref,) = discover(str(mixed / "wandb" / "latest-run"))
    assert ref.id == "abc"


def test_a_run_that_only_a_link_leads_to_is_found(mixed, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    (root / "there").symlink_to(mixed / "b")
    assert [r.id for r in discover(str(root))] == ["there/metrics"]


def test_hidden_folders_packages_and_other_tables_are_passed_over(tmp_path):
    for folder in (".cache", "node_modules", "venv/lib/site-packages"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.jsonl").write_text(TABLE)
    (tmp_path / "data.jsonl").write_text('{"text": "step"}\n')
    (tmp_path / "data.csv").write_text("question,answer\n1,2\n")
    with pytest.raises(NoRunFound, match="holds no log"):
        discover(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.txt", TABLE),
        ("log", "step,loss\n1,2\n"),
        ("state.json", '{"epoch": 1, "log_history": [{"step": 1, "loss": 2}]}'),
    ],
)
def test_a_file_with_another_name_is_known_by_its_content(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    (ref,) = discover(str(tmp_path / name))
    assert sum(len(s) for s in read(ref).series.values()) >= 1


def test_a_wandb_file_with_another_name_is_known_by_its_content(tmp_path):
    path = write(tmp_path / "saved.bin", rows(3))
    (ref,) = discover(str(path))
    assert (ref.source, len(read(ref).series["loss"])) == ("wandb_file", 3)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(100), b"", b"hello world\n", b"{}", b"\xff\xfe"])
def test_a_file_that_is_no_log_is_said_to_be_none(tmp_path, content):
    (tmp_path / "file.bin").write_bytes(content)
    with pytest.raises(NotALog, match=r"'.*file\.bin' is no log"):
        discover(str(tmp_path / "file.bin"))


def test_a_pipe_is_refused_without_waiting_and_named_in_a_folder(tmp_path):
    os.mkfifo(tmp_path / "live.jsonl")
    os.mkfifo(tmp_path / "run-abc.wandb")
    for name in ("live.jsonl", "run-abc.wandb"):
        with pytest.raises(NotALog, match="is a pipe"):
            discover(str(tmp_path / name))
    with pytest.raises(NoRunFound, match=r"2 files looked like logs .*live.jsonl' \(it is a pipe, socket or device\)"):
        discover(str(tmp_path))


def test_a_link_to_nowhere_is_said_to_be_one_and_is_no_suggestion(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(NoRunFound, match="is a link that leads nowhere"):
        discover(str(tmp_path / "circle"))
    with pytest.raises(NoRunFound) as caught:
        discover(str(tmp_path / "circles"))
    assert "did you mean" not in str(caught.value)


def test_a_misspelt_path_gets_a_suggestion(mixed):
    with pytest.raises(NoRunFound, match=r"did you mean '.*wandb'"):
        discover(str(mixed / "wanbd"))
    with pytest.raises(NoRunFound, match=r"did you mean '.*a/metrics\.jsonl'"):
        discover(str(mixed / "A" / "metrics.jsonl"))


def test_a_wrong_path_with_nothing_like_it_says_what_can_be_given(tmp_path):
    with pytest.raises(NoRunFound, match="give a TensorBoard folder or event file") as caught:
        discover(str(tmp_path / "qqqqqqqq"))
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["", "  ", "x" * 10000, "a\x00b", "ftp//x", "http://example.org/x", "nothing-here"])
def test_hostile_and_empty_names_are_errors_of_ours(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunLensError) as caught:
        discover(name)
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


def test_what_exists_is_never_taken_for_a_wandb_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("team/project").mkdir(parents=True)
    Path("team/project/log.jsonl").write_text(TABLE)
    assert discover("team/project")[0].source == "table"
    with pytest.raises(NoRunFound, match="did you mean"):
        discover("team/projetc")


def test_a_wandb_path_goes_to_the_api_with_its_filters(tmp_path, monkeypatch):
    from runlens.sources import wandb_api

    monkeypatch.chdir(tmp_path)
    asked = []

    def find(address, **filters):
        asked.append((address.path, filters))
        return [RunRef("wandb_api", address.path, "r1"), RunRef("wandb_api", address.path + "x", "r1")]

    monkeypatch.setattr(wandb_api, "find", find)
    monkeypatch.setattr(wandb_api, "check_login", lambda name: None)
    found = discover("team/project", filter=["state=finished"], other=None)
    assert asked == [("team/project", {"filter": ["state=finished"]})]
    assert len({r.id for r in found}) == 2


def test_a_misspelt_path_in_the_form_of_a_wandb_name_is_nowhere_if_nobody_is_logged_in(tmp_path, monkeypatch):
    from runlens.sources import wandb_api

    def refuse(name):
        raise AccessRefused("no login")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wandb_api, "check_login", refuse)
    with pytest.raises(NoRunFound, match="nothing is at 'team/project' on this disk, and as a name at W&B: no login"):
        discover("team/project")


def test_filters_for_what_is_no_project_are_refused(mixed):
    with pytest.raises(ConfigError, match="filters"):
        discover(str(mixed), filter=["state=finished"])


def test_no_permission_to_the_named_folder_is_said(tmp_path, monkeypatch):
    (tmp_path / "x").mkdir()
    scandir = os.scandir

    def refuse(path="."):
        if Path(path).name == "x":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(AccessRefused, match="no permission to look into") as caught:
        discover(str(tmp_path / "x"))
    assert caught.value.exit_code == 3


def test_a_folder_below_that_may_not_be_looked_into_is_a_run_that_cannot_be_read(mixed, monkeypatch):
    scandir = os.scandir

    def refuse(path="."):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    refs = discover(str(mixed))
    (refused,) = [r for r in refs if r.source == local.REFUSED]
    assert refused.id == "b"
    with pytest.raises(AccessRefused, match="no permission"):
        read(refused)
    with pytest.raises(NoRunFound, match="holds no run 'other'"):
        discover(f"{mixed}#other")


def test_a_file_that_may_not_be_opened_is_said(mixed, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AccessRefused, match="no permission to read"):
        discover(str(mixed / "a" / "metrics.jsonl"))


def test_a_run_that_vanished_between_is_an_error_of_ours(mixed):
    refs = discover(str(mixed))
    shutil.rmtree(mixed)
    for ref in refs:
        with pytest.raises(RunLensError):
            read(ref)


def test_ids_that_clash_get_the_parts_that_tell_them_apart():
    refs = [RunRef("table", f"/r/{x}/log", "log") for x in "ab"] + [RunRef("table", "/r/c", "c")]
    assert [r.id for r in unique(refs)] == ["a/log", "b/log", "c"]
    same = [RunRef("table", "/r/log", "log")] * 3
    assert [r.id for r in unique(same)] == ["log", "log (2)", "log (3)"]
    assert unique([]) == []


def test_names_near_a_missing_one(tmp_path):
    for name in ("exp7", "exp8", "zebra"):
        (tmp_path / name / "logs").mkdir(parents=True)
    assert near(tmp_path / "exp77" / "logs")[0] == str(tmp_path / "exp7" / "logs")
    assert near(tmp_path / "EXP8") == [str(tmp_path / "exp8")]
    assert near(tmp_path / "exp9") == [str(tmp_path / "exp8"), str(tmp_path / "exp7")]
    assert near(tmp_path / "qqq") == []


def test_hostile_names_are_made_printable():
    assert printable("a\x1b[31m\nb\u202e") == "'a\\x1b[31m\\nb\\u202e'"
    assert len(printable("x" * 5000)) < 310


@pytest.mark.parametrize(("name", "told"), [("clearml://host/run", True), ("aim://repo", True), ("mlflow", False)])
def test_the_address_of_a_trackers_server_says_how_its_runs_can_be_read(name, told):
    with pytest.raises(NoRunFound) as caught:
        discover(name)
    assert ("docs/formats.md" in str(caught.value)) is told
