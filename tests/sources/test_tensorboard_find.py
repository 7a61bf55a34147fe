"""Which runs there are below a folder, and what cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import pytest

from runlens.errors import AccessRefused, NoRunFound, NotALog, ReadError
from runlens.model import RunRef
from runlens.sources import tensorboard
from tests.sources.tfevents_writer import T0, hparams, scalar, version, write

LOSS = [version(), scalar("loss", 1, 1.0)]


def ids(path):
    return [ref.id for ref in tensorboard.find(str(path))]


def test_each_folder_with_event_files_is_a_run_named_by_its_path_below_the_root(tmp_path):
    for inner in ("b/first", "b/second", "a", "c/d/e"):
        write(tmp_path / inner, LOSS)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    refs = tensorboard.find(str(tmp_path))
    assert [ref.id for ref in refs] == ["a", "b/first", "b/second", "c/d/e"]
    run = tensorboard.read(refs[1])
    assert (run.name, run.source) == ("first", str(tmp_path / "b" / "first"))


def test_the_root_itself_is_named_by_its_folder(tmp_path, monkeypatch):
    write(tmp_path / "exp7", [version(), *(scalar("loss", s, 1.0) for s in range(3))])
    write(tmp_path / "exp7" / "other", LOSS)
    assert ids(tmp_path / "exp7") == ["exp7", "other"]
    monkeypatch.chdir(tmp_path / "exp7")
    assert ids(".") == ["exp7", "other"]
    assert [tensorboard.read(ref).name for ref in tensorboard.find(".")] == ["exp7", "other"]


def test_one_file_is_a_run(tmp_path):
    first = write(tmp_path / "exp7", LOSS, "events.out.tfevents.1.h")
    write(tmp_path / "exp7", [scalar("loss", 2, 1.0)], "events.out.tfevents.2.h")
    (ref,) = tensorboard.find(str(first))
    assert (ref.id, ref.files) == ("exp7", (str(first),))
    assert tensorboard.read(ref).points == 1


@pytest.mark.parametrize("name", ["events.out.tfevents.1.h.v2", "my.tfevents", "tfevents", "x-tfevents-y"])
def test_names_of_event_files(tmp_path, name):
    write(tmp_path, LOSS, name)
    assert tensorboard.read(tensorboard.find(str(tmp_path))[0]).points == 1


def test_files_of_other_names_are_no_run(tmp_path):
    (tmp_path / "history.csv").write_text("step,loss\n")
    assert tensorboard.find(str(tmp_path)) == []
    assert tensorboard.find(str(tmp_path / "history.csv")) == []


def test_the_profiler_makes_no_run(tmp_path):
    write(tmp_path / "run", LOSS)
    write(tmp_path / "run" / "plugins" / "profile" / "2026_01_01", LOSS)
    write(tmp_path / "profiled", [version()], "events.out.tfevents.1.h.profile-empty")
    write(tmp_path / ".cache", LOSS)
    assert ids(tmp_path) == ["run"]


def test_links_that_lead_back_are_followed_once(tmp_path):
    write(tmp_path / "run", LOSS)
    (tmp_path / "run" / "again").symlink_to(tmp_path)
    assert ids(tmp_path) == ["run"]


def test_the_folder_of_add_hparams_is_part_of_its_run(tmp_path):
    write(tmp_path / "run", [version(), *(scalar("loss", s, 1.0) for s in range(5))])
    final = [version(), hparams({"lr": 0.1}), scalar("hparam/acc", 0, 0.9), scalar("loss", 0, 7.0)]
    write(tmp_path / "run" / "1790000123.4567", final)
    (ref,) = tensorboard.find(str(tmp_path))
    run = tensorboard.read(ref)
    assert run.config == {"lr": 0.1}
    assert run.name == "run"
    assert run.series["hparam/acc"].value[0] == pytest.approx(0.9)
    assert len(run.series["loss"]) == 5
    assert run.starts == (T0,)


def test_the_trials_of_a_search_are_runs_and_its_root_is_none(tmp_path):
    write(tmp_path, [version(), hparams({})])
    for trial in ("t1", "t2"):
        write(tmp_path / trial, [version(), hparams({"lr": 0.1}), scalar("acc", 1, 0.5)])
    assert ids(tmp_path) == ["t1", "t2"]
    assert tensorboard.read(tensorboard.find(str(tmp_path))[0]).config == {"lr": 0.1}


def test_a_header_only_log_is_a_run_if_nothing_is_below_it(tmp_path):
    write(tmp_path / "fresh", [version()])
    write(tmp_path / "used", [version()])
    write(tmp_path / "used" / "train", LOSS)
    assert ids(tmp_path) == ["fresh", "used/train"]


def test_nothing_there(tmp_path):
    with pytest.raises(NoRunFound, match=r"no file or folder .*nowhere"):
        tensorboard.find(str(tmp_path / "nowhere"))
    with pytest.raises(NotALog, match="holds no event file"):
        tensorboard.read(RunRef("tensorboard", str(tmp_path), "x"))


def test_a_file_that_vanished_after_it_was_listed(tmp_path):
    path = write(tmp_path, LOSS)
    (ref,) = tensorboard.find(str(tmp_path))
    path.unlink()
    with pytest.raises(ReadError, match="removed while"):
        tensorboard.read(ref)


def test_a_pipe_or_a_folder_by_that_name_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "events.out.tfevents.1.h"
    os.mkfifo(pipe)
    with pytest.raises(NotALog, match="no regular file"):
        tensorboard.read(tensorboard.find(str(pipe))[0])
    folder = tmp_path / "x.tfevents.2"
    folder.mkdir()
    with pytest.raises(NotALog, match="no regular file"):
        tensorboard.read(RunRef("tensorboard", str(tmp_path), "x", (str(folder),)))


def test_no_permission_is_said(tmp_path, monkeypatch):
    path = write(tmp_path, LOSS)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.open", refuse)  # the suite may run as root, to whom nothing is refused
        with pytest.raises(AccessRefused, match="no permission to read"):
            tensorboard.read(tensorboard.find(str(path))[0])
    with monkeypatch.context() as patch:
        patch.setattr("os.scandir", refuse)
        with pytest.raises(AccessRefused, match="no permission to read"):
            tensorboard.find(str(tmp_path))


def test_reading_a_folder_imports_nothing_heavy(tmp_path):
    write(tmp_path, [*LOSS, hparams({"lr": 1.0})])
    script = (
        "import sys; from runlens.sources import tensorboard\n"
        f"assert tensorboard.read(tensorboard.find({str(tmp_path)!r})[0]).points == 1\n"
        "heavy = {'pandas', 'pyarrow', 'scipy', 'tensorboard', 'google.protobuf', 'fsspec', 'wandb'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=60)


def test_reading_warns_of_nothing(tmp_path):
    write(tmp_path, LOSS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tensorboard.read(tensorboard.find(str(tmp_path))[0]).points == 1
