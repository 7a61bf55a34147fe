"""Lightning's `CSVLogger`: the versions of one run are its attempts, those that begin anew are runs of their own."""

from __future__ import annotations

import numpy as np
import pytest

from runlens.sources import discover, read


def version(root, number, first, last, every=10, name="metrics.csv"):
    folder = root / "lightning_logs" / f"version_{number}"
    folder.mkdir(parents=True)
    rows = "".join(
        f"{s // 100},{s},{3 - s / 900:.4f},{0.1 if s % 100 == 0 else ''}\n" for s in range(first, last, every)
    )
    (folder / name).write_text("epoch,step,train_loss,val_loss\n" + rows)


def runs(root):
    return {ref.id: read(ref) for ref in discover(str(root))}


def test_a_version_that_goes_on_is_an_attempt_of_the_same_run(tmp_path):
    version(tmp_path, 0, 9, 500)
    version(tmp_path, 1, 309, 900)
    (run,) = runs(tmp_path).values()
    step = run.series["train_loss"].step
    np.testing.assert_array_equal(step, [*range(9, 500, 10), *range(309, 900, 10)])
    assert [a.step[0] for a in run.series["train_loss"].attempts()] == [9, 309]
    assert set(run.series) == {"train_loss", "epoch"} or set(run.series) == {"train_loss", "val_loss", "epoch"}


@pytest.mark.parametrize(
    ("first", "joined"), [(9, False), (19, False), (29, True), (509, True), (519, True), (539, False)]
)
def test_what_goes_on(tmp_path, first, joined):
    version(tmp_path, 0, 9, 500)
    version(tmp_path, 1, first, 900)
    assert len(runs(tmp_path)) == (1 if joined else 2)


def test_ten_comes_after_nine(tmp_path):
    for number in range(12):
        version(tmp_path, number, 9 + 100 * number, 120 + 100 * number)
    (run,) = runs(tmp_path).values()
    assert (np.diff(run.series["train_loss"].step) > 0).sum() >= 11 * 11
    assert [a.step[0] for a in run.series["train_loss"].attempts()] == [9 + 100 * n for n in range(12)]


def test_runs_that_begin_anew_stay_apart_and_one_between_hides_nothing(tmp_path):
    version(tmp_path, 0, 9, 500)
    version(tmp_path, 1, 9, 500)
    version(tmp_path, 2, 309, 900)
    found = runs(tmp_path)
    assert len(found) == 2
    assert sorted(len(run.series["train_loss"]) for run in found.values()) == [50, 110]


def test_words_of_attempts_are_numbered_together(tmp_path):
    for number, (first, words) in enumerate(((0, ("warm", "main")), (200, ("main", "cool")))):
        folder = tmp_path / f"version_{number}"
        folder.mkdir()
        rows = "".join(f"{s},{3 - s / 900:.4f},{words[s >= first + 100]}\n" for s in range(first, first + 200, 10))
        (folder / "metrics.csv").write_text("step,train_loss,stage\n" + rows)
    (run,) = runs(tmp_path).values()
    stage = run.series["stage"]
    assert [run.texts["stage"][int(code)] for code in stage.value[::10]] == ["warm", "main", "main", "cool"]
    assert len(stage) == len(run.series["train_loss"]) == 40
