"""Runs that train into event files and write their held-out curve to a table beside them."""

import numpy as np
import pytest

from runlens import sources
from runlens.roles import resolve
from tests.sources.tfevents_writer import T0, scalar, version, write

EPOCHS = 12
EACH = 50


def train(folder, tags=("loss", "lr"), per_epoch=EACH, epoch=False, later=0.0):
    steps = range(0, EPOCHS * per_epoch + 1, max(per_epoch // 10, 1))
    events = [scalar(tag, s, 3.0 / (1 + s / 200), T0 + later + s) for s in steps for tag in tags]
    if epoch:
        events += [
            scalar("epoch", s, float(s / per_epoch if epoch == "share" else s // per_epoch), T0 + s) for s in steps
        ]
    write(folder, [version(), *events])


def held_out(path, axis="step", first=1, column="loss"):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [(e * EACH if axis == "step" else e + first - 1, 3.2 / (1 + e / 4)) for e in range(1, EPOCHS + 1)]
    path.write_text(f"{axis},{column}\n" + "".join(f"{x},{loss:.4f}\n" for x, loss in rows))


def runs(folder):
    return [resolve(sources.read(ref)) for ref in sources.discover(str(folder))]


@pytest.mark.parametrize("table", ["val.csv", "valid_metrics.csv", "eval.csv", "validation_log.csv", "test.csv"])
@pytest.mark.parametrize("inner", ["train", ""])
def test_event_files_and_the_table_beside_them_are_one_run(tmp_path, table, inner):
    train(tmp_path / "exp" / inner)
    held_out(tmp_path / "exp" / table)
    (run,) = runs(tmp_path)
    assert run.id == "exp"
    assert run.role("train_loss").series.name.removeprefix("train/") == "loss"
    assert run.role("eval_loss").series.name.endswith("/loss") and run.role("eval_loss").split == "eval"
    np.testing.assert_array_equal(run.role("eval_loss").series.step, np.arange(1, EPOCHS + 1) * EACH)
    assert not run.notes


@pytest.mark.parametrize("epoch", [True, "share"])
def test_epochs_stand_where_the_event_files_say_that_they_ended(tmp_path, epoch):
    train(tmp_path / "train", epoch=epoch)
    held_out(tmp_path / "val.csv", axis="epoch", first=1 if epoch == "share" else 0)
    (run,) = runs(tmp_path)
    ends = np.arange(1, EPOCHS + 1) * EACH - (0 if epoch == "share" else EACH // 10)
    np.testing.assert_array_equal(run.role("eval_loss").series.step, ends)
    assert not run.notes


@pytest.mark.parametrize("ended", [EPOCHS, EPOCHS - 1], ids=["at its end", "going on"])
def test_epochs_of_a_table_that_counts_from_one_are_those_that_the_event_files_count_from_zero(tmp_path, ended):
    events = [scalar("loss", s, 3.0 / (1 + s / 200), T0 + s) for s in range(0, EPOCHS * EACH, 5)]
    events += [scalar("epoch", s, float(s // EACH), T0 + s) for s in range(0, EPOCHS * EACH, 5)]
    write(tmp_path / "train", [version(), *events])
    rows = "".join(f"{e},{3.2 / (1 + e / 4):.4f}\n" for e in range(1, ended + 1))
    (tmp_path / "val.csv").write_text("epoch,loss\n" + rows)
    (run,) = runs(tmp_path)
    np.testing.assert_array_equal(run.role("eval_loss").series.step, np.arange(1, ended + 1) * EACH - 5)


def test_epochs_logged_where_they_end_and_before_the_first_are_counted_alike(tmp_path):
    events = [scalar(tag, e * EACH, v, T0 + e) for e in range(EPOCHS + 1) for tag, v in (("loss", 3.0), ("epoch", e))]
    write(tmp_path / "train", [version(), *events])
    held_out(tmp_path / "val.csv", axis="epoch")
    (run,) = runs(tmp_path)
    np.testing.assert_array_equal(run.role("eval_loss").series.step, np.arange(1, EPOCHS + 1) * EACH)


@pytest.mark.parametrize("first", [0, 1])
def test_epochs_that_nothing_places_are_spread_and_said(tmp_path, first):
    train(tmp_path / "train")
    held_out(tmp_path / "val.csv", axis="epoch", first=first)
    (run,) = runs(tmp_path)
    np.testing.assert_array_equal(run.role("eval_loss").series.step, np.arange(1, EPOCHS + 1) * EACH)
    assert [note.kind for note in run.notes] == ["guessed"]


@pytest.mark.parametrize("column", ["", "0"], ids=["empty", "the same throughout"])
def test_a_column_of_steps_that_tells_none_hides_no_epochs(tmp_path, column):
    train(tmp_path / "train")
    rows = "".join(f"{column},{e},{3.2 / (1 + e / 4):.4f}\n" for e in range(1, EPOCHS + 1))
    (tmp_path / "val.csv").write_text("step,epoch,loss\n" + rows)
    (run,) = runs(tmp_path)
    np.testing.assert_array_equal(run.role("eval_loss").series.step, np.arange(1, EPOCHS + 1) * EACH)


def test_event_files_by_the_epoch_share_the_axis_of_the_table(tmp_path):
    train(tmp_path / "train", per_epoch=1)
    held_out(tmp_path / "val.csv", axis="epoch")
    (run,) = runs(tmp_path)
    np.testing.assert_array_equal(run.role("eval_loss").series.step, np.arange(1, EPOCHS + 1))
    assert not run.notes


@pytest.mark.parametrize(("last", "ends"), [(8, EPOCHS), (9, 9)])
def test_half_as_many_more_steps_than_epochs_tell_that_they_are_counted_apart(tmp_path, last, ends):
    train(tmp_path / "train", per_epoch=1)
    rows = "".join(f"{e},{3.2 / (1 + e / 4):.4f}\n" for e in range(1, last + 1))
    (tmp_path / "val.csv").write_text("epoch,loss\n" + rows)
    (run,) = runs(tmp_path)
    assert int(run.role("eval_loss").series.step[-1]) == ends


def test_a_table_beside_several_runs_or_of_a_name_of_its_own_is_a_run_of_its_own(tmp_path):
    for name in ("a", "b"):
        train(tmp_path / "several" / name)
    held_out(tmp_path / "several" / "val.csv")
    train(tmp_path / "other" / "train")
    held_out(tmp_path / "other" / "baseline.csv")
    assert sorted(run.id for run in runs(tmp_path)) == [
        "other/baseline",
        "other/train",
        "several/a",
        "several/b",
        "several/val",
    ]


def test_a_table_that_is_gone_by_the_time_of_reading_is_said(tmp_path):
    train(tmp_path / "train")
    held_out(tmp_path / "val.csv")
    (ref,) = sources.discover(str(tmp_path))
    (tmp_path / "val.csv").write_text("")
    run = sources.read(ref)
    assert set(run.series) == {"train/loss", "train/lr"} and [note.kind for note in run.notes] == ["damaged"]
